"""What the calendar does to large groups is learnt, and carried to the days ahead."""

from dataclasses import replace

import numpy as np
import pytest

from forecast import snapshot
from forecast.calendar_fit import fit_calendar
from forecast.panel import LOOKAHEAD, Attribute

WEEK = np.log([1, 0.8, 0.8, 1, 1.4, 1.8, 1.2])
HORIZON = 28


def truth_of(days, events=(), effect=0.0, flag=None):
    """Log of demand without chance: a level, weekdays, an event and a flag."""
    logs = 5 + WEEK[days % 7]
    logs[list(events)] += effect
    return logs + (0.0 if flag is None else 0.3 * flag)


def world(make_panel, *, length=800, events=(), effect=0.0, flag=None, noise=0.05, rows=2):
    """Return a panel of some groups, and what comes after it."""
    logs = truth_of(np.arange(length + HORIZON), events, effect, flag)
    rng = np.random.default_rng(3)
    y = np.exp(logs + rng.normal(0, noise, (rows, length + HORIZON)))
    panel = make_panel(y[:, :length], horizon=HORIZON)
    marks = np.full(length + HORIZON + LOOKAHEAD, np.nan, dtype=np.float32)
    marks[list(events)] = 0
    known = () if flag is None else (Attribute(name="promo", values=np.tile(flag, (rows, 1)).astype(np.float32)),)
    calendar = (Attribute(name="event", values=marks, categories=("fair",)),) if len(events) else ()
    return replace(panel, calendar=calendar, known=known), np.exp(logs[length:])


def test_weekdays_are_carried_on(make_panel):
    """Within a few percent of the truth on every day ahead."""
    panel, expected = world(make_panel)
    found = fit_calendar(panel).predict(panel)
    assert np.abs(found / expected - 1).max() < 0.06


def test_an_event_that_moves_lifts_its_own_days(make_panel):
    """Twice as much at the three fairs before: most of that is expected at the next one, and on no day beside it."""
    panel, expected = world(make_panel, events=(60, 300, 570, 810), effect=np.log(2))
    found = fit_calendar(panel).predict(panel) / expected
    usual = np.delete(found, 10, axis=1)
    assert np.abs(usual - 1).max() < 0.1
    assert (found[:, 10] > 0.75).all()


def test_a_flag_known_ahead_counts(make_panel):
    """Days with the promotion sell a third more; it is on in the second half of the horizon."""
    rng = np.random.default_rng(1)
    flag = np.concatenate([rng.random(800) < 0.3, np.arange(HORIZON) >= 14]).astype(float)
    panel, expected = world(make_panel, flag=flag)
    assert np.abs(fit_calendar(panel).predict(panel) / expected - 1).max() < 0.08


def test_a_day_that_found_the_group_shut_each_time_asks_for_nothing(make_panel):
    """Twice shut: unknown here, so that the series' own forecasts stand; once is no rule yet."""
    shut = world(make_panel, events=(60, 430, 805), effect=-30.0)[0]
    assert np.isnan(fit_calendar(shut).predict(shut)).any(axis=0).nonzero()[0].tolist() == [5]
    once = world(make_panel, events=(430, 805), effect=-30.0)[0]
    assert np.isfinite(fit_calendar(once).predict(once)).all()


def test_the_latest_days_set_the_level(make_panel):
    """A model learnt 28 days ago follows a group that has grown by half since."""
    panel, expected = world(make_panel)
    early = fit_calendar(panel.cut(772))
    grown = replace(panel, y=np.where(np.arange(800) >= 772, panel.y * 1.5, panel.y))
    assert early.predict(grown).mean() / expected.mean() == pytest.approx(1.5, rel=0.15)


def test_what_the_log_says_little_about_is_not_learnt(make_panel):
    """Groups that often sell nothing, short histories and other periods are left to the trees."""
    panel, _ = world(make_panel)
    y = panel.y.copy()
    y[1, ::3] = 0
    mixed = replace(panel, y=y)
    model = fit_calendar(mixed)
    assert model.knows(mixed).tolist() == [True, False]
    assert np.isnan(model.predict(mixed)).all(axis=1).tolist() == [False, True]
    assert fit_calendar(panel.cut(100)) is None
    assert fit_calendar(replace(panel, frequency=replace(panel.frequency, unit="W"))) is None


def test_an_unseen_stretch_does_not_count(make_panel):
    """Days out of stock, stored as zeros, change the forecast by a percent or two only."""
    panel, expected = world(make_panel)
    there = np.ones(panel.y.shape, dtype=bool)
    there[:, 400:420] = there[:, -9:-4] = False
    hidden = replace(panel, y=np.where(there, panel.y, 0).astype(np.float32), available=there)
    assert np.abs(fit_calendar(hidden).predict(hidden) / expected - 1).max() < 0.06


def test_the_model_survives_a_snapshot(make_panel):
    """Packed and unpacked it forecasts the same bits."""
    panel, _ = world(make_panel, events=(60, 300, 570, 810), effect=0.5)
    model = fit_calendar(panel)
    again = snapshot.unpack(snapshot.pack(model))
    np.testing.assert_array_equal(again.predict(panel), model.predict(panel))
