"""Offers to small sellers: matching at size, sales per offer shown, calibration, levelled promotion; peers beside them.

``python -m benchmarks.offers --json`` runs every row at the size of its bar; ``--rows pairs,levelled`` chooses,
``--sellers`` and ``--seeds`` set smaller ones. Each row runs in a process of its own, on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from benchmarks.offers_levelled import levelled
from benchmarks.offers_reach import reach
from benchmarks.offers_rows import calibration, pairs, sales_per_offer
from benchmarks.offers_settlement import settlement

__all__ = ["ROWS", "main"]

ROWS: dict[str, tuple[Callable[..., dict[str, Any]], int, int]] = {
    "pairs": (pairs, 100_000, 1),
    "sales_per_offer": (sales_per_offer, 20_000, 5),
    "calibration": (calibration, 20_000, 8),
    "levelled": (levelled, 100_000, 8),
    "reach": (reach, 2_000, 3),
    "settlement": (settlement, 100_000, 1),
}
"""Row, sellers and seeds of its bar."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.offers", description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help="rows, separated by commas (default: all)")
    parser.add_argument("--sellers", type=int, default=None, help="sellers of every row (default: those of the bars)")
    parser.add_argument("--seeds", type=int, default=None, help="seeds of every row (default: those of the bars)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    rows = chosen.rows.split(",")
    if unknown := sorted(set(rows) - set(ROWS)):
        parser.error(f"--rows: expected names among {', '.join(ROWS)}, got {unknown[0]}")
    results: dict[str, Any] = {"benchmark": "offers"}
    for name in rows:
        work, sellers, seeds = ROWS[name]
        results[name] = _alone(work, chosen.sellers or sellers, chosen.seeds or seeds)
    print(json.dumps(results, indent=None if chosen.json else 2))


def _one_thread() -> None:
    os.dup2(2, 1)  # HiGHS prints: standard output is for the figures
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = "1"


def _alone(work: Callable[..., dict[str, Any]], sellers: int, seeds: int) -> dict[str, Any]:
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        return pool.submit(work, sellers, seeds).result()


if __name__ == "__main__":
    main()
