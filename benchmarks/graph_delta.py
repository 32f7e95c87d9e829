"""Changes between two loads: `python -m benchmarks.graph_delta [--parties N] [--json]`.

Prints one JSON object. On a random market (5.4 relations a party): how long until one event and 10 000 events are
visible, what recording them durably costs, and how much the changes slow a query of one order and a batch of orders.
CPU seconds and milliseconds of one process; `append` is wall time, because it waits for the disk.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.graph_market import TODAY, ends_of, orders, relation_frames, write_market
from benchmarks.meter import peak_mb, timed
from graph.candidates.orders import OrderArrays
from graph.candidates.search import find, gather_from
from graph.candidates.supply_book import SupplyBook
from graph.delta.apply import apply_events
from graph.delta.network import LayeredNetwork, layered
from graph.delta.state import Delta
from graph.delta.tables import Event
from graph.network import SupplyNetwork
from graph.parties import Parties
from store.event_log import EventLog

__all__ = ["measure"]


def measure(folder: Path, *, events: int, n_orders: int, seed: int) -> dict[str, Any]:
    """Build and save the market's net, then change it."""
    parties = Parties.of(pd.read_parquet(folder / "parties.parquet"))
    SupplyNetwork.of(parties, relation_frames(folder)).save(folder / "net")
    del parties
    base = SupplyNetwork.open(folder / "net")
    batch = _trades(folder, events, seed)
    before = peak_mb()
    figures: dict[str, Any] = {"parties": base.n_parties, "relations": base.n_relations, "events": events}
    apply_events(Delta(base), [{**batch[0], "event_id": "warm"}])
    figures["one_event_ms"] = [1e3 * _visible(Delta(base), [event])[0] for event in batch[:20]]
    figures["batch_cpu_seconds"], (delta, net) = _visible(Delta(base), batch)
    figures["one_more_event_ms"] = [1e3 * _visible(delta, [event], net)[0] for event in _again(batch[:20])]
    party: Event = {"event_id": "party", "event": "party", "id": "New", "kind": "store"}
    figures["one_party_ms"], (_, grown) = _visible(delta, [party], net)
    figures["one_party_ms"] *= 1e3
    figures["merged_cpu_seconds"], _ = timed(lambda: [block.merged() for block in grown.blocks.values()])
    figures |= _appended(EventLog(folder / "events.log"), batch)
    for name in ("one_event_ms", "one_more_event_ms"):
        figures[name] = float(np.median(figures[name]))
    for name, one in (("base", base), ("changed", net)):
        figures[name] = _queries(folder, one, n_orders, seed)
    return figures | {"added_peak_mb": peak_mb() - before}


def _visible(
    delta: Delta, events: list[Event], before: SupplyNetwork | None = None
) -> tuple[float, tuple[Delta, SupplyNetwork]]:
    """Return the CPU seconds until events are visible, and what they made."""

    def work() -> tuple[Delta, SupplyNetwork]:
        after, faults = apply_events(delta, events)
        assert not any(faults)
        return after, layered(after, before if isinstance(before, LayeredNetwork) else None)

    return timed(work)


def _trades(folder: Path, n: int, seed: int) -> list[Event]:
    """Return events about random relations: mostly trades, some new weights, some ends."""
    rng = np.random.default_rng(seed)
    ends = ends_of(folder)
    ids = pd.read_parquet(folder / "parties.parquet", columns=["id"])["id"].to_numpy()
    kinds = np.array(["supplies", "distributes", "refers"])
    rows = rng.choice(len(ends["src"]), n, replace=False)
    src, dst, kind = ids[ends["src"][rows]], ids[ends["dst"][rows]], kinds[ends["kind"][rows]]
    what = rng.choice(["trade", "relation", "end"], n, p=[0.8, 0.15, 0.05])
    more: dict[str, dict[str, Any]] = {"trade": {"amount_fen": 5000}, "relation": {"weight": 3.0}, "end": {}}
    return [
        {"event_id": f"e{i}", "event": str(what[i]), "at": "2026-03-02", "src": str(src[i]), "dst": str(dst[i]),
         "kind": str(kind[i])} | more[str(what[i])]
        for i in range(n)
    ]  # fmt: skip


def _again(batch: list[Event]) -> list[Event]:
    pairs = [{name: event[name] for name in ("src", "dst", "kind")} for event in batch]
    return [{"event_id": "more", "event": "trade", "at": "2026-03-03", "amount_fen": 1, **pair} for pair in pairs]


def _appended(log: EventLog, batch: list[Event]) -> dict[str, float]:
    """Record the batch and then single events, and return how long the disk took."""
    with log.turn() as file:
        started = time.perf_counter()
        log.append(file, batch)
        whole = time.perf_counter() - started
    singles = []
    for event in batch[:50]:
        with log.turn() as file:
            log.sort([])
            started = time.perf_counter()
            log.append(file, [event])
            singles.append(time.perf_counter() - started)
    return {"append_batch_ms": whole * 1e3, "append_one_ms": float(np.median(singles)) * 1e3}


def _queries(folder: Path, net: SupplyNetwork, n_orders: int, seed: int) -> dict[str, float]:
    supply, products = pd.read_parquet(folder / "supply.parquet"), pd.read_parquet(folder / "products.parquet")
    book = SupplyBook.of(net, supply, products, today=TODAY)
    batch = orders(folder, n_orders, seed)
    gather_from(book, batch, today=TODAY)
    seconds, _ = timed(lambda: gather_from(book, batch, today=TODAY))
    coded = [OrderArrays.of(book, batch.iloc[[i]], TODAY) for i in range(min(300, n_orders))]
    singles = [timed(lambda one=one: find(book, one))[0] * 1e3 for one in coded * 2][len(coded) :]  # type: ignore[misc]
    p50, p99 = (float(np.quantile(singles, q)) for q in (0.5, 0.99))
    return {"batch_cpu_seconds": seconds, "single_p50_ms": p50, "single_p99_ms": p99}


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parties", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print on one line")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        write_market(options.parties, options.seed, Path(name))
        figures = measure(Path(name), events=options.events, n_orders=options.orders, seed=options.seed)
    print(json.dumps(figures, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
