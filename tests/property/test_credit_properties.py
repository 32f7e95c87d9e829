"""What holds for every ledger, however impossible its events."""

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.credit.ageing import BUCKETS
from graph.credit.positions import credit_positions
from graph.credit.tables import EVENTS, LEDGER, TERMS

DAY = pd.Timestamp("2026-03-01")
events = st.tuples(
    st.sampled_from("tuvw"),
    st.sampled_from(["S1", "S2"]),
    st.sampled_from(["F1", "F2"]),
    st.integers(0, 120),
    st.sampled_from(EVENTS),
    st.integers(0, 10**12),
)
ledgers = st.lists(events, min_size=1, max_size=40)


def frame(rows):
    columns = ["trade_id", "buyer_id", "supplier_id", "at", "event", "amount_fen"]
    raw = pd.DataFrame(rows, columns=columns)
    return LEDGER.check(raw.assign(at=pd.Timestamp("2026-01-01") + pd.to_timedelta(raw["at"], unit="D")))


TERMS_OF_ONE = TERMS.check(
    pd.DataFrame([{"buyer_id": "S1", "supplier_id": "F1", "limit_fen": 500, "terms_days": 9, "retained_share": 0.3}])
)


def computed(ledger, as_of=DAY):
    return credit_positions(ledger, TERMS_OF_ONE, as_of=as_of)


@given(ledgers)
@settings(max_examples=60, deadline=None)
def test_parts_add_up_and_are_never_negative(rows):
    """Exposure is the sum of its parts, ageing of the receivables; payments are allocated or told as overpaid."""
    result = computed(frame(rows))
    got = result.positions
    money = [name for name in got if name.endswith("_fen")]
    assert (got[money].fillna(0) >= 0).all(axis=None)
    assert (got["exposure_fen"] == got[["receivables_fen", "unbilled_fen", "reserved_fen"]].sum(axis=1)).all()
    assert (got[[f"{bucket}_fen" for bucket in BUCKETS]].sum(axis=1) == got["receivables_fen"]).all()
    assert (got["invoiced_fen"] - got["receivables_fen"] + got["overpaid_fen"] == got["paid_fen"]).all()
    assert (got["disputed_fen"] <= got["receivables_fen"] + got["unbilled_fen"]).all()
    assert (got["retained_fen"] <= got["receivables_fen"] + got["unbilled_fen"]).all()


@given(ledgers)
@settings(max_examples=60, deadline=None)
def test_overpaid_money_is_always_irregular(rows):
    """What was paid beyond invoices is told trade by trade, to the fen."""
    result = computed(frame(rows))
    told = result.irregularities.query("reason == 'paid_over_invoiced'")["amount_fen"].sum()
    assert told == result.positions["overpaid_fen"].sum()


@given(ledgers, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_the_order_of_rows_changes_nothing(rows, random):
    """A shuffled ledger gives the same frames, row for row."""
    shuffled = list(rows)
    random.shuffle(shuffled)
    first, second = computed(frame(rows)), computed(frame(shuffled))
    for name in ("positions", "concentration", "irregularities"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))


@given(ledgers)
@settings(max_examples=40, deadline=None)
def test_other_ids_change_nothing_but_the_ids(rows):
    """Renamed trades and parties keep their figures."""
    names = {"S1": "z", "S2": "a", "F1": "m/1", "F2": "0", "t": "q", "u": "p", "v": "o", "w": "n"}
    ledger = frame(rows)
    ids = ["trade_id", "buyer_id", "supplier_id"]
    renamed = ledger.assign(**{name: ledger[name].map(names).astype("str") for name in ids})
    terms = TERMS_OF_ONE.assign(buyer_id="z", supplier_id="m/1").astype(TERMS_OF_ONE.dtypes)
    before = computed(ledger).positions
    after = credit_positions(renamed, terms, as_of=DAY).positions
    for name in ids[1:]:
        before[name] = before[name].map(names).astype("str")
    before = before.sort_values(ids[1:], ignore_index=True)
    pd.testing.assert_frame_equal(before, after)


@given(ledgers)
@settings(max_examples=40, deadline=None)
def test_a_day_is_computed_from_the_events_up_to_it(rows):
    """As of a day = computed from a ledger that ends there."""
    ledger = frame(rows)
    early = ledger[ledger["at"] <= DAY].reset_index(drop=True)
    first, second = computed(ledger), computed(early)
    for name in ("positions", "concentration", "irregularities"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name))
