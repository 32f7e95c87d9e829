"""Why each order is where it is, and why something could not be made in time."""

from __future__ import annotations

import numpy as np

from planning.evaluate import Outcome
from planning.problem import Floats, Ints, PlanProblem, Reason

__all__ = ["explain_shortage", "explain_starts"]

_EPS = 1e-6
_NAMED = 3  # items that may be late and are named one by one
_FULL = 0.99  # share of the hours, overtime included, from which a resource counts as full


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
    for op in np.flatnonzero(m.op_mode == mode):
        t = start + int(m.op_offset[op])
        if 0 <= t < problem.shape[2]:
            r = m.op_resource[op]
            if load[r, t] >= problem.capacity[r, t] - max(float(m.op_hours[op]), _EPS):
                return f"{problem.resources[r]} full on {problem.buckets[t]}"
    return ""


def explain_shortage(problem: PlanProblem, outcome: Outcome) -> list[Reason]:
    """Name what stays short and the resources that firm work overloads.

    Items that may not be late are named one by one; the others, whose lateness was weighed against its price, are
    summed by cause.
    """
    late = problem.may_be_late
    missing = outcome.short > np.where(late, 1.0 - _EPS, 1e-4)
    found = [_item_short(problem, outcome, int(p)) for p in np.flatnonzero(missing)]
    strict = [r for r in found if r.code == "no_route" or not late[np.searchsorted(problem.items, str(r.item))]]
    priced = [r for r in found if r not in strict]
    limit = problem.capacity + problem.overtime
    for r, t in zip(*np.nonzero(problem.firm_hours > limit + _EPS), strict=True):
        over = problem.firm_hours[r, t] - limit[r, t]
        detail = f"resource {problem.resources[r]}: firm orders exceed its hours by {over:g} on {problem.buckets[t]}"
        name, date = str(problem.resources[r]), str(problem.buckets[t])
        strict.append(Reason("firm_overload", detail, resource=name, bucket=date))
    return strict + _short_runs(problem, outcome) + _summed(priced)


def _short_runs(problem: PlanProblem, outcome: Outcome) -> list[Reason]:
    """Name the buckets in which firm orders run a resource for less than its minimum."""
    short = (problem.firm_hours > 0) & (outcome.load < problem.min_run - _EPS)
    return [
        Reason(
            "minimum_run",
            f"resource {problem.resources[r]}: its firm orders of {problem.firm_hours[r, t]:g} h on "
            f"{problem.buckets[t]} stay below its minimum run of {problem.min_run[r, t]:g} h",
            resource=str(problem.resources[r]),
            bucket=str(problem.buckets[t]),
        )
        for r, t in zip(*np.nonzero(short), strict=True)
    ]


def _summed(reasons: list[Reason]) -> list[Reason]:
    """Keep the worst items by name and sum the others by cause."""
    ranked = sorted(reasons, key=lambda reason: (-(reason.pieces or 0.0), reason.item or ""))
    groups: dict[tuple[str, str], list[Reason]] = {}
    for reason in ranked[_NAMED:]:
        groups.setdefault((reason.code, reason.resource or ""), []).append(reason)
    return ranked[:_NAMED] + [
        Reason(
            code,
            f"{len(group)} more item(s) that may be late: {sum(r.pieces or 0 for r in group):.6g} pieces still "
            f"expected to be owed at their end; worst: {group[0].detail}",
            item=group[0].item,
            resource=resource or None,
            pieces=sum(r.pieces or 0 for r in group),
        )
        for (code, resource), group in sorted(groups.items())
    ]


def _item_short(problem: PlanProblem, outcome: Outcome, item: int) -> Reason:
    name, pieces = str(problem.items[item]), float(outcome.short[item])
    late = np.flatnonzero(outcome.late[item] > _EPS)
    when = int(late[0]) if len(late) else problem.shape[2] - 1
    ways = np.flatnonzero(problem.modes.item == item)
    if not len(ways):
        code, why, resource = "no_route", "no usable route makes it", None
    elif problem.closed[: when + 1].all():
        code, why, resource = "firm_horizon", "the buckets until then are firm", None
    elif (problem.modes.lead[ways] + problem.known[item] > when).all():
        code, why, resource = "lead_time", f"no route delivers by {problem.buckets[when]}", None
    else:
        code, why, resource = _bottleneck(problem, outcome, ways, when)
    detail = f"item {name}: {pieces:.6g} pieces short from {problem.buckets[when]}, {why}"
    return Reason(code, detail, item=name, resource=resource, bucket=str(problem.buckets[when]), pieces=pieces)


def _bottleneck(problem: PlanProblem, outcome: Outcome, ways: Ints, when: int) -> tuple[str, str, str | None]:
    lacking = [c for c in np.unique(problem.usage[:, ways].tocoo().row) if outcome.position[c, : when + 1].min() < 1]
    if lacking:
        return "component", f"component {problem.items[lacking[0]]} is short", None
    used = np.unique(problem.modes.op_resource[np.isin(problem.modes.op_mode, ways)])
    limit = (problem.capacity + problem.overtime)[used, : when + 1].sum(axis=1)
    share = np.divide(outcome.load[used, : when + 1].sum(axis=1), limit, out=np.full(len(used), 2.0), where=limit > 0)
    fullest = int(share.argmax())
    name = str(problem.resources[used[fullest]])
    if limit[fullest] <= 0:
        return "no_capacity", f"resource {name} has no hours until then", name
    if share[fullest] < _FULL and not problem.may_be_late[problem.modes.item[ways[0]]]:
        return "no_capacity", f"resource {name} has no hours left that could be used in time", name
    if share[fullest] < _FULL:
        used_up = (
            "no resource of its routes is full until then; a higher backlog_cost or lost_cost would have more made"
        )
        return "priced_out", f"being short is priced below making more: {used_up}", None
    return "no_capacity", f"resource {name} is full until then, overtime included: more hours there would help", name
