"""Ratings, inspections, certificates and attributed faults in suppliers' cards, by hand."""

import numpy as np
import pandas as pd
import pytest

from graph.scorecards.params import ScorecardParams
from graph.scorecards.suppliers import scorecards
from graph.scorecards.tables import DELIVERIES, EVIDENCE, FAULTS, check_rows

DAY = pd.Timestamp("2026-03-02")
PARAMS = ScorecardParams(
    half_life_days=1e9, evidence_half_life_days=1e9, prior_deliveries=2, prior_pieces=100, source_floor=1
)


def _deliveries(**more: list[object]) -> pd.DataFrame:
    """Three deliveries of A and one of B, all on time."""
    rows = {
        "supplier_id": ["A", "A", "A", "B"],
        "promised_at": ["2026-02-01"] * 4,
        "delivered_at": ["2026-02-01"] * 4,
    }
    return check_rows(DELIVERIES, pd.DataFrame(rows | more), "deliveries")


def _evidence(*rows: dict[str, object]) -> pd.DataFrame:
    default = {"party_id": "A", "at": "2026-02-10", "source": "lab", "kind": "rating", "aspect": "on_time"}
    return check_rows(EVIDENCE, pd.DataFrame([default | row for row in rows]), "evidence")


def _card(evidence: pd.DataFrame, supplier: str = "A", **columns: list[object]) -> pd.Series:
    cards = scorecards(_deliveries(**columns), DAY, evidence=evidence, params=PARAMS).frame
    return cards.set_index("supplier_id").loc[supplier]


def test_a_rating_counts_as_many_deliveries_as_its_weight() -> None:
    """0.5 with a weight of 2 beside three good deliveries: 4 of 5, and the prior of all."""
    card = _card(_evidence({"value": 0.5, "weight": 2}))
    overall = (4 + 1 + 0.5) / (6 + 1)
    prior = (4 + 2 * overall) / (4 + 2)  # the category's deliveries alone, shrunk to the mean of all
    assert card["otif"] == pytest.approx((4 + 2 * prior) / 7)
    assert card["otif_third_party"] == pytest.approx(2 / 7)
    assert card["otif_own"] == pytest.approx(3 / 7)
    assert card["otif_n"] == pytest.approx(5)


def test_no_source_outweighs_the_own_deliveries() -> None:
    """A thousand ratings of one source count three, of another as much again; a newcomer's source counts the floor."""
    many = [{"value": 0.0, "weight": 500}, {"value": 0.0, "weight": 500, "at": "2026-02-11"}]
    assert _card(_evidence(*many))["otif_n"] == pytest.approx(3 + 3)
    assert _card(_evidence(*many, {"value": 0.0, "weight": 9, "source": "other"}))["otif_n"] == pytest.approx(3 + 3 + 3)
    newcomer = _card(_evidence({"party_id": "C", "value": 1, "weight": 9}), "C")
    assert (newcomer["n"], newcomer["otif_n"], newcomer["otif_own"]) == (0, 1, 0)


def test_evidence_fades_by_its_own_half_life() -> None:
    """A year ago at a half-life of a year: half."""
    params = ScorecardParams(half_life_days=1e9, source_floor=10)
    cards = [
        scorecards(_deliveries(), DAY, evidence=_evidence({"value": 1, "at": at}), params=params).frame
        for at in ("2026-03-02", "2025-03-02")
    ]
    counts = [frame.set_index("supplier_id").loc["A", "otif_n"] - 3 for frame in cards]
    assert counts == pytest.approx([1, 0.5])


def test_what_is_dated_later_or_expired_counts_nothing() -> None:
    """The card is the same as without it; the last day of a certificate still counts."""
    without = _card(_evidence({"value": 0.0, "at": "2026-03-03"}))
    expired = _card(_evidence({"value": 0.0, "kind": "certificate", "valid_to": "2026-03-02"}))
    holds = _card(_evidence({"value": 0.0, "kind": "certificate", "valid_to": "2026-03-03"}))
    assert without["otif_third_party"] == expired["otif_third_party"] == 0
    assert expired["otif"] == without["otif"]
    assert holds["otif"] < without["otif"]


def test_inspections_count_pieces_and_opinions_do_not() -> None:
    """20 of 50 inspected pieces at fault raise the defect rate; "quality 0.2" is a rating."""
    columns = {"delivered_pieces": [100.0] * 4, "defective_pieces": [0.0] * 4}
    inspected = _card(_evidence({"aspect": "quality", "kind": "inspection", "tested": 50, "passed": 30}), **columns)
    rated = _card(_evidence({"aspect": "quality", "value": 0.2}), **columns)
    overall = 20.5 / 451
    prior = (0 + 100 * overall) / (400 + 100)
    assert inspected["defect_ppm"] == pytest.approx((20 + 100 * prior) / (300 + 50 + 100) * 1e6)
    assert np.isnan(inspected["rating"])
    assert rated["defect_ppm"] < 1e6 * 1 / 400
    assert rated["rating"] < 0.5


