"""Why hours stay idle and why others are overtime, cell by cell of resource and bucket."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from planning.evaluate import Outcome
from planning.problem import Floats, Ints, PlanProblem
from planning.starts import allowed_starts, piece_hours

__all__ = ["explain_hours", "hours_by_reason"]

_EPS = 1e-6
_NO_START, _NO_DEMAND, _BLOCKED, _OPEN = range(4)


def explain_hours(problem: PlanProblem, outcome: Outcome) -> np.ndarray:
    """Return what binds the load of each resource and bucket, texts of shape (R, T); '' where it is just its capacity.

    Idle hours: ``firm_horizon`` (no new order may start), ``no_start`` (nothing that uses it could still arrive, or is
    known yet), ``no_demand`` (all that may be wanted is made), ``blocked: R`` (what is wanted needs R too, which has
    no room for a piece more), ``rounding`` (a piece more takes longer than what is left), ``level`` (as much as in the
    bucket before or after) or ``priced_out`` (more would cost more than it brings). Overtime: ``firm`` (firm orders
    alone exceed the hours), ``rounding`` (the last piece takes longer than what was left), ``full_before`` (no earlier
    bucket has regular hours left) or ``late_work`` (earlier work would cost more, or could not start).
    """
    load, capacity = outcome.load, problem.capacity
    reasons = np.full(load.shape, "", dtype=object)
    state, blocker = _possibilities(problem, outcome)
    even = _even(load)
    for r, t in zip(*np.nonzero(load < capacity - _EPS), strict=True):
        reasons[r, t] = _idle_reason(problem, int(t), int(state[r, t]), int(blocker[r, t]), even=bool(even[r, t]))
    piece = _smallest_piece(problem)
    had_room = np.logical_or.accumulate(capacity - load >= piece[:, None] - _EPS, axis=1)
    for r, t in zip(*np.nonzero(load > capacity + _EPS), strict=True):
        if problem.firm_hours[r, t] > capacity[r, t] + _EPS:
            reasons[r, t] = "firm"
        elif load[r, t] - capacity[r, t] < piece[r] - _EPS:
            reasons[r, t] = "rounding"
        else:
            reasons[r, t] = "late_work" if had_room[r, t] else "full_before"
    return reasons


def _smallest_piece(problem: PlanProblem) -> Floats:
    """Hours of the smallest piece that each resource works on, shape (R,): less room than that is none."""
    least, hours = np.full(problem.shape[1], np.inf), piece_hours(problem.modes)
    works = hours > 0
    np.minimum.at(least, problem.modes.op_resource[works], hours[works])
    return np.where(np.isfinite(least), least, _EPS)


def hours_by_reason(problem: PlanProblem, outcome: Outcome, reasons: np.ndarray) -> dict[str, dict[str, float]]:
    """Sum idle hours and overtime by the code of their reason; the sums are all there are."""
    off = outcome.load - problem.capacity
    found = {}
    for name, hours in (("idle", np.maximum(-off, 0.0)), ("overtime", np.maximum(off, 0.0))):
        sums: dict[str, float] = defaultdict(float)
        for reason, amount in zip(reasons.ravel(), hours.ravel(), strict=True):
            if amount > _EPS:
                sums[str(reason).split(":")[0]] += float(amount)
        found[name] = dict(sorted(sums.items()))
    return found


def _idle_reason(problem: PlanProblem, t: int, state: int, blocker: int, *, even: bool) -> str:
    if state == _NO_START:
        return "firm_horizon" if problem.closed[t] else "no_start"
    if state == _NO_DEMAND:
        return "no_demand"
    if state == _BLOCKED:
        return f"blocked: {problem.resources[blocker]}" if blocker >= 0 else "rounding"
    return "level" if even else "priced_out"


def _even(load: Floats) -> np.ndarray:
    """Whether a bucket's load is that of the one before or after."""
    same = np.abs(np.diff(load, axis=1)) <= _EPS * np.maximum(load[:, 1:], 1.0)
    side = np.zeros((len(load), 1), bool)
    return np.asarray(np.concatenate([side, same], axis=1) | np.concatenate([same, side], axis=1))


def _possibilities(problem: PlanProblem, outcome: Outcome) -> tuple[Ints, Ints]:
    """Return what could still be started in each cell, and a full resource that stands in the way; shape (R, T).

    The resource is -1 where it is only the cell itself that has no room for a whole piece.
    """
    m, n_buckets = problem.modes, problem.shape[2]
    allowed, wanting = allowed_starts(problem), _wanting(problem, outcome)
    room, piece = (problem.capacity + problem.overtime - outcome.load).ravel(), piece_hours(m)
    state = np.full(room.size, _NO_START)
    blocker = np.full(room.size, -1)
    for start in range(n_buckets):
        ops = np.flatnonzero(allowed[m.op_mode, start])
        mode = m.op_mode[ops]
        cell = m.op_resource[ops] * n_buckets + start + m.op_offset[ops]
        stuck = room[cell] < piece[ops] - _EPS
        first, last = (np.full(len(m.item), -1) for _ in range(2))
        first[mode[stuck][::-1]], last[mode[stuck]] = cell[stuck][::-1], cell[stuck]
        could = np.where(wanting[m.item[mode]], np.where(last[mode] < 0, _OPEN, _BLOCKED), _NO_DEMAND)
        np.maximum.at(state, cell, could)
        other = np.where(last[mode] != cell, last[mode], first[mode])
        elsewhere = (could == _BLOCKED) & (other != cell)
        blocker[cell[elsewhere]] = other[elsewhere] // n_buckets
    return state.reshape(outcome.load.shape), blocker.reshape(outcome.load.shape)


def _wanting(problem: PlanProblem, outcome: Outcome) -> np.ndarray:
    """Whether more of an item may be wanted than is made, shape (P,); components are wanted where parents are."""
    end = np.maximum(problem.last, 0)[:, None]
    highest = np.cumsum(problem.demand.pieces[:, -1], axis=1)
    lacking = np.take_along_axis(highest - outcome.position, end, axis=1)[:, 0] > 1.0 - _EPS
    lacking &= problem.last >= 0
    used = problem.usage.tocoo()
    while True:  # one level of the bill of materials per pass
        more = lacking.copy()
        more[used.row[lacking[problem.modes.item[used.col]]]] = True
        if (more == lacking).all():
            return np.asarray(lacking)
        lacking = more
