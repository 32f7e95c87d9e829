"""Buyers' cards by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from graph.credit.tables import LEDGER, TERMS
from graph.credit.terms import due_by_terms
from graph.scorecards.buyers import BUYER_COLUMNS, buyer_scorecards
from graph.scorecards.params import ScorecardParams
from graph.scorecards.tables import EVIDENCE, check_rows
from graph.scorecards.trades import days_unless_open, invoices_known, trades_known

DAY = pd.Timestamp("2026-03-02")
PARAMS = ScorecardParams(half_life_days=1e9, evidence_half_life_days=1e9, prior_deliveries=2)
COLUMNS = ["trade_id", "buyer_id", "supplier_id", "at", "event", "amount_fen", "due_at"]


def _ledger(*events: str, **more: list[object]) -> pd.DataFrame:
    """Events as "t1 A 2026-01-05 invoiced 100 2026-02-04"; the supplier is always F."""
    rows = [(*(words := event.split())[:2], "F", *words[2:5], *(words[5:] or [None])) for event in events]
    return LEDGER.check(pd.DataFrame(rows, columns=COLUMNS).assign(**more))


TRADES = _ledger(
    # A pays on the day, then four days late
    "t1 A 2026-01-01 invoiced 100 2026-01-11",
    "t1 A 2026-01-11 paid 100",
    "t2 A 2026-01-01 invoiced 100 2026-01-11",
    "t2 A 2026-01-15 paid 100",
    # B has paid nothing, cancelled, and ordered what is open still
    "t3 B 2026-02-10 invoiced 100 2026-02-20",
    "t4 B 2026-02-10 ordered 100",
    "t4 B 2026-02-11 cancelled 100",
    "t5 B 2026-02-20 ordered 100",
    # C's invoice is not due yet
    "t6 C 2026-03-01 invoiced 100 2026-03-31",
)


def _mean(good: float, n: float) -> float:
    return (good + 2 * (good + 0.5) / (n + 1)) / (n + 2)


def _frame(ledger: pd.DataFrame, **options: object) -> pd.DataFrame:
    return buyer_scorecards(ledger, DAY, params=PARAMS, **options).frame.set_index("buyer_id")


def test_rates_are_shrunk_to_all_buyers() -> None:
    """Late: A 1 of 2, B 1 of 1; cancelled: B 1 of 2 decided; went well: A 1 of 2, B 0 of 2, C nothing known."""
    cards = _frame(TRADES)
    assert cards["n"].to_dict() == {"A": 2, "B": 2, "C": 1}
    late = 2 * _mean(2, 3)
    assert cards["late_share"].to_dict() == pytest.approx({"A": (1 + late) / 4, "B": (1 + late) / 3, "C": late / 2})
    cancelled = 2 * _mean(1, 5)
    assert cards["cancel_rate"].to_dict() == pytest.approx(
        {"A": cancelled / 4, "B": (1 + cancelled) / 4, "C": cancelled / 3}
    )
    well = 2 * _mean(1, 4)
    assert cards["reliability"].to_dict() == pytest.approx({"A": (1 + well) / 4, "B": well / 4, "C": well / 2})
    assert cards.loc["A", "buyer_low"] == pytest.approx(beta.ppf(0.1, 1 + well, 1 + 2 - well))
    assert cards["rank"].sort_values().index[0] == cards["buyer_low"].idxmax()
    assert cards["open_invoices"].to_dict() == {"A": 0, "B": 1, "C": 1}


def test_open_invoices_count_with_what_their_age_lets_expect() -> None:
    """B's invoice is 20 days old, which none was before: its age; C's, of one day, is expected to take 10 or more."""
    bills = invoices_known(TRADES, DAY)
    days = days_unless_open(bills["days"].to_numpy(), bills["open"].to_numpy(), np.ones(len(bills)))
    by_buyer = dict(zip(bills["buyer"], days, strict=True))
    # known to outlast day 1: 10 (a third), 14 (a third), and what is open after 20 days
    assert by_buyer["B"] == 20
    assert by_buyer["C"] == pytest.approx((10 + 14 + 20) / 3)
    cards = _frame(TRADES)
    mean = (10 + 14 + 20 + 44 / 3) / 4
    assert cards["days_to_pay"].to_dict() == pytest.approx(
        {"A": (24 + 2 * mean) / 4, "B": (20 + 2 * mean) / 3, "C": (44 / 3 + 2 * mean) / 3}
    )


def test_days_count_against_terms() -> None:
    """0 and 4 days beyond, 10 so far, and early by the same rule."""
    beyond = _frame(TRADES)["days_beyond_terms"]
    mean = (0 + 4 + 10 + 44 / 3 - 30) / 4
    assert beyond["A"] == pytest.approx((4 + 2 * mean) / 4)
    assert beyond["B"] == pytest.approx((10 + 2 * mean) / 3)


def test_terms_tell_when_invoices_are_due_that_do_not_say() -> None:
    """The pair's terms of the invoice's day; what the invoice says goes first; without terms nothing is said."""
    ledger = _ledger(
        "t1 A 2026-01-01 invoiced 100",
        "t2 A 2026-02-01 invoiced 100",
        "t3 A 2026-02-01 invoiced 100 2026-02-03",
        "t3 A 2026-02-02 paid 100",
        "t4 B 2026-02-01 invoiced 100",
    )
    more = {"supplier_id": "F", "limit_fen": 1}
    starts = ["2025-01-01", "2026-01-15"]
    terms = TERMS.check(pd.DataFrame({"buyer_id": "A", "terms_days": [10, 60], "valid_from": starts, **more}))
    due = due_by_terms(ledger, terms)
    assert due["due_at"][:3].astype(str).tolist() == ["2026-01-11", "2026-04-02", "2026-02-03"]
    assert due["due_at"][3:].isna().all()
    before, after = _frame(ledger), _frame(due)
    assert (before["late_share_n"]["A"], after["late_share_n"]["A"]) == pytest.approx((1, 2))  # t2 is not due yet
    assert after["late_share"]["A"] > before["late_share"]["A"]  # t1 is late
    assert due_by_terms(ledger, None) is ledger


def test_kaplan_meier_agrees_with_its_definition() -> None:
    """Against the product over days of 1 − paid / at risk, summed by hand for each age."""
    rng = np.random.default_rng(5)
    days, still_open = rng.integers(0, 40, 300).astype(float), rng.random(300) < 0.3
    ours = days_unless_open(days, still_open, np.ones(300))

    def survival(t: int) -> float:
        risk = [(days >= u).sum() for u in range(t + 1)]
        paid = [((days == u) & ~still_open).sum() for u in range(t + 1)]
        return float(np.prod([1 - p / r for p, r in zip(paid, risk, strict=True) if r]))

    last = int(days.max())
    for age in (0, 7, 25):
        left = sum(survival(u) for u in range(age + 1, last)) / survival(age)
        mine = ours[still_open & (days == age)]
        assert mine == pytest.approx(age + 1 + left)
    assert (ours[~still_open] == days[~still_open]).all()


def test_payments_go_to_the_oldest_invoice() -> None:
    """Two invoices of a trade, paid in three parts; the last part is missing."""
    ledger = _ledger(
        "t1 A 2026-01-01 invoiced 100",
        "t1 A 2026-01-10 invoiced 100",
        "t1 A 2026-01-05 paid 50",
        "t1 A 2026-01-20 paid 60",
        "t1 A 2026-02-20 paid 80",
        "t2 A 2026-01-01 paid 500",
    )
    bills = invoices_known(ledger, DAY)
    assert bills["days"].tolist() == [19, 51]
    assert bills["open"].tolist() == [False, True]
    assert invoices_known(ledger, pd.Timestamp("2026-01-06"))["days"].tolist() == [5]


def test_prepaid_invoices_took_no_time() -> None:
    """Paid before it was written."""
    bills = invoices_known(_ledger("t A 2026-01-01 paid 100", "t A 2026-01-09 invoiced 100"), DAY)
    assert (bills["days"].tolist(), bills["open"].tolist()) == ([0], [False])


def test_who_cancelled_and_who_lost_is_told_apart() -> None:
    """A supplier's cancelling does not count; a dispute decided for the supplier is one the buyer lost."""
    ledger = _ledger(
        "t1 A 2026-01-01 ordered 100",
        "t1 A 2026-01-02 cancelled 100",
        "t2 A 2026-01-01 delivered 100",
        "t2 A 2026-01-02 disputed 50",
        "t2 A 2026-01-09 resolved 50",
        "t3 B 2026-01-01 delivered 100",
        "t3 B 2026-01-02 disputed 50",
        "t3 B 2026-01-09 resolved 50",
        cancelled_by=[None, "supplier", None, None, None, None, None, None],
        resolved_for=[None, None, None, None, "buyer", None, None, "supplier"],
    )
    known = trades_known(ledger, DAY).set_index("buyer")
    assert known["cancelled"].tolist() == [0, 0, 0]
    assert known.loc["A", "lost"].tolist()[1] == 0
    assert known.loc["B", "lost"] == 1
    cards = _frame(ledger)
    assert cards.loc["B", "dispute_lost_share"] > cards.loc["A", "dispute_lost_share"]
    assert cards.loc["A", "reliability"] > cards.loc["B", "reliability"]


