"""Retrained by the clock: a challenger of all that was sold, which serves only if the comparison says so."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from services.champion import open_champion, shelf_of
from services.flow import retrain as retraining
from services.flow.learnt import learnt_of
from services.flow.passes import Pass, World
from services.flow.retrain import retrain
from services.ingest import Inlet
from services.network_forecast import network_series
from services.promote_models import list_models, promote_model
from services.reserve import Desk
from services.train_models import Training, fit_model
from store.database import Database
from store.home import TABLES, Home
from tests.integration.models.conftest import RECIPE, SMALL

START_MS = 1_790_000_000_000
DAYS, SEEN = 189, 126
SAMPLING = dataclasses.replace(SMALL.sampling, fewest=300, most=3000)
RECIPE_28 = dataclasses.replace(RECIPE, horizon=28, params=dataclasses.replace(SMALL, sampling=SAMPLING))


def sales(days=DAYS):
    """34 series without a weekday, until they get a strong one after `SEEN` days."""
    rng, dates = np.random.default_rng(3), pd.date_range("2026-01-05", periods=days)
    week = np.where(np.arange(days) < SEEN, 1.0, np.array([0.2, 0.2, 0.2, 0.2, 1.2, 3.0, 2.0])[np.arange(days) % 7])
    return pd.concat(
        [
            pd.DataFrame({"unique_id": f"sku{k}", "ds": dates, "y": rng.poisson(20 * week).astype(float)})
            for k in range(34)
        ],
        ignore_index=True,
    )


@pytest.fixture
def world(tmp_path):
    """The whole network loaded, a champion that was trained before weekdays mattered."""
    database = Database.open(f"sqlite:///{tmp_path}/flow.db")
    yield World(home=Home(tmp_path), desk=Desk(database), inlet=Inlet.of(tmp_path, key="k" * 16))
    database.close()


def load(world, days=DAYS):
    raw = {"parties": pd.DataFrame([{"id": "s0", "kind": "store"}]), "sales": sales(days)}
    world.home.publish({name: TABLES[name].check(frame) for name, frame in raw.items()})


def train_small(tables, *, home, recipe, uri=None, origins=1):
    """Train without a registry."""
    fitted = fit_model(tables, recipe=recipe, origins=origins)
    shelf = shelf_of(home)
    version = str(len(shelf.cards()) + 1)
    shelf.challenge(shelf.put(version, fitted.files, fitted.card))
    return Training("demand", version, fitted)


def run(world):
    (told,) = retrain(world, Pass(rows=(), to_position=0, now_ms=START_MS))
    return told["payload"]


def test_a_challenger_serves_once_it_forecasts_better(world, monkeypatch):
    """None serves by itself at first; one that learnt the weekday does; one that learnt nothing new does not."""
    monkeypatch.setattr(retraining, "train_model", train_small)
    load(world, SEEN)
    train_small(network_series(world.home.current()), home=world.home.root, recipe=RECIPE_28)
    again = run(world)
    assert again["promoted"] is False
    promote_model(world.home.root, "1")
    load(world)
    told = run(world)
    assert (told["before"], told["promoted"]) == ("1", True), told["verdict"]
    assert told["verdict"].startswith("promote it")
    assert open_champion(shelf_of(world.home.root)).version == told["version"]
    assert learnt_of(world.home.current()).daily.label == f"demand-{told['version']}"
    kept = run(world)
    assert (kept["promoted"], kept["version"]) == (False, told["version"])
    assert "has seen sales after" in kept["verdict"]
    assert len(list_models(world.home.root)) == int(told["version"])
