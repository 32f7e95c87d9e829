"""The heijunka box: goal chasing over pitch-sized lots."""

import numpy as np
import pandas as pd
import pytest

from planning.boxes import BOX_COLUMNS, BoxParams, goal_chasing, heijunka_boxes, order_dues, takt_times

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
    boxes = heijunka_boxes(ORDERS, BoxParams(slots_per_day=8))
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


def test_every_lot_has_its_moment():
    """Lots of a day follow each other without a gap from its start to its end; an order is due with its last lot."""
    params = BoxParams(day_start="07:30", day_hours=10, slots_per_day=5)
    boxes = heijunka_boxes(ORDERS, params)
    for _, day in boxes.groupby(["resource", "day"]):
        assert day["starts_at"].iloc[0] == day["day"].iloc[0].tz_localize("Asia/Shanghai") + pd.Timedelta(hours=7.5)
        assert day["due_at"].iloc[-1] - day["starts_at"].iloc[0] == pd.Timedelta(hours=10)
        assert (day["starts_at"].to_numpy()[1:] == day["due_at"].to_numpy()[:-1]).all()
    assert boxes["slot"].between(1, 5).all()
    assert order_dues(boxes)["A2"] == boxes["due_at"].max()


def test_takt_and_pitch():
    """138 pieces in five days of eight hours: the takt times of the days average the week's, the pitch is an hour."""
    takt = takt_times(heijunka_boxes(ORDERS))
    week = takt[takt["day"] < "2026-01-12"]
    assert week["pieces"].sum() == 138
    assert (week["takt_minutes"] * week["pieces"]).tolist() == pytest.approx([480.0] * 5)
    assert set(takt["pitch_minutes"]) == {60.0}
    assert takt_times(heijunka_boxes(ORDERS.iloc[:0])).empty


def test_work_without_hours_has_its_turn():
    """Pieces that take no time are spread over the days all the same."""
    boxes = heijunka_boxes(ORDERS.assign(hours=0.0))
    assert boxes["pieces"].sum() == 198
    assert boxes.columns.tolist() == list(BOX_COLUMNS)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"slots_per_day": 0}, "slots_per_day"),
        ({"work_days": ()}, "work_days"),
        ({"work_days": (7,)}, "work_days"),
        ({"day_start": "25:00"}, "day_start"),
        ({"day_hours": 0}, "day_hours"),
        ({"timezone": "Mars"}, "timezone"),
    ],
)
def test_an_impossible_day_is_refused(given: dict, words: str):
    """By the name of what is wrong."""
    with pytest.raises(ValueError, match=words):
        BoxParams(**given)
