"""Signals: totals become increments, corrections count, an order's parties come late, users are never added up."""

import pandas as pd
import pytest

from forecast.signals import arrivals, as_known, increments, totals
from forecast.tables import SIGNALS

NOON = "2026-03-01 12:00"


def log(*rows):
    """Rows of one post's likes, an hour apart, unless they say otherwise."""
    base = {"style_id": "A", "kind": "like", "content_id": "post", "cumulative": True}
    timed = [
        base | {"signal_time": f"2026-03-01 {10 + n}:00", "observed_at": f"2026-03-01 {10 + n}:00"} | row
        for n, row in enumerate(rows)
    ]
    return SIGNALS.check(pd.DataFrame(timed))


def at(text):
    return pd.Timestamp(text, tz="Asia/Shanghai")


def counts(*numbers):
    return log(*({"count": number} for number in numbers))


@pytest.mark.parametrize(
    ("told", "came", "revised"),
    [
        ([5, 8, 8, 10], [5, 3, 0, 2], [False] * 4),
        ([5, 8, 6, 9], [5, 3, 0, 3], [False, False, True, False]),  # a drop: removed likes, or a platform's cleaning
        ([7], [7], [False]),
    ],
)
def test_totals_become_increments_and_a_drop_is_a_revision(told, came, revised):
    """The first total counts from zero; a total that drops gives nothing, not a negative count."""
    got = increments(counts(*told))
    assert got["count"].tolist() == came
    assert got["revision"].tolist() == revised
    assert not got["cumulative"].any()
    assert got["period_seconds"].iloc[1:].tolist() == [3600.0] * (len(told) - 1)


def test_a_correction_counts_once_it_is_observed():
    """The row of the same period that was observed last counts; before, the one known then."""
    rows = log(
        {"count": 5},
        {"count": 9},
        {"count": 7, "signal_time": "2026-03-01 11:00", "observed_at": "2026-03-02 09:00"},
    )
    assert as_known(rows, at(NOON))["count"].tolist() == [5, 4]
    assert as_known(rows, at("2026-03-02 09:00"))["count"].tolist() == [5, 2]


def test_each_style_has_its_own_moment():
    """A moment per style; styles without one are left out."""
    rows = log({"count": 5}, {"count": 9}, {"count": 3, "style_id": "B"}, {"count": 1, "style_id": "C"})
    got = as_known(rows, pd.Series({"A": at("2026-03-01 10:30"), "B": at("2026-03-01 23:00")}))
    assert got[["style_id", "count"]].to_numpy().tolist() == [["A", 5], ["B", 3]]


ORDER = {"kind": "order", "content_id": "o-1", "cumulative": False, "unit": "pieces", "count": 2}


def test_an_order_is_credited_when_its_seller_is_named():
    """A later observation that names the KOL adds to the order; it is no second order."""
    rows = log(
        {**ORDER, "signal_time": "2026-03-01 10:00", "observed_at": "2026-03-01 10:00"},
        {**ORDER, "signal_time": "2026-03-01 10:00", "observed_at": "2026-03-01 14:00", "kol_id": "k"},
        {**ORDER, "signal_time": "2026-03-01 10:00", "observed_at": "2026-03-01 15:00"},
    )
    before, after = as_known(rows, at(NOON)), as_known(rows, at("2026-03-01 18:00"))
    assert before["kol_id"].isna().tolist() == [True]
    assert after[["count", "kol_id"]].to_numpy().tolist() == [[2, "k"]]


def test_arrivals_credit_an_order_no_earlier_than_its_seller_was_known():
    """The pieces came when nobody was named yet: naming somebody later brings no pieces."""
    seen = {"signal_time": "2026-03-01 10:00", "observed_at": "2026-03-01 10:00"}
    rows = log({**ORDER, **seen}, {**ORDER, **seen, "observed_at": "2026-03-01 14:00", "kol_id": "k"})
    assert arrivals(rows)[["count", "kol_id"]].astype(object).where(
        lambda cell: cell.notna(), None
    ).to_numpy().tolist() == [[2, None]]


def test_arrivals_never_take_back():
    """Removed likes were likes; a best day of users counts as far as it was better."""
    assert arrivals(counts(5, 8, 6, 9))["count"].tolist() == [5, 3, 1]
    daily = {"kind": "view", "unit": "users", "cumulative": False}
    assert arrivals(log(*({**daily, "count": n} for n in (10, 7, 12))))["count"].tolist() == [10, 2]


def test_posts_of_two_kols_are_two_streams():
    """Of a post that several share, the counts of each are told apart."""
    got = increments(log({"count": 5, "kol_id": "k"}, {"count": 3, "kol_id": "l"}, {"count": 6, "kol_id": "k"}))
    assert got.groupby("kol_id")["count"].sum().to_dict() == {"k": 6, "l": 3}


def test_users_of_several_days_are_never_added_up():
    """Ten visitors a day are ten visitors at best, not thirty; readers since publication have differences."""
    daily = {"kind": "view", "unit": "users", "cumulative": False, "content_id": "page", "count": 10}
    total = {"kind": "view", "unit": "users", "content_id": "article"}
    rows = log(daily, {**daily, "count": 12}, daily, {**total, "count": 100}, {**total, "count": 130})
    got = totals(increments(rows)).iloc[0]
    assert (got["count"], got["users"], got["peak_users"]) == (0, 130, 12)


def test_totals_of_nothing_are_nothing():
    """No signals, no rows: also for a style whose signals are all observed later."""
    known = as_known(counts(5), at("2026-01-01 00:00"))
    assert known.empty
    assert totals(known).empty
