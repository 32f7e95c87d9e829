"""Due-date quoting: when each factory could deliver a new order, and what an earlier date would cost.

Firm work is never moved. The order is put into the plan as demand that may not be late, on the ways of one factory, and
the cheapest plan with it is compared with the cheapest plan without it: the difference is its price, whatever it takes
in overtime, displaced free orders or lateness of others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from planning.evaluate import operation_hours
from planning.model import WHOLE_STARTS
from planning.params import PlanParams, SolveParams
from planning.plan import PlanResult, solve
from planning.problem import DemandAtoms, Floats, Ints, Modes, PlanProblem
from planning.starts import allowed_starts, start_ops

__all__ = ["QuoteOption", "quote_dates"]

_EPS = 1e-6
_LAST = "\U0010ffff"  # sorts after every name
_EXACT = 1e-7
_ROUNDED = 0.01


@dataclass(frozen=True, kw_only=True)
class QuoteOption:
    """One date that a factory can promise, or why it can promise none.

    Parameters
    ----------
    factory
        Who makes it: the factory of the resources, or several joined by `` + ``.
    bucket
        Bucket in which all pieces can be used; None = not within the horizon.
    takes
        ``spare`` (hours that nobody needs), ``overtime`` or ``displaces`` (free orders move); ``nothing`` without a
        bucket.
    cost
        Money by which the cheapest plan with the order exceeds the one without it, its production included.
    premium
        The same against the cheapest date of the factory.
    overtime_hours, displaced_hours, late_pieces
        More overtime than without it; hours of other orders that move to another bucket or resource; expected pieces
        by buckets that other items are later.
    displaced
        Items whose orders move, the most hours first.
    """

    factory: str
    bucket: int | None
    takes: str
    cost: float = 0.0
    premium: float = 0.0
    overtime_hours: float = 0.0
    displaced_hours: float = 0.0
    late_pieces: float = 0.0
    displaced: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class _Order:
    """A new order as one factory could make it: item, pieces, the factory and its ways (flags of the modes)."""

    item: int
    pieces: int
    factory: str
    ways: np.ndarray


def quote_dates(
    problem: PlanProblem,
    factory: np.ndarray,
    *,
    item: int,
    pieces: int,
    params: PlanParams | None = None,
    options: int = 5,
) -> list[QuoteOption]:
    """Return what each factory can promise for a new order, the earliest date first.

    Parameters
    ----------
    problem
        The plan without the order; firm work is in its fixed hours.
    factory
        Shape (R,): name of each resource's factory.
    item, pieces
        What is ordered, on top of the demand there is; pieces >= 1.
    params
        `solve.seconds` are for all the dates of a factory together; only plans with lots can need them.
    options
        Most dates per factory: its earliest, the earliest from spare hours, and some between.

    Returns
    -------
    options
        By factory name; none if no way makes the item.
    """
    params = params or PlanParams()
    limits = SolveParams(seconds=params.solve.seconds / (options + 2), gap=min(params.solve.gap, _EXACT))
    params = replace(params, solve=limits)
    names = _factory_of_mode(problem.modes, factory)
    mine = problem.modes.item == item
    orders = [_Order(item, pieces, str(name), mine & (names == name)) for name in sorted(set(names[mine]))]
    return [option for order in orders for option in _factory_options(problem, params, order, options)]


def _factory_of_mode(modes: Modes, factory: np.ndarray) -> np.ndarray:
    """Return the factory of each mode; a mode that wanders is its factories joined in the order of the steps."""
    names = np.empty(len(modes.item), dtype=object)
    for mode in range(len(modes.item)):
        steps = factory[modes.op_resource[modes.op_mode == mode]]
        names[mode] = " + ".join(dict.fromkeys(map(str, steps)))
    return names


def _factory_options(problem: PlanProblem, params: PlanParams, asked: _Order, options: int) -> list[QuoteOption]:
    local, order = _around(problem, asked)
    base = _planned(local, params)
    spare = _earliest(_fixed(local, base), params, order, range(local.shape[2]))
    last = local.shape[2] - 1 if spare is None else spare
    first = _earliest(local, params, order, range(last + 1))
    made: list[QuoteOption] = []
    if first is not None:
        tried = ((t, _option(local, params, base, order, t)) for t in range(first, last + 1))
        first, earliest = next(((t, option) for t, option in tried if option is not None), (last, None))
        later = {int(t) for t in np.linspace(first, last, min(options, last - first + 1)).round()} - {first}
        found = [earliest, *(_option(local, params, base, order, t) for t in sorted(later))]
        made = [option for option in found if option is not None]
    least = min((option.cost for option in made), default=0.0)
    return [replace(option, premium=option.cost - least) for option in made] or [
        QuoteOption(factory=order.factory, bucket=None, takes="nothing")
    ]


def _around(problem: PlanProblem, order: _Order) -> tuple[PlanProblem, _Order]:
    """Return the part of the problem that the order can touch, and the order in it.

    Items meet where their ways use a resource in common, or one is made of the other.
    """
    m = problem.modes
    uses = sparse.csr_array(
        (np.ones(len(m.op_mode)), (m.item[m.op_mode], m.op_resource)), shape=(problem.shape[0], problem.shape[1])
    )
    made_of = sparse.csr_array(
        (np.ones(len(m.item)), (m.item, np.arange(len(m.item)))), shape=(problem.shape[0], len(m.item))
    )
    parts = problem.usage @ made_of.T
    links = sparse.bmat([[parts, uses], [uses.T, None]], format="csr")
    _, label = connected_components(links, directed=False)
    items = label[: problem.shape[0]] == label[order.item]
    there = replace(order, item=int(items[: order.item].sum()), ways=order.ways[items[m.item]])
    return _subset(problem, items), there


def _subset(problem: PlanProblem, items: np.ndarray) -> PlanProblem:
    m, kept = problem.modes, items[problem.modes.item]
    modes = m.keep(kept)
    by_item = (
        "holding_cost",
        "backlog_cost",
        "leftover_cost",
        "setup_cost",
        "lost_cost",
        "initial_stock",
        "last",
        "known",
    )
    return problem.replace(
        items=problem.items[items],
        modes=replace(modes, item=(np.cumsum(items) - 1)[modes.item]),
        demand=DemandAtoms(pieces=problem.demand.pieces[items], chance=problem.demand.chance[items]),
        usage=sparse.csr_array(problem.usage[items][:, np.flatnonzero(kept)]),
        **{name: getattr(problem, name)[items] for name in (*by_item, "firm_supply", "firm_use")},
        notes=(),
    )


def _with_order(problem: PlanProblem, order: _Order, due: int) -> PlanProblem:
    """Return the problem with the order as one more item, made by copies of the ways, due in a bucket."""
    item, (p, _, t) = order.item, problem.shape
    copies = problem.modes.keep(order.ways)
    wanted = np.zeros((1, problem.demand.pieces.shape[1], t))
    wanted[:, :, due] = order.pieces
    free = {"backlog_cost": np.nan, "leftover_cost": 0.0, "lost_cost": 0.0, "initial_stock": 0.0, "last": due}
    by_item = ("holding_cost", "setup_cost", "known", *free)
    more = {n: np.append(getattr(problem, n), free.get(n, getattr(problem, n)[item])) for n in by_item}
    usage = sparse.bmat([[problem.usage, problem.usage[:, np.flatnonzero(order.ways)]]], format="coo")
    return problem.replace(
        items=np.append(problem.items, _LAST),
        modes=_joined(problem.modes, replace(copies, item=np.full(len(copies.item), p))),
        demand=DemandAtoms(
            pieces=np.concatenate([problem.demand.pieces, wanted]),
            chance=np.concatenate([problem.demand.chance, problem.demand.chance[[item]]]),
        ),
        usage=sparse.csr_array((usage.data, (usage.row, usage.col)), shape=(p + 1, usage.shape[1])),
        **more,
        **{n: np.concatenate([getattr(problem, n), np.zeros((1, t))]) for n in ("firm_supply", "firm_use")},
    )


def _joined(modes: Modes, more: Modes) -> Modes:
    parts = {name: np.concatenate([value, getattr(more, name)]) for name, value in vars(modes).items()}
    parts["op_mode"][len(modes.op_mode) :] += len(modes.item)
    return Modes(**parts)


def _fixed(problem: PlanProblem, plan: PlanResult) -> PlanProblem:
    """Return the problem with a plan's starts as firm work and no hours beyond the regular ones."""
    m = problem.modes
    supply, use = problem.firm_supply.copy(), problem.firm_use.copy()
    pieces = plan.pieces.astype(float)
    np.add.at(supply, (m.item[plan.mode], plan.bucket + m.lead[plan.mode]), pieces * m.output[plan.mode])
    used = problem.usage[:, plan.mode].tocoo()
    np.add.at(use, (used.row, plan.bucket[used.col]), used.data * pieces[used.col])
    return problem.replace(
        firm_hours=plan.outcome.load,
        firm_supply=supply,
        firm_use=use,
        overtime=np.zeros_like(problem.overtime),
        previous_hours=None,
    )


