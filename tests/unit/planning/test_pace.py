"""One pace for a factory and who gets its pieces."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contracts.errors import InputError
from planning.pace import level_pace, share_out
from planning.params import PaceParams, ReplayParams
from services.replay_policies import replay_policies

PACE = PaceParams(reach=42, band=0.2)
AMOUNTS = arrays(float, 5, elements=st.floats(0, 1e4))


def test_a_pace_stays_while_the_stock_stays_within_its_band() -> None:
    """It moves neither with every order nor for a backlog that the band allows."""
    assert level_pace(100.0, expected=101.0, position=0.0, opening=1000.0, params=PACE) == 100.0
    assert level_pace(100.0, expected=140.0, position=0.0, opening=1000.0, params=PACE) > 130.0
    assert level_pace(100.0, expected=60.0, position=400.0, opening=1000.0, params=PACE) < 60.0
    assert level_pace(0.0, expected=0.0, position=1e6, opening=1000.0, params=PACE) == 0.0


@given(st.floats(0, 1e5), arrays(float, 5, elements=st.floats(-1e4, 1e4)), AMOUNTS, AMOUNTS)
def test_all_pieces_are_shared_out_and_what_is_owed_comes_first(
    pieces: float, position: np.ndarray, expected: np.ndarray, spread: np.ndarray
) -> None:
    """Nobody gets stock while another item owes."""
    made = share_out(pieces, position, expected, spread, 3)
    assert (made >= -1e-6).all()
    assert np.isclose(made.sum(), pieces, atol=1e-5)
    owed = np.maximum(-position, 0.0)
    assert (made <= owed + 1e-6).all() or (made >= owed - 1e-6).all()


def test_the_item_with_the_wilder_orders_gets_more_cover() -> None:
    """With the same stock and mean, what is less sure is covered further."""
    calm, wild = share_out(100.0, np.zeros(2), np.array([10.0, 10.0]), np.array([1.0, 30.0]), 3)
    assert wild > calm


def made_by_pace(orders: np.ndarray, **settings: object) -> pd.DataFrame:
    """Replay `pace` for two items on a line of 100 hours a day, one piece an hour; return what happened by day."""
    days = pd.date_range("2026-03-02", periods=len(orders), freq="D")
    paths = pd.concat(
        [pd.DataFrame({"path": "p", "item": item, "bucket": days, "y": orders / 2}) for item in ("tee", "dress")]
    )
    line = pd.DataFrame({"resource": "line", "bucket": days, "capacity": np.where(days.day_of_week == 6, 0.0, 100.0)})
    routes = pd.DataFrame(
        {"item": ["tee", "dress"], "route": "own", "step": 1, "resource": "line", "hours_per_unit": 1.0}
    )
    items = pd.DataFrame({"item": ["tee", "dress"], "holding_cost": 1.0, "backlog_cost": 1.0, "initial_stock": 60})
    report = replay_policies(paths, line, routes, items=items, settings=ReplayParams(**settings), policies=["pace"])
    return report.buckets


def test_the_policy_makes_level_days_of_wild_orders_without_a_forecast() -> None:
    """Orders that swing by a half give days that hardly differ, closed days make nothing, and little is owed."""
    orders = 50.0 + 25.0 * (-1.0) ** np.arange(84)
    found = made_by_pace(orders)
    open_days = found[found["hours"] > 0]
    assert len(open_days) == 72
    late = open_days.iloc[24:]["hours"]
    assert late.std() < 0.1 * late.mean()
    assert found["on_time"].sum() > 0.9 * orders.sum()


@pytest.mark.parametrize("today", [10, 40])
def test_the_policy_sees_only_the_past(today: int) -> None:
    """Later orders do not change what was made until then."""
    orders = np.random.default_rng(0).uniform(20, 80, 60).round()
    later = np.where(np.arange(60) >= today, 90.0, orders)
    before, after = (made_by_pace(one)["hours"].to_numpy()[: today + 1] for one in (orders, later))
    np.testing.assert_array_equal(before, after)


def test_the_policy_never_plans_more_than_the_hours_and_says_what_is_wrong_with_its_table() -> None:
    """Twice the orders there are hours for fill every open day; a reach of nothing is refused by name."""
    found = made_by_pace(np.full(42, 200.0), pace={"reach": 2})
    assert found["hours"].max() <= 100.0
    assert (found["hours"].iloc[14:][found["hours"].iloc[14:] > 0] == 100.0).all()
    with pytest.raises(InputError, match=r"\[replay.pace\].*reach"):
        made_by_pace(np.full(42, 20.0), pace={"reach": 0})
