"""Early decisions about new styles: commit, wait, chase, cut, or move the capacity elsewhere.

At a checkpoint each style has a forecast of its total, stock, orders under way and a lead time. An order now is
weighed against an order at the next checkpoint, which knows more and comes later: the expected profit of both, of
the best order now that can still be topped up then, and of doing nothing tell what to do. Where styles share
capacity, it goes where a piece is worth most (`planning.shared_capacity`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from planning.launch_value import Floats, Margins, Outlook, normal_nodes, sellable, totals_at
from planning.shared_capacity import share_capacity

__all__ = ["ACTIONS", "DecisionParams", "DecisionProblem", "Decisions", "solve"]

ACTIONS = ("commit", "chase", "wait", "cut", "move_capacity")
_WORTH = 1e-6  # of a style's possible revenue: less is nothing


@dataclass(frozen=True, kw_only=True)
class DecisionParams:
    """How finely the future is looked at, and what capacity beyond the reserved costs.

    Parameters
    ----------
    branches, atoms
        Outcomes of the next look, and of the total after it, 1 to 99 each.
    sizes
        Order sizes that are tried, 3 to 999.
    extra_capacity_fen
        Money per piece of capacity beyond what is reserved, >= 0; infinity = there is none to buy.
    """

    branches: int = 9
    atoms: int = 15
    sizes: int = 33
    extra_capacity_fen: float = float("inf")

    def __post_init__(self) -> None:
        for name, low, high in (("branches", 1, 99), ("atoms", 1, 99), ("sizes", 3, 999)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"Expected {name} to be a whole number in [{low}, {high}], got {value!r}.")
        if isinstance(self.extra_capacity_fen, bool) or not self.extra_capacity_fen >= 0:
            raise ValueError(f"Expected extra_capacity_fen >= 0, got {self.extra_capacity_fen!r}.")


@dataclass(frozen=True, kw_only=True)
class DecisionProblem:
    """Styles at their checkpoints; arrays over n styles unless said otherwise.

    Parameters
    ----------
    levels, quantiles
        Forecast of the total: levels (l,) rising in (0, 1), pieces (n, l) not falling.
    age, next_age
        Days since the launch now and at the next checkpoint (NaN = there is none).
    narrowing
        Log spread of the forecast at the next checkpoint over today's, in (0, 1].
    curve
        Share of the total sold by the end of day 0, 1, ... of the life, shape (n, d): not falling, last column 1.
    demanded, stock, on_order, on_order_age
        Pieces demanded so far, on hand, under way, and the age at which the latter arrive.
    price, unit_cost, later_cost, salvage
        Fen per piece: of a sale, of an order now, of an order at the next checkpoint, of a piece left over;
        salvage < cost < price.
    lead_days, later_lead_days
        Days until an order placed now, or at the next checkpoint, can be sold, >= 0.
    minimum
        Fewest pieces of an order.
    reserved
        Pieces of shared capacity held for each style, or None: capacity does not bind.
    """

    levels: Floats
    quantiles: Floats
    age: Floats
    next_age: Floats
    narrowing: Floats
    curve: Floats
    demanded: Floats
    stock: Floats
    on_order: Floats
    on_order_age: Floats
    price: Floats
    unit_cost: Floats
    later_cost: Floats
    salvage: Floats
    lead_days: Floats
    later_lead_days: Floats
    minimum: Floats
    reserved: Floats | None = None

    def __post_init__(self) -> None:
        n = len(self.quantiles)
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name != "levels" and value is not None and len(value) != n:
                raise ValueError(f"Expected {item.name} for {n} styles, got {len(value)}.")
        if not np.all((self.salvage < self.unit_cost) & (self.unit_cost < self.price)):
            raise ValueError("Expected salvage < unit_cost < price.")
        if not np.all((self.salvage < self.later_cost) & (self.later_cost < self.price)):
            raise ValueError("Expected salvage < later_cost < price.")
        if not np.all((self.narrowing > 0) & (self.narrowing <= 1)):
            raise ValueError("Expected narrowing in (0, 1].")

    @property
    def n(self) -> int:
        """Number of styles."""
        return len(self.quantiles)

    def sold_share(self, age: Floats) -> Floats:
        """Return the share of the total that is sold by an age in days, shape (n,)."""
        return _interpolate(self.curve, age)


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What to do with each style; arrays of shape (n,), money in fen, expected from now on (what is spent is spent).

    Parameters
    ----------
    action
        One of `ACTIONS`.
    pieces
        Pieces to order now, whole.
    commit_pieces, commit_profit
        The best single order now, and its profit.
    wait_profit
        Profit of ordering nothing now and the best order at the next checkpoint (-inf without one).
    stop_profit
        Profit of never ordering again.
    profit
        Profit of `pieces` now and the best answer to the next checkpoint.
    cost_of_waiting
        What the best order loses by coming one checkpoint later with today's knowledge.
    option_value
        Profit of the best plan with a later checkpoint over that of the best single order now, >= 0.
    latest_age
        Last day of life on which an order still pays by today's forecast (NaN = none does).
    moved
        Pieces of capacity received (> 0) or given away (< 0).
    capacity_price
        What one more piece of shared capacity would be worth.
    reason
        ``pays``, ``worth_waiting``, ``covered``, ``too_late``, ``too_small`` or ``worth_more_elsewhere``.
    """

    action: NDArray[np.object_]
    pieces: NDArray[np.int64]
    commit_pieces: Floats
    commit_profit: Floats
    wait_profit: Floats
    stop_profit: Floats
    profit: Floats
    cost_of_waiting: Floats
    option_value: Floats
    latest_age: Floats
    moved: NDArray[np.int64]
    capacity_price: float
    reason: NDArray[np.object_]