def test_part_of_an_order_may_be_cancelled() -> None:
    """A quarter of what was ordered, the rest delivered."""
    ledger = _ledger("t A 2026-01-01 ordered 100", "t A 2026-01-02 cancelled 25", "t A 2026-01-03 delivered 75")
    assert trades_known(ledger, DAY)["cancelled"].tolist() == [0.25]


def test_buyers_of_a_group_are_the_prior() -> None:
    """C's only trade says nothing yet: it is expected to go as those of its group do."""
    groups = pd.Series({"A": "store|East", "B": "kol|West", "C": "store|East"})
    well = _frame(TRADES, groups=groups)["reliability"]
    overall = 1.5 / 5
    assert well["C"] == pytest.approx((1 + 2 * overall) / 4)
    assert _frame(TRADES)["reliability"]["C"] < well["C"]


def test_third_parties_count_beside_trades() -> None:
    """A bureau says that B pays; D has no trade and a card all the same; overall opinions make no buyer."""
    row = {"at": "2026-02-20", "source": "bureau", "kind": "audit"}
    rows = [
        row | {"party_id": "B", "aspect": "payment", "value": 1.0, "weight": 2},
        row | {"party_id": "D", "aspect": "payment", "value": 0.0},
        row | {"party_id": "E", "aspect": "overall", "value": 0.5},
    ]
    evidence = check_rows(EVIDENCE, pd.DataFrame(rows), "evidence")
    with_it, without = _frame(TRADES, evidence=evidence), _frame(TRADES)
    assert with_it.loc["B", "late_share"] < without.loc["B", "late_share"]
    assert with_it.loc["B", "reliability"] > without.loc["B", "reliability"]
    assert with_it.index.sort_values().tolist() == ["A", "B", "C", "D"]
    assert with_it.loc["D", "n"] == 0


