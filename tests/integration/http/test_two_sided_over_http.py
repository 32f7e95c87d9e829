"""Sellers and offers matched over HTTP and from files: caps per period, refusals, blocking pairs with their price."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from api.http.match_examples import TWO_SIDED_EXAMPLES

BODY = TWO_SIDED_EXAMPLES["two guides"]["value"]


def ask(client, **changes):
    answer = client.post("/v1/matches/two-sided", json=BODY | changes)
    assert answer.status_code == 200, answer.text
    return answer.json()


def pairs_of(answer):
    return {(row["seller_id"], row["offer_id"]) for row in answer["matches"]}


def test_the_best_joint_value_has_a_blocking_pair_with_its_price(client):
    """2.0 + 2.5 beats 3.0; guide-1 and dress-1 would rather have each other, which would lose 1.5."""
    told = ask(client)
    assert pairs_of(told) == {("guide-1", "dress-2"), ("guide-2", "dress-1")}
    assert told["summary"]["objective"] == 4.5
    assert told["summary"]["gap"] == pytest.approx(0, abs=5e-3)
    (blocking,) = told["blocking"]
    assert (blocking["seller_id"], blocking["offer_id"]) == ("guide-1", "dress-1")
    assert (blocking["seller_gain"], blocking["offer_gain"], blocking["cost"]) == (1.0, 0.5, 1.5)
    steady = ask(client, stable=True)
    assert pairs_of(steady) == {("guide-1", "dress-1")}
    assert (steady["blocking"], steady["summary"]["price_of_stability"]) == ([], 1.5)


def test_what_is_accepted_stands_and_what_is_refused_goes_to_others(client):
    """dress-1 was accepted by guide-1: its place is taken, and guide-2 gets nothing better."""
    pairs = [dict(row) for row in BODY["pairs"]]
    pairs[0]["state"], pairs[3]["state"] = "accepted", "open"
    told = ask(client, pairs=pairs)
    assert {(row["seller_id"], row["offer_id"], row["state"]) for row in told["matches"]} == {
        ("guide-1", "dress-1", "accepted"),
        ("guide-2", "dress-2", "proposed"),
    }
    pairs[2]["state"] = "accepted"
    answer = client.post("/v1/matches/two-sided", json=BODY | {"pairs": pairs})
    assert answer.status_code == 422
    assert "cap" in answer.json()["detail"]


def test_caps_hold_in_each_period(client):
    """One a week each: both offers go to the same guide in different weeks; a cap of its own closes one."""
    pairs = [
        {"seller_id": "guide-1", "offer_id": offer, "value": value, "period": week}
        for week in ("w1", "w2")
        for offer, value in (("dress-1", 3.0), ("dress-2", 2.0))
    ]
    told = ask(client, pairs=pairs)
    assert sorted((row["period"], row["offer_id"]) for row in told["matches"]) == [("w1", "dress-1"), ("w2", "dress-1")]
    offers = [{"offer_id": offer, "cap": cap, "period": week} for offer, week, cap in (
        ("dress-1", "w1", 0), ("dress-2", "w1", 1), ("dress-1", "w2", 1), ("dress-2", "w2", 1))]  # fmt: skip
    told = ask(client, pairs=pairs, offers=offers)
    assert sorted((row["period"], row["offer_id"]) for row in told["matches"]) == [("w1", "dress-2"), ("w2", "dress-1")]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sellers": [{"seller_id": "a", "cap": -1}]}, "cap"),
        ({"sellers": [{"seller_id": "guide-1", "cap": 1}]}, "guide-2"),
        ({"sellers": BODY["sellers"] * 2}, "once"),
        ({"pairs": BODY["pairs"] * 2}, "once"),
        ({"pairs": [{"seller_id": "guide-1", "offer_id": "dress-9", "value": 1.0}]}, "dress-9"),
        ({"pairs": [{"seller_id": "guide-1", "offer_id": "dress-1", "value": "NaN"}]}, "value"),
        ({"pairs": [{"seller_id": "guide-1", "offer_id": "dress-1", "value": 1.0, "state": "maybe"}]}, "state"),
        ({"pairs": []}, "pairs"),
        ({"offers": [{"offer_id": "dress-1", "cap": 1, "period": "w1"}]}, "period"),
        ({"gap": 1}, "gap"),
    ],
)
def test_bad_tables_are_refused_by_name(client, changes, told):
    """The table, the column, the row."""
    answer = client.post("/v1/matches/two-sided", json=BODY | changes)
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]


def test_the_command_does_the_same_from_files(tmp_path):
    """Matches and blocking pairs as tables; one line for what is wrong."""
    for name in ("sellers", "offers", "pairs"):
        pd.DataFrame(BODY[name]).to_csv(tmp_path / f"{name}.csv", index=False)
    tables = [f"--{name}={tmp_path / name}.csv" for name in ("sellers", "offers", "pairs")]
    outs = [f"--out={tmp_path / 'matched.csv'}", f"--blocking={tmp_path / 'blocking.csv'}"]
    done = CliRunner().invoke(app, ["match-two-sided", *tables, *outs, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["blocking_pairs"] == 1
    assert pd.read_csv(tmp_path / "matched.csv")["value"].sum() == 4.5
    assert pd.read_csv(tmp_path / "blocking.csv")["cost"].tolist() == [1.5]
    failed = CliRunner().invoke(app, ["match-two-sided", *tables, outs[0], "--gap=2"])
    assert failed.exit_code != 0
    assert "gap" in str(failed.exception)