def solve(problem: DecisionProblem, *, params: DecisionParams | None = None, seed: int = 0) -> Decisions:
    """Decide about each style at its checkpoint.

    Parameters
    ----------
    seed
        Accepted as every kernel does; nothing here is random.
    """
    del seed
    params = params or DecisionParams()
    single = _single(problem, params)
    plan = _two_looks(problem, params, single)
    chosen, price = _within_capacity(problem, params, plan)
    at = np.arange(problem.n)
    pieces = np.round(plan.sizes[at, chosen]).astype(np.int64)
    profit = plan.profit[at, chosen]
    worth = _WORTH * problem.price * (1 + problem.quantiles[:, -1])
    later = plan.profit[:, 0] - single.stop > worth
    moved = np.zeros(problem.n, np.int64) if problem.reserved is None else _moved(problem.reserved, pieces)
    action = _actions(problem, pieces, later, moved)
    return Decisions(
        action=action,
        pieces=pieces,
        commit_pieces=single.pieces,
        commit_profit=single.profit,
        wait_profit=np.where(np.isfinite(problem.next_age), plan.profit[:, 0], -np.inf),
        stop_profit=single.stop,
        profit=profit,
        cost_of_waiting=np.where(np.isfinite(problem.next_age), single.profit - plan.late, np.nan),
        option_value=np.maximum(0.0, plan.profit.max(axis=1) - single.profit),
        latest_age=_latest(problem, params),
        moved=moved,
        capacity_price=price,
        reason=_reasons(problem, action, wanted=plan.profit.max(axis=1) - single.stop > worth),
    )


@dataclass(frozen=True)
class _Single:
    """The best single order now, its profit, and the profit without any order."""

    pieces: Floats
    profit: Floats
    stop: Floats


@dataclass(frozen=True)
class _Plan:
    """Order sizes now (n, s), the first of them 0; profit of each with the best answer later (n, s)."""

    sizes: Floats
    profit: Floats
    late: Floats


def _scores(problem: DecisionProblem, params: DecisionParams) -> Floats:
    """Return the standard scores of (branch, atom), shape (n, branches, atoms)."""
    news = np.sqrt(1 - problem.narrowing**2)[:, None, None] * normal_nodes(params.branches)[:, None]
    return np.asarray(news + problem.narrowing[:, None, None] * normal_nodes(params.atoms))


