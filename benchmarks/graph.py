"""The supply net and its peers: `python -m benchmarks.graph [--parties N] [--peer-parties N] [--json]`.

Prints one JSON object. Everything is simulated from a seed; parties come in random order. Each measurement runs in a
process of its own, so that its peak memory is its own; times are CPU seconds of one process.

``build`` is from frames whose ends are Arrow's dictionaries over the parties' ids; ``build_peak_mb`` is the process's
peak, the frames included, ``input_peak_mb`` the peak before it began and ``input_mb`` what it held then (Python and its
libraries are some 240 MB of it). ``stream`` is from the same columns in files, a million relations at a time.
``files`` is from Parquet files of texts, one row group at a time. ``single_arrays`` is one order, its ids in and arrays
out; ``single_frame`` is the same by tables.
``peers`` holds ours, networkx, rustworkx and igraph on the same relations: by default a million parties and 5.6 million
relations, which takes networkx minutes and 5 GB; `--peer-parties 0` leaves it out. At the size of a country:
`--parties 5710000` (5.6 M stores, 110 k others, 31 M relations).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks import graph_peers
from benchmarks.graph_market import (
    TODAY,
    coded_frame,
    coded_frames,
    ends_of,
    names_of,
    orders,
    parties_of,
    relation_frames,
    write_market,
)
from benchmarks.meter import peak_mb, release, resident_mb, timed
from graph.candidates.orders import OrderArrays
from graph.candidates.supply_book import SupplyBook
from graph.network import SupplyNetwork
from graph.parties import Parties

PEERS = ("networkx", "rustworkx", "igraph")


def measure_build(folder: Path, _: argparse.Namespace) -> dict[str, float]:
    """Build from frames whose ends are Arrow's dictionaries."""
    parties = parties_of(folder)
    relations = coded_frame(ends_of(folder), names_of(parties["id"]))
    return _built(parties, relations)


def measure_stream(folder: Path, _: argparse.Namespace) -> dict[str, float]:
    """Build from the same columns in files, a million relations at a time; reading them is included."""
    parties = parties_of(folder)
    return _built(parties, coded_frames(folder, names_of(parties["id"])))


def _built(parties: pd.DataFrame, relations: pd.DataFrame | Iterator[pd.DataFrame]) -> dict[str, float]:
    _compile()
    release()
    inputs, before = resident_mb(), peak_mb()
    seconds, net = timed(lambda: SupplyNetwork.build(parties, relations))
    return {
        "parties": net.n_parties,
        "relations": net.n_relations,
        "rejected": sum(net.rejected.values()),
        "build_cpu_seconds": seconds,
        "build_peak_mb": peak_mb(),
        "input_peak_mb": before,
        "input_mb": inputs,
    }


def measure_files(folder: Path, _: argparse.Namespace) -> dict[str, float]:
    """Build from Parquet files with ids as texts, reading included; save, and open."""
    _compile()
    before = peak_mb()

    def build() -> SupplyNetwork:
        return SupplyNetwork.of(Parties.of(parties_of(folder)), relation_frames(folder))

    seconds, net = timed(build)
    peak = peak_mb()
    saving, _ = timed(lambda: net.save(folder / "net"))
    return {
        "relations": net.n_relations,
        "build_cpu_seconds": seconds,
        "build_peak_mb": peak,
        "input_peak_mb": before,
        "save_cpu_seconds": saving,
        "saved_mb": sum(path.stat().st_size for path in (folder / "net").rglob("*.npy")) / 2**20,
    }


