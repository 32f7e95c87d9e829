"""After-sales on small cases: what evidence does to probabilities, and what they add up to."""

import pandas as pd
import pytest

from graph.aftersales.attribution import FaultParams, attribute
from graph.aftersales.faults import FAULTS, party_faults, party_totals, trace
from graph.aftersales.retention import RetentionParams, suggested_retention
from graph.aftersales.returns import net_demand, returned_pieces
from graph.aftersales.tables import CAUSES, CLAIMS, LOTS
from graph.scorecards.tables import FAULTS as EVIDENCE


def lots(*rows):
    """Rows of (lot, step, party, role, pieces, inspected)."""
    columns = ["lot_id", "step", "party_id", "role", "pieces", "inspected"]
    return LOTS.check(pd.DataFrame(rows, columns=columns).assign(process_step="work", at="2026-01-01"))


def claims(*rows, **more):
    """Rows of (claim, lot, kind, fen)."""
    columns = ["claim_id", "lot_id", "kind", "amount_fen"]
    return CLAIMS.check(pd.DataFrame(rows, columns=columns).assign(**({"at": "2026-02-01", "pieces": 2} | more)))


WAY = [("L1", 1, "W", "workshop", 100, False), ("L1", 2, "C", "carrier", 100, False)]


def probabilities(said, handled, **params):
    told = trace(attribute(said, handled, params=FaultParams(**params)))
    return {
        (row["claim_id"], "?" if pd.isna(row["party_id"]) else row["party_id"]): row["probability"]
        for row in told.to_dict("records")
    }


def test_a_defect_points_to_the_workshop_and_damage_to_the_carrier():
    """The kind of claim decides where nothing else is known; each claim's probabilities sum to 1."""
    told = probabilities(claims(("d", "L1", "defect", 1), ("b", "L1", "damage", 1)), lots(*WAY))
    assert told["d", "W"] > 0.8
    assert told["b", "C"] > 0.8
    for claim in "db":
        assert sum(p for (one, _), p in told.items() if one == claim) == pytest.approx(1)


def test_a_passed_inspection_speaks_for_those_before_it():
    """After an inspection the workshop is less likely to be the cause; of lateness it says nothing."""
    said = claims(("d", "L1", "defect", 1), ("l", "L1", "late", 1))
    inspected = lots(("L1", 1, "W", "workshop", 100, True), WAY[1])
    plain, guarded = probabilities(said, lots(*WAY)), probabilities(said, inspected)
    assert guarded["d", "W"] < plain["d", "W"]
    assert probabilities(said, inspected, detection=0.0)["l", "W"] == pytest.approx(plain["l", "W"])
    assert "passed an inspection since" in trace(attribute(said, inspected))["evidence"].iloc[0]


def test_no_later_step_than_where_it_was_found_is_at_fault():
    """What the workshop itself found was not the carrier."""
    told = probabilities(claims(("b", "L1", "damage", 1), found_at_step=1), lots(*WAY))
    assert ("b", "C") not in told
    assert told["b", "W"] + told["b", "?"] == pytest.approx(1)


def test_a_claim_on_an_unknown_lot_has_an_unknown_cause():
    """Nothing is known of the lot: nobody is suspected."""
    assert probabilities(claims(("x", "L9", "defect", 1)), lots(*WAY)) == {("x", "?"): 1.0}


def test_clean_pieces_are_evidence():
    """Of two workshops on one lot, the one with ten thousand clean pieces elsewhere is the less likely cause."""
    way = [("L1", 1, "W1", "workshop", 100, False), ("L1", 2, "W2", "workshop", 100, False)]
    more = [(f"M{n}", 1, "W1", "workshop", 1_000, False) for n in range(10)]
    told = probabilities(claims(("d", "L1", "defect", 1)), lots(*way, *more))
    assert told["d", "W2"] > 1.5 * told["d", "W1"]
    evidence = trace(attribute(claims(("d", "L1", "defect", 1)), lots(*way, *more)))["evidence"].iloc[0]
    assert evidence == "claims on 1 of its 11 lots, 10,098 of 10,100 pieces clean"


def test_the_table_of_causes_can_be_replaced():
    """If damage is only ever the workshop's, it was the workshop."""
    none = {role: {kind: float(kind == "late") for kind in row} for role, row in CAUSES.items()}
    causes = none | {"workshop": CAUSES["workshop"]}
    assert probabilities(claims(("b", "L1", "damage", 1)), lots(*WAY), causes=causes)["b", "W"] == 1
    with pytest.raises(ValueError, match="causes of workshop: expected the kinds"):
        FaultParams(causes=CAUSES | {"workshop": {"defect": 1.0}})
    with pytest.raises(ValueError, match="some above 0"):
        FaultParams(causes=CAUSES | {"workshop": dict.fromkeys(CAUSES["workshop"], 0.0)})