def _earliest(problem: PlanProblem, params: PlanParams, order: _Order, buckets: range) -> int | None:
    """Return the first bucket by which the order alone can be made in the hours that fixed work leaves."""
    for due in buckets:
        if solve(_only_order(problem, order, due), params=params).outcome.short[-1] < _EPS:
            return due
    return None


def _only_order(problem: PlanProblem, order: _Order, due: int) -> PlanProblem:
    whole = _with_order(problem, order, due)
    wanted = np.zeros(whole.shape[0], bool)
    wanted[-1] = True
    needs = whole.usage[:, whole.modes.item == whole.shape[0] - 1]
    wanted[np.unique(needs.tocoo().row)] = True
    return _subset(whole, wanted)


def _option(problem: PlanProblem, params: PlanParams, base: PlanResult, order: _Order, due: int) -> QuoteOption | None:
    """Price one date; None if it makes others late that may not be."""
    whole = _with_order(problem, order, due)
    plan = _planned(whole, params)
    strict = ~problem.may_be_late
    worse = (plan.outcome.short[:-1] > base.outcome.short + _EPS) & strict
    if plan.outcome.short[-1] > _EPS or worse.any():
        return None
    moved = _moved_hours(problem, base, plan)
    over = [float(np.maximum(one.outcome.load - problem.capacity, 0.0).sum()) for one in (base, plan)]
    displaced = [(str(problem.items[p]), float(moved[p])) for p in np.argsort(-moved, kind="stable") if moved[p] > 1e-3]
    overtime = max(over[1] - over[0], 0.0)
    return QuoteOption(
        factory=order.factory,
        bucket=due,
        takes="displaces" if displaced else "overtime" if overtime > _EPS else "spare",
        cost=_cost(whole, plan) - _cost(problem, base),
        overtime_hours=overtime,
        displaced_hours=float(moved.sum()),
        late_pieces=max(float(plan.outcome.late[:-1].sum() - base.outcome.late.sum()), 0.0),
        displaced=tuple(displaced),
    )


