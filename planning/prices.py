"""What an hour is worth: prices of hours under which every item can be planned on its own, and the bound they prove.

With a price on each resource's hours in each bucket the items no longer meet: each is a single-item plan with convex
costs on its cumulative supply, solved exactly by going through its cumulative demands. What all of them cost together
plus what the hours cost at least is a bound on every plan (Lagrangian duality); the prices that make it highest are
searched by L-BFGS-B, which works well because the sum over many items is almost smooth.

References
----------
A. M. Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2, 1974.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, minimize

from planning.model import demand_segments, forbidden_late_price
from planning.params import PlanParams
from planning.problem import Floats, Ints, PlanProblem
from planning.responses import ItemCurves, Ways, responses
from planning.starts import allowed_starts, neighbours, open_buckets
from planning.surplus import allowed_surplus

__all__ = ["HourPrices", "hour_prices"]

_FEWEST_ROUNDS, _MOST_ROUNDS, _ITEM_ROUNDS = 250, 1000, 3_000_000
"""Rounds of the search: as many as let each item answer so often, within limits. Few items need more: it is rougher."""

_STEP = 10.0
"""Money per hour that counts as one step of the search, on a resource of mean size."""

_FORGET = 0.1
"""Weight of the last round in the mean of the loads."""


@dataclass(frozen=True, kw_only=True)
class HourPrices:
    """Prices of hours and what follows from them.

    Parameters
    ----------
    price
        Shape (R, T): money per hour of new work.
    bound
        Cost that no plan can beat.
    load
        Shape (B, R, T): hours that each block of items would take at these prices, a mean of the last rounds.
    """

    price: Floats
    bound: float
    load: Floats


def hour_prices(problem: PlanProblem, params: PlanParams, block: Ints, n_blocks: int) -> HourPrices:
    """Search the prices with the highest bound.

    Set-ups, lot sizes, minimum runs and charges for changing the previous plan are left out, which keeps the bound
    valid and makes it less sharp where there are any. Items are taken to be made of nothing (no bill of materials).

    Parameters
    ----------
    block
        Shape (P,): the block that an item's hours are counted in, in [0, n_blocks).
    """
    dual = _Dual(problem, params)
    curves, ways = _items(problem, params)
    price, best = np.zeros(problem.capacity.shape), -np.inf
    mean = np.zeros((n_blocks, *price.shape))

    def loss(scaled: Floats) -> tuple[float, Floats]:
        nonlocal price, best
        value = scaled * dual.unit
        now = dual.price(value)
        load = np.zeros(mean.shape)
        cost = responses(curves, ways, now, block, load)
        total = load.sum(axis=0) + problem.firm_hours
        bound = cost + float((now * problem.firm_hours).sum()) - float(dual.given @ value)
        mean[:] += _FORGET * (load - mean)
        if bound > best:
            price, best = now, bound
        slope = (dual.spread.T @ total.ravel() - dual.given) * dual.unit
        return -bound / dual.scale, -slope / dual.scale

    limits = Bounds(dual.lower / dual.unit, dual.upper / dual.unit)
    rounds = int(np.clip(_ITEM_ROUNDS // len(problem.items), _FEWEST_ROUNDS, _MOST_ROUNDS))
    options = {"maxiter": rounds, "maxfun": rounds, "maxcor": 20, "ftol": 1e-9}
    minimize(loss, np.zeros(len(dual.given)), jac=True, method="L-BFGS-B", bounds=limits, options=options)
    return HourPrices(price=price, bound=best, load=mean)


class _Dual:
    """What prices of hours are made of, each with its range and what it costs.

    An hour off the capacity is worth between minus the idle and the overtime price, an hour of change up to its price
    either way, an hour at the limit anything, and one that keeps a promise up to the promise's price.
    """

    def __init__(self, problem: PlanProblem, params: PlanParams) -> None:
        w, capacity = params.weights, problem.capacity
        self._shape, cells = capacity.shape, np.arange(capacity.size).reshape(capacity.shape)
        share = np.ones(self._shape[1]) if problem.idle_share is None else problem.idle_share
        limit = np.maximum(capacity + problem.overtime, problem.firm_hours)
        idle = np.broadcast_to(w.idle * share, self._shape).ravel()
        columns = [_Column(cells.ravel()[:, None], np.ones((1, 1)), capacity.ravel(), -idle, w.overtime)]
        columns.append(_Column(cells.ravel()[:, None], np.ones((1, 1)), limit.ravel(), 0.0, np.inf))
        r, before, after = neighbours(problem)
        pair = np.stack([cells[r, after], cells[r, before]], axis=1)
        change = _Column(pair, np.array([[1.0, -1.0]]), np.zeros(len(r)), 0.0, 0.0)
        columns += _changes(problem, params, (r, after), change)
        if problem.previous_load is not None:
            known = np.flatnonzero(~np.isnan(problem.previous_load) & open_buckets(problem)[:, 0])
            change = _Column(cells[known, :1], np.ones((1, 1)), problem.previous_load[known], 0.0, 0.0)
            columns += _changes(problem, params, (known, np.zeros_like(known)), change)
        if problem.promised_load is not None:
            columns.append(_Column(cells, -np.ones((1, 1)), -problem.promised_load.sum(axis=1), 0.0, w.promise))
        self._base = _even_peak(problem, w.peak)
        self.spread = sparse.hstack([column.matrix(capacity.size) for column in columns], format="csr")
        self.given = np.concatenate([column.given for column in columns])
        self.lower = np.concatenate([np.broadcast_to(column.low, len(column.given)) for column in columns])
        self.upper = np.concatenate([np.broadcast_to(column.high, len(column.given)) for column in columns])
        size = np.maximum(limit.mean(axis=1), 1e-6)
        owner = np.concatenate([column.cells[:, 0] for column in columns]) // self._shape[1]
        self.unit = _STEP / np.sqrt(size / size.mean())[owner]
        self.scale = max(float(size.sum()), 1.0)

    def price(self, value: Floats) -> Floats:
        """Price of an hour, shape (R, T)."""
        return np.asarray(self._base + (self.spread @ value).reshape(self._shape))


@dataclass(frozen=True)
class _Column:
    """Variables of one kind: the cells (n, m) whose price each moves and by how much, its cost and its range."""

    cells: Ints
    sign: Floats
    given: Floats
    low: Floats | float
    high: Floats | float

    def matrix(self, n_cells: int) -> sparse.csr_array:
        number = np.repeat(np.arange(len(self.cells)), self.cells.shape[1])
        sign = np.broadcast_to(self.sign, self.cells.shape).ravel()
        return sparse.csr_array((sign, (self.cells.ravel(), number)), shape=(n_cells, len(self.cells)))


def _changes(problem: PlanProblem, params: PlanParams, at: tuple[Ints, Ints], change: _Column) -> list[_Column]:
    """Return the variables of the changes into the cells `at`: for any change, and for large ones up and down."""
    w = params.weights
    share = np.ones(len(at[0])) if problem.change_share is None else problem.change_share[at[1]]
    columns = [replace(change, low=-w.load_change * share, high=w.load_change * share)]
    if w.large_change > 0:
        small, most = w.small_change * problem.capacity[at], w.large_change * share
        columns.append(replace(change, given=small + change.given, high=most))
        columns.append(replace(change, sign=-change.sign, given=small - change.given, high=most))
    return columns


def _even_peak(problem: PlanProblem, price: float) -> Floats:
    """Charge for the peak, spread evenly: the largest load is no less than the mean."""
    works = open_buckets(problem)
    return np.asarray(price * works / np.maximum(works.sum(axis=1, keepdims=True), 1))


def _items(problem: PlanProblem, params: PlanParams) -> tuple[ItemCurves, Ways]:
    """Return the items' costs and ways as arrays for the compiled loop."""
    m = problem.modes
    slope, edge, base = demand_segments(problem, forbidden_late_price(problem, params.weights))
    there = problem.initial_stock[:, None] + np.cumsum(problem.firm_supply - problem.firm_use, axis=1)
    end = np.maximum(problem.last, 0)[:, None]
    rest = np.take_along_axis(edge[:, :, -1] - there, end, axis=1)[:, 0]
    top = np.maximum(rest + allowed_surplus(problem), 0.0)
    by_item = np.argsort(m.item, kind="stable")
    ways = Ways(
        by_item=by_item,
        first_mode=np.searchsorted(m.item[by_item], np.arange(problem.shape[0] + 1)),
        lead=m.lead,
        output=m.output,
        cost=m.cost,
        allowed=allowed_starts(problem),
        first_op=np.searchsorted(m.op_mode, np.arange(len(m.item) + 1)),
        op_resource=m.op_resource,
        op_offset=m.op_offset,
        op_hours=m.op_hours,
    )
    edge = np.ascontiguousarray(edge)
    return ItemCurves(slope=slope, edge=edge, base=base, there=there, top=top, last=problem.last), ways
