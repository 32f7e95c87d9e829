"""Why something could not be made as asked: what stays short and what binds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planning.evaluate import Outcome
from planning.problem import Floats, Ints, PlanProblem, Reason
from planning.starts import piece_hours

__all__ = ["LATE_COLUMNS", "explain_shortage", "late_by_reason", "late_table"]

LATE_COLUMNS = ("item", "bucket", "pieces", "reason")

_EPS = 1e-6
_NAMED = 3  # items that may be late and are named one by one
_FULL = 0.99  # share of the hours, overtime included, from which a resource counts as full
_NOBODY = 2.0  # stands for the share of a resource that has no hours at all


@dataclass(frozen=True)
class _Cause:
    code: str
    why: str
    resource: str | None = None


def explain_shortage(problem: PlanProblem, outcome: Outcome) -> list[Reason]:
    """Name what stays short and the resources that firm work overloads.

    Items that may not be late are named one by one; the others, whose lateness was weighed against its price, are
    summed by cause.
    """
    late = problem.may_be_late
    items = np.flatnonzero(outcome.short > np.where(late, 1.0 - _EPS, 1e-4))
    strict: list[Reason] = []
    priced: list[Reason] = []
    for item, reason in zip(items, _shortages(problem, outcome, items), strict=True):
        (priced if late[item] and reason.code != "no_route" else strict).append(reason)
    return strict + _overloads(problem) + _short_runs(problem, outcome) + _summed(priced)


def late_by_reason(late: pd.DataFrame) -> dict[str, float]:
    """Sum the pieces of a `late_table` by the code of what keeps them late."""
    code = late["reason"].str.split(":").str[0]
    return {str(name): float(pieces) for name, pieces in late.groupby(code)["pieces"].sum().items()}


def late_table(problem: PlanProblem, outcome: Outcome) -> pd.DataFrame:
    """Return the pieces expected to be owed at the end of each bucket, and what keeps their item late.

    Returns
    -------
    late
        Columns `LATE_COLUMNS`, one row per item and bucket with something owed: `reason` is a code of the reasons, with
        the resource that binds where there is one (``no_capacity: line``).
    """
    items = np.flatnonzero(outcome.late.sum(axis=1) > _EPS)
    told = [
        f"{reason.code}: {reason.resource}" if reason.resource else reason.code
        for reason in _shortages(problem, outcome, items)
    ]
    at, bucket = np.nonzero(outcome.late[items] > _EPS)
    columns = (
        problem.items[items[at]],
        pd.to_datetime(problem.buckets[bucket]),
        outcome.late[items[at], bucket],
        np.array(told, dtype=object)[at],
    )
    return pd.DataFrame(dict(zip(LATE_COLUMNS, columns, strict=True)))


def _overloads(problem: PlanProblem) -> list[Reason]:
    limit = problem.capacity + problem.overtime
    found = []
    for r, t in zip(*np.nonzero(problem.firm_hours > limit + _EPS), strict=True):
        over = problem.firm_hours[r, t] - limit[r, t]
        detail = f"resource {problem.resources[r]}: firm orders exceed its hours by {over:g} on {problem.buckets[t]}"
        name, date = str(problem.resources[r]), str(problem.buckets[t])
        found.append(Reason("firm_overload", detail, resource=name, bucket=date))
    return found


def _short_runs(problem: PlanProblem, outcome: Outcome) -> list[Reason]:
    """Name the buckets in which firm orders or whole pieces run a resource for less than its minimum."""
    short = (outcome.load > _EPS) & (outcome.load < problem.min_run - _EPS)
    return [
        Reason(
            "minimum_run",
            f"resource {problem.resources[r]}: its {'firm orders' if problem.firm_hours[r, t] > 0 else 'whole pieces'} "
            f"of {outcome.load[r, t]:g} h on {problem.buckets[t]} stay below its minimum run of "
            f"{problem.min_run[r, t]:g} h",
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


def _shortages(problem: PlanProblem, outcome: Outcome, items: Ints) -> list[Reason]:
    """Return one reason per item, in the order of `items`."""
    late = outcome.late[items] > _EPS
    when = np.where(late.any(axis=1), late.argmax(axis=1), problem.shape[2] - 1)
    ways = np.bincount(problem.modes.item, minlength=problem.shape[0])[items]
    soonest = np.full(problem.shape[0], problem.shape[2] + 1)
    np.minimum.at(soonest, problem.modes.item, problem.modes.lead + problem.known[problem.modes.item])
    open_from = int(problem.closed.argmin()) if not problem.closed.all() else problem.shape[2]
    fullest, share = _fullest(problem, outcome, items, when)
    found = []
    for i, item in enumerate(items):
        at = problem.buckets[when[i]]
        if not ways[i]:
            cause = _Cause("no_route", "no usable route makes it")
        elif when[i] < open_from:
            cause = _Cause("firm_horizon", "the buckets until then are firm")
        elif soonest[item] > when[i]:
            cause = _Cause("lead_time", f"no route delivers by {at}")
        else:
            resource = str(problem.resources[fullest[i]]) if fullest[i] >= 0 else None
            cause = _missing_component(problem, outcome, int(item), int(when[i])) or _bottleneck(
                resource, float(share[i]), may_be_late=bool(problem.may_be_late[item])
            )
        name, pieces = str(problem.items[item]), float(outcome.short[item])
        detail = f"item {name}: {pieces:.6g} pieces short from {at}, {cause.why}"
        found.append(Reason(cause.code, detail, item=name, resource=cause.resource, bucket=str(at), pieces=pieces))
    return found


def _fullest(problem: PlanProblem, outcome: Outcome, items: Ints, when: Ints) -> tuple[Ints, Floats]:
    """Return the fullest resource of each item's ways until a bucket (-1 = none) and its share of hours taken."""
    place = np.full(problem.shape[0], -1)
    place[items] = np.arange(len(items))
    m = problem.modes
    share = _share_taken(problem, outcome)
    of_op = place[m.item[m.op_mode]]
    ops = np.flatnonzero(of_op >= 0)
    resource, at = m.op_resource[ops], of_op[ops]
    full = share[resource, when[at]]
    order = np.lexsort((resource, -full, at))
    first = order[np.unique(at[order], return_index=True)[1]]
    fullest, most = np.full(len(items), -1), np.zeros(len(items))
    fullest[at[first]], most[at[first]] = resource[first], full[first]
    return fullest, most


