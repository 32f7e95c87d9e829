"""The simulated waves: their books, their clock, their seed."""

import pandas as pd
import pytest

from simulate.waves import WaveSimParams, simulate_waves

SMALL = WaveSimParams(communities=30, waves=6, mean_orders=800)


def test_orders_follow_a_push_to_the_community_within_a_day():
    """No order without a push, none before it, none a day after."""
    made = simulate_waves(SMALL, seed=4)
    joined = made.orders.merge(made.pushes, on=["wave_id", "community_id"], how="left", validate="many_to_one")
    assert joined["push_at"].notna().all()
    late = joined["placed_at"] - joined["push_at"]
    assert late.between(pd.Timedelta(0), pd.Timedelta(days=1), inclusive="left").all()
    assert (made.orders.groupby("wave_id")["orders"].sum() == made.truth.set_index("wave_id")["orders"]).all()


def test_most_orders_come_soon_after_the_push_and_the_seed_decides():
    """Half within two hours; the same seed makes the same waves."""
    first, second = (simulate_waves(SMALL, seed=5) for _ in range(2))
    pd.testing.assert_frame_equal(first.orders, second.orders)
    joined = first.orders.merge(first.pushes, on=["wave_id", "community_id"])
    soon = joined["placed_at"] - joined["push_at"] < pd.Timedelta(hours=2)
    assert joined.loc[soon, "orders"].sum() > 0.5 * joined["orders"].sum()


@pytest.mark.parametrize("given", [{"waves": 0}, {"mean_orders": -1.0}, {"bucket_minutes": 7}])
def test_parameters_out_of_range_are_refused(given: dict):
    """By name."""
    with pytest.raises(ValueError, match=next(iter(given))):
        WaveSimParams(**given)
