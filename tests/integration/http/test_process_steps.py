"""Process steps matched with workshops through the same API, the same lines and the same command."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from api.http.examples import MATCH_EXAMPLES
from contracts.errors import InputError

BODY = MATCH_EXAMPLES["process steps"]["value"]


def test_steps_go_to_qualified_workshops_by_hours(client):
    """Sewing takes 200 h or more; w-3 is cheapest and fastest, but not qualified: w-1 fills its 120 h, w-2 the rest."""
    answer = client.post("/v1/matches", json=BODY).json()
    got = {(row["order_id"], row["supplier_id"]): row["pieces"] for row in answer["matches"]}
    assert got == {
        ("cut-7", "central: cutting"): 400,
        ("sew-7", "w-1: sewing"): 400 - 266,
        ("sew-7", "w-2: sewing"): 266,
    }
    assert answer["summary"]["unmatched_pieces"] == 0
    price = {row["supplier_id"]: row["price"] for row in answer["prices"]}
    assert price["w-2: sewing"] > 0
    assert any("w-2: sewing" in row["words"] for row in answer["told"] if row["about"] == "supplier")


def test_a_step_that_nobody_is_qualified_for_says_so(client):
    """Sewing of another dress is w-2's only; without w-2 there is nobody, and the reason is not `no_candidates`."""
    qualified = [row for row in BODY["qualified"] if row["supplier_id"] != "w-2: sewing"]
    orders = [BODY["orders"][1] | {"sku_id": "dress-8"}, {"order_id": "dye", "pieces": 1, "process_step": "dyeing"}]
    answer = client.post("/v1/matches", json=BODY | {"orders": orders, "qualified": qualified}).json()
    assert answer["summary"]["unmatched_by_reason"] == {"unqualified": 400, "no_candidates": 1}


def test_lines_and_files_answer_the_same(client, tmp_path):
    """NDJSON with the workshops on the first line, and `evenflow match` without candidates."""
    rest = {name: value for name, value in BODY.items() if name != "orders"}
    body = "\n".join(json.dumps(line) for line in (rest, *BODY["orders"]))
    lines = client.post("/v1/matches", content=body, headers={"content-type": "application/x-ndjson"})
    *orders, last = map(json.loads, lines.text.splitlines())
    assert sum(row["pieces"] for one in orders for row in one["matches"]) == 800
    for name in ("orders", "suppliers", "qualified"):
        pd.DataFrame(BODY[name]).to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "weights.toml").write_text(
        "[parts.cost_fen]\nweight = 0.5\nscale = 1000.0\n[parts.lead_time_days]\nweight = 0.2\nscale = 7.0\n"
    )
    options = [f"--{name}={tmp_path / name}.csv" for name in ("orders", "suppliers", "qualified")]
    options += [f"--weights={tmp_path / 'weights.toml'}", f"--out={tmp_path / 'out.csv'}", "--json"]
    done = CliRunner().invoke(app, ["match", *options])
    assert done.exit_code == 0, (done.output, done.exception)
    assert json.loads(done.stdout)["objective"] == pytest.approx(last["summary"]["objective"])
    both = CliRunner().invoke(app, ["match", *options, f"--candidates={tmp_path / 'orders.csv'}"])
    assert isinstance(both.exception, InputError)
    assert "qualified" in str(both.exception)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"orders": [{"order_id": "o", "pieces": 1}]}, "process_step"),
        ({"suppliers": [{"supplier_id": "w", "capacity": 1}]}, "process_step"),
        ({"suppliers": [BODY["suppliers"][0] | {"hours_per_piece": 0}]}, "hours_per_piece"),
        ({"qualified": [{"supplier_id": "w-1: sewing"}]}, "process_step"),
        ({"weights": None}, "score"),
    ],
)
def test_what_is_missing_is_named(client, changes, told):
    """The table and the column."""
    answer = client.post("/v1/matches", json=BODY | changes)
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]