def _cost(problem: PlanProblem, plan: PlanResult) -> float:
    """Return what a plan costs: before rounding where pieces alone were rounded, so that differences are exact."""
    lots = problem.lot_modes.any() or problem.min_run.any()
    return plan.outcome.total_cost if lots or plan.bound is None else plan.bound


def _planned(problem: PlanProblem, params: PlanParams) -> PlanResult:
    """Plan; pieces are only rounded where the cost is read before rounding and the linear program is exact at once."""
    linear = int(allowed_starts(problem).sum()) > WHOLE_STARTS
    lots = problem.lot_modes.any() or problem.min_run.any()
    solving = replace(params.solve, gap=_ROUNDED) if linear and not lots else params.solve
    return solve(problem, params=replace(params, solve=solving))


def _moved_hours(problem: PlanProblem, base: PlanResult, plan: PlanResult) -> Floats:
    """Hours of each item that left a resource and bucket, shape (P,)."""
    before, after = (_hours(problem, one) for one in (base, plan))
    return np.asarray(np.maximum(before - after, 0.0).sum(axis=1))


def _hours(problem: PlanProblem, plan: PlanResult) -> Floats:
    p, r, t = problem.shape
    mine = plan.mode < len(problem.modes.item)
    mode, bucket, pieces = plan.mode[mine], plan.bucket[mine], plan.pieces[mine].astype(float)
    ops = start_ops(problem, mode, bucket)
    place: Ints = problem.modes.op_resource[ops.op] * t + ops.bucket
    hours = np.zeros((p, r * t))
    np.add.at(hours, (problem.modes.item[problem.modes.op_mode[ops.op]], place), operation_hours(problem, ops, pieces))
    return hours
