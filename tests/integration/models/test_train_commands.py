"""`evenflow train`, `compare`, `promote` and `rollback` from files, against a registry of their own."""

import json
import os
import re
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from api.cli.main import app
from contracts.errors import EvenflowError, InputError, NotReadyError, UnknownIdError
from forecast.point import PointParams
from services.champion import open_champion, open_model, shelf_of
from services.compare_models import compare_models, comparison_table
from services.promote_models import promote_model, rollback_model
from services.train_models import Recipe, data_hash, fit_model, score_table, train_model
from store.models import Shelf
from store.registry import Registry

pytestmark = pytest.mark.usefixtures("warm_path")


@pytest.fixture(scope="module")
def sales() -> pd.DataFrame:
    """Eight series with a week and 90 days."""
    rng = np.random.default_rng(2)
    shape = np.array([1, 1, 1, 1, 2, 3, 2])
    y = rng.poisson(rng.gamma(2, 3, 8)[:, None] * shape[np.arange(90) % 7])
    days = pd.date_range("2026-01-05", periods=90).strftime("%Y-%m-%d")
    return pd.DataFrame(
        {"unique_id": np.repeat([f"s{k}" for k in range(8)], 90), "ds": np.tile(days, 8), "y": y.ravel()}
    )


@pytest.fixture(scope="module")
def trained(sales, tmp_path_factory):
    """A home with two registered versions: the seasonal window was promoted, a moving level challenges it."""
    home = tmp_path_factory.mktemp("registry")
    for model in ("seasonal_window", "moving_level"):
        train_model({"sales": sales}, home=home, recipe=Recipe(horizon=7, model=model))
        if model == "seasonal_window":
            promote_model(home)
    return home


def test_a_run_tells_all_that_made_it(trained, sales):
    """Data hash, parameters, a figure per origin with simple models beside it, seed, code, signature."""
    registry = Registry(trained / "registry")
    run = registry.runs("demand")[1]
    assert run["tags"]["data_hash"] == data_hash({"sales": sales})
    assert run["params"]["model"] == "seasonal_window"
    assert run["params"]["params.boosting.rounds"] == str(PointParams().boosting.rounds)
    assert {"wape", "wrmsse", "seasonal_naive.wape", "coverage_0.95"} <= set(run["metrics"])
    files = registry.fetch("demand", "1")
    assert set(files) == {"spec.json", "arrays.npz", "card.json"}
    card = json.loads(files["card.json"])
    assert len(card["metrics"]["wape"]) == len(card["origins"]) == 3
    described = next((trained / "registry").rglob("MLmodel")).read_text()
    assert "sales.y" in described
    assert (registry.alias("demand", "champion"), registry.alias("demand", "challenger")) == ("1", "2")


def test_the_better_one_is_told(trained, sales):
    """Weekends are three times as busy: a moving level loses, by how much and at every origin."""
    shelf = shelf_of(trained)
    found = compare_models(open_champion(shelf), open_model(shelf, "2"), {"sales": sales})
    assert (found["better"], found["challenger_won"]) == ("champion", 0)
    assert found["verdict"].startswith("keep the champion")
    assert found["wape_improvement"]["high"] < 0
    swapped = compare_models(open_model(shelf, "2"), open_champion(shelf), {"sales": sales})
    assert swapped["better"] == "challenger"
    table = comparison_table(found)
    assert {"wape", "quantile_loss", "coverage 0.95"} <= set(table["measure"])
    assert set(table["level"]) == {"", "total"}
    same = compare_models(open_champion(shelf), open_champion(shelf), {"sales": sales})
    assert same["better"] is None


def test_newer_days_are_forecast_by_the_very_models(trained, sales):
    """Where neither was trained beyond the origin, nothing is trained anew."""
    more = sales.assign(ds=(pd.to_datetime(sales["ds"]) + pd.Timedelta(days=84)).dt.strftime("%Y-%m-%d"))
    longer = pd.concat([sales, more[more["ds"] > sales["ds"].max()]])
    shelf = shelf_of(trained)
    found = compare_models(open_champion(shelf), open_model(shelf, "2"), {"sales": longer})
    assert [origin["how"] for origin in found["origins"]] == ["as fitted"] * 3
    assert found["better"] == "champion"
    with pytest.raises(InputError, match="--origins: expected 1 to"):
        compare_models(open_champion(shelf), open_model(shelf, "2"), {"sales": sales}, origins=50)


def test_promotion_moves_aliases_and_fetches_what_is_not_here(trained, tmp_path):
    """Another home of the same registry: the version comes from there; roles and aliases agree again."""
    uri = Registry(trained / "registry").uri
    told = promote_model(tmp_path, "2", uri=uri)
    assert (told["champion"], told["registry"]) == ("2", "told")
    assert open_champion(shelf_of(tmp_path)).trained.model.name == "moving_level"
    assert Registry(trained / "registry").alias("demand", "champion") == "2"
    with pytest.raises(UnknownIdError, match="unknown version 9"):
        promote_model(tmp_path, "9", uri=uri)
    promote_model(trained, "2")
    assert rollback_model(trained)["champion"] == "1"
    assert Registry(trained / "registry").alias("demand", "champion") == "1"
    with pytest.raises(NotReadyError, match="no champion before this one"):
        rollback_model(trained)


