"""The heijunka box: goal chasing over pitch-sized lots."""

import numpy as np
import pandas as pd

from planning.boxes import goal_chasing, heijunka_boxes

ORDERS = pd.DataFrame(
    {
        "order_id": ["A1", "B1", "A2"],
        "item": ["a", "b", "a"],
        "resource": ["L", "L", "L"],
        "pieces": [101, 37, 60],
        "hours": [30.3, 7.4, 18.0],
        "start": pd.to_datetime(["2026-01-05", "2026-01-05", "2026-01-12"]),
    }
)


def test_the_mix_is_even_at_every_position() -> None:
    """No kind's output is ever a whole lot or more from its even share."""
    lots = np.array([7, 3, 5, 1])
    made = np.cumsum(np.eye(4, dtype=int)[goal_chasing(lots)], axis=0)
    even = np.arange(1, 17)[:, None] * lots / lots.sum()
    assert np.abs(made - even).max() < 1
    assert made[-1].tolist() == lots.tolist()


def test_boxes_add_up_to_the_orders() -> None:
    """Pieces and hours of an order's lots are the order's."""
    boxes = heijunka_boxes(ORDERS)
    totals = boxes.groupby("order_id")[["pieces", "hours"]].sum()
    assert totals["pieces"].to_dict() == {"A1": 101, "A2": 60, "B1": 37}
    np.testing.assert_allclose(totals["hours"], [30.3, 18.0, 7.4])


def test_a_week_is_worked_from_monday_to_friday_in_even_days() -> None:
    """Each work day gets about the same hours, in slots counted from one."""
    boxes = heijunka_boxes(ORDERS, slots_per_day=8)
    week = boxes[boxes["day"] < "2026-01-12"]
    assert sorted(week["day"].dt.day_of_week.unique()) == [0, 1, 2, 3, 4]
    daily = week.groupby("day")["hours"].sum()
    assert daily.max() - daily.min() <= 2 * week["hours"].max()
    assert (week.groupby("day")["slot"].min() == 1).all()


def test_days_are_their_own_boxes() -> None:
    """Buckets of one day are not split, weekend or not."""
    daily = ORDERS.assign(start=pd.to_datetime(["2026-01-09", "2026-01-09", "2026-01-10"]))
    assert set(heijunka_boxes(daily)["day"]) == set(daily["start"])


def test_no_orders_make_an_empty_box() -> None:
    """The columns are there even when nothing is."""
    assert heijunka_boxes(ORDERS.iloc[:0]).columns.tolist()[:3] == ["resource", "day", "slot"]