def test_the_order_of_rows_changes_nothing():
    """Shuffled claims and lots give the same tables."""
    said = claims(("d", "L1", "defect", 10), ("b", "L1", "damage", 20), ("e", "L2", "defect", 5))
    handled = lots(*WAY, ("L2", 1, "W", "workshop", 50, True), ("L2", 2, "D", "carrier", 50, None))
    first = attribute(said, handled)
    second = attribute(said.iloc[::-1].reset_index(drop=True), handled.sample(frac=1, random_state=1))
    for told in (trace, party_faults, party_totals):
        pd.testing.assert_frame_equal(told(first), told(second), rtol=1e-9)


def test_expected_faults_add_up_to_the_claims():
    """Claims, pieces and fen of all parties and of the unknown cause are those of the claims."""
    said = claims(("d", "L1", "defect", 10), ("b", "L1", "damage", 20), ("x", "L9", "defect", 5))
    made = attribute(said, lots(*WAY))
    faults, totals = party_faults(made), party_totals(made)
    assert tuple(faults.columns) == FAULTS
    for frame in (faults, totals):
        assert frame["claims"].sum() + made.unknown.sum() == pytest.approx(3)
        assert frame["pieces"].sum() + 2 * made.unknown.sum() == pytest.approx(6)
        whole = frame["amount_fen"].sum() + (made.unknown * said["amount_fen"]).sum()
        assert whole == pytest.approx(35, abs=len(frame) / 2)
        assert (frame["claims_low"] <= frame["claims_high"]).all()
        assert (frame["claims_high"] <= frame["evidence_n"]).all()
    assert (totals["fault_ppm_low"] < totals["fault_ppm"]).all()
    assert (totals["fault_ppm"] < totals["fault_ppm_high"]).all()


def test_faults_are_evidence_that_scorecards_take():
    """The frame passes the scorecards' schema; late and returned pieces say nothing on the goods."""
    said = claims(("d", "L1", "defect", 10), ("l", "L1", "late", 20), ("r", "L1", "return", 30))
    made = attribute(said, lots(*WAY))
    faults = EVIDENCE.check(party_faults(made))
    assert set(faults["delivery_id"]) == {"L1"}
    assert faults["pieces"].sum() + 2 * made.unknown[0] == pytest.approx(2)
    assert faults["claims"].sum() + made.unknown.sum() == pytest.approx(3)


def test_without_claims_there_are_no_faults():
    """No claims: nobody is at fault, and rates are low but not zero."""
    none = claims(("d", "L1", "defect", 1)).iloc[:0]
    made = attribute(none, lots(*WAY))
    assert trace(made).empty
    assert party_faults(made).empty
    assert (party_totals(made)["claims"] == 0).all()


def test_suggested_retention_grows_with_claims_and_shrinks_to_all_pairs():
    """A pair with costly claims keeps back more; one without any evidence gets about the mean's; never above 1."""
    said = claims(("d", "L1", "defect", 400_000), buyer_id="B1")
    made = attribute(said, lots(*WAY))
    turnover = pd.DataFrame(
        {"buyer_id": ["B1", "B2", "B3"], "supplier_id": "W", "turnover_fen": [5_000_000, 5_000_000, 0]}
    )
    got = suggested_retention(made, turnover).set_index("buyer_id")
    assert got.loc["B1", "expected_cost_fen"] == pytest.approx(400_000 * made.probability[0])
    assert got.loc["B1", "suggested_share"] > got.loc["B3", "suggested_share"] > got.loc["B2", "suggested_share"] > 0
    assert (got["suggested_share"] >= got["cost_share"]).all()
    assert (
        suggested_retention(made, turnover, params=RetentionParams(prior_turnover_fen=1))["suggested_share"] <= 1
    ).all()


def test_a_supplier_answers_for_everybody_before_it():
    """The distributor who sold the goods answers for the workshop and the carrier, not for the store after it."""
    way = [*WAY, ("L1", 3, "D", "distributor", 100, False), ("L1", 4, "S", "store", 100, False)]
    made = attribute(claims(("d", "L1", "defect", 1_000), buyer_id="B"), lots(*way))
    turnover = pd.DataFrame({"buyer_id": ["B"], "supplier_id": ["D"], "turnover_fen": [100_000]})
    got = suggested_retention(made, turnover).iloc[0]
    assert got["expected_cost_fen"] == pytest.approx(1_000 * made.probability[:3].sum())


def test_returns_are_netted_from_the_latest_sales():
    """Three returned on day 3 take day 3's two and one of day 2's; sales after the return stay; others' too."""
    days = pd.date_range("2026-03-01", periods=4)
    handled = lots(*WAY).assign(sku_id="a")
    said = claims(("r", "L1", "return", 0), ("d", "L1", "defect", 0), at="2026-03-03", pieces=3)
    back = returned_pieces(said, handled)
    assert back.to_dict("list") == {"sku_id": ["a"], "ds": [days[2]], "pieces": [3]}
    sales = pd.DataFrame({"sku_id": ["a"] * 4 + ["b"], "ds": [*days, days[1]], "y": [5.0, 1, 2, 7, 9]})
    got = net_demand(sales, back)
    assert got["net"].tolist() == [5, 0, 0, 7, 9]
    assert got["returned"].sum() == 3
