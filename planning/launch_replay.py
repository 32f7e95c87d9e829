"""Ways of selling new styles, replayed against what shoppers asked for day by day.

Each way is a set of forecasts per checkpoint (made from what it looks at) and whether it orders again after the
first order. Nothing but the forecasts of a checkpoint and what happened before it goes into its decision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planning.early_decisions import DecisionParams, DecisionProblem, solve
from planning.launch_value import Floats

__all__ = ["LaunchOutcome", "LaunchReplayProblem", "replay_launches"]


@dataclass(frozen=True, kw_only=True)
class LaunchReplayProblem:
    """Styles whose demand is over, and what was forecast for them.

    Parameters
    ----------
    demand
        Pieces asked for on each day of life, shape (n, d).
    ages
        Days since the launch of each checkpoint, whole and rising, shape (c,); the first is 0.
    levels, quantiles
        Levels (l,) and forecasts of the total at each checkpoint, shape (c, n, l).
    narrowing
        Log spread of the forecast at the next checkpoint over this one's, shape (c,); the last is not used.
    curve
        Share of the total sold by the end of each day, as expected at launch, shape (n, d).
    price, unit_cost, later_cost, salvage
        Fen per piece, shape (n,); `later_cost` is that of orders after the first.
    lead_days, minimum
        Days until an order after the first can be sold, whole; fewest pieces of an order; shape (n,). The first order
        is on the shelf at launch.
    """

    demand: Floats
    ages: Floats
    levels: Floats
    quantiles: Floats
    narrowing: Floats
    curve: Floats
    price: Floats
    unit_cost: Floats
    later_cost: Floats
    salvage: Floats
    lead_days: Floats
    minimum: Floats


@dataclass(frozen=True)
class LaunchOutcome:
    """Per style, shape (n,): pieces ordered first and in all, sold, lost, left over; profit in fen."""

    first: Floats
    ordered: Floats
    sold: Floats
    lost: Floats
    leftover: Floats
    profit: Floats

    def figures(self) -> dict[str, float]:
        """Return the sums over all styles."""
        return {
            "profit_fen": float(self.profit.sum()),
            "first_pieces": float(self.first.sum()),
            "ordered_pieces": float(self.ordered.sum()),
            "sold_pieces": float(self.sold.sum()),
            "lost_pieces": float(self.lost.sum()),
            "leftover_pieces": float(self.leftover.sum()),
        }


def replay_launches(
    problem: LaunchReplayProblem,
    *,
    chase: bool = True,
    look_ahead: bool = True,
    params: DecisionParams | None = None,
) -> LaunchOutcome:
    """Order at each checkpoint as `planning.early_decisions` says, and sell what arrives.

    Parameters
    ----------
    chase
        Whether anything is ordered after the first order; without it the first is the best single order.
    look_ahead
        Whether an order reckons with the next checkpoint; without it each is the best single order of its day.
    """
    n, days = problem.demand.shape
    arriving, stock = np.zeros((n, days + 1)), np.zeros(n)
    sold, spent, first = np.zeros(n), np.zeros(n), np.zeros(n)
    checkpoint = {int(age): c for c, age in enumerate(problem.ages)}
    for day in range(days):
        if day in checkpoint and (chase or day == 0):
            c = checkpoint[day]
            looks = chase and look_ahead and c + 1 < len(problem.ages)
            pieces = _order(problem, c, stock, arriving, looks=looks, params=params)
            lead = np.zeros(n) if day == 0 else problem.lead_days
            np.add.at(arriving, (np.arange(n), np.minimum(day + lead, days).astype(int)), pieces)
            spent += pieces * (problem.unit_cost if day == 0 else problem.later_cost)
            first = pieces if day == 0 else first
        stock = stock + arriving[:, day]
        served = np.minimum(stock, problem.demand[:, day])
        stock, sold = stock - served, sold + served
    leftover = stock + arriving[:, days]
    return LaunchOutcome(
        first=first,
        ordered=arriving.sum(axis=1),
        sold=sold,
        lost=problem.demand.sum(axis=1) - sold,
        leftover=leftover,
        profit=problem.price * sold + problem.salvage * leftover - spent,
    )


def _order(
    problem: LaunchReplayProblem,
    c: int,
    stock: Floats,
    arriving: Floats,
    *,
    looks: bool,
    params: DecisionParams | None,
) -> Floats:
    """Return the pieces to order at a checkpoint, shape (n,)."""
    n, day = len(stock), int(problem.ages[c])
    under_way = arriving[:, day:]
    next_arrival = day + np.where(under_way.any(axis=1), (under_way > 0).argmax(axis=1), 0)
    decisions = solve(
        DecisionProblem(
            levels=problem.levels,
            quantiles=problem.quantiles[c],
            age=np.full(n, float(day)),
            next_age=np.full(n, float(problem.ages[c + 1]) if looks else np.nan),
            narrowing=np.full(n, float(problem.narrowing[c]) if looks else 1.0),
            curve=problem.curve,
            demanded=problem.demand[:, :day].sum(axis=1),
            stock=stock,
            on_order=under_way.sum(axis=1),
            on_order_age=next_arrival.astype(float),
            price=problem.price,
            unit_cost=problem.unit_cost if day == 0 else problem.later_cost,
            later_cost=problem.later_cost,
            salvage=problem.salvage,
            lead_days=np.zeros(n) if day == 0 else problem.lead_days,
            later_lead_days=problem.lead_days,
            minimum=problem.minimum,
        ),
        params=params,
    )
    return decisions.pieces.astype(float)
