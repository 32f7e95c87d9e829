"""The supply net against networkx: `python -m benchmarks.graph [--parties N] [--json]`.

Prints one JSON object. Everything is simulated from a seed. Each measurement runs in a process of its own, so that its
peak memory is its own; times are CPU seconds of one process. At the size of a country: `--parties 5710000` (5.6 M
stores, 110 k others, 31 M relations); networkx is measured at `--peer-parties` (460 bytes an edge would not fit).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from graph.array_graph import NetworkArrays
from graph.candidates.orders import OrderArrays
from graph.candidates.search import find, gather_from
from graph.candidates.supply_book import SupplyBook
from graph.network import SupplyNetwork
from graph.pagerank import pagerank
from graph.paths import introduction

TODAY = pd.Timestamp("2026-03-02")
REGIONS = 31


def market(parties: int, seed: int, folder: Path) -> None:
    """Write a market's tables: 0.5 % factories, 1.5 % distributors, stores with 5.4 relations each."""
    rng = np.random.default_rng(seed)
    factories, distributors = max(parties // 200, 2), max(parties * 3 // 200, 2)
    traders, stores = factories + distributors, parties - factories - distributors
    ids = np.char.add("P", np.char.zfill(np.arange(parties).astype("U8"), 8))
    kind = np.repeat(["factory", "distributor", "store"], [factories, distributors, stores])
    frame = pd.DataFrame({"id": ids, "kind": kind, "region": rng.integers(0, REGIONS, parties).astype("U2")})
    frame["lat"], frame["lon"] = rng.uniform(20, 45, parties), rng.uniform(90, 125, parties)
    frame["lead_time_days"] = rng.integers(1, 10, parties)
    frame.to_parquet(folder / "parties.parquet")
    middle = (factories, traders)
    ends = [
        _ties(rng, "supplies", distributors * 20, (0, factories), middle),
        _ties(rng, "distributes", stores * 2, middle, (traders, parties)),
        _ties(rng, "refers", int(stores * 3.4), (traders, parties), (traders, parties)),
    ]
    relations = {name: np.concatenate([end[name] for end in ends]) for name in ends[0]}
    np.savez(folder / "relations.npz", allow_pickle=False, **relations)
    skus = max(parties // 500, 20)
    supplier = np.repeat(np.arange(traders), rng.integers(3, 18, traders))
    supply = pd.DataFrame({"supplier_id": ids[supplier], "sku_id": _skus(rng.integers(0, skus, len(supplier)))})
    supply = supply.drop_duplicates().reset_index(drop=True)
    supply["capacity"] = rng.integers(0, 500, len(supply)).astype(float)
    supply["unit_cost_fen"] = rng.integers(500, 900, len(supply)).astype(float)
    supply["minimum_order"] = rng.choice([1.0, 5, 40], len(supply))
    supply["territory"] = rng.choice(["", "0|1|2|3|4|5", "6|7|8|9|10|11|12"], len(supply))
    supply.to_parquet(folder / "supply.parquet")
    pd.DataFrame({"sku_id": _skus(np.arange(skus))}).to_parquet(folder / "products.parquet")


def orders(folder: Path, n: int, seed: int) -> pd.DataFrame:
    """Return orders of random stores."""
    rng = np.random.default_rng(seed)
    ids = pd.read_parquet(folder / "parties.parquet", columns=["id"])["id"]
    sku = pd.read_parquet(folder / "products.parquet")["sku_id"]
    return pd.DataFrame(
        {
            "order_id": [f"O{i}" for i in range(n)],
            "sku_id": sku.sample(n, replace=True, random_state=seed).to_numpy(),
            "pieces": rng.integers(1, 60, n),
            "buyer_id": ids.iloc[len(ids) // 50 + rng.integers(0, len(ids) - len(ids) // 50, n)].to_numpy(),
            "due_date": TODAY + pd.to_timedelta(rng.integers(3, 15, n), unit="D"),
        }
    )


def measure_build(folder: Path, _: argparse.Namespace) -> dict[str, float]:
    """Build from frames whose ends are Categoricals, and save."""
    parties = pd.read_parquet(folder / "parties.parquet")
    with np.load(folder / "relations.npz") as arrays:
        codes = {name: arrays[name] for name in arrays.files}
    kinds = ["supplies", "distributes", "refers"]
    relations = pd.DataFrame(
        {
            "src": pd.Categorical.from_codes(codes["src"], parties["id"]),
            "dst": pd.Categorical.from_codes(codes["dst"], parties["id"]),
            "kind": pd.Categorical.from_codes(codes["kind"], kinds),
            "weight": codes["weight"],
        },
        copy=False,
    )
    before = _peak_mb()
    seconds, net = _timed(lambda: SupplyNetwork.build(parties, relations))
    peak = _peak_mb()
    net.save(folder / "net")
    links = NetworkArrays(net).links("weight")
    ranking, _ = _timed(lambda: pagerank(links, tolerance=net.n_parties * 1e-6))
    saved = sum(path.stat().st_size for path in (folder / "net").rglob("*.npy"))
    return {
        "parties": net.n_parties,
        "relations": net.n_relations,
        "rejected": sum(net.rejected.values()),
        "build_cpu_seconds": seconds,
        "build_peak_mb": peak,
        "input_peak_mb": before,
        "pagerank_cpu_seconds": ranking,
        "saved_mb": saved / 2**20,
    }


def measure_candidates(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Open the saved net, index the supply, then gather for a batch, for single orders, and find introductions."""
    started = time.perf_counter()
    net = SupplyNetwork.open(folder / "net")
    opened = time.perf_counter() - started
    supply, products = pd.read_parquet(folder / "supply.parquet"), pd.read_parquet(folder / "products.parquet")
    indexing, book = _timed(lambda: SupplyBook.of(net, supply, products, today=TODAY))
    batch = orders(folder, options.orders, options.seed)
    gather_from(book, batch.iloc[:100], today=TODAY)
    gather_from(book, batch, today=TODAY)
    seconds, found = _timed(lambda: gather_from(book, batch, today=TODAY))
    single = _each(lambda i: gather_from(book, batch.iloc[[i]], today=TODAY), min(300, len(batch)))
    coded = [OrderArrays.of(book, batch.iloc[[i]], TODAY) for i in range(min(300, len(batch)))]
    arrays = _each(lambda i: find(book, coded[i]), len(coded))
    hops = _each(lambda i: introduction(net, batch["buyer_id"][i], batch["buyer_id"][i + 1]), min(10, len(batch) - 1))
    return {
        "open_ms": opened * 1e3,
        "supply_rows": len(supply),
        "index_supply_cpu_seconds": indexing,
        "orders": len(batch),
        "candidates": len(found),
        "eligible": int(found["eligible"].sum()),
        "batch_cpu_seconds": seconds,
        "single_arrays_p50_ms": float(np.quantile(arrays, 0.5)) * 1e3,
        "single_arrays_p99_ms": float(np.quantile(arrays, 0.99)) * 1e3,
        "single_frame_p50_ms": float(np.quantile(single, 0.5)) * 1e3,
        "single_frame_p99_ms": float(np.quantile(single, 0.99)) * 1e3,
        "introduction_p50_ms": float(np.quantile(hops, 0.5)) * 1e3,
        "peak_mb": _peak_mb(),
    }


def measure_networkx(folder: Path, _: argparse.Namespace) -> dict[str, float]:
    """Build the same net as a networkx graph from the same columns."""
    import networkx as nx

    ids = pd.read_parquet(folder / "parties.parquet", columns=["id", "kind", "region"])
    with np.load(folder / "relations.npz") as arrays:
        codes = {name: arrays[name] for name in arrays.files}
    before = _peak_mb()

    def build() -> nx.MultiDiGraph:
        graph = nx.MultiDiGraph()
        nodes = ids.to_dict("records")
        graph.add_nodes_from((node.pop("id"), node) for node in nodes)
        names = ids["id"].to_numpy(object)
        ends = zip(
            names[codes["src"]], names[codes["dst"]], codes["kind"].tolist(), codes["weight"].tolist(), strict=True
        )
        graph.add_edges_from((src, dst, kind, {"weight": weight}) for src, dst, kind, weight in ends)
        return graph

    seconds, graph = _timed(build)
    added = _peak_mb() - before
    ranking, _ = _timed(lambda: nx.pagerank(graph))
    return {
        "parties": graph.number_of_nodes(),
        "relations": graph.number_of_edges(),
        "build_cpu_seconds": seconds,
        "added_mb": added,
        "pagerank_cpu_seconds": ranking,
    }


MEASURES: dict[str, Callable[[Path, argparse.Namespace], dict[str, float]]] = {
    "build": measure_build,
    "candidates": measure_candidates,
    "networkx": measure_networkx,
}


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure ours at `parties`, and ours and networkx at `peer_parties`."""
    result: dict[str, Any] = {"ours": _in_processes(options.parties, ["build", "candidates"], options)}
    if options.peer_parties:
        peers = _in_processes(options.peer_parties, ["build", "networkx"], options)
        ours, theirs = peers["build"], peers["networkx"]
        result["peers"] = {
            "ours": ours,
            "networkx": theirs,
            "build_times_faster": theirs["build_cpu_seconds"] / ours["build_cpu_seconds"],
            "pagerank_times_faster": theirs["pagerank_cpu_seconds"] / ours["pagerank_cpu_seconds"],
            "memory_ratio": ours["saved_mb"] / theirs["added_mb"],
        }
    return result


def _in_processes(parties: int, names: list[str], options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        market(parties, options.seed, Path(name))
        return {measure: _child(measure, name, options) for measure in names}


def _child(measure: str, folder: str, options: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.graph", "--measure", measure, "--folder", folder]
    command += ["--orders", str(options.orders), "--seed", str(options.seed), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _ties(
    rng: np.random.Generator, kind: str, n: int, sources: tuple[int, int], targets: tuple[int, int]
) -> dict[str, np.ndarray]:
    code = ["supplies", "distributes", "refers"].index(kind)
    return {
        "src": rng.integers(*sources, n, dtype=np.int32),
        "dst": rng.integers(*targets, n, dtype=np.int32),
        "kind": np.full(n, code, dtype=np.int8),
        "weight": rng.random(n, dtype=np.float32) * 5,
    }


def _skus(numbers: np.ndarray) -> np.ndarray:
    return np.char.add("sku-", numbers.astype("U7"))


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def _each(work: Callable[[int], Any], n: int) -> list[float]:
    return [_timed(lambda i=i: work(i))[0] for i in range(n)]  # type: ignore[misc]


def _peak_mb() -> float:
    # Not ru_maxrss: a child starts with its parent's.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Parse the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parties", type=int, default=100_000)
    parser.add_argument("--peer-parties", type=int, default=100_000, help="0 leaves networkx out")
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
