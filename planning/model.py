"""The plan as a linear model: pieces started per mode and bucket, newsvendor segments, loads and lots.

Cumulative supply of an item is split into bounded segments between the quantiles of its cumulative demand. On the
segment above the k-th path the chance that demand is met already is known, so its slope is the newsvendor's
``h F - b (1 - F)``; slopes rise with supply, hence a plain linear program fills the segments in order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planning.linear import LinearModel
from planning.lots import add_lots, add_minimum_run, put_load
from planning.params import PlanParams, PlanWeights
from planning.problem import Floats, Ints, PlanProblem
from planning.starts import StartOps, neighbours, open_buckets, possible_starts, start_ops
from planning.surplus import allowed_surplus

__all__ = ["WHOLE_STARTS", "PlanModel", "build_model", "demand_segments", "forbidden_late_price"]

WHOLE_STARTS = 12
"""Up to this many possible starts their pieces are whole in the model itself; above, they are rounded afterwards."""


@dataclass(frozen=True, kw_only=True)
class PlanModel:
    """The linear model and where its parts are.

    Parameters
    ----------
    mode, bucket, start
        Shape (S,): mode, bucket and column of each possible start.
    lot
        Shape (S,): column of the start's lot (0 or 1), -1 where lots are free.
    whole_pieces
        Shape (S,): column counting multiples, -1 where any number will do.
    segment
        Shape (P, T, K + 1): columns of cumulative supply between demand paths, -1 = none.
    idle, over
        Shape (R, T): columns of idle and overtime hours.
    begun_runs
        Columns of the minimum runs that firm orders begin.
    late_price
        Price per piece and bucket put on lateness that is forbidden.
    """

    linear: LinearModel
    mode: Ints
    bucket: Ints
    start: Ints
    lot: Ints
    whole_pieces: Ints
    segment: Ints
    idle: Ints
    over: Ints
    begun_runs: Ints
    late_price: float


def build_model(problem: PlanProblem, params: PlanParams) -> PlanModel:
    """Assemble the model; its size grows with modes x buckets and with items x quantiles x buckets."""
    linear = LinearModel()
    mode, bucket = possible_starts(problem)
    start = _add_starts(linear, problem, mode, bucket)
    late_price = forbidden_late_price(problem, params.weights)
    segment, constant = _add_segments(linear, problem, late_price)
    linear.add_columns(1, cost=constant, lower=1.0, upper=1.0)  # so that relative gaps refer to the whole cost
    _add_balance(linear, problem, segment, (mode, bucket, start), late_price)
    idle, over, load_rows = _add_load(linear, problem, params.weights)
    ops = start_ops(problem, mode, bucket)
    hours = problem.modes.op_hours[ops.op]
    rows = load_rows[problem.modes.op_resource[ops.op], ops.bucket]
    linear.put(rows, start[ops.start], hours)
    lot, whole_pieces = add_lots(linear, problem, (mode, bucket, start))
    with_lot = lot[ops.start] >= 0
    linear.put(rows[with_lot], lot[ops.start][with_lot], problem.modes.op_setup[ops.op][with_lot])
    if params.weights.load_change + params.weights.large_change > 0:
        _add_load_change(linear, problem, params.weights, idle, over)
    _add_peak(linear, problem, params.weights.peak, idle, over)
    _add_plan_change(linear, problem, params, ops, (start, lot))
    _add_promises(linear, problem, params.weights.promise, idle, over)
    begun_runs = add_minimum_run(linear, problem, idle, over)
    return PlanModel(
        linear=linear,
        mode=mode,
        bucket=bucket,
        start=start,
        lot=lot,
        whole_pieces=whole_pieces,
        segment=segment,
        idle=idle,
        over=over,
        begun_runs=begun_runs,
        late_price=late_price,
    )


def _add_starts(linear: LinearModel, problem: PlanProblem, mode: Ints, bucket: Ints) -> Ints:
    """Add a column per start, or per decision where starts of several modes are one."""
    cost = problem.modes.cost[mode]
    if problem.same_start is None:
        return linear.add_columns(len(mode), cost=cost, integer=len(mode) <= WHOLE_STARTS)
    decision = problem.same_start[mode, bucket] * problem.shape[2] + bucket
    different, which = np.unique(decision, return_inverse=True)
    return linear.add_columns(len(different), cost=np.bincount(which, weights=cost))[which]


def forbidden_late_price(problem: PlanProblem, weights: PlanWeights) -> float:
    """Return a price per late piece and bucket that outweighs whatever avoiding it can cost."""
    m = problem.modes
    hour = (
        weights.idle
        + weights.overtime
        + 2 * (weights.load_change + weights.large_change)
        + weights.peak
        + weights.plan_change
    )
    hour += 0.0 if problem.promised_load is None else weights.promise
    ways = len(m.item)
    hours = np.bincount(m.op_mode, weights=m.op_hours + m.op_setup, minlength=ways).max(initial=0.0)
    tied = problem.holding_cost + np.nan_to_num(problem.backlog_cost)
    piece = problem.setup_cost + problem.leftover_cost + problem.lost_cost + tied * problem.shape[2]
    return float(10 * (1 + hour * hours + m.cost.max(initial=0.0) + piece.max(initial=0.0)))


def demand_segments(problem: PlanProblem, late_price: float) -> tuple[Floats, Floats, Floats]:
    """Return what a piece of cumulative supply costs between the cumulative demands.

    Returns
    -------
    slope, edge, base
        Shape (P, T, K + 1): money per piece below, between and above the cumulative demands; shape (P, T, K): those;
        shape (P, T): money for having nothing. A bucket after an item's last costs nothing.
    """
    n_items, _, n_buckets = problem.shape
    edge = np.cumsum(problem.demand.pieces, axis=2).transpose(0, 2, 1)
    chance = problem.demand.chance
    met = np.concatenate([np.zeros((n_items, 1)), np.cumsum(chance, axis=1)], axis=1)[:, None, :]
    t = np.arange(n_buckets)
    alive = t <= problem.last[:, None]
    ends = (t == problem.last[:, None])[:, :, None]
    late = np.where(problem.may_be_late, problem.backlog_cost, late_price)[:, None, None]
    over = problem.holding_cost[:, None, None] + ends * problem.leftover_cost[:, None, None]
    under = late + ends * problem.lost_cost[:, None, None]
    slope = (over * met - under * (1 - met)) * alive[:, :, None]
    base = under[:, :, 0] * np.einsum("ptk,pk->pt", edge, chance) * alive
    return slope, edge, base


def _add_segments(linear: LinearModel, problem: PlanProblem, late_price: float) -> tuple[Ints, float]:
    slope, edge, base = demand_segments(problem, late_price)
    t = np.arange(problem.shape[2])
    width = np.diff(edge, axis=2, prepend=0.0, append=np.inf)
    if problem.same_start is None:  # one decision for several modes may be too much for some of them
        width[:, :, -1] = np.where(t == problem.last[:, None], allowed_surplus(problem)[:, None], np.inf)
    wanted = (width > 0) & (t <= problem.last[:, None])[:, :, None]
    columns = np.full(width.shape, -1, np.int64)
    columns[wanted] = linear.add_columns(int(wanted.sum()), cost=slope[wanted], upper=width[wanted])
    return columns, float(base.sum())


def _add_balance(
    linear: LinearModel, problem: PlanProblem, segment: Ints, starts: tuple[Ints, Ints, Ints], late_price: float
) -> None:
    n_buckets = problem.shape[2]
    mode, bucket, start = starts
    m = problem.modes
    given = problem.firm_supply - problem.firm_use
    given[:, 0] += problem.initial_stock
    ended = np.arange(n_buckets) > problem.last[:, None]
    lower, upper = np.where(ended, -np.inf, given), np.where(ended, np.inf, given)
    rows = linear.add_rows(given.size, lower=lower.ravel(), upper=upper.ravel()).reshape(given.shape)
    p, t, k = np.nonzero(segment >= 0)
    held = segment[p, t, k]
    linear.put(rows[p, t], held, 1.0)
    goes_on = t + 1 < n_buckets
    linear.put(rows[p[goes_on], t[goes_on] + 1], held[goes_on], -1.0)
    linear.put(rows[m.item[mode], bucket + m.lead[mode]], start, -m.output[mode])
    used = problem.usage[:, mode].tocoo()
    linear.put(rows[used.row, bucket[used.col]], start[used.col], used.data)
    missing = np.flatnonzero(np.cumsum(problem.firm_use, axis=1).ravel() > 0)
    short = linear.add_columns(len(missing), cost=late_price)
    linear.put(rows.ravel()[missing], short, -1.0)
    inside = missing % n_buckets + 1 < n_buckets
    linear.put(rows.ravel()[missing[inside] + 1], short[inside], 1.0)


def _add_load(linear: LinearModel, problem: PlanProblem, weights: PlanWeights) -> tuple[Ints, Ints, Ints]:
    shape = problem.capacity.shape
    n = problem.capacity.size
    price = np.broadcast_to(weights.idle * _share(problem.idle_share, problem), shape).ravel()
    idle = linear.add_columns(n, cost=price, upper=problem.capacity.ravel())
    beyond = np.maximum(problem.overtime, problem.firm_hours - problem.capacity)
    over = linear.add_columns(n, cost=weights.overtime, upper=beyond.ravel())
    free = (problem.capacity - problem.firm_hours).ravel()
    rows = linear.add_rows(n, lower=free, upper=free)
    linear.put(rows, idle, 1.0)
    linear.put(rows, over, -1.0)
    return idle.reshape(shape), over.reshape(shape), rows.reshape(shape)


def _share(given: Floats | None, problem: PlanProblem) -> Floats:
    return np.ones(problem.shape[2]) if given is None else given


def _add_load_change(linear: LinearModel, problem: PlanProblem, weights: PlanWeights, idle: Ints, over: Ints) -> None:
    r, before, after = neighbours(problem)
    capacity = problem.capacity
    rise = capacity[r, after] - capacity[r, before]
    rows = linear.add_rows(len(r), lower=rise, upper=rise)
    put_load(linear, rows, idle[r, after], over[r, after], -1.0)
    put_load(linear, rows, idle[r, before], over[r, before], 1.0)
    _price_change(linear, problem, weights, rows, (r, after))
    if problem.previous_load is not None:
        known = np.flatnonzero(~np.isnan(problem.previous_load) & open_buckets(problem)[:, 0])
        rise = capacity[known, 0] - problem.previous_load[known]
        rows = linear.add_rows(len(known), lower=rise, upper=rise)
        put_load(linear, rows, idle[known, 0], over[known, 0], -1.0)
        _price_change(linear, problem, weights, rows, (known, np.zeros(len(known), np.int64)))


def _price_change(
    linear: LinearModel, problem: PlanProblem, weights: PlanWeights, rows: Ints, at: tuple[Ints, Ints]
) -> None:
    """Charge for the rows' change into a cell (resource, bucket): small ones less per hour than what goes beyond."""
    share = _share(problem.change_share, problem)[at[1]]
    small = weights.small_change * problem.capacity[at] if weights.large_change > 0 else np.inf
    _put_change(linear, rows, weights.load_change * share, small)
    if weights.large_change > 0:
        _put_change(linear, rows, (weights.load_change + weights.large_change) * share)