def test_a_test_of_composition_is_evidence_beside_tested_deliveries() -> None:
    """9 of 10 conform in a laboratory: counts one delivery."""
    card = _card(_evidence({"aspect": "composition", "kind": "composition_test", "tested": 10, "passed": 9}))
    assert card["composition_conformity_n"] == pytest.approx(1)
    assert 0.5 < card["composition_conformity"] < 0.9


def _ppm(faults: list[dict[str, object]], **columns: list[object]) -> float:
    rows = _deliveries(delivered_pieces=[100.0] * 4, **columns)
    told = check_rows(FAULTS, pd.DataFrame([{"party_id": "A", "at": "2026-02-20"} | row for row in faults]), "faults")
    frame = scorecards(rows, DAY, faults=told, params=PARAMS).frame.set_index("supplier_id")
    pieces = frame.loc["A", "defect_ppm_n"]
    assert pieces == pytest.approx(300)
    return float(frame.loc["A", "defect_ppm"] * (pieces + 100) / 1e6)


def _expected(defects: float) -> float:
    """A's defects with the prior's, where B's 100 pieces have none."""
    return defects + 100 * (defects + 100 * (defects + 0.5) / 401) / 500


def test_faults_count_as_defects() -> None:
    """Twelve pieces found later, or as many claims; claims of a party that delivers nothing count nowhere."""
    assert _ppm([{"pieces": 12}]) == pytest.approx(12 + 100 * (100 * 12.5 / 401) / 500)
    assert _ppm([{"claims": 12}]) == _ppm([{"pieces": 12}])
    assert _ppm([{"pieces": 12, "at": "2026-03-05"}, {"pieces": 5, "party_id": "Z"}]) == _ppm([{"pieces": 0}])


def test_the_same_pieces_count_once() -> None:
    """Ten were found on arrival of d1; claims name four, then fourteen, of it, and two of no known delivery."""
    columns = {"defective_pieces": [10.0, 0, 0, 0], "delivery_id": ["d1", "d2", "d3", "d4"]}
    assert _ppm([{"pieces": 4, "delivery_id": "d1"}], **columns) == pytest.approx(_expected(10))
    assert _ppm([{"pieces": 14, "delivery_id": "d1"}], **columns) == pytest.approx(_expected(14))
    assert _ppm([{"pieces": 4, "delivery_id": "d2"}], **columns) == pytest.approx(_expected(14))
    both = [{"pieces": 4, "delivery_id": "d1"}, {"pieces": 2, "delivery_id": "unheard of"}]
    assert _ppm(both, **columns) > _ppm(both[:1], **columns)


def test_more_faults_than_pieces_are_all_pieces() -> None:
    """A claim may name more than came."""
    columns = {"delivery_id": ["d1", "d2", "d3", "d4"]}
    assert _ppm([{"pieces": 900, "delivery_id": "d1"}], **columns) == pytest.approx(_expected(100))


def test_the_parts_of_each_rate_sum_to_it() -> None:
    """In the table and in one party's score."""
    evidence = _evidence({"value": 0.5, "weight": 2}, {"aspect": "overall", "value": 0.9})
    cards = scorecards(_deliveries(), DAY, evidence=evidence, params=PARAMS)
    sums = cards.parts().groupby(["supplier_id", "rate"])["contribution"].sum()
    for supplier, rate in sums.index:
        value = cards.frame.set_index("supplier_id").loc[supplier, rate]
        assert sums[supplier, rate] == pytest.approx(value)
        told = cards.score(supplier)["rates"][rate]
        assert sum(part["contribution"] for part in told["parts"]) == pytest.approx(told["value"])
        assert sum(part["share"] for part in told["parts"]) == pytest.approx(1)


def test_a_score_says_why() -> None:
    """Value, range, evidence and reasons of A; the mean of all for somebody nobody knows."""
    cards = scorecards(_deliveries(), DAY, params=PARAMS)
    score = cards.score("A")
    assert score["low"] < score["value"] < score["high"]
    assert (score["kind"], score["rank"], round(score["evidence_n"], 3), score["figures"]["n"]) == ("supplier", 1, 3, 3)
    assert "3 deliveries known" in score["reasons"][1]
    stranger = cards.score("Z")
    assert (stranger["evidence_n"], stranger["rank"], stranger["figures"]) == (0, None, {})
    assert stranger["low"] < score["low"]
    assert stranger["value"] == pytest.approx(4.5 / 5)
    assert "no deliveries known" in stranger["reasons"][1]
