"""A small network with sales, and models trained on it without a registry."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.boosting import BoostingParams
from forecast.direct import SamplingParams
from forecast.point import PointParams
from services.champion import shelf_of
from services.network_forecast import network_series
from services.train_models import Recipe, fit_model
from store.home import TABLES, Home

SMALL = PointParams(
    boosting=BoostingParams(rounds=20, leaves=7),
    sampling=SamplingParams(fewest=2000, most=4000),
    level_boosting=BoostingParams(rounds=10, leaves=7, leaf_rows=20, tweedie_power=None),
    level_seeds=1,
)
RECIPE = Recipe(horizon=14, params=SMALL)
WEEKDAY = np.array([1, 0.8, 0.8, 1, 1.4, 1.8, 1.2])


def raw_tables(days: int = 130) -> dict[str, pd.DataFrame]:
    """34 series in two stores and two regions, from a Monday on, weekends twice as busy."""
    rng = np.random.default_rng(5)
    ids = [f"sku{k // 2:02d}@s{k % 2}" for k in range(34)]
    dates = pd.date_range("2026-01-05", periods=days)
    y = rng.poisson(rng.gamma(2.0, 4.0, 34)[:, None] * WEEKDAY[np.arange(160) % 7])[:, :days]
    sales = pd.DataFrame(
        {
            "unique_id": np.repeat(ids, days),
            "ds": np.tile(dates, len(ids)),
            "y": y.ravel().astype(float),
            "store_id": np.repeat([f"s{k % 2}" for k in range(34)], days),
            "region": np.repeat([("North", "South")[k % 2] for k in range(34)], days),
        }
    )
    return {"parties": pd.DataFrame([{"id": "s0", "kind": "store"}, {"id": "s1", "kind": "store"}]), "sales": sales}


@pytest.fixture(scope="package")
def publish():
    """Load the network as it was after so many days."""

    def load(home: Path, days: int = 130) -> None:
        Home(home).publish({name: TABLES[name].check(frame) for name, frame in raw_tables(days).items()})

    return load


@pytest.fixture(scope="package")
def fitted(tmp_path_factory: pytest.TempPathFactory, publish):
    """A model trained on the loaded network."""
    home = tmp_path_factory.mktemp("fitted")
    publish(home)
    return fit_model(network_series(Home(home).current()), recipe=RECIPE, origins=1)


@pytest.fixture(scope="package")
def promoted(fitted, publish):
    """Load the network into a home, keep versions 1 and 2, promote 1 and then 2."""

    def make(home: Path) -> None:
        publish(home)
        shelf = shelf_of(home)
        for version in "12":
            shelf.put(version, fitted.files, {**fitted.card, "trained_at": f"2026-05-0{version}T00:00:00+00:00"})
            shelf.promote(version)

    return make


@pytest.fixture
def home(tmp_path: Path, promoted) -> Path:
    """The network loaded, versions 1 and 2 kept, 1 and then 2 promoted."""
    promoted(tmp_path)
    return tmp_path
