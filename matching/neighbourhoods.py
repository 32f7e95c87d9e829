"""Whole orders of uneven loads improved part by part: free some orders of a few suppliers and place them anew.

Large neighbourhood search (Shaw, *Using constraint programming and local search methods to solve vehicle routing
problems*, 1998) whose repair is an enumeration bounded by prices (`matching.neighbourhoods_kernel`). A part grows from
an order that is far from its best choice: the suppliers it and their orders would like, and of their orders those that
lose least by moving. Parts may become a little worse (threshold accepting with falling random thresholds, after Dueck
and Scheuer, 1990, in as many turns as there is work for); every part stays within all limits. Work is counted in steps,
so that a seed decides the result unless the time is too short for all: then it cools once, and ends with the time.
"""

from __future__ import annotations

import time

import numpy as np

from matching.choices import Choices
from matching.ledger import trimmed
from matching.neighbourhoods_kernel import MOST_ORDERS, MOST_SUPPLIERS, Part, Search, improve_for
from matching.problem import Ints, MatchProblem, relative_gap

__all__ = ["improve_parts"]

_ROUNDS, _COLD_FROM = 200, 0.9
_STEPS_PER_ORDER, _MOST_STEPS = 3_200_000, 320_000_000
_TURN_STEPS_PER_ORDER = 300_000
_HEAT, _NOISE = 2.5, 3.0
_DRAWS, _POOL = 1 << 18, 64 * MOST_SUPPLIERS + 1


def improve_parts(
    problem: MatchProblem,
    choices: Choices,
    pieces: Ints,
    *,
    upper_bound: float,
    gap: float,
    ends: float,
    seed: int,
) -> Ints:
    """Return int64 [E], an allocation of whole orders no worse than the one given, without floors.

    Parameters
    ----------
    choices
        Of the problem (`choices_of`), at good prices.
    pieces
        int [E], feasible whole orders.
    upper_bound, gap
        A bound on the objective, and the relative distance from it at which to stop.
    ends
        Reading of `time.perf_counter` at which to stop at the latest.
    """
    rng = np.random.default_rng(seed)
    search, part = _search(problem, choices, pieces), _part(problem)
    steps = min(_STEPS_PER_ORDER * problem.n_orders, _MOST_STEPS)
    turns = max(1, steps // (_TURN_STEPS_PER_ORDER * problem.n_orders))
    heat = 0.0
    improve_for(choices, search, part, 0, 0.0, 0.0)  # compiling is no measure of a round
    started = time.perf_counter()
    for k in range(_ROUNDS):
        reached, now = -float(search.cost[1]), time.perf_counter()
        if relative_gap(reached, upper_bound) <= gap or now >= ends:
            break
        search.draws[:] = rng.random(_DRAWS)
        away = max(upper_bound - reached, 0.0) / problem.n_orders
        heat = _HEAT * away if k == 1 else heat  # a round without heat mends what was placed badly
        cooled = max(0.0, 1 - _in_turn(k, turns, now - started, ends - started) / _COLD_FROM)
        improve_for(choices, search, part, steps // _ROUNDS, heat * cooled, _NOISE * away)
    improved: Ints = np.zeros(problem.n_candidates, np.int64)
    taken = choices.row[search.best]
    taken = taken[taken >= 0]
    improved[taken] = problem.pieces[problem.order[taken]]
    improved = trimmed(problem, improved, unsplit=True)
    return improved if problem.objective(improved) > problem.objective(pieces) else pieces


def _in_turn(rounds: int, turns: int, seconds: float, most_seconds: float) -> float:
    """Return the share of a turn of cooling that is done; where the time will not do for all, it is one turn."""
    if rounds and seconds / rounds * _ROUNDS > most_seconds:
        return max(rounds / _ROUNDS, seconds / most_seconds)
    return rounds / _ROUNDS * turns % 1.0


def _search(problem: MatchProblem, choices: Choices, pieces: Ints) -> Search:
    """Return the search at an allocation."""
    m, n = problem.n_suppliers, problem.n_orders
    owner = np.repeat(np.arange(n), np.diff(choices.indptr))
    chosen = np.empty(n, np.int64)
    unserved = choices.row < 0
    chosen[owner[unserved]] = np.flatnonzero(unserved)
    served = np.flatnonzero(~unserved & (np.append(pieces, 0)[choices.row] > 0))
    chosen[owner[served]] = served
    supplier, line = choices.supplier[chosen], choices.line[chosen]
    limits = np.zeros(0) if problem.credit is None else problem.credit.limit.astype(np.float64)
    count = np.bincount(supplier, minlength=m + 1)
    space = np.bincount(choices.supplier, minlength=m + 1)
    start = np.cumsum(space) - space
    by_supplier = np.argsort(supplier, kind="stable")
    place, slots = np.empty(n, np.int64), np.zeros(int(space.sum()), np.int64)
    place[by_supplier] = np.arange(n) - np.repeat(np.cumsum(count) - count, count)
    slots[start[supplier] + place] = np.arange(n)
    cost = float(choices.cost[chosen].sum())
    return Search(
        chosen=chosen,
        best=chosen.copy(),
        room=np.append(problem.capacity, np.inf) - np.bincount(supplier, weights=choices.load[chosen], minlength=m + 1),
        line_room=np.append(limits, np.inf) - np.bincount(line, choices.use[chosen], minlength=limits.size + 1),
        slots=slots,
        start=start,
        held=count,
        place=place,
        cost=np.array([cost, cost]),
        size=np.full(MOST_SUPPLIERS + 1, 8.0),
        draws=np.zeros(_DRAWS),
        tally=np.zeros(1, np.int64),
    )


def _part(problem: MatchProblem) -> Part:
    m, n_lines = problem.n_suppliers, 0 if problem.credit is None else problem.credit.limit.size
    inside = np.zeros(m + 1 + n_lines + 1, np.int64)
    inside[m] = 1  # anybody may stay unserved
    most = MOST_ORDERS + 1
    return Part(
        suppliers=np.zeros(MOST_SUPPLIERS, np.int64), inside=inside,
        priced=np.zeros(most * (MOST_SUPPLIERS + 1), np.int64), pool=np.zeros(_POOL, np.int64),
        stiffness=np.zeros(_POOL), orders=np.zeros(most, np.int64),
        option=np.zeros((most, MOST_SUPPLIERS + 1), np.int64), n_options=np.zeros(most, np.int64),
        at=np.zeros(most, np.int64), so_far=np.zeros(most), least=np.zeros(most), pick=np.zeros(most, np.int64),
        found=np.zeros(most, np.int64),
    )  # fmt: skip