def test_equal_trainings_are_equal(sales):
    """Files, byte for byte, but for the moment on the card; the table of scores has a row per origin and model."""
    first, second = (fit_model({"sales": sales}, recipe=Recipe(horizon=7, model="tsb")) for _ in range(2))
    assert {k: v for k, v in first.files.items() if k != "card.json"} == {
        k: v for k, v in second.files.items() if k != "card.json"
    }
    assert len(score_table(first.scores)) == 3 * 4


def test_country_and_way_to_agree_belong_to_the_recipe(sales, tmp_path, monkeypatch):
    """From the command to the card and the model that is kept."""
    fitted = []

    def keep(tables, *, recipe, sources, **_):
        fitted.append(fit_model(tables, recipe=recipe, origins=1, sources=sources))
        raise NotReadyError("kept")

    monkeypatch.setattr("services.train_models.train_model", keep)
    path = tmp_path / "sales.csv"
    sales.to_csv(path, index=False)
    options = ["--horizon", "7", "--model", "tsb", "--country", "CN", "--reconcile", "bottom_up"]
    with pytest.raises(NotReadyError, match="kept"):
        app(["train", "--sales", str(path), "--home", str(tmp_path), *options], standalone_mode=False)
    recipe = fitted[0].card["recipe"]
    assert (recipe["country"], recipe["reconcile"]) == ("CN", "bottom_up")
    assert fitted[0].trained.model.params.reconcile == "bottom_up"
    with pytest.raises(InputError, match="--reconcile: expected one of scaled"):
        app(["train", "--sales", str(path), "--home", str(tmp_path), "--reconcile", "magic"], standalone_mode=False)


def test_a_registry_that_does_not_answer_is_one_line(sales, tmp_path):
    """The promotion stands; the summary says that the registry was not told."""
    fitted = fit_model({"sales": sales}, recipe=Recipe(horizon=7, model="tsb"), origins=1)
    Shelf(tmp_path / "models", "demand").put("1", fitted.files, fitted.card)
    (tmp_path / "file").write_text("no folder")
    told = promote_model(tmp_path, "1", uri=f"sqlite:///{tmp_path}/file/mlflow.db")
    assert told["champion"] == "1"
    assert told["registry"].startswith("not told: model registry sqlite:")


def evenflow(home: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run the command over a home."""
    command = ["evenflow", *arguments]
    environment = {**os.environ, "EVENFLOW_HOME": str(home)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done


def test_the_commands_from_files(trained, sales, tmp_path):
    """Compare prints its verdict and writes its table; the champion forecasts a file."""
    path = tmp_path / "sales.csv"
    sales.to_csv(path, index=False)
    table = tmp_path / "compared.csv"
    done = evenflow(trained, "compare", "--sales", str(path), "--challenger", "2", "--out", str(table), "--json")
    assert json.loads(done.stdout)["better"] == "champion"
    assert len(pd.read_csv(table)) > 20
    out = tmp_path / "forecast.csv"
    done = evenflow(trained, "forecast", "--sales", str(path), "--model", "champion", "--out", str(out), "--json")
    told = json.loads(done.stdout)
    assert (told["model_version"], told["horizon"], len(pd.read_csv(out))) == ("demand-1", 7, 56)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["train"], "no network loaded"),
        (["train", "--static", "x.csv"], "--static: expected --sales beside it"),
        (["train", "--sales", "no.csv"], "no.csv: expected a file"),
        (["train", "--name", "A/B"], "--name: expected up to 40 small letters"),
        (["compare"], "has no challenger: `evenflow train`"),
        (["promote"], "has no challenger: `evenflow train`"),
        (["promote", "3"], "unknown version 3"),
        (["rollback"], "no champion before this one"),
        (
            ["override", "--series", "total", "--factor", "2", "--by", "li", "--reason", "fair"],
            "--from: expected a day",
        ),
        (["override", "--report"], "no network loaded"),
    ],
)
def test_wrong_calls_end_in_one_line(tmp_path, monkeypatch, arguments, told):
    """What was expected and what came, nothing written; `api.cli.entry` prints it and ends with exit code 2."""
    monkeypatch.setenv("EVENFLOW_HOME", str(tmp_path / "home"))
    with pytest.raises(EvenflowError, match=re.escape(told)):
        app(arguments, standalone_mode=False)
    assert not (tmp_path / "home").exists()


def test_without_mlflow_one_line_says_what_to_install(sales, tmp_path, monkeypatch):
    """Before anything is computed."""
    monkeypatch.setattr("store.registry.find_spec", lambda name: None)
    with pytest.raises(NotReadyError, match=r"pip install 'evenflow\[train\]'"):
        train_model({"sales": sales}, home=tmp_path)
