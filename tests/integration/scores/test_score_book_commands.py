"""`evenflow score`, `outcomes`, `reliability`, `opt-out`, `review` on the example net; wrong input is named."""

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import EvenflowError
from services.example_files import write_examples
from services.load_network import load_network
from services.scores.reliability import probability_reliability, value_reliability
from store.home import Home

SUPPLIER = "sim-distributor-0000005"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The example net, loaded."""
    folder = tmp_path_factory.mktemp("score-book")
    write_examples(folder)
    load_network(folder / "net", home=Home(folder / "home"))
    return folder / "home"


def ran(home, *arguments, code=0):
    """Run a command with --json and return what it printed."""
    done = CliRunner().invoke(app, [*arguments, "--home", str(home), "--json"], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


def test_score_replay_outcome_reliability(home, tmp_path):
    """From the score to how good it was, as the documentation goes."""
    (row,) = ran(home, "score", "supplier", "--subject", SUPPLIER, "--as-of", "2025-02-01")["rows"]
    assert sum(row["parts"].values()) == pytest.approx(np.log(row["value"] / (1 - row["value"])))
    assert ran(home, "score", "supplier", "--replay", row["id"])["same"] is True
    (why,) = ran(home, "why", row["id"])["records"]
    assert (why["kind"], why["facts"]["value"]) == ("score", row["value"])
    file = tmp_path / "outcomes.csv"
    file.write_text(
        "outcome_id,score_id,kind,subject,value,at\n"
        f"a,,supplier,{SUPPLIER},1,2025-02-10\nb,{row['id']},,,0,2025-02-20\nc,,supplier,{SUPPLIER},1,2025-01-10\n"
    )
    told = ran(home, "outcomes", str(file))
    assert (told["applied"], told["joined"]) == (3, 2)
    reliability = ran(home, "reliability", "supplier")
    assert (reliability["n"], reliability["base_rate"]) == (2, 0.5)
    file.write_text(f"outcome_id,kind,subject,value,at\nd,supplier,{SUPPLIER},7,2025-02-10\n")
    assert ran(home, "outcomes", str(file), code=1)["refused"] == 1


def test_files_in_files_out(home, tmp_path):
    """Subjects with their context, each in every row of the contexts; who can't be scored is told why."""
    subjects, contexts = tmp_path / "subjects.csv", tmp_path / "contexts.csv"
    subjects.write_text(f"subject,category\n{SUPPLIER},food\nnobody,\n")
    contexts.write_text("lane\nNorth\nSouth\n")
    out, parts = tmp_path / "scores.csv", tmp_path / "parts.csv"
    files = ["--subjects", str(subjects), "--context", str(contexts), "--out", str(out), "--parts", str(parts)]
    told = ran(home, "score", "on_time", *files)
    assert (told["scores"], told["not_scored"]) == (2, 2)
    scores, made_of = pd.read_csv(out), pd.read_csv(parts)
    assert scores["lane"].tolist() == ["North", "South"] * 2
    assert scores["reason"].iloc[2] == "unknown party nobody"
    summed = made_of.groupby("id")["contribution"].sum()
    for row in scores.dropna(subset="id").itertuples():
        assert 1 / (1 + np.exp(-summed[row.id])) == pytest.approx(row.value)


def test_what_if_changes_only_the_answer(home):
    """Nothing is kept of it, and the score itself stays."""
    asked = ["score", "supplier", "--subject", SUPPLIER]
    plain, better = ran(home, *asked)["rows"][0], ran(home, *asked, "--what-if", "own_share=1")["rows"][0]
    assert better["value"] > plain["value"]
    assert ran(home, *asked)["rows"][0] == plain


def test_opt_out_and_review(home):
    """Out, refused, back; asked, queued, corrected."""
    assert ran(home, "opt-out", SUPPLIER, "--by", "boss")["changed"] is True
    assert ran(home, "opt-out")["opt_outs"][0]["party_id"] == SUPPLIER
    done = CliRunner().invoke(app, ["score", "supplier", "--subject", SUPPLIER, "--home", str(home)])
    assert "opted out of scores of kind supplier" in str(done.exception)
    assert ran(home, "opt-out", SUPPLIER, "--back", "--by", "boss")["opted_out"] is False
    score = ran(home, "score", "supplier", "--subject", SUPPLIER)["rows"][0]["id"]
    review = ran(home, "review", "ask", score, "--by", "boss", "--words", "no")["review_id"]
    assert [one["review_id"] for one in ran(home, "review", "list", "--state", "asked")["reviews"]] == [review]
    decision = ["--decision", "corrected", "--correct", "own_share=0.9", "--by", "clerk", "--words", "yes"]
    corrected = ran(home, "review", "decide", review, *decision)["steps"][1]["corrected_score_id"]
    assert ran(home, "score", "supplier", "--replay", corrected)["score"]["what_if"] == ["own_share"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["score", "beauty", "--subject", "x"], "unknown score kind beauty"),
        (["score", "supplier"], "--subject: expected one of --subject, --subjects and --replay"),
        (["score", "supplier", "--subject", "x", "--set", "lane"], "--set: expected NAME=VALUE, got lane"),
        (["score", "supplier", "--subject", SUPPLIER, "--what-if", "speed=1"], "inputs: expected only"),
        (["score", "supplier", "--subject", SUPPLIER, "--as-of", "soon"], "as_of: expected a date"),
        (["score", "supplier", "--replay", "nope"], "unknown score nope"),
        (["score", "match", "--subject", SUPPLIER], "context.sku_id: expected a text, got nothing"),
        (["review", "decide", "x"], "--decision: expected upheld, corrected or withdrawn"),
        (["review", "ask"], "ID: expected what to ask about"),
        (["opt-out", "nobody", "--by", "x"], "unknown party nobody"),
        (["opt-out", SUPPLIER], "by: expected a text of at most 2000 characters"),
        (["reliability", "beauty"], "unknown score kind beauty"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_wrong_input_is_named(home, arguments, said):
    """With what was expected and what came; `api.cli.entry` prints it on one line and exits with 2."""
    done = CliRunner().invoke(app, [*arguments, "--home", str(home)])
    assert isinstance(done.exception, EvenflowError)
    assert said in str(done.exception)


def test_reliability_by_hand():
    """Worked numbers, and a forecast that knows nothing has no skill."""
    value, outcome = np.array([0.1, 0.1, 0.6, 0.9]), np.array([0.0, 1.0, 1.0, 1.0])
    found = probability_reliability(value, outcome)
    assert found["brier"] == pytest.approx((0.01 + 0.81 + 0.16 + 0.01) / 4)
    assert found["brier_of_base_rate"] == pytest.approx(0.75 * 0.25)
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.1, 0.6, 0.9]).mean())
    assert found["calibration_error"] == pytest.approx((2 * 0.4 + 0.4 + 0.1) / 4)
    assert [(one["from"], one["n"]) for one in found["bins"]] == [(0.1, 2), (0.6, 1), (0.9, 1)]
    assert probability_reliability(np.full(4, 0.75), outcome)["skill"] == pytest.approx(0)
    assert probability_reliability(np.array([1.0, 0.0]), np.array([1.0, 0.0]))["brier"] == 0
    assert probability_reliability(np.array([]), np.array([]))["n"] == 0
    same = value_reliability(value, value - 0.2, value + 0.2, value + 0.1)
    assert (same["bias"], same["coverage"], same["rank_correlation"]) == pytest.approx((-0.1, 1.0, 1.0))
    assert value_reliability(value, value, value, np.ones(4))["rank_correlation"] is None
