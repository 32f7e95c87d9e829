"""Trade credit on cases small enough to work by hand."""

import numpy as np
import pandas as pd
import pytest

from graph.credit.ageing import BUCKETS
from graph.credit.checks import ledger_faults, terms_faults
from graph.credit.concentration import CreditParams, concentration
from graph.credit.positions import credit_positions, credit_room
from graph.credit.price import price_of_terms
from graph.credit.tables import LEDGER, TERMS
from matching.tables import CREDIT


def ledger(*events, **more):
    """Events as (trade, day of 2026, event, fen), all of buyer S and supplier F."""
    rows = [
        {"trade_id": trade, "buyer_id": "S", "supplier_id": "F", "at": f"2026-{day}", "event": event, "amount_fen": fen}
        for trade, day, event, fen in events
    ]
    return LEDGER.check(pd.DataFrame(rows).assign(**more))


def terms(**more):
    row = {"buyer_id": "S", "supplier_id": "F", "limit_fen": 1_000, "terms_days": 30} | more
    return TERMS.check(pd.DataFrame([row]))


def position(events, agreed=None, as_of="2026-06-30"):
    return credit_positions(events, agreed, as_of=pd.Timestamp(as_of)).positions.iloc[0]


def reasons(events):
    found = credit_positions(events, as_of=pd.Timestamp("2026-06-30")).irregularities
    return dict(zip(found["reason"], found["amount_fen"], strict=True))


LIFE = [
    ("t", "01-01", "ordered", 100),
    ("t", "01-02", "reserved", 100),
    ("t", "01-10", "delivered", 60),
    ("t", "01-11", "invoiced", 60),
    ("t", "01-20", "paid", 50),
    ("t", "01-25", "delivered", 40),
    ("t", "01-26", "invoiced", 40),
    ("t", "02-10", "paid", 50),
]


def test_purchases_and_days_of_sales_look_back_on_the_window() -> None:
    """Of 90 days up to 30 June the first is 2 April: 200 of 300 fen; 300 are owed, which is 135 days of such sales."""
    told = position(ledger(("t", "04-01", "invoiced", 100), ("u", "04-02", "invoiced", 200)))
    assert (told["purchases_fen"], told["dso_days"], told["invoiced_fen"]) == (200, 135.0, 300)
    assert np.isnan(position(ledger(("t", "04-01", "invoiced", 100)))["dso_days"])


@pytest.mark.parametrize(
    ("day", "parts"),
    [
        ("01-01", (0, 0, 0)),
        ("01-02", (0, 0, 100)),
        ("01-10", (0, 60, 40)),
        ("01-11", (60, 0, 40)),
        ("01-20", (10, 0, 40)),
        ("01-25", (10, 40, 0)),
        ("01-26", (50, 0, 0)),
        ("02-10", (0, 0, 0)),
    ],
)
def test_a_fen_of_a_trade_stands_in_one_stage_at_a_time(day, parts):
    """Over a trade's life the exposure moves from reserved to unbilled to receivable and is never counted twice."""
    got = position(ledger(*LIFE), as_of=f"2026-{day}")
    assert (got["receivables_fen"], got["unbilled_fen"], got["reserved_fen"]) == parts
    assert got["exposure_fen"] == sum(parts)


def test_an_invoice_ahead_of_delivery_takes_over_from_the_reservation():
    """What is billed early is a receivable; it is not still reserved beside that."""
    events = ledger(("t", "01-02", "reserved", 100), ("t", "01-03", "invoiced", 100))
    got = position(events)
    assert (got["receivables_fen"], got["reserved_fen"], got["exposure_fen"]) == (100, 0, 100)


def test_releasing_and_cancelling_free_the_reservation_once():
    """A cancelled part is free whether or not it was also released."""
    held = [("t", "01-01", "ordered", 100), ("t", "01-01", "reserved", 100), ("t", "01-05", "cancelled", 40)]
    assert position(ledger(*held))["reserved_fen"] == 60
    assert position(ledger(*held, ("t", "01-05", "released", 40)))["reserved_fen"] == 60


def test_limit_room_and_over_limit():
    """Room is never negative; being over the limit is flagged; without terms there is neither."""
    events = ledger(("t", "01-01", "invoiced", 1_200))
    over = position(events, terms())
    assert (over["available_fen"], over["over_limit"]) == (0, True)
    under = position(events, terms(limit_fen=1_500))
    assert (under["available_fen"], under["over_limit"]) == (300, False)
    free = position(events)
    assert free[["limit_fen", "available_fen"]].isna().all()
    assert not free["over_limit"]


