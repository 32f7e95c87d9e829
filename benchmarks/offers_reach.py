"""Who reaches the most together: reverse-reachable sets against the best connected and the best sellers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.meter import timed
from graph.reach import ReachProblem, reach_of, solve_reach

__all__ = ["reach"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_FIRST_SEED, _K, _PEOPLE, _CIRCLES = 300, 50, 20, 40
_SCORED = 2**20  # seed of the samples that score, never those that chose


def reach(sellers: int, seeds: int) -> dict[str, Any]:
    """Choose 50 sellers whose audiences overlap in 40 circles; each choice is scored on samples drawn independently.

    20 people for each seller; audiences are heavy-tailed and nine tenths of one's circle; people pass on to two others.
    Attributed sales are what an audience of that size buys, times the seller's own skill.
    """
    rows = [_one(sellers, seed) for seed in range(_FIRST_SEED, _FIRST_SEED + seeds)]
    mean = {name: round(float(np.mean([row[name] for row in rows])), 4) for name in rows[0] if name != "seed"}
    return {"sellers": sellers, "people": sellers * _PEOPLE, "k": _K, "seeds": seeds, **mean, "per_seed": rows}


def _one(sellers: int, seed: int) -> dict[str, Any]:
    problem, degree, sold = _market(sellers, seed)
    cpu, found = timed(lambda: solve_reach(problem, seed=seed))
    told: dict[str, Any] = {"seed": seed, "cpu_seconds": round(cpu, 3)}
    choices = {
        "ours": found.chosen,
        "degree": np.argsort(-degree, kind="stable")[:_K],
        "attributed_sales": np.argsort(-sold, kind="stable")[:_K],
    }
    for name, chosen in choices.items():
        told[f"reach_{name}"] = round(float(reach_of(problem, chosen, seed=_SCORED + seed).sum()), 1)
    told["to_degree"] = round(told["reach_ours"] / told["reach_degree"], 4)
    told["to_attributed_sales"] = round(told["reach_ours"] / told["reach_attributed_sales"], 4)
    return told | {"of_upper_bound": round(told["reach_ours"] / found.upper_bound, 4)}


def _market(sellers: int, seed: int) -> tuple[ReachProblem, Floats, Floats]:
    """Return sellers (the first ids) and people in circles, each seller's followers, and what it sold."""
    rng = np.random.default_rng([seed, 66])
    people = sellers * _PEOPLE
    circle = rng.integers(_CIRCLES, size=people)
    by_circle = np.argsort(circle, kind="stable")
    start = np.searchsorted(circle[by_circle], np.arange(_CIRCLES + 1))
    # Large circles hold the large audiences: that is what makes the best connected overlap.
    own = np.minimum(rng.geometric(0.15, size=sellers) - 1, _CIRCLES - 1)
    size = np.minimum(rng.lognormal(3.0, 1.2, sellers) * 10 / (1 + own), people // 20).astype(np.int64) + 1
    who = np.repeat(np.arange(sellers), size)
    inside = rng.random(len(who)) < 0.9
    place = start[own[who]] + (rng.random(len(who)) * np.diff(start)[own[who]]).astype(np.int64)
    follower = np.where(inside, by_circle[place], rng.integers(people, size=len(who)))
    passed = rng.integers(people, size=(2, people * 2))
    src = np.append(who, passed[0] + sellers)
    dst = np.append(follower, passed[1]) + sellers
    order = np.argsort(dst, kind="stable")
    src, dst = src[order], dst[order]
    n = sellers + people
    weight = np.where(src < sellers, 0.2, 0.05)
    problem = ReachProblem(
        start=np.searchsorted(dst, np.arange(n + 1)), src=src, probability=weight, allowed=np.arange(n) < sellers, k=_K
    )
    degree = np.append(size.astype(np.float64), np.zeros(people))
    sold = np.append(rng.poisson(size * 0.02 * rng.lognormal(0, 0.5, sellers)), np.zeros(people)).astype(np.float64)
    return problem, degree, sold
