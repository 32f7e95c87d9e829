"""Match weights take the path of forecasts: train, compare, promote, serve, roll back."""

import json

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.cli.main import app
from api.http.app import create_app
from api.settings import Settings
from matching.score import ScoreWeights
from services.champion import shelf_of
from services.learn_weights import learn_model
from services.promote_models import promote_model

WEIGHTS = "base = 1.0\n[parts.cost]\nweight = 0.5\n[parts.days]\nweight = 0.02\nscale = 1.0\n"


def decisions(n=400, *, sense=1.0, change=1.0, seed=0):
    """Decisions of two candidates; they go well where days are few (`sense` turns it, `change` for the later ones)."""
    rng = np.random.default_rng(seed)
    cost, days = rng.random(2 * n), rng.random(2 * n)
    turn = np.repeat(np.where(np.arange(n) < 0.6 * n, sense, sense * change), 2)
    chosen = np.tile([True, False], n)
    well = rng.random(2 * n) < 1 / (1 + np.exp(turn * (6 * days - 3)))
    return pd.DataFrame(
        {
            "decision_id": np.repeat(np.arange(n), 2).astype(str),
            "supplier_id": np.tile(["s1", "s2"], n),
            "decided_at": np.repeat(pd.date_range("2026-01-01", periods=n).strftime("%Y-%m-%d"), 2),
            "chosen": chosen,
            "accepted": np.where(chosen, True, None),
            "on_time": np.where(chosen, well, None),
            "cost": cost,
            "days": days,
        }
    )


@pytest.fixture
def files(tmp_path):
    """Decisions to learn from, weights to start from, and a match to use them on."""
    decisions().to_csv(tmp_path / "decisions.csv", index=False)
    decisions(sense=-1.0, change=-1.0).to_csv(tmp_path / "turned.csv", index=False)
    (tmp_path / "weights.toml").write_text(WEIGHTS)
    (tmp_path / "orders.csv").write_text("order_id,pieces\no1,10\n")
    (tmp_path / "suppliers.csv").write_text("supplier_id,capacity\ns1,10\ns2,10\n")
    (tmp_path / "candidates.csv").write_text("order_id,supplier_id,cost,days\no1,s1,0.2,0.9\no1,s2,0.3,0.1\n")
    return tmp_path


def run(folder, *arguments):
    """Run a command on the folder's home; return the exit code and the figures or the message."""
    done = CliRunner().invoke(app, [*arguments, f"--home={folder / 'home'}", "--json"])
    return done.exit_code, json.loads(done.stdout) if done.exit_code == 0 else done.output + str(done.exception or "")


def kept(folder, table="decisions.csv", version="1"):
    """Learn weights from a file and keep them as challenger, without the registry."""
    shelf = shelf_of(folder / "home", "match_weights")
    prior = ScoreWeights.from_file(folder / "weights.toml")
    card, files = learn_model(pd.read_csv(folder / table), prior=prior)
    shelf.challenge(shelf.put(version, files, card))
    return card


def match(folder, weights):
    """Return who serves the one order."""
    tables = [f"--{name}={folder / name}.csv" for name in ("orders", "suppliers", "candidates")]
    code, told = run(folder, "match", *tables, f"--weights={weights}", f"--out={folder / 'out.csv'}")
    assert code == 0, told
    return pd.read_csv(folder / "out.csv")["supplier_id"].item(), told["weights"]


def test_from_outcomes_to_matches(files):
    """Hand-set weights take the cheap and slow supplier, learnt and promoted ones the quick one."""
    assert match(files, files / "weights.toml")[0] == "s1"
    code, trained = run(files, "train", f"--decisions={files / 'decisions.csv'}", f"--weights={files / 'weights.toml'}")
    assert code == 0, trained
    assert (trained["name"], trained["version"], trained["kind"]) == ("match_weights", "1", "match_weights")
    assert trained["replay"]["better"] == "challenger"
    code, promoted = run(files, "promote", "--name=match_weights")
    assert (code, promoted["champion"]) == (0, "1")
    assert match(files, "champion") == ("s2", "match_weights-1")
    file = files / "home" / "models" / "match_weights" / "versions" / "1" / "weights.toml"
    assert match(files, file)[0] == "s2"


def test_what_foretells_worse_is_not_promoted(files):
    """Weights learnt from a turned time lose the replay on what came later, and the champion stays."""
    kept(files)
    promote_model(files / "home", name="match_weights")
    kept(files, "turned.csv", version="2")
    code, compared = run(files, "compare", "--name=match_weights")
    assert code == 0, compared
    assert compared["verdict"].startswith("keep the champion")
    code, told = run(files, "promote", "--name=match_weights")
    assert code != 0
    assert "expected a log loss on later outcomes no worse than what serves" in told
    assert match(files, "champion") == ("s2", "match_weights-1")


def test_comparing_asks_only_later_decisions(files):
    """Decisions that either learnt from say nothing about who foretells better."""
    kept(files)
    promote_model(files / "home", name="match_weights")
    kept(files, version="2")
    code, told = run(files, "compare", f"--decisions={files / 'decisions.csv'}")
    assert code == 0, told
    assert told["decisions"] == 120  # the last three tenths of 400
    old = decisions().head(100)
    old.to_csv(files / "old.csv", index=False)
    code, told = run(files, "compare", f"--decisions={files / 'old.csv'}")
    assert code != 0
    assert "old.csv: expected decisions after" in told


def test_learning_again_gives_the_same_weights(files):
    """To the last digit."""
    assert kept(files)["learnt"] == kept(files, version="2")["learnt"]


def test_nothing_promoted_yet_is_told(files):
    """Which command makes it."""
    tables = [f"--{name}={files / name}.csv" for name in ("orders", "suppliers", "candidates")]
    code, told = run(files, "match", *tables, "--weights=champion", f"--out={files / 'out.csv'}")
    assert code != 0
    assert "has no champion" in told


def test_promoted_weights_score_a_match_over_http(files):
    """`champion` scores candidates of a request as it does those of files; before a promotion there is none."""
    body = {
        name: pd.read_csv(files / f"{name}.csv").to_dict("records") for name in ("orders", "suppliers", "candidates")
    }
    with TestClient(create_app(Settings(home=files / "home", workers=1)), raise_server_exceptions=False) as client:
        early = client.post("/v1/matches", json=body | {"weights": "champion"})
        assert (early.status_code, "champion" in early.json()["detail"]) == (503, True)
        kept(files)
        promote_model(files / "home", name="match_weights")
        answer = client.post("/v1/matches", json=body | {"weights": "champion"}).json()
        assert [row["supplier_id"] for row in answer["matches"]] == ["s2"]
        assert answer["summary"]["weights"] == match(files, "champion")[1]
        assert client.post("/v1/matches", json=body | {"weights": "challenger"}).status_code == 422
