"""Why each order is where it is."""

from __future__ import annotations

import numpy as np

from planning.problem import Floats, Ints, PlanProblem

__all__ = ["explain_starts"]

_EPS = 1e-6


def explain_starts(problem: PlanProblem, load: Floats, mode: Ints, bucket: Ints, pieces: Floats) -> list[str]:
    """Return the binding reason of each start, as a stable code and what it refers to.

    Supply is pegged to the median path of demand (and to components taken), first in first out. A start that arrives
    before its demand is early because the right bucket was full, for a lot, or to level the load; a late one names
    what kept it; one that no median demand asks for is cover against the higher paths, or fills up a lot.
    """
    need = _need(problem, mode, bucket, pieces)
    needed_at = _pegged_bucket(problem, need, mode, bucket, pieces)
    lots = problem.lot_modes
    return [
        _start_reason(problem, load, int(m), int(t), int(n), in_lot=bool(lots[m]))
        for m, t, n in zip(mode, bucket, needed_at, strict=True)
    ]


def _need(problem: PlanProblem, mode: Ints, bucket: Ints, pieces: Floats) -> Floats:
    below = np.cumsum(problem.demand.chance, axis=1) - problem.demand.chance
    middle = (below < 0.5).sum(axis=1) - 1
    flow = np.take_along_axis(problem.demand.pieces, middle[:, None, None], axis=1)[:, 0] + problem.firm_use
    used = problem.usage[:, mode].tocoo()
    np.add.at(flow, (used.row, bucket[used.col]), used.data * pieces[used.col])
    return np.asarray(np.cumsum(flow, axis=1))


def _pegged_bucket(problem: PlanProblem, need: Floats, mode: Ints, bucket: Ints, pieces: Floats) -> Ints:
    """First bucket whose cumulative need exceeds what was there before each start; T = none."""
    m = problem.modes
    item, arrival, good = m.item[mode], bucket + m.lead[mode], pieces * m.output[mode]
    order = np.lexsort((mode, bucket, arrival, item))
    ahead = np.cumsum(good[order]) - good[order]
    first_of_item = np.searchsorted(item[order], item[order])
    before = np.empty(len(mode))
    before[order] = ahead - ahead[first_of_item] if len(order) else ahead
    firm = np.cumsum(problem.firm_supply, axis=1)[item, arrival]
    before += problem.initial_stock[item] + firm
    return np.asarray((need[item] <= before[:, None] + _EPS).sum(axis=1))


def _start_reason(problem: PlanProblem, load: Floats, mode: int, bucket: int, needed: int, *, in_lot: bool) -> str:
    m = problem.modes
    arrival = bucket + int(m.lead[mode])
    if needed >= problem.shape[2]:
        return "lot_size" if in_lot else "cover"
    if needed == arrival:
        return "on_time"
    full = _full_operation(problem, load, mode, needed - int(m.lead[mode]))
    if needed > arrival:
        return f"early_capacity: {full}" if full else ("early_lot" if in_lot else "early_level")
    return _late_reason(problem, mode, needed - int(m.lead[mode]), full)


def _late_reason(problem: PlanProblem, mode: int, wanted: int, full: str) -> str:
    known = int(problem.known[problem.modes.item[mode]])
    if wanted < 0:
        return "late_lead_time"
    if wanted < known:
        return f"late_known_from: {problem.buckets[known]}"
    if problem.closed[wanted]:
        return "late_firm_horizon"
    return f"late_capacity: {full}" if full else "late_level"


def _full_operation(problem: PlanProblem, load: Floats, mode: int, start: int) -> str:
    """Name the operation that has no regular hours left if the mode starts in a bucket; '' if all have."""
    m = problem.modes
    for op in range(*np.searchsorted(m.op_mode, (mode, mode + 1))):
        t = start + int(m.op_offset[op])
        if 0 <= t < problem.shape[2]:
            r = m.op_resource[op]
            if load[r, t] >= problem.capacity[r, t] - max(float(m.op_hours[op]), _EPS):
                return f"{problem.resources[r]} full on {problem.buckets[t]}"
    return ""
