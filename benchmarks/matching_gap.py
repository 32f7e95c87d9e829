"""Generalised assignment: whole orders that load suppliers unevenly, against the best costs known.

From the development data: class c and gap1 to gap12. Made here by the published recipes (Chu and Beasley, *A genetic
algorithm for the generalised assignment problem*, 1997; Laguna and others, 1995): classes d and e, whose best costs are
not known: what counts there is the distance from the bound that ours proves.
"""

from __future__ import annotations

import time
import zipfile
from typing import Any, NamedTuple

import numpy as np

from benchmarks.development_data import data_dir
from matching.problem import Floats, Ints, MatchParams, MatchProblem
from matching.solve import solve

__all__ = ["assignment"]

SMALL = ("0515", "0520", "0525", "0530", "0824", "0832", "0840", "0848", "1030", "1040", "1050", "1060")
LIBRARY = (
    "c05100", "c10100", "c20100", "c05200", "c10200", "c20200", "c10400", "c20400", "c40400", "c15900", "c30900",
    "c60900", "c201600", "c401600", "c801600", *(f"c{size}_{k}" for size in SMALL for k in range(1, 6)),
)  # fmt: skip
MADE = tuple(
    (kind, m, n)
    for kind in "de"
    for m, n in ((5, 100), (10, 100), (20, 100), (5, 200), (10, 200), (20, 200), (20, 400), (40, 400), (80, 1600))
)


class _Instance(NamedTuple):
    cost: Floats
    use: Floats
    capacity: Ints


def assignment(seed: int) -> list[dict[str, Any]]:
    """Return per instance the cost, how far it is above the best known and above the proved bound, and the seconds."""
    # Compiling is not what is measured.
    solve(_problem(_made("d", 2, 8, seed)), params=MatchParams(unsplit=True, mip_candidates=0, polish_seconds=0.01))
    rows = []
    folder = data_dir() / "gap" / "data"
    if folder.is_dir():
        bounds = dict(_bounds((folder / "bounds.txt").read_text()))
        rows += [_row(name, _read(folder / f"{name}.zip"), bounds[f"{name}_Min"]) for name in LIBRARY]
    return rows + [_row(f"{kind}_{m}_{n}", _made(kind, m, n, seed), None) for kind, m, n in MADE]


def _bounds(text: str) -> list[tuple[str, float]]:
    return [(fields[0], float(fields[-1])) for fields in map(str.split, text.splitlines()) if len(fields) > 1]


def _read(path: Any) -> _Instance:
    with zipfile.ZipFile(path) as archive:
        numbers = np.array(archive.read(archive.namelist()[0]).split(), dtype=float)
    m, n = int(numbers[0]), int(numbers[1])
    cost, use = numbers[2 : 2 + 2 * m * n].reshape(2, m, n)
    return _Instance(cost, use, numbers[2 + 2 * m * n :][:m].astype(np.int64))


def _made(kind: str, m: int, n: int, seed: int) -> _Instance:
    rng = np.random.default_rng(seed)
    if kind == "d":
        use = rng.integers(1, 101, (m, n)).astype(float)
        cost = 111 - use + rng.integers(-10, 11, (m, n))
    else:
        use = np.maximum(np.round(1 - 10 * np.log(1 - rng.random((m, n)))), 1)
        cost = np.round(1000 / use - 10 * rng.random((m, n)))
    return _Instance(cost.astype(np.float64), use, np.floor(0.8 * use.sum(axis=1) / m).astype(np.int64))


def _problem(made: _Instance) -> MatchProblem:
    m, n = made.cost.shape
    top = made.cost.max() + 1
    return MatchProblem(
        indptr=np.arange(n + 1) * m,
        supplier=np.tile(np.arange(m, dtype=np.int32), n),
        score=(top - made.cost).T.ravel(),
        pieces=np.ones(n, np.int64),
        capacity=made.capacity,
        penalty=np.full(n, 10 * top),
        load=made.use.T.ravel(),
    )


def _row(name: str, made: _Instance, best: float | None) -> dict[str, Any]:
    problem = _problem(made)
    started = time.perf_counter()
    found = solve(problem, params=MatchParams(unsplit=True))
    seconds = time.perf_counter() - started
    cost = float(np.dot(made.cost.T.ravel(), found.pieces))
    least = float((made.cost.max() + 1) * problem.n_orders - found.upper_bound)
    loads = np.bincount(problem.supplier, weights=found.pieces * made.use.T.ravel(), minlength=problem.n_suppliers)
    return {
        "name": name,
        "cost": cost,
        "feasible": bool(found.unserved.sum() == 0 and (loads <= made.capacity).all()),
        "over_best_known": None if best is None else cost / best - 1,
        "over_proved_bound": cost / least - 1,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(found.cpu_seconds, 2),
    }
