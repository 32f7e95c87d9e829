"""`evenflow credit` and `evenflow aftersales`: files in, files out, one line on errors."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import EvenflowError
from services.match_orders import match_orders

LEDGER = """\
trade_id,buyer_id,supplier_id,at,event,amount_fen,due_at
T1,S1,F1,2026-01-05,ordered,100000,
T1,S1,F1,2026-01-12,delivered,100000,
T1,S1,F1,2026-01-12,invoiced,100000,2026-01-31
T1,S1,F1,2026-02-02,paid,70000,
T2,S1,F1,2026-02-20,reserved,50000,
T3,S2,F1,2026-02-01,invoiced,30000,
T3,S2,F1,2026-02-10,paid,35000,
T3,S2,F1,2026-02-10,paid,nan,
T4,,F1,2026-02-10,paid,5,
T5,F1,F1,2026-02-10,invoiced,5,
T2,S1,F1,2026-02-20,reserved,50000,
T6,S2,F1,2026-05-01,invoiced,99,
"""
TERMS = "buyer_id,supplier_id,limit_fen,terms_days,retained_share\nS1,F1,200000,30,0.1\nS2,F1,10000,30,\n"
LOTS = """\
lot_id,step,party_id,process_step,role,pieces,at,inspected
L1,1,W1,sew,workshop,1000,2026-01-10,true
L1,2,C1,carry,carrier,1000,2026-01-12,
L1,3,F1,sell,factory,1000,2026-01-13,
"""
CLAIMS = """\
claim_id,lot_id,at,kind,pieces,amount_fen,buyer_id,sku_id
K1,L1,2026-02-01,damage,5,2000,S1,
K2,L1,2026-02-02,return,3,1200,S1,soap
K2,L1,2026-02-02,return,3,1200,S1,soap
K3,L1,2026-02-02,broken,3,1200,S1,
"""


@pytest.fixture
def folder(tmp_path):
    for name, text in (("ledger", LEDGER), ("terms", TERMS), ("lots", LOTS), ("claims", CLAIMS)):
        (tmp_path / f"{name}.csv").write_text(text)
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(app, [str(part) for part in arguments], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def credit(folder, *more):
    return run(
        "credit", "--ledger", folder / "ledger.csv", "--terms", folder / "terms.csv", "--as-of", "2026-03-02",
        "--out", folder / "positions.csv", "--json", *more,
    )  # fmt: skip


def test_credit_writes_positions_and_says_what_is_wrong(folder):
    """Positions by hand; what cannot be used or cannot be is counted, written and explained."""
    summary = credit(folder, "--irregularities", folder / "i.csv", "--quarantine", folder / "q.csv")
    got = pd.read_csv(folder / "positions.csv").set_index(["buyer_id", "supplier_id"])
    first = got.loc["S1", "F1"]
    assert (first["receivables_fen"], first["reserved_fen"], first["exposure_fen"]) == (30_000, 50_000, 80_000)
    assert (first["retained_fen"], first["overdue_1_30_fen"], first["available_fen"]) == (10_000, 20_000, 120_000)
    assert (summary["exposure_fen"], summary["overpaid_fen"], summary["events_after"]) == (80_000, 5_000, 1)
    irregular = pd.read_csv(folder / "i.csv")
    assert irregular["reason"].tolist() == ["negative_exposure", "paid_over_invoiced"]
    quarantine = pd.read_csv(folder / "q.csv")
    assert quarantine["row"].tolist() == [8, 9, 10, 11]
    assert summary["first_reasons"] == {"ledger": f"row 8: {quarantine['reason'][0]}"}
    assert "amount_fen: expected a whole number" in quarantine["reason"][0]


def test_a_match_takes_the_room_that_credit_writes(folder):
    """An order beyond the room is cut to it."""
    credit(folder, "--room", folder / "room.csv")
    room = pd.read_csv(folder / "room.csv")
    assert room.to_dict("list") == {"buyer_id": ["S1", "S2"], "supplier_id": ["F1", "F1"], "limit": [120_000, 10_000]}
    orders = pd.DataFrame({"order_id": ["o1", "o2"], "pieces": [50, 50], "buyer_id": ["S1", "S2"]})
    suppliers = pd.DataFrame({"supplier_id": ["F1"], "capacity": [1_000]})
    candidates = pd.DataFrame({"order_id": ["o1", "o2"], "supplier_id": "F1", "score": 1.0, "unit_price_fen": 1_000})
    matched = match_orders(orders, suppliers, candidates, credit=room).allocation
    served = matched[matched["supplier_id"] == "F1"].set_index("order_id")["pieces"]
    assert served.to_dict() == {"o1": 50, "o2": 10}


def test_aftersales_writes_traces_faults_and_what_to_keep_back(folder):
    """Damage points to the carrier; returns are netted by sku; repeated and unknown claims go to quarantine."""
    names = ("out", "faults", "parties", "returns", "retention", "quarantine")
    outs = [part for name in names for part in (f"--{name}", folder / f"{name}.csv")]
    inputs = [part for name in ("claims", "lots", "ledger") for part in (f"--{name}", folder / f"{name}.csv")]
    summary = run("aftersales", *inputs, *outs, "--json")
    written = {name: pd.read_csv(folder / f"{name}.csv") for name in names}
    assert summary["claims"] == 2
    assert written["out"].groupby("claim_id")["probability"].sum().tolist() == pytest.approx([1, 1])
    damage = written["out"].query("claim_id == 'K1'").set_index("role")["probability"]
    assert damage.idxmax() == "carrier"
    assert written["returns"].to_dict("list") == {"sku_id": ["soap"], "ds": ["2026-02-02"], "pieces": [3]}
    assert written["quarantine"]["row"].tolist()[:2] == [3, 4]
    assert set(written["faults"]["party_id"]) == {"W1", "C1", "F1"}
    pair = written["retention"].set_index(["buyer_id", "supplier_id"]).loc[("S1", "F1")]
    assert 0 < pair["cost_share"] <= pair["suggested_share"] <= 1


def test_causes_can_be_replaced(folder):
    """With a table that blames workshops alone for damage, the carrier is cleared."""
    kinds = "defect,damage,wrong_item,missing,composition,late,return"
    (folder / "causes.csv").write_text(f"role,{kinds}\ncarrier,0,0,0,0,0,1,0\n")
    inputs = [part for name in ("claims", "lots", "causes") for part in (f"--{name}", folder / f"{name}.csv")]
    run("aftersales", *inputs, "--out", folder / "out.csv", "--json")
    told = pd.read_csv(folder / "out.csv").query("claim_id == 'K1' and role == 'carrier'")
    assert told["probability"].tolist() == [0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["credit", "--ledger", "claims.csv", "--as-of", "2026-03-02", "--out", "o.csv"],
         "claims.csv: column 'trade_id': expected this required column"),
        (["credit", "--ledger", "none.csv", "--as-of", "2026-03-02", "--out", "o.csv"], "no such file"),
        (["credit", "--ledger", "ledger.csv", "--as-of", "2026-03-02", "--out", "ledger.csv"], "no other file"),
        (["credit", "--ledger", "ledger.csv", "--as-of", "2026-03-02", "--out", "o.csv", "--room", "o.csv"],
         "no other file"),
        (["aftersales", "--claims", "claims.csv", "--lots", "lots.csv", "--out", "o.csv", "--retention", "r.csv"],
         "--ledger: expected a file"),
        (["aftersales", "--claims", "claims.csv", "--lots", "lots.csv", "--out", "o.csv", "--causes", "bad.csv"],
         "bad.csv: expected shares of which some are above 0 in each role"),
    ],
)  # fmt: skip
def test_wrong_input_is_told_and_nothing_is_written(folder, monkeypatch, arguments, message):
    """One message that names the place; no output file appears."""
    monkeypatch.chdir(folder)
    (folder / "bad.csv").write_text(
        "role,defect,damage,wrong_item,missing,composition,late,return\ncarrier,0,0,0,0,0,0,0\n"
    )
    with pytest.raises(EvenflowError, match=message):
        run(*arguments)
    assert not (folder / "o.csv").exists()
    assert (folder / "ledger.csv").read_text() == LEDGER
