"""What a planner adjusts by day reaches the plan's weeks of the item, and nothing else."""

import pandas as pd
import pytest

from forecast.overrides import FACTOR, Override
from services.overrides import weekly_with_overrides


def test_the_weeks_of_the_item_move_by_the_pieces_of_their_days():
    """Two series of one item; one day of one of them is doubled: its week gains those pieces, quantiles alike."""
    days = pd.date_range("2026-11-09", periods=14)  # a Monday
    daily = pd.DataFrame(
        {"unique_id": ["a"] * 14 + ["b"] * 14 + ["c"] * 14, "ds": [*days] * 3, "mean": 2.0, "q0.9": 4.0}
    )
    weekly = pd.DataFrame(
        {
            "unique_id": ["soap", "soap", "oil", "oil"],
            "ds": pd.to_datetime(["2026-11-09", "2026-11-16"] * 2),
            "mean": [30.0, 30.0, 14.0, 14.0],
            "q0.9": [45.0, 45.0, 20.0, 20.0],
        }
    )
    static = pd.DataFrame({"unique_id": ["a", "b", "c"]})
    items = pd.Series({"a": "soap", "b": "soap", "c": "oil"})
    told = {"at": "", "by": "li", "reason": "fair", "note": "", "start": "2026-11-11", "end": "2026-11-11"}
    twice = Override(id="1", unique_id="a", kind=FACTOR, value=2.0, **told)
    found = weekly_with_overrides(weekly, daily, [twice], static, items)
    assert found["mean"].tolist() == pytest.approx([32.0, 30.0, 14.0, 14.0])
    assert found["q0.9"].tolist() == pytest.approx([48.0, 45.0, 20.0, 20.0])
    assert weekly_with_overrides(weekly, daily, [], static, items) is weekly
