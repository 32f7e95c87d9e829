"""What matching claims beyond the standard instance: whole orders, price wars, floors, online, shards, two sides.

Each row returns plain figures; `benchmarks.matching` runs it in a process of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np

from benchmarks.matching_peers import min_cost_flow, problem_of
from benchmarks.meter import peak_mb, ruler_seconds, timed
from matching.bound import lagrangian_bound
from matching.online import OnlineOrder, OnlineRouter, Prices
from matching.problem import Floats, Ints, MatchParams, MatchProblem, relative_gap
from matching.refresh import refresh
from matching.shards import ShardParams, solve_sharded
from matching.solve import solve
from matching.stability import blocking_pairs, stable_match
from matching.two_sided import TwoSidedProblem, solve_two_sided

__all__ = ["ROWS"]

_AUCTION = MatchParams(method="auction")


def whole_orders(n_orders: int, seed: int) -> dict[str, Any]:
    """Whole orders: the gap to the bound of the split problem."""
    problem = problem_of(n_orders, seed)
    cpu, found = timed(lambda: solve(problem, params=MatchParams(unsplit=True)))
    return {"orders": n_orders, "gap": found.gap, "cpu_seconds": cpu, "peak_mb": peak_mb(), "method": found.method}


def price_wars(n_orders: int, seed: int) -> dict[str, Any]:
    """Scores that depend on the supplier only, a shortage of 20 %, and both, against min-cost flow."""
    figures: dict[str, Any] = {"orders": n_orders}
    for name, slack, equal in (("equal_scores", 0.1, True), ("shortage", -0.2, False), ("both", -0.2, True)):
        problem = problem_of(n_orders, seed, slack=slack)
        if equal:
            of_supplier = np.random.default_rng(seed).random(problem.n_suppliers).astype(np.float32)
            problem = problem.replace(score=of_supplier[problem.supplier])
        min_cost_flow(problem)  # the first call of a library loads it
        peer_cpu, peer = timed(partial(min_cost_flow, problem))
        cpu, found = timed(partial(solve, problem))
        figures[name] = {
            "cpu_seconds": cpu,
            "cpu_ratio": cpu / peer_cpu,
            "gap": found.gap,
            "objective": found.objective,
            "peer_objective": problem.objective(peer),
            "method": found.method,
        }
    return figures


def floors(n_orders: int, seed: int) -> dict[str, Any]:
    """Floors at 75 % of the proportional share: which are kept, and what they cost."""
    problem = problem_of(n_orders, seed)
    free = solve(problem)
    cpu, kept = timed(lambda: solve(problem, params=MatchParams(floor=0.75)))
    return {
        "orders": n_orders,
        "relaxed_floors": len(kept.relaxed_floors),
        "welfare_loss": 1 - kept.objective / free.objective,
        "gap": kept.gap,
        "floors_with_a_price": int((kept.prices < 0).sum()),
        "cpu_seconds": cpu,
    }


def online(n_orders: int, seed: int) -> dict[str, Any]:
    """Orders one at a time at yesterday's prices; regret against the hindsight optimum; latency of each decision.

    ``ruler_seconds`` says how fast the machine was just then: what ten million additions in plain Python take.
    """
    today, yesterday = problem_of(n_orders, seed), problem_of(n_orders, seed, order_seed=seed + 7777)
    prices = Prices(solve(yesterday.replace(capacity=today.capacity), params=_AUCTION).prices, 1)
    rng = np.random.default_rng(seed)
    down = rng.random(today.n_suppliers) < 0.1
    figures: dict[str, Any] = {"orders": n_orders}
    cases = {
        "yesterday": (today.capacity, prices, None),
        "first_come": (today.capacity, None, None),
        "tenth_down": (np.where(down, 0, today.capacity), prices, "supplier_down"),
        "cut_by_15_percent": ((today.capacity * 0.85).astype(np.int64), prices, "capacity_cut"),
    }
    for name, (capacity, start, cause) in cases.items():
        router = OnlineRouter(capacity, start)
        told = None if cause is None else refresh(router, yesterday, cause=cause, params=_AUCTION)
        reached, nanoseconds = _routed(router, today)
        ruler = ruler_seconds()
        best = solve(today.replace(capacity=capacity), params=_AUCTION)
        p50, p99 = np.percentile(nanoseconds, [50, 99]) / 1000
        figures[name] = {
            "regret": (best.objective - reached) / abs(best.objective),
            "refresh_activated": None if told is None else told.activated,
            "p50_us": p50,
            "p99_us": p99,
            "ruler_seconds": ruler,
        }
    return figures


def _routed(router: OnlineRouter, problem: MatchProblem) -> tuple[float, Floats]:
    """Route a problem's orders; return the objective and each decision's wall time, explanation included."""
    supplier, score = problem.supplier.astype(np.int64), problem.score.astype(np.float64)
    at, pieces = problem.indptr.tolist(), problem.pieces.tolist()
    orders = [
        OnlineOrder(str(i), supplier[at[i] : at[i + 1]], score[at[i] : at[i + 1]], pieces[i])
        for i in range(problem.n_orders)
    ]
    router.evaluate(orders[0])
    total, took = 0.0, np.zeros(problem.n_orders)
    for i, order in enumerate(orders):
        started = time.perf_counter_ns()
        decision = router.route(order)
        decision.reasons  # noqa: B018 (the explanation is part of what is measured)
        took[i] = time.perf_counter_ns() - started
        total += float(np.dot(decision.pieces, order.score)) - decision.unserved
    return total, took


def shards(n_orders: int, seed: int) -> dict[str, Any]:
    """Four shards in a pool of local processes, run twice."""
    problem = problem_of(n_orders, seed)
    whole = solve(problem, params=_AUCTION)
    with ProcessPoolExecutor(max_workers=4, mp_context=get_context("spawn")) as pool:
        first, second = (
            solve_sharded(problem, executor=pool, division=ShardParams(shards=4), params=_AUCTION, seed=seed)
            for _ in range(2)
        )
    bound = min(whole.upper_bound, first.upper_bound)
    return {
        "orders": n_orders,
        "gap": relative_gap(first.objective, bound),
        "certified_gap": first.gap,
        "one_process_gap": relative_gap(whole.objective, bound),
        "identical": bool(np.array_equal(first.pieces, second.pieces)),
        "bound_of_its_prices": lagrangian_bound(problem, first.prices),
    }


def two_sided(n_orders: int, seed: int) -> dict[str, Any]:
    """Sellers and offers, 50 pairs a seller, capacity 10 % short: gap, blocking pairs and the price of stability."""
    problem = _sellers_and_offers(n_orders, seed)
    solve_two_sided(_sellers_and_offers(100, seed))
    cpu, found = timed(lambda: solve_two_sided(problem))
    block_cpu, blocking = timed(lambda: blocking_pairs(problem, found.matched))
    stable = stable_match(problem)
    return {
        "sellers": n_orders,
        "pairs": int(problem.host.size),
        "gap": found.gap,
        "cpu_seconds": cpu,
        "matched": int(found.matched.sum()),
        "blocking_pairs": int(blocking.pairs.size),
        "blocking_cpu_seconds": block_cpu,
        "price_of_stability": 1 - float(problem.value[stable].sum()) / found.objective,
        "peak_mb": peak_mb(),
    }


def _sellers_and_offers(n_sellers: int, seed: int) -> TwoSidedProblem:
    rng, hosts, degree = np.random.default_rng(seed), max(n_sellers // 50, 60), 50
    # A random start and a stride without common divisor name distinct offers for each seller.
    stride = np.array([s for s in range(1, hosts) if np.gcd(s, hosts) == 1])
    start, step = rng.integers(0, hosts, n_sellers), rng.choice(stride, n_sellers)
    host: Ints = ((start[:, None] + step[:, None] * np.arange(degree)) % hosts).astype(np.int64).ravel()
    appeal = rng.random(hosts)
    mine = 0.5 * appeal[host] + 0.6 * rng.random(host.size) - 0.05
    theirs = rng.random(host.size) - 0.02
    places = rng.integers(1, 4, n_sellers)
    size = rng.lognormal(0, 1, hosts)
    room = np.maximum(0.9 * places.sum() * size / size.sum(), 1).astype(np.int64)
    return TwoSidedProblem(
        indptr=np.arange(n_sellers + 1) * degree, host=host, value=mine + theirs, places=places, room=room,
        seeker_value=mine, host_value=theirs,
    )  # fmt: skip


ROWS: dict[str, tuple[Callable[[int, int], dict[str, Any]], int]] = {
    "unsplit": (whole_orders, 100_000),
    "wars": (price_wars, 20_000),
    "floors": (floors, 50_000),
    "online": (online, 100_000),
    "shards": (shards, 100_000),
    "two_sided": (two_sided, 100_000),
}
