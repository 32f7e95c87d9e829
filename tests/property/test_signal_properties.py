"""What holds for every log of signals: arrival cannot matter, and the future stays unseen."""

from collections import defaultdict

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from forecast.signals import ORDER_KINDS, arrivals, as_known, increments, totals
from forecast.tables import SIGNALS

START = pd.Timestamp("2026-03-01", tz="Asia/Shanghai")
_FIELDS = ["style_id", "kind", "content_id", "kol_id", "unit", "cumulative", "hour", "seen", "count"]
rows = st.tuples(
    st.sampled_from("AB"),
    st.sampled_from(["like", "view", "order"]),
    st.sampled_from(["p", "q", None]),
    st.sampled_from(["k", "l", None]),
    st.sampled_from(["users", "events", None]),
    st.booleans(),
    st.integers(0, 4),
    st.integers(0, 6),
    st.integers(0, 9),
)
logs = st.lists(rows, min_size=1, max_size=14)


def frame(told):
    raw = pd.DataFrame(told, columns=_FIELDS)
    times = {"signal_time": raw["hour"], "observed_at": raw["hour"] + raw["seen"]}
    hours = {name: START + pd.to_timedelta(column, unit="h") for name, column in times.items()}
    return SIGNALS.check(raw.drop(columns=["hour", "seen"]).assign(**hours))


@given(logs, st.data())
@settings(max_examples=25, deadline=None)
def test_order_and_repetition_of_arrivals_do_not_matter(told, data):
    """Any order, some rows twice: the same increments."""
    again = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=5))))
    assert_frame_equal(increments(frame(told)), increments(frame(again)))


@given(logs, st.integers(0, 10))
@settings(max_examples=25, deadline=None)
def test_what_is_observed_later_changes_nothing_now(told, hours):
    """Moving everything observed after a moment by a day changes nothing at that moment."""
    at = START + pd.Timedelta(hours=hours)
    log = frame(told)
    late = log["observed_at"] > at
    moved = log.assign(observed_at=log["observed_at"] + pd.to_timedelta(late.astype(int), unit="D"))
    assert_frame_equal(as_known(log, at), as_known(moved, at))


@given(logs)
@settings(max_examples=30, deadline=None)
def test_increments_are_those_of_a_plain_reading(told):
    """Stream by stream, row by row, as one would by hand."""
    got = increments(frame(told))
    assert sorted(got["count"]) == sorted(count for stream in plain(told).values() for count in stream)


def plain(told):
    streams = defaultdict(dict)
    for style, kind, content, kol, unit, cumulative, hour, seen, count in told:
        whose = None if kind in ORDER_KINDS and content else kol
        periods = streams[style, kind, content, whose, unit or "events", cumulative]
        periods[hour] = max(periods.get(hour, (-1, -1)), (hour + seen, count))
    found = {}
    for key, periods in streams.items():
        counts = [periods[hour][1] for hour in sorted(periods)]
        steps = [max(b - a, 0) for a, b in zip([0, *counts], counts, strict=False)]
        found[key] = steps if key[-1] else counts
    return found


@given(logs, st.integers(0, 10))
@settings(max_examples=40, deadline=None)
def test_what_arrived_by_a_moment_adds_up_to_what_was_known(told, hours):
    """Where no figure ever goes down, one filter of the arrivals tells what the whole reading tells."""
    at = START + pd.Timedelta(hours=hours)
    log = frame(told)
    log["count"] = (log["observed_at"] - START).dt.total_seconds() / 3600  # told later, told higher
    log = log[log["signal_time"] == log["observed_at"]] if log["cumulative"].any() else log
    came = arrivals(log)
    known = totals(as_known(log, at), by=["style_id", "kind", "unit"])
    expected = known.set_index(["style_id", "kind", "unit"])[["count", "users", "peak_users"]].sum(axis=1)
    got = came[came["observed_at"] <= at].groupby(["style_id", "kind", "unit"])["count"].sum()
    assert set(got.index) <= set(expected.index)
    by_stream = log["unit"].eq("users") & ~log["cumulative"].eq(True)
    if not by_stream.any():  # the best day of several streams is no sum of their best days
        assert expected[expected > 0].to_dict() == got.to_dict()