def _put_change(linear: LinearModel, rows: Ints, price: float | Floats, most: float | Floats = np.inf) -> None:
    for sign in (1.0, -1.0):
        linear.put(rows, linear.add_columns(len(rows), cost=price, upper=most), sign)


def _add_peak(linear: LinearModel, problem: PlanProblem, price: float, idle: Ints, over: Ints) -> None:
    if price <= 0:
        return
    n_resources, n_buckets = problem.capacity.shape
    peak = linear.add_columns(n_resources, cost=price)
    rows = linear.add_rows(problem.capacity.size, lower=problem.capacity.ravel(), upper=np.inf)
    linear.put(rows, np.repeat(peak, n_buckets), 1.0)
    put_load(linear, rows, idle.ravel(), over.ravel(), -1.0)


def _add_promises(linear: LinearModel, problem: PlanProblem, price: float, idle: Ints, over: Ints) -> None:
    if problem.promised_load is None or price <= 0:
        return
    rows = linear.add_rows(len(idle), lower=(problem.promised_load - problem.capacity).sum(axis=1), upper=np.inf)
    put_load(linear, np.repeat(rows, problem.shape[2]), idle.ravel(), over.ravel(), 1.0)
    linear.put(rows, linear.add_columns(len(rows), cost=price), 1.0)


def _add_plan_change(
    linear: LinearModel, problem: PlanProblem, params: PlanParams, ops: StartOps, columns: tuple[Ints, Ints]
) -> None:
    previous = problem.previous_hours
    price, first = params.weights.plan_change, params.horizon.firm
    end = min(first + params.horizon.slushy, problem.shape[2])
    if previous is None or price <= 0 or end <= first:
        return
    inside = (ops.bucket >= first) & (ops.bucket < end)
    op = ops.op[inside]
    key = problem.modes.op_row[op] * problem.shape[2] + ops.bucket[inside]
    row, t = np.nonzero(previous)
    planned = (row * problem.shape[2] + t)[(t >= first) & (t < end)]
    keys = np.union1d(key, planned)
    hours = previous.ravel()[keys]
    rows = linear.add_rows(len(keys), lower=hours, upper=hours)
    start, lot = (column[ops.start[inside]] for column in columns)
    row_of = rows[np.searchsorted(keys, key)]
    linear.put(row_of, start, problem.modes.op_hours[op])
    linear.put(row_of[lot >= 0], lot[lot >= 0], problem.modes.op_setup[op][lot >= 0])
    _put_change(linear, rows, price)