def _share_taken(problem: PlanProblem, outcome: Outcome) -> Floats:
    """Share of the hours until each bucket that are taken, (R, T); room for less than the largest piece is taken."""
    m, hours = problem.modes, problem.capacity + problem.overtime
    largest = np.zeros(problem.shape[1])
    np.maximum.at(largest, m.op_resource, piece_hours(m))
    no_room = hours - outcome.load < largest[:, None] - _EPS
    limit, taken = np.cumsum(hours, axis=1), np.cumsum(np.where(no_room, hours, outcome.load), axis=1)
    return np.asarray(np.divide(taken, limit, out=np.full(limit.shape, _NOBODY), where=limit > 0))


def _missing_component(problem: PlanProblem, outcome: Outcome, item: int, when: int) -> _Cause | None:
    if not problem.usage.nnz:
        return None
    ways = np.flatnonzero(problem.modes.item == item)
    needed = np.unique(problem.usage[:, ways].tocoo().row)
    lacking = [c for c in needed if outcome.position[c, : when + 1].min() < 1]
    return _Cause("component", f"component {problem.items[lacking[0]]} is short") if lacking else None


def _bottleneck(resource: str | None, share: float, *, may_be_late: bool) -> _Cause:
    if share >= _NOBODY:
        return _Cause("no_capacity", f"resource {resource} has no hours until then", resource)
    if share < _FULL and not may_be_late:
        return _Cause("no_capacity", f"resource {resource} has no hours left that could be used in time", resource)
    if share < _FULL:
        used_up = (
            "no resource of its routes is full until then; a higher backlog_cost or lost_cost would have more made"
        )
        return _Cause("priced_out", f"being short is priced below making more: {used_up}")
    more = f"resource {resource} is full until then, overtime included: more hours there would help"
    return _Cause("no_capacity", more, resource)
