"""Matches under limits, pools, split costs and with days: certified gap, what is kept, CPU; and weights learnt again.

``python -m benchmarks.matching_terms --json`` makes the standard instance (`simulate.matching_instance`) with invented
buyers, skus and windows: each buyer takes at most 15 % of its pieces from one supplier, suppliers want lots of 50
pieces of a sku, a split costs half a piece's score. ``kept`` counts what is exceeded, in pieces (0 = nothing). Peer:
first come first served under the same constraints. Weights: outcomes drawn from known weights, learnt from others that
are 2 to 40 times off.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.matching_peers import problem_of
from benchmarks.meter import timed
from matching.constrained import Constrained, solve_constrained
from matching.constraints import Constraints, Limits, Pools
from matching.learning import learn_weights
from matching.problem import Ints, MatchParams, MatchProblem
from matching.score import PartWeight, ScoreWeights
from matching.solve import solve
from matching.steadiness import Windows, as_they_come, load_cv, steady_match, usual_day

__all__ = ["main"]

Row = dict[str, Any]
_DAYS = 14
_WEIGHTS = {"cost": 1.0, "days": 4.0, "trust": 3.0}


def exposure(problem: MatchProblem, share: float, seed: int) -> Limits:
    """Return limits on what each of the buyers (20 orders each) takes from one supplier, as a share of its pieces."""
    rng = np.random.default_rng(seed)
    buyers = max(problem.n_orders // 20, 1)
    buyer = rng.integers(0, buyers, problem.n_orders)
    ordered = np.bincount(buyer, problem.pieces, buyers)
    pairs, row = np.unique(buyer[problem.order] * problem.n_suppliers + problem.supplier, return_inverse=True)
    return Limits(
        row=row,
        candidate=np.arange(problem.n_candidates),
        use=np.ones(problem.n_candidates),
        most=np.floor(share * ordered[pairs // problem.n_suppliers]),
        code=np.full(pairs.size, "exposure_cap", dtype=object),
    )


def lots(problem: MatchProblem, minimum: int, seed: int) -> Pools:
    """Return one pool per supplier and each of 20 skus."""
    sku = np.random.default_rng(seed).integers(0, 20, problem.n_orders)
    pools, pool = np.unique(sku[problem.order] * problem.n_suppliers + problem.supplier, return_inverse=True)
    return Pools(pool=pool, minimum=np.full(pools.size, minimum))


def under_terms(n_orders: int, seed: int, *, pools: bool) -> Row:
    """Match under exposure caps, with pools and split costs if asked for."""
    problem = problem_of(n_orders, seed)
    limits = exposure(problem, 0.15, seed)
    made = Constraints(limits=limits)
    if pools:
        made = Constraints(limits=limits, pools=lots(problem, 50, seed), split_cost=0.5)
    cpu, found = timed(lambda: solve_constrained(problem, made))
    peer = solve_constrained(problem, made, params=MatchParams(method="greedy")).result
    return {
        "row": "exposure_pools_splits" if pools else "exposure",
        "orders": n_orders,
        "candidates": problem.n_candidates,
        "cpu_seconds": round(cpu, 2),
        "gap": found.result.gap,
        "kept": _exceeded(problem, made, found),
        "first_come_worse": 1 - peer.objective / found.result.objective,
        "splits": found.splits,
        "method": found.result.method,
    }


def _exceeded(problem: MatchProblem, made: Constraints, found: Constrained) -> int:
    """Return the pieces over limits and capacities, and short of minimum lots."""
    pieces: Ints = found.result.pieces
    over = np.bincount(problem.supplier, pieces, problem.n_suppliers) - problem.capacity
    total = np.maximum(over, 0).sum()
    if made.limits is not None:
        total += np.maximum(made.limits.matrix(problem.n_candidates) @ pieces - made.limits.most, 0).sum()
    if made.pools is not None:
        short = made.pools.short(pieces)
        total += (made.pools.minimum - made.pools.totals(pieces))[short].sum()
    return int(total)


def with_days(n_orders: int, seed: int) -> Row:
    """Spread orders with windows of up to a week over a fortnight."""
    problem = problem_of(n_orders, seed)
    rng = np.random.default_rng(seed)
    first = np.minimum(rng.geometric(0.25, n_orders) - 1, _DAYS - 1)
    windows = Windows(first=first, last=np.minimum(first + rng.integers(0, 7, n_orders), _DAYS - 1))
    free = solve(problem)
    usual = usual_day(problem, free.pieces, windows.last.max() + 1)
    cpu, (pieces, days, bound) = timed(lambda: steady_match(problem, windows, usual, 0.05))
    before = load_cv(problem, as_they_come(problem, free.pieces, windows), windows.days)
    reached = problem.objective(pieces) - days.penalty
    return {
        "row": "steady",
        "orders": n_orders,
        "cpu_seconds": round(cpu, 2),
        "gap": (bound - reached) / abs(reached),
        "load_cv_before": float(np.nanmean(before)),
        "load_cv": float(np.nanmean(load_cv(problem, days, windows.days))),
        "score_cost_share": 1 - problem.objective(pieces) / free.objective,
    }


def weights_again(n_decisions: int, seed: int) -> Row:
    """Learn weights from outcomes that known weights made."""
    rng = np.random.default_rng(seed)
    parts = pd.DataFrame({name: rng.random(n_decisions) for name in _WEIGHTS})
    eta = 1.0 + 3.0 * parts["trust"] - parts["cost"] - 4.0 * parts["days"]
    told = parts.assign(
        decision_id=np.arange(n_decisions).astype(str),
        supplier_id="s",
        decided_at=pd.date_range("2026-01-01", periods=n_decisions, freq="h", tz="Asia/Shanghai"),
        chosen=True,
        on_time=rng.random(n_decisions) < 1 / (1 + np.exp(-eta)),
    )
    start = {"cost": PartWeight(weight=0.5), "days": PartWeight(weight=0.1)}
    prior = ScoreWeights(parts=start | {"trust": PartWeight(weight=0.1, direction="higher")})
    cpu, learnt = timed(lambda: learn_weights(told, prior))
    found = np.array([learnt.weights.parts[name].weight for name in _WEIGHTS])
    true = np.array(list(_WEIGHTS.values()))
    return {
        "row": "learnt_weights",
        "decisions": n_decisions,
        "cpu_seconds": round(cpu, 2),
        "largest_error": float(np.abs(found / found.sum() * true.sum() / true - 1).max()),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=2_000, help="orders of the matches under terms")
    parser.add_argument("--day-orders", type=int, default=2_000, help="orders of the match with days")
    parser.add_argument("--decisions", type=int, default=5_000, help="decisions to learn from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON (there is no other form)")
    asked = parser.parse_args(arguments)
    under_terms(200, asked.seed, pools=True)  # imports and compiled code are not what is measured
    rows = [under_terms(asked.orders, asked.seed, pools=pools) for pools in (False, True)]
    rows += [with_days(asked.day_orders, asked.seed), weights_again(asked.decisions, asked.seed)]
    print(json.dumps({"benchmark": "matching_terms", "seed": asked.seed, "rows": rows}))


if __name__ == "__main__":
    main()
