from dataclasses import replace

import numpy as np
import pytest

from forecast.features import FeatureMaker, Rows
from forecast.panel import LOOKAHEAD, Attribute


def table(panel, series, t, h, groupings=()):
    rows = Rows(series=np.array([series]), t=np.array([t]), h=np.array([h]))
    made = FeatureMaker(panel, groupings).table(rows)
    return dict(zip(made.names, made.values[0].tolist(), strict=True)), made.level[0]


def test_features_are_relative_to_the_level(make_panel):
    """A series ten times as large has the same features but its size."""
    rng = np.random.default_rng(0)
    y = rng.poisson(5, (1, 120)) + 1.0
    panel = make_panel(np.concatenate([y, 10 * y]))
    small, small_level = table(panel, 0, 100, 5)
    large, large_level = table(panel, 1, 100, 5)
    assert np.isclose(large_level, 10 * small_level)
    assert np.isclose(large.pop("size") - small.pop("size"), np.log(10))
    np.testing.assert_allclose(list(large.values()), list(small.values()), rtol=1e-5)


def test_nothing_after_the_origin_is_read(make_panel):
    """Features at day 60 stay the same when every later day changes."""
    rng = np.random.default_rng(1)
    y = rng.poisson(3, (20, 120)).astype(float)
    other = y.copy()
    other[:, 61:] = rng.permuted(other[:, 61:], axis=1) * 7 + 1
    group = [("g", np.arange(20) % 4)]
    before, _ = table(make_panel(y), 3, 60, 9, group)
    after, _ = table(make_panel(other), 3, 60, 9, group)
    size = {"size"}  # the scale of all history is a constant of the whole table, not of a row
    np.testing.assert_equal(
        {k: v for k, v in after.items() if k not in size}, {k: v for k, v in before.items() if k not in size}
    )


def test_more_than_a_year_ahead_the_year_before_the_last_is_read(make_panel):
    """Thirteen months ahead, last year's season is a month that has not come: nothing of it is read."""
    y = np.tile(np.arange(1.0, 13), (1, 5))
    other = y.copy()
    other[:, 36:] = 1000
    for h in (12, 13, 24, 25):
        before, _ = table(make_panel(y, unit="M"), 0, 35, h)
        after, _ = table(make_panel(other, unit="M"), 0, 35, h)
        for name in ("year ago", "year ago change", "season 1"):
            np.testing.assert_equal(after[name], before[name], err_msg=f"{name}, {h} ahead")


def test_the_date_features_are_the_targets(make_panel):
    """2024-01-01 + 60 + 9 days is Sunday, 10 March."""
    features, _ = table(make_panel(np.ones((1, 120))), 0, 60, 9)
    assert (features["weekday"], features["day of month"], features["month"]) == (6, 9, 2)


@pytest.mark.parametrize("varying", [slice(0, 3), slice(9, 10), slice(0)])
def test_blocks_of_series_do_not_change_the_features(make_panel, monkeypatch, varying):
    """The table made in blocks of 3 series is the table made at once; a price may vary in one block only."""
    rng = np.random.default_rng(2)
    panel = make_panel(rng.poisson(2, (10, 90)).astype(float))
    price = np.full((10, 97), 10, dtype=np.float32)
    price[varying] = rng.uniform(5, 10, (len(price[varying]), 97))
    panel = replace(panel, known=(Attribute(name="price", values=price),))
    rows = Rows(series=rng.integers(0, 10, 50), t=rng.integers(30, 80, 50), h=rng.integers(1, 8, 50))
    whole = FeatureMaker(panel).table(rows)
    monkeypatch.setattr("forecast.features._BLOCK", 3)
    blocks = FeatureMaker(panel).table(rows)
    assert blocks.names == whole.names
    np.testing.assert_array_equal(blocks.values, whole.values)


def test_the_next_event_is_seen_coming():
    """Events on days 3 (code 0) and 5 (code 1)."""
    from forecast.features import _next_event

    codes = np.full(8, np.nan, dtype=np.float32)
    codes[3], codes[5] = 0, 1
    distance, following = _next_event(codes)
    assert distance[:6].tolist() == [3, 2, 1, 2, 1, 15]
    assert following[:5].tolist() == [0, 0, 0, 1, 1]


def test_a_price_is_compared_with_what_it_was(make_panel):
    """A price cut to half shows as 0.5 against the last four weeks."""
    panel = make_panel(np.ones((1, 60)))
    price = np.full((1, 67), 10.0, dtype=np.float32)
    price[0, 55:] = 5
    panel = replace(panel, known=(Attribute(name="price", values=price),))
    features, _ = table(panel, 0, 50, 6)
    assert features["known price against 28"] == 0.5


def test_the_like_days_of_an_events_former_occurrences_are_averaged(make_panel):
    """Two days before the fair sold thrice, then twice the usual: the third fair is told 2.5, the first nothing."""
    y = np.full((1, 500), 4.0)
    fairs = (100, 280, 470)
    y[0, 98], y[0, 278] = 12, 8
    marks = np.full(500 + 7 + LOOKAHEAD, np.nan, dtype=np.float32)
    marks[list(fairs)] = 0
    calendar = (Attribute(name="event", values=marks, categories=("fair",)),)
    panel = replace(make_panel(y), calendar=calendar)
    features, _ = table(panel, 0, 463, 5)
    assert features["calendar event like day"] == pytest.approx(2.5)
    early, _ = table(panel, 0, 95, 3)
    assert np.isnan(early["calendar event like day"])
    assert "calendar event like day" not in table(panel, 0, 463, 5, [("g", np.zeros(1, dtype=int))])[0]
