"""What holds of scorecards whatever the rows."""

import sqlite3

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.credit.tables import LEDGER
from graph.scorecards.buyers import buyer_scorecards
from graph.scorecards.params import ScorecardParams
from graph.scorecards.suppliers import scorecards
from graph.scorecards.tables import DELIVERIES, EVIDENCE

DAY = pd.Timestamp("2026-03-02")
START = pd.Timestamp("2025-06-01")


@st.composite
def _deliveries(draw: st.DrawFn) -> pd.DataFrame:
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    supplier = rng.integers(0, 5, n)
    promised = START + pd.to_timedelta(rng.integers(0, 300, n), unit="D")
    arrived = promised + pd.to_timedelta(rng.integers(-5, 15, n), unit="D")
    ordered = rng.integers(1, 100, n)
    delivered = np.minimum(ordered, rng.integers(1, 120, n))
    frame = pd.DataFrame(
        {
            "supplier_id": [f"s{k}" for k in supplier],
            "category": [f"c{k % 2}" for k in supplier],
            "lane": [f"l{k}" for k in rng.integers(0, 3, n)],
            "promised_at": promised,
            "delivered_at": arrived.where(rng.random(n) < 0.8),
            "ordered_pieces": ordered,
            "delivered_pieces": delivered,
            "defective_pieces": rng.integers(0, 3, n).clip(max=delivered),
            "tested_pieces": delivered,
            "conforming_pieces": rng.integers(0, delivered + 1),
        }
    )
    return DELIVERIES.check(frame)


@st.composite
def _evidence(draw: st.DrawFn) -> pd.DataFrame:
    n = draw(st.integers(0, 10))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frame = pd.DataFrame(
        {
            "party_id": [f"s{k}" for k in rng.integers(0, 6, n)],
            "at": START + pd.to_timedelta(rng.permutation(300)[:n], unit="D"),
            "source": [f"x{k}" for k in rng.integers(0, 3, n)],
            "kind": "rating",
            "aspect": rng.choice(["on_time", "quality", "composition", "overall"], n).astype(str),
            "value": rng.random(n),
            "weight": rng.random(n) * 20,
        }
    )
    return EVIDENCE.check(frame.astype({"party_id": "str", "source": "str", "aspect": "str"}))


def _cards(deliveries: pd.DataFrame, evidence: pd.DataFrame | None = None) -> pd.DataFrame:
    return scorecards(deliveries, DAY, evidence=evidence).frame.set_index("supplier_id").drop(columns="rank")


