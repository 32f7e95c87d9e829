"""One match over several processes: global prices, quotas by them, local auctions.

The coordinator prices a sample of all orders. Each shard tells what load its orders would put on every supplier at
these prices; capacities are divided in that proportion, every shard runs the auction against its quotas, and what its
prices say is averaged into the prices of the next round. Prices and loads are all that travels: one number per
supplier. Orders are dealt to the shards in turn, so that each holds a sample of all; gaps between shards' prices are
what is lost against one machine, and the bound of the averaged prices tells how much at most.
"""

from __future__ import annotations

import time
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from contracts.errors import InputError
from matching.bound import lagrangian_bound
from matching.problem import Floats, Ints, MatchParams, MatchProblem, MatchResult, of_orders, relative_gap
from matching.smoothed import expected_loads
from matching.solve import OPTIMAL_GAP, solve
from matching.sums import sum_by

__all__ = ["ShardParams", "quotas", "solve_sharded"]


@dataclass(frozen=True, kw_only=True)
class ShardParams:
    """How a match is divided.

    Parameters
    ----------
    shards
        Parts, >= 1.
    rounds
        Times that quotas are set and auctions run, >= 1; the best round counts.
    sample
        Share of the orders that the first prices are made from, in (0, 1].
    softness
        How softly orders choose when loads are counted, as a share of the score range, > 0.
    """

    shards: int = 4
    rounds: int = 2
    sample: float = 0.1
    softness: float = 2.5e-3

    def __post_init__(self) -> None:
        for name in ("shards", "rounds"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: expected a whole number >= 1, got {getattr(self, name)}")
        if not 0 < self.sample <= 1:
            raise ValueError(f"sample: expected a share in (0, 1], got {self.sample}")
        if not self.softness > 0:
            raise ValueError(f"softness: expected a number > 0, got {self.softness}")


def solve_sharded(
    problem: MatchProblem,
    *,
    executor: Executor,
    division: ShardParams | None = None,
    params: MatchParams | None = None,
    seed: int = 0,
) -> MatchResult:
    """Solve a split match in shards, the same from run to run for a seed.

    Parameters
    ----------
    problem
        Without loads and credit lines.
    executor
        Runs the shards: a process pool, threads, or a cluster's executor.
    division
        Shards, rounds and the sample.
    params
        How each shard is solved.
    seed
        Of the sample.

    Raises
    ------
    InputError
        If the problem has loads or credit lines: only capacities are divided.
    """
    division, params = division or ShardParams(), params or MatchParams()
    if problem.load is not None or problem.credit is not None or params.unsplit or params.floor > 0:
        raise InputError("match in shards", "split orders without loads, credit lines and floors", "some of these")
    wall, cpu = time.perf_counter(), time.process_time()
    deal = np.arange(problem.n_orders) % division.shards
    masks = [deal == k for k in range(division.shards) if (deal == k).any()]
    parts = [of_orders(problem, mask) for mask in masks]
    prices, temperature = _first_prices(problem, division, params, seed), division.softness * _range(problem)
    best, bound = None, np.inf
    for _ in range(division.rounds):
        loads = list(executor.map(expected_loads, parts, [prices] * len(parts), [temperature] * len(parts)))
        limits = quotas(problem.capacity, np.array(loads))
        tasks = [part.replace(capacity=limit) for part, limit in zip(parts, limits, strict=True)]
        results = list(executor.map(_solve_part, tasks, [params] * len(tasks)))
        prices = _averaged(parts, results, limits)
        bound = min(bound, lagrangian_bound(problem, prices))
        objective = sum(result.objective for result in results)
        if best is None or objective > best[0]:
            best = (objective, results, prices)
    assert best is not None
    pieces = np.zeros(problem.n_candidates, np.int64)
    for mask, result in zip(masks, best[1], strict=True):
        pieces[mask[problem.order]] = result.pieces
    return _result(problem, pieces, best[2], bound, (wall, cpu))


def quotas(capacity: Ints, loads: Floats) -> Ints:
    """Return int64 [K, M], each supplier's capacity divided in proportion to the loads (float [K, M]), all of it.

    Examples
    --------
    >>> quotas(np.array([5, 4]), np.array([[2.0, 0.0], [1.0, 0.0]])).tolist()
    [[3, 2], [2, 2]]
    """
    total = loads.sum(axis=0)
    share = np.where(total > 0, loads / np.where(total > 0, total, 1.0), 1.0 / len(loads))
    exact = share * capacity
    whole = np.floor(exact).astype(np.int64)
    rank = np.argsort(np.argsort(-(exact - whole), axis=0, kind="stable"), axis=0, kind="stable")
    divided: Ints = whole + (rank < capacity - whole.sum(axis=0))
    return divided


def _solve_part(part: MatchProblem, params: MatchParams) -> MatchResult:
    return solve(part, params=params)


def _first_prices(problem: MatchProblem, division: ShardParams, params: MatchParams, seed: int) -> Floats:
    """Return the prices of a sample of the orders, against its share of the capacity."""
    chosen = np.random.default_rng(seed).random(problem.n_orders) < division.sample
    if not chosen.any():
        chosen[:] = True
    share = float(problem.pieces[chosen].sum() / problem.demand)
    part = of_orders(problem, chosen).replace(capacity=np.floor(problem.capacity * share).astype(np.int64))
    return np.maximum(solve(part, params=params).prices, 0.0)


def _averaged(parts: list[MatchProblem], results: list[MatchResult], limits: Ints) -> Floats:
    """Return the shards' prices, each weighted by what it serves there."""
    m = limits.shape[1]
    rows = [sum_by(part.supplier, got.pieces, m) + 1e-9 for part, got in zip(parts, results, strict=True)]
    weight = np.where(limits > 0, np.array(rows), 0.0)
    prices = np.array([np.maximum(result.prices, 0.0) for result in results])
    some = weight.sum(axis=0) > 0
    averaged: Floats = np.where(some, (weight * prices).sum(axis=0) / np.where(some, weight.sum(axis=0), 1.0), 0.0)
    return np.where(some, averaged, prices.max(axis=0))


def _range(problem: MatchProblem) -> float:
    low = -float(problem.penalties.max())
    return max(float(problem.score.max(initial=0.0)) - low, 1e-12)


def _result(
    problem: MatchProblem, pieces: Ints, prices: Floats, bound: float, started: tuple[float, float]
) -> MatchResult:
    objective = problem.objective(pieces)
    bound = max(bound, objective)
    return MatchResult(
        pieces=pieces,
        unserved=problem.unserved(pieces),
        prices=prices,
        line_prices=np.zeros(0),
        objective=objective,
        upper_bound=bound,
        method="auction+shards",
        status="optimal" if relative_gap(objective, bound) <= OPTIMAL_GAP else "feasible",
        seconds=time.perf_counter() - started[0],
        cpu_seconds=time.process_time() - started[1],
    )