def test_later_events_are_not_looked_at() -> None:
    """As of a day is as of the events until then."""
    day = pd.Timestamp("2026-01-12")
    known = buyer_scorecards(TRADES[TRADES["at"] <= day].reset_index(drop=True), day).frame
    pd.testing.assert_frame_equal(buyer_scorecards(TRADES, day).frame, known)


def test_an_empty_ledger_gives_no_cards() -> None:
    """Nor a day before everything."""
    for ledger, day in ((TRADES[:0], DAY), (TRADES, pd.Timestamp("2020-01-01"))):
        cards = buyer_scorecards(ledger, day)
        assert cards.frame.empty
        assert cards.frame.columns[: len(BUYER_COLUMNS)].tolist() == list(BUYER_COLUMNS)
        assert cards.score("A")["value"] is None


@pytest.mark.parametrize("year", [2, 1500, 2260, 2301, 9998])
def test_cards_are_alike_in_every_year(year: int) -> None:
    """The same ledger as many days earlier or later: nanoseconds would end in 1677 and 2262."""
    terms = TERMS.check(pd.DataFrame({"buyer_id": ["A"], "supplier_id": ["F"], "limit_fen": [9], "terms_days": [9]}))
    ledger = due_by_terms(TRADES.assign(due_at=TRADES["due_at"].where(TRADES["trade_id"] != "t1")), terms)
    shift = np.datetime64(f"{year:04}-01-01") - np.datetime64("2026-01-01")
    moved = TRADES.assign(at=_moved(TRADES["at"], shift), due_at=_moved(TRADES["due_at"], shift))
    moved = due_by_terms(moved.assign(due_at=moved["due_at"].where(moved["trade_id"] != "t1")), terms)
    there = buyer_scorecards(moved, pd.Timestamp(DAY.to_datetime64().astype("datetime64[s]") + shift), params=PARAMS)
    pd.testing.assert_frame_equal(there.frame, buyer_scorecards(ledger, DAY, params=PARAMS).frame)


def _moved(dates: pd.Series, shift: np.timedelta64) -> pd.Series:
    return pd.Series(dates.to_numpy("datetime64[D]") + shift, index=dates.index)


@pytest.mark.parametrize("day", ["0001-01-01", "1677-09-01", "2262-04-12", "9999-12-31"])
def test_a_far_day_is_answered(day: str) -> None:
    """Before everything nothing is known; long after it everything is, however faded."""
    before = pd.Timestamp(day) < DAY
    cards = buyer_scorecards(TRADES, pd.Timestamp(day)).frame
    assert cards["buyer_id"].tolist() == ([] if before else ["A", "B", "C"])
    assert cards["open_invoices"].sum() == (0 if before else 2)


def test_a_payment_without_an_invoice_is_a_trade_that_went_well() -> None:
    """Paid ahead of its invoice: a trade decided, and no invoice to be late with."""
    cards = _frame(_ledger("t1 A 2026-01-01 paid 100"))
    assert cards[["n", "open_invoices"]].loc["A"].tolist() == [1, 0]
    assert cards.loc["A", "reliability"] == pytest.approx(_mean(1, 1) * 2 / 3 + 1 / 3)
    assert np.isnan(cards.loc["A", "days_to_pay"])
    beside = _frame(_ledger("t1 A 2026-01-01 paid 100", "t2 B 2026-01-01 invoiced 5 2026-01-02"))
    assert beside["open_invoices"].to_dict() == {"A": 0, "B": 1}
