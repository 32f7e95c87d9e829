"""Why hours stay idle and why others are overtime, cell by cell of resource and bucket."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from planning.evaluate import Outcome
from planning.problem import Floats, Ints, PlanProblem
from planning.starts import allowed_starts

__all__ = ["explain_hours", "hours_by_reason"]

_EPS = 1e-6
_NO_START, _NO_DEMAND, _BLOCKED, _OPEN = range(4)


def explain_hours(problem: PlanProblem, outcome: Outcome) -> np.ndarray:
    """Return what binds the load of each resource and bucket, texts of shape (R, T); '' where it is just its capacity.

    Idle hours: ``firm_horizon`` (no new order may start), ``no_start`` (nothing that uses it could still arrive, or is
    known yet), ``no_demand`` (all that may be wanted is made), ``blocked: R`` (what is wanted needs R too, which is
    full), ``level`` (as much as in the bucket before or after) or ``priced_out`` (more would cost more than it
    brings). Overtime: ``firm`` (firm orders alone exceed the hours), ``full_before`` (no earlier bucket has regular
    hours left) or ``late_work`` (earlier work would cost more, or could not start).
    """
    load, capacity = outcome.load, problem.capacity
    reasons = np.full(load.shape, "", dtype=object)
    state, blocker = _possibilities(problem, outcome)
    even = _even(load)
    for r, t in zip(*np.nonzero(load < capacity - _EPS), strict=True):
        reasons[r, t] = _idle_reason(problem, int(t), int(state[r, t]), int(blocker[r, t]), even=bool(even[r, t]))
    spare = np.cumsum(np.maximum(capacity - load, 0.0), axis=1)
    for r, t in zip(*np.nonzero(load > capacity + _EPS), strict=True):
        if problem.firm_hours[r, t] > capacity[r, t] + _EPS:
            reasons[r, t] = "firm"
        else:
            reasons[r, t] = "full_before" if spare[r, t] <= _EPS * (t + 1) else "late_work"
    return reasons


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
        return f"blocked: {problem.resources[blocker]}"
    return "level" if even else "priced_out"


def _even(load: Floats) -> np.ndarray:
    """Whether a bucket's load is that of the one before or after."""
    same = np.abs(np.diff(load, axis=1)) <= _EPS * np.maximum(load[:, 1:], 1.0)
    side = np.zeros((len(load), 1), bool)
    return np.asarray(np.concatenate([side, same], axis=1) | np.concatenate([same, side], axis=1))


def _possibilities(problem: PlanProblem, outcome: Outcome) -> tuple[Ints, Ints]:
    """Return what could still be started in each cell, and a full resource that stands in the way; shape (R, T)."""
    m, n_buckets = problem.modes, problem.shape[2]
    allowed = allowed_starts(problem)
    full = outcome.load >= problem.capacity + problem.overtime - _EPS
    wanting = _wanting(problem, outcome)
    state = np.full(full.size, _NO_START)
    blocker = np.full(full.size, -1)
    for start in range(n_buckets):
        ops = np.flatnonzero(allowed[m.op_mode, start])
        mode, resource = m.op_mode[ops], m.op_resource[ops]
        cell = resource * n_buckets + start + m.op_offset[ops]
        stuck = full.ravel()[cell]
        culprit = np.full(len(m.item), -1)
        culprit[mode[stuck]] = resource[stuck]
        wanted = wanting[m.item[mode]]
        could = np.where(wanted, np.where(culprit[mode] < 0, _OPEN, _BLOCKED), _NO_DEMAND)
        np.maximum.at(state, cell, could)
        blocker[cell[could == _BLOCKED]] = culprit[mode[could == _BLOCKED]]
    return state.reshape(full.shape), blocker.reshape(full.shape)


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