def test_terms_hold_from_day_to_day_and_later_ones_replace_earlier_ones():
    """Terms before their first day, after their last, and a second set from April on."""
    agreed = TERMS.check(
        pd.DataFrame(
            {
                "buyer_id": "S",
                "supplier_id": "F",
                "limit_fen": [1_000, 2_000],
                "terms_days": [30, 60],
                "valid_from": ["2026-02-01", "2026-04-01"],
                "valid_to": [None, "2026-05-01"],
            }
        )
    )
    events = ledger(("t", "01-01", "invoiced", 10))
    days = ("2026-01-31", "2026-02-01", "2026-03-31", "2026-04-01", "2026-05-01")
    limits = [position(events, agreed, as_of=day)["limit_fen"] for day in days]
    assert [None if pd.isna(limit) else limit for limit in limits] == [None, 1_000, 1_000, 2_000, None]


def test_ageing_pays_the_oldest_invoice_first():
    """Three invoices of 100 and 150 paid: half of the second and the third are open, each by its own due date."""
    events = ledger(
        ("t", "03-01", "invoiced", 100), ("t", "01-01", "invoiced", 100), ("t", "02-01", "invoiced", 100),
        ("t", "03-02", "paid", 150), due_at=["2026-06-30", "2026-01-31", "2026-04-15", None],
    )  # fmt: skip
    got = position(events, as_of="2026-06-14")
    assert [got[f"{bucket}_fen"] for bucket in BUCKETS] == [100, 0, 50, 0, 0]


@pytest.mark.parametrize(
    ("overdue", "bucket"),
    [(0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4), (400, 4)],
)
def test_ageing_edges(overdue, bucket):
    """Due today is not overdue; the buckets end with their last day."""
    events = ledger(("t", "01-01", "invoiced", 7), due_at="2026-01-15")
    day = pd.Timestamp("2026-01-15") + pd.Timedelta(days=overdue)
    got = credit_positions(events, as_of=day).positions.iloc[0]
    assert [got[f"{name}_fen"] for name in BUCKETS] == [7 * (place == bucket) for place in range(5)]


def test_an_invoice_without_a_due_date_is_due_by_the_terms_of_its_day():
    """Thirty days of terms make an invoice of 1 January due on the 31st; without terms it is due at once."""
    events = ledger(("t", "01-01", "invoiced", 7))
    assert position(events, terms(), as_of="2026-01-31")["not_due_fen"] == 7
    assert position(events, terms(), as_of="2026-02-01")["overdue_1_30_fen"] == 7
    assert position(events, as_of="2026-01-02")["overdue_1_30_fen"] == 7


def test_what_is_retained_until_acceptance_is_not_overdue():
    """A tenth of what was delivered waits for acceptance; accepting it makes it due."""
    events = [("t", "01-01", "delivered", 1_000), ("t", "01-01", "invoiced", 1_000), ("t", "02-01", "paid", 850)]
    agreed = terms(retained_share=0.1)
    got = position(ledger(*events), agreed, as_of="2026-03-01")
    assert (got["retained_fen"], got["not_due_fen"], got["overdue_1_30_fen"]) == (100, 100, 50)
    got = position(ledger(*events, ("t", "02-20", "accepted", 1_000)), agreed, as_of="2026-03-01")
    assert (got["retained_fen"], got["not_due_fen"], got["overdue_1_30_fen"]) == (0, 0, 150)


def test_the_disputed_part_is_what_is_still_owed_and_not_resolved():
    """A dispute shows as far as money is owed; resolving ends it."""
    events = [("t", "01-01", "invoiced", 100), ("t", "01-05", "disputed", 80)]
    assert position(ledger(*events))["disputed_fen"] == 80
    assert position(ledger(*events, ("t", "01-06", "paid", 70)))["disputed_fen"] == 30
    assert position(ledger(*events, ("t", "01-06", "resolved", 80)))["disputed_fen"] == 0


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([("t", "01-01", "invoiced", 50), ("t", "01-02", "delivered", 90), ("t", "01-03", "paid", 70)],
         {"paid_over_invoiced": 20}),
        ([("t", "01-01", "invoiced", 50), ("t", "01-03", "paid", 70)],
         {"paid_over_invoiced": 20, "negative_exposure": 20}),
        ([("t", "01-01", "reserved", 50), ("t", "01-03", "released", 70)], {"released_over_reserved": 20}),
        ([("t", "01-01", "ordered", 50), ("t", "01-03", "cancelled", 50), ("t", "01-04", "delivered", 30)],
         {"delivered_after_cancelled": 30}),
        ([("t", "01-01", "ordered", 50), ("t", "01-03", "cancelled", 20), ("t", "01-04", "delivered", 30)], {}),
        ([("t", "01-05", "ordered", 50), ("t", "01-03", "reserved", 50)], {"before_order": 50}),
        ([("t", "01-01", "ordered", 50), ("t", "01-03", "cancelled", 60)], {"cancelled_over_ordered": 10}),
        ([("t", "01-01", "delivered", 50), ("t", "01-03", "accepted", 60)], {"accepted_over_delivered": 10}),
        ([("t", "01-01", "invoiced", 50), ("t", "01-03", "resolved", 60)], {"resolved_over_disputed": 60}),
        (LIFE, {}),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(events, expected):
    """Each impossible trade is told with its reason and how much of it there is; a normal life has none."""
    assert reasons(ledger(*events)) == expected