def measure_candidates(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Open the saved net, index the supply, then gather for a batch, for single orders, and find introductions."""
    from graph.candidates.search import find, gather_from
    from graph.paths import introduction

    started = time.perf_counter()
    net = SupplyNetwork.open(folder / "net")
    opened = time.perf_counter() - started
    supply, products = pd.read_parquet(folder / "supply.parquet"), pd.read_parquet(folder / "products.parquet")
    indexing, book = timed(lambda: SupplyBook.of(net, supply, products, today=TODAY))
    batch = orders(folder, options.orders, options.seed)
    gather_from(book, batch.iloc[:100], today=TODAY)
    gather_from(book, batch, today=TODAY)
    seconds, found = timed(lambda: gather_from(book, batch, today=TODAY))
    single = _each(lambda i: gather_from(book, batch.iloc[[i]], today=TODAY), min(300, len(batch)))
    in_arrays, _ = timed(lambda: find(book, OrderArrays.of(book, batch, TODAY)))
    asked = list(batch.assign(days=(batch["due_date"] - TODAY).dt.days).itertuples())
    arrays = _each(lambda i: find(book, _one(book, asked[i])), min(300, len(batch)))
    hops = _each(lambda i: introduction(net, batch["buyer_id"][i], batch["buyer_id"][i + 1]), min(10, len(batch) - 1))
    return {
        "open_ms": opened * 1e3,
        "supply_rows": len(supply),
        "index_supply_cpu_seconds": indexing,
        "orders": len(batch),
        "candidates": len(found),
        "eligible": int(found["eligible"].sum()),
        "batch_cpu_seconds": seconds,
        "batch_arrays_cpu_seconds": in_arrays,
        "single_arrays_p50_ms": float(np.quantile(arrays, 0.5)) * 1e3,
        "single_arrays_p99_ms": float(np.quantile(arrays, 0.99)) * 1e3,
        "single_frame_p50_ms": float(np.quantile(single, 0.5)) * 1e3,
        "single_frame_p99_ms": float(np.quantile(single, 0.99)) * 1e3,
        "introduction_p50_ms": float(np.quantile(hops, 0.5)) * 1e3,
        "peak_mb": peak_mb(),
    }


def _one(book: SupplyBook, order: Any) -> OrderArrays:
    return OrderArrays.one(book, order.sku_id, order.pieces, order.buyer_id, days=order.days)


MEASURES: dict[str, Callable[[Path, argparse.Namespace], dict[str, float]]] = {
    "build": measure_build,
    "stream": measure_stream,
    "files": measure_files,
    "candidates": measure_candidates,
    "ours": lambda folder, _: graph_peers.measure_ours(folder),
    "networkx": lambda folder, _: graph_peers.measure_networkx(folder),
    "rustworkx": lambda folder, _: graph_peers.measure_rustworkx(folder),
    "igraph": lambda folder, _: graph_peers.measure_igraph(folder),
}


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure ours at `parties`, and ours and the peers at `peer_parties`."""
    with tempfile.TemporaryDirectory() as name:
        write_market(options.parties, options.seed, Path(name))
        result: dict[str, Any] = {"ours": _children(("build", "stream", "files", "candidates"), name, options)}
    if options.peer_parties:
        with tempfile.TemporaryDirectory() as name:
            write_market(options.peer_parties, options.seed, Path(name))
            figures = _children(("ours", *PEERS), name, options)
            apart = {peer: largest_difference(Path(name), peer) for peer in PEERS}
        times = {peer: compared(figures, peer) for peer in PEERS}
        result["peers"] = figures | {"times": times, "largest_difference_of_scores": apart}
    return result


def compared(figures: dict[str, dict[str, float]], peer: str) -> dict[str, float]:
    """Return how many times faster and smaller ours is than a peer."""
    ours, theirs = figures["ours"], figures[peer]
    # networkx returns a dict of ids, so ours is asked for one, too; the others return an array or a lazy mapping.
    mine = "pagerank_dict_cpu_seconds" if peer == "networkx" else "pagerank_cpu_seconds"
    return {
        "build": theirs["build_cpu_seconds"] / ours["build_cpu_seconds"],
        "pagerank": theirs["pagerank_cpu_seconds"] / ours[mine],
        "memory": theirs["added_mb"] / ours["added_mb"],
    }


def largest_difference(folder: Path, peer: str) -> float:
    """Return how far the scores of a peer and ours are apart at most."""
    apart = np.abs(np.load(folder / "scores_ours.npy") - np.load(folder / f"scores_{peer}.npy"))
    return float(apart.max())


def _children(names: Iterable[str], folder: str, options: argparse.Namespace) -> dict[str, Any]:
    return {name: _child(name, folder, options) for name in names}


def _child(measure: str, folder: str, options: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.graph", "--measure", measure, "--folder", folder]
    command += ["--orders", str(options.orders), "--seed", str(options.seed), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _compile() -> None:
    """Build a tiny net, so that the compiler's start is not part of what is measured."""
    ids = pd.Series([f"P{i}" for i in range(300_000)])
    parties, relations = (
        pd.DataFrame({"id": ids, "kind": "store"}),
        pd.DataFrame({"src": ids, "dst": ids[::-1].to_numpy()}),
    )
    SupplyNetwork.build(parties, relations.assign(kind="refers"))


def _each(work: Callable[[int], Any], n: int) -> list[float]:
    return [timed(lambda i=i: work(i))[0] for i in range(n)]  # type: ignore[misc]


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parties", type=int, default=1_000_000)
    parser.add_argument("--peer-parties", type=int, default=1_000_000, help="0 leaves the peers out")
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print on one line")
    parser.add_argument("--measure", choices=list(MEASURES), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    result = MEASURES[options.measure](options.folder, options) if options.measure else run(options)
    print(json.dumps(result, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