@settings(max_examples=25, deadline=None)
@given(_deliveries(), _evidence(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_names_do_not_matter(deliveries, evidence, random):
    """Up to rounding."""
    order = list(range(len(deliveries)))
    random.shuffle(order)
    name = {f"s{k}": f"id-{(k * 7 + 3) % 11:02d}" for k in range(6)}
    moved = deliveries.iloc[order].reset_index(drop=True)
    moved["supplier_id"] = moved["supplier_id"].map(name).astype("str")
    told = evidence.iloc[::-1].assign(party_id=evidence["party_id"].map(name).astype("str"))
    expected = _cards(deliveries, evidence).rename(index=name).sort_index()
    pd.testing.assert_frame_equal(_cards(moved, told).sort_index(), expected, check_names=False)


@settings(max_examples=25, deadline=None)
@given(_deliveries(), st.integers(0, 250))
def test_a_card_is_made_of_what_was_known(deliveries, days):
    """Rows promised later, and what arrived later, change nothing; what arrived later was missing then."""
    day = START + pd.Timedelta(days=days)
    known = deliveries[(deliveries["promised_at"] < day) | (deliveries["delivered_at"] <= day)]
    then = known.assign(delivered_at=known["delivered_at"].where(known["delivered_at"] <= day)).reset_index(drop=True)
    both = [scorecards(rows, day).frame for rows in (deliveries, then)]
    pd.testing.assert_frame_equal(*both)


@settings(max_examples=25, deadline=None)
@given(_deliveries(), st.integers(0, 60))
def test_one_more_good_delivery_never_lowers(deliveries, age):
    """Of a supplier in its category, on time and in full, however old."""
    first = deliveries.iloc[[0]]
    at = DAY - pd.Timedelta(days=age + 1)
    good = first.assign(promised_at=at, delivered_at=at, delivered_pieces=first["ordered_pieces"], defective_pieces=0)
    more = pd.concat([deliveries, good], ignore_index=True)
    supplier = first["supplier_id"].iloc[0]
    before, after = (scorecards(rows, DAY) for rows in (deliveries, more))
    value = before.score(supplier)["value"]  # a newcomer's if nothing is known yet
    assert value is None or after.score(supplier)["value"] >= value - 1e-12


@settings(max_examples=25, deadline=None)
@given(_deliveries(), _evidence())
def test_ranges_hold_the_values_and_origins_sum_to_one(deliveries, evidence):
    """Of every rate that something is known of."""
    cards = scorecards(deliveries, DAY, evidence=evidence)
    for rate in cards.rates:
        values = cards.frame[rate.name].dropna()
        frame = cards.frame.loc[values.index]
        assert (frame[f"{rate.name}_low"] <= frame[f"{rate.name}_high"]).all()
        shares = frame[[f"{rate.name}_{origin}" for origin in ("own", "prior", "third_party")]].sum(axis=1)
        assert np.allclose(shares, 1)
        assert (frame[f"{rate.name}_third_party"] <= np.maximum(frame[f"{rate.name}_own"] * 3, 0.6)).all()


@settings(max_examples=25, deadline=None)
@given(_deliveries())
def test_without_shrinking_and_fading_rates_are_those_of_sql(deliveries):
    """With a prior that counts for nothing the rates are the raw ones, counted by a database."""
    params = ScorecardParams(half_life_days=1e12, prior_deliveries=1e-9, prior_pieces=1e-9)
    ours = scorecards(deliveries, DAY, params=params).frame.set_index("supplier_id").sort_index()
    with sqlite3.connect(":memory:") as base:
        text = deliveries.assign(
            promised_at=deliveries["promised_at"].dt.strftime("%Y-%m-%d"),
            delivered_at=deliveries["delivered_at"].dt.strftime("%Y-%m-%d"),
        )
        text.astype(object).where(text.notna(), None).to_sql("d", base, index=False)
        raw = pd.read_sql(_RAW, base, params={"day": "2026-03-02"}, index_col="supplier_id")
    base.close()
    assert ours["n"].tolist() == raw["n"].tolist()
    for name in ("otif", "fill_rate", "lead_time_bias_days", "lead_time_accuracy", "defect_ppm"):
        expected = raw[name].astype(float)
        known = expected.notna()
        assert ours.loc[known, name].to_numpy() == pytest.approx(expected[known].to_numpy(), rel=1e-4, abs=1e-4)


_RAW = """
with known as (
  select *, case when delivered_at <= :day then delivered_at end as here from d
  where delivered_at <= :day or promised_at < :day
), seen as (
  select *, julianday(coalesce(here, :day)) - julianday(promised_at) as delay,
    case when here is null then 0.0 else 1.0 * delivered_pieces / ordered_pieces end as fill from known
)
select supplier_id, count(*) as n, avg(here is not null and here <= promised_at and fill >= 1) as otif,
  avg(fill) as fill_rate, avg(delay) as lead_time_bias_days,
  avg(case when here is not null or abs(delay) > 1 then abs(delay) <= 1 end) as lead_time_accuracy,
  1e6 * sum(case when here is not null then defective_pieces end)
    / sum(case when here is not null then delivered_pieces end) as defect_ppm
from seen group by supplier_id order by supplier_id
"""


@st.composite
def _ledger(draw: st.DrawFn) -> pd.DataFrame:
    n = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    start = START + pd.to_timedelta(rng.integers(0, 250, n), unit="D")
    trade = pd.DataFrame(
        {"trade_id": [f"t{k}" for k in range(n)], "buyer_id": [f"b{k}" for k in rng.integers(0, 4, n)]}
    )
    trade = trade.assign(supplier_id="F", amount_fen=rng.integers(1, 1000, n))
    billed = trade.assign(event="invoiced", at=start, due_at=start + pd.Timedelta(days=30))
    paid = trade.assign(event="paid", at=start + pd.to_timedelta(rng.integers(0, 80, n), unit="D"))[rng.random(n) < 0.8]
    disputed = trade.assign(event="disputed", at=start)[rng.random(n) < 0.2]
    return LEDGER.check(pd.concat([billed, paid, disputed], ignore_index=True))


@settings(max_examples=25, deadline=None)
@given(_ledger(), st.integers(0, 330), st.randoms(use_true_random=False))
def test_buyers_cards_know_neither_order_nor_future(ledger, days, random):
    """Rows in any order, and without those after the day."""
    day = START + pd.Timedelta(days=days)
    order = list(range(len(ledger)))
    random.shuffle(order)
    known = ledger.iloc[order]
    known = known[known["at"] <= day].reset_index(drop=True)
    one, two = (
        buyer_scorecards(rows, day).frame.set_index("buyer_id").sort_index().drop(columns="rank")
        for rows in (ledger, known)
    )
    pd.testing.assert_frame_equal(one, two)