def test_money_beyond_the_invoices_is_shown_and_lowers_nothing():
    """Overpaying one trade does not pay another."""
    events = ledger(("a", "01-01", "invoiced", 50), ("a", "01-02", "paid", 80), ("b", "01-01", "invoiced", 40))
    got = position(events)
    assert (got["exposure_fen"], got["overpaid_fen"]) == (40, 30)
    assert got["receivables_fen"] == got["invoiced_fen"] - (got["paid_fen"] - got["overpaid_fen"])


def test_days_sales_outstanding():
    """300 owed of 600 invoiced in the last 90 days wait 45 days' worth of sales."""
    events = ledger(("t", "05-01", "invoiced", 600), ("t", "06-01", "paid", 300))
    assert position(events)["dso_days"] == 45


def test_concentration_warns_above_its_thresholds():
    """One buyer with 60 % of the exposure is told; six equal ones are below both thresholds."""
    shares = pd.DataFrame({"buyer_id": list("ABC"), "supplier_id": "F", "exposure_fen": [60, 30, 10]})
    told = concentration(shares.assign(purchases_fen=0)).iloc[0]
    assert (told["largest_id"], told["largest_share"], told["warning"]) == (
        "A", 0.6, "60 % of its exposure is on one buyer",
    )  # fmt: skip
    assert told["herfindahl"] == pytest.approx(0.36 + 0.09 + 0.01)
    equal = pd.DataFrame({"buyer_id": list("ABCDEF"), "supplier_id": "F", "exposure_fen": 5, "purchases_fen": 0})
    assert concentration(equal)["warning"].tolist() == [""]
    strict = concentration(equal, CreditParams(herfindahl=0.1))
    assert strict["warning"].tolist() == ["its Herfindahl index is 0.17"]


def test_credit_room_is_a_credit_table_of_the_matching():
    """Pairs with terms give their room; pairs without are not limited."""
    events = ledger(("t", "01-01", "invoiced", 400))
    other = pd.concat([terms(), terms(buyer_id="X")])
    room = credit_room(credit_positions(events, other, as_of=pd.Timestamp("2026-06-30")).positions)
    assert CREDIT.check(room).to_dict("list") == {
        "buyer_id": ["S", "X"],
        "supplier_id": ["F", "F"],
        "limit": [600, 1_000],
    }
    assert credit_room(credit_positions(events, as_of=pd.Timestamp("2026-06-30")).positions).empty


def test_price_of_terms_by_hand():
    """10 000 yuan, 7.3 % a year (200 fen a day): 60 days for nine tenths, 90 for the rest, often 20 days late."""
    late = {"p_late": 0.3, "days_late": 20, "p_unpaid": 0.01, "loss_share": 0.6}
    price = price_of_terms(1_000_000, 60, 0.073, retained_share=0.1, acceptance_days=90, **late)
    assert price.financing_fen == pytest.approx(200 * (0.9 * 60 + 0.1 * 90))
    assert price.delay_fen == pytest.approx(200 * 0.3 * 20)
    assert price.loss_fen == pytest.approx(6_000)
    assert price.total_fen == pytest.approx(12_600 + 1_200 + 6_000)


def test_price_of_terms_takes_arrays_and_refuses_what_cannot_be():
    """Prices broadcast over orders; acceptance before the due date costs nothing more."""
    price = price_of_terms([100.0, 200.0], 365, 0.1, retained_share=0.5, acceptance_days=[0, 365])
    assert price.total_fen == pytest.approx([10, 20])
    for wrong in ({"p_late": 1.5}, {"retained_share": -0.1}, {"days_late": np.nan}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            price_of_terms(1.0, 1, 0.1, **wrong)


def test_duplicates_of_the_ledger():
    """The same row again, the same id again, and an id that says two things."""
    same = ledger(("t", "01-01", "paid", 1), ("t", "01-01", "paid", 1), ("t", "01-02", "paid", 1))
    assert (ledger_faults(same) != "").tolist() == [False, True, False]
    named = same.assign(event_id=["a", "b", "b"])
    assert (ledger_faults(named) != "").tolist() == [False, True, True]
    assert (ledger_faults(same.assign(event_id=["a", "b", "c"])) == "").all()
    assert (ledger_faults(same.assign(event_id=["a", "a", ""])) != "").tolist() == [False, True, False]
    alone = same.iloc[:1].assign(supplier_id="S")
    assert ledger_faults(alone).tolist() == ["supplier_id: expected another party than the buyer"]


def test_terms_that_cannot_hold():
    """Reversed dates, the same terms again, and two sets from one day on."""
    first = terms(valid_from="2026-01-01", valid_to="2026-02-01")
    assert (terms_faults(terms(valid_from="2026-01-01", valid_to="2026-01-01")) != "").all()
    assert (terms_faults(pd.concat([first, first], ignore_index=True)) != "").tolist() == [False, True]
    clash = pd.concat([first, first.assign(limit_fen=5)], ignore_index=True)
    assert (terms_faults(clash) != "").tolist() == [True, True]