def _outlook(problem: DecisionProblem, times: list[Floats]) -> Outlook:
    """Cut the rest of life at times (n,) that do not fall; epoch 0 begins now, the orders under way come second."""
    first = np.minimum(np.maximum(problem.on_order_age, problem.age), times[0])
    cuts = [problem.age, first, *times, np.full(problem.n, np.inf)]
    sold = np.stack([problem.sold_share(np.asarray(cut)) for cut in cuts], axis=1)
    rest = np.maximum(1 - sold[:, :1], 1e-12)
    shares = np.diff(sold, axis=1) / rest
    shares[:, -1] += 1 - shares.sum(axis=1)
    arrivals = np.zeros_like(shares)
    arrivals[:, 0], arrivals[:, 1] = problem.stock, problem.on_order
    return Outlook(
        levels=problem.levels,
        quantiles=problem.quantiles,
        demanded=problem.demanded,
        shares=shares,
        arrivals=arrivals,
    )


def _single(problem: DecisionProblem, params: DecisionParams) -> _Single:
    outlook = _outlook(problem, [problem.age + problem.lead_days])
    margins = Margins(price=problem.price, cost=problem.unit_cost, salvage=problem.salvage)
    rest = outlook.rest(_scores(problem, params).reshape(problem.n, -1))
    stop = outlook.value(rest, margins).mean(axis=1)
    best = outlook.need(outlook.rest(ndtri(margins.fractile)[:, None]), 2)
    order = sellable(best, problem.minimum[:, None])
    gain = margins.gain(order, np.minimum(order, outlook.need(rest, 2)).mean(axis=1, keepdims=True))
    pays = gain[:, 0] > 0
    return _Single(np.where(pays, order[:, 0], 0.0), stop + np.where(pays, gain[:, 0], 0.0), stop)


def _two_looks(problem: DecisionProblem, params: DecisionParams, single: _Single) -> _Plan:
    """Value every size now followed by the best order at the next checkpoint (preposterior analysis)."""
    again = np.where(np.isfinite(problem.next_age), problem.next_age + problem.later_lead_days, np.inf)
    outlook = _outlook(problem, [problem.age + problem.lead_days, np.maximum(again, problem.age + problem.lead_days)])
    now = Margins(price=problem.price, cost=problem.unit_cost, salvage=problem.salvage)
    then = Margins(price=problem.price, cost=problem.later_cost, salvage=problem.salvage)
    z = _scores(problem, params)
    rest, sizes = outlook.rest(z), _sizes(problem, params, outlook, single)
    profit = np.empty_like(sizes)
    news = np.sqrt(1 - problem.narrowing**2)[:, None] * normal_nodes(params.branches)
    at_fractile = outlook.rest(news + (problem.narrowing * ndtri(then.fractile))[:, None])
    for s in range(sizes.shape[1]):
        extra = sizes[:, s, None, None]
        value = outlook.value(rest, now, extra, at=2).mean(axis=2)
        order = sellable(outlook.need(at_fractile, 3, extra[:, :, 0], at=2), problem.minimum[:, None])
        served = np.minimum(order[:, :, None], outlook.need(rest, 3, extra, at=2)).mean(axis=2)
        gain = np.maximum(0.0, then.gain(order, served))
        profit[:, s] = (value + gain).mean(axis=1) - problem.unit_cost * sizes[:, s]
    return _Plan(sizes, profit, _late(problem, outlook, then, rest, single.stop))


def _late(problem: DecisionProblem, outlook: Outlook, then: Margins, rest: Floats, stop: Floats) -> Floats:
    """Return the profit of the best order at the next checkpoint with today's knowledge, shape (n,)."""
    order = sellable(outlook.need(outlook.rest(ndtri(then.fractile)[:, None]), 3), problem.minimum[:, None])
    need = outlook.need(rest.reshape(problem.n, -1), 3)
    gain = then.gain(order, np.minimum(order, need).mean(axis=1, keepdims=True))[:, 0]
    return np.asarray(stop + np.maximum(0.0, gain))


