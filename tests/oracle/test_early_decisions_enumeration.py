"""The value of a later look against plain enumeration of a two-stage problem by simulation."""

import numpy as np
import pytest
from scipy.special import ndtri

from planning.early_decisions import DecisionParams, DecisionProblem, solve

_SHARES = (0.2, 0.2, 0.6)  # of the demand: before either order, before the later one, after both


def _profit(q1, q2, demand, stock, cost):
    """Sell day by day, order by order: the slow way."""
    sold = 0.0
    for share, arrives in zip(_SHARES, (0.0, q1, q2), strict=True):
        stock = stock + arrives
        served = np.minimum(stock, share * demand)
        stock, sold = stock - served, sold + served
    return 100 * sold + 10 * stock - cost * (q1 + q2)


@pytest.mark.parametrize(("kappa", "stock"), [(0.3, 100.0), (0.7, 0.0)])
def test_the_plan_with_a_later_look_is_the_enumerated_one(kappa: float, stock: float):
    """First orders on a grid; for each outcome of the look the best second order on a grid; averages of outcomes."""
    levels = np.array([0.1, 0.5, 0.9])
    quantiles = np.expm1(np.log1p(1000) + 0.8 * ndtri(levels))[None, :]
    curve = np.array([[0.2, 0.4, 1.0]])  # orders come on days 1 and 2
    one = np.ones(1)
    problem = DecisionProblem(
        levels=levels, quantiles=quantiles, age=0 * one, next_age=1 * one, narrowing=kappa * one, curve=curve,
        demanded=0 * one, stock=stock * one, on_order=0 * one, on_order_age=0 * one, price=100 * one,
        unit_cost=60 * one, later_cost=60 * one, salvage=10 * one, lead_days=one, later_lead_days=one, minimum=one,
    )  # fmt: skip
    found = solve(problem, params=DecisionParams(branches=15, atoms=15, sizes=99))

    looks, rest = (np.asarray(ndtri((np.arange(41) + 0.5) / 41)) for _ in range(2))
    demand = np.expm1(np.log1p(1000) + 0.8 * (np.sqrt(1 - kappa**2) * looks[:, None] + kappa * rest))
    grid = np.arange(0, 4001, 40.0)
    values = []
    for q1 in grid:
        second = np.stack([_profit(q1, q2, demand, stock, 60).mean(axis=1) for q2 in grid])
        values.append(second.max(axis=0).mean())
    single = max(_profit(q1, 0.0, demand, stock, 60).mean() for q1 in grid)

    assert found.profit[0] == pytest.approx(max(values), rel=0.02)
    assert found.wait_profit[0] == pytest.approx(values[0], rel=0.02)
    assert found.commit_profit[0] == pytest.approx(single, rel=0.02)
    assert found.pieces[0] == pytest.approx(grid[int(np.argmax(values))], abs=60)