def _sizes(problem: DecisionProblem, params: DecisionParams, outlook: Outlook, single: _Single) -> Floats:
    """Return whole order sizes to try: nothing, the minimum, the best single order, needs at even levels."""
    levels = (np.arange(params.sizes - 3) + 0.5) / max(1, params.sizes - 3)
    needs = outlook.need(outlook.rest(ndtri(levels)), 2)
    sizes = np.concatenate([single.pieces[:, None], problem.minimum[:, None], needs], axis=1)
    sizes = np.round(sellable(sizes, problem.minimum[:, None]))
    return np.concatenate([np.zeros((problem.n, 1)), np.sort(sizes, axis=1)], axis=1)


def _within_capacity(problem: DecisionProblem, params: DecisionParams, plan: _Plan) -> tuple[NDArray[np.int64], float]:
    if problem.reserved is None:
        return plan.profit.argmax(axis=1), 0.0
    return share_capacity(plan.sizes, plan.profit, float(problem.reserved.sum()), most=params.extra_capacity_fen)


def _moved(reserved: Floats, pieces: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return capacity received (> 0) or given (< 0); no more is given than others take."""
    over = np.floor(pieces - reserved).astype(np.int64)
    taken = int(over[over > 0].sum())
    spare = np.where(over < 0, -over, 0)
    given = np.minimum(spare, np.floor(spare * min(1.0, taken / max(1, int(spare.sum())))).astype(np.int64))
    return np.where(over > 0, over, -given)


def _actions(
    problem: DecisionProblem,
    pieces: NDArray[np.int64],
    later: NDArray[np.bool_],
    moved: NDArray[np.int64],
) -> NDArray[np.object_]:
    begun = problem.stock + problem.on_order + problem.demanded > 0
    action = np.where(later, "wait", "cut").astype(object)
    action[pieces > 0] = np.where(begun, "chase", "commit")[pieces > 0]
    action[(pieces == 0) & (moved < 0)] = "move_capacity"
    return action


def _reasons(
    problem: DecisionProblem, action: NDArray[np.object_], *, wanted: NDArray[np.bool_]
) -> NDArray[np.object_]:
    idle = np.isin(action, ("cut", "move_capacity"))
    reason = np.where(wanted, "worth_more_elsewhere", "too_small").astype(object)
    expected = totals_at(problem.levels, problem.quantiles, np.zeros(1))[:, 0] - problem.demanded
    reason[idle & ~wanted & (problem.stock + problem.on_order >= np.maximum(expected, 1))] = "covered"
    reason[idle & (problem.sold_share(problem.age + problem.lead_days) > 1 - 1e-9)] = "too_late"
    reason[action == "wait"] = "worth_waiting"
    reason[np.isin(action, ("commit", "chase"))] = "pays"
    return reason


def _latest(problem: DecisionProblem, params: DecisionParams) -> Floats:
    """Return the last whole day of life on which an order still pays by today's forecast, NaN if none does."""
    margins = Margins(price=problem.price, cost=problem.later_cost, salvage=problem.salvage)
    scores = normal_nodes(params.branches * params.atoms)
    latest = np.full(problem.n, np.nan)
    for day in range(problem.curve.shape[1]):
        outlook = _outlook(problem, [np.maximum(problem.age, day) + problem.later_lead_days])
        order = outlook.need(outlook.rest(ndtri(margins.fractile)[:, None]), 2)
        order = sellable(order, problem.minimum[:, None])
        need = outlook.need(outlook.rest(scores), 2)
        gain = margins.gain(order, np.minimum(order, need).mean(axis=1, keepdims=True))[:, 0]
        latest = np.where((gain > 0) & (day >= problem.age), day, latest)
    return latest


def _interpolate(curve: Floats, age: Floats) -> Floats:
    """Return the share sold by an age; `curve[:, k]` holds at age k + 1, nothing is sold by age 0."""
    whole = np.concatenate([np.zeros((len(curve), 1)), curve], axis=1)
    spot = np.clip(np.nan_to_num(age, posinf=1e9), 0, curve.shape[1])
    low = np.minimum(np.floor(spot).astype(int), curve.shape[1] - 1)
    rows = np.arange(len(curve))
    return np.asarray(whole[rows, low] + (spot - low) * (whole[rows, low + 1] - whole[rows, low]))
