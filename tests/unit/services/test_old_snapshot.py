"""A snapshot written on 2026-11-22 in format 1 still loads and still forecasts what it did then."""

from pathlib import Path

import orjson
import pandas as pd
import pytest

from forecast import snapshot
from forecast.point import PointParams
from forecast.snapshot import SnapshotError, unpack
from services.champion import Model, forecast_with

FOLDER = Path(__file__).resolve().parents[2] / "data" / "model_format_1"
FILES = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in (".txt", ".npz")}
SPEC = (FOLDER / "spec.json").read_bytes()


def test_the_oldest_format_still_forecasts():
    """Not only readable: features have kept their meaning for the old trees (a changed one needs another name)."""
    trained = unpack({**FILES, "spec.json": SPEC})
    model = Model("demand", "1", orjson.loads((FOLDER / "card.json").read_bytes()), trained)
    sales, static = pd.read_parquet(FOLDER / "sales.parquet"), pd.read_csv(FOLDER / "static.csv")
    expected = pd.read_csv(FOLDER / "expected.csv")
    found = forecast_with(model, sales, static=static, quantiles=(0.1, 0.5, 0.9)).forecast.head(len(expected))
    assert found["unique_id"].tolist() == expected["unique_id"].tolist()
    for column in ("mean", "q0.1", "q0.9"):
        assert found[column].to_numpy() == pytest.approx(expected[column].to_numpy(), rel=0.05)


def test_a_field_added_since_takes_its_default():
    """An older program did not write it."""
    spec = orjson.loads(SPEC)
    params = spec["value"]["fields"]["model"]["fields"]["params"]["fields"]
    del params["level_power"]
    trained = unpack({**FILES, "spec.json": orjson.dumps(spec)})
    assert trained.model.params.level_power == PointParams().level_power
    assert trained.model.calendar is None


def test_a_field_dropped_since_is_refused_by_name():
    """What it meant is not known any more: forecasting without it would be a guess."""
    spec = orjson.loads(SPEC)
    spec["value"]["fields"]["model"]["fields"]["magic"] = 3
    with pytest.raises(SnapshotError, match="fields that are known, got magic"):
        unpack({**FILES, "spec.json": orjson.dumps(spec)})


def test_a_class_that_moved_is_found(monkeypatch):
    """One line in a table of the moved ones."""
    old = SPEC.replace(b"forecast.trained:Trained", b"forecast.former:Model")
    with pytest.raises(SnapshotError):
        unpack({**FILES, "spec.json": old})
    monkeypatch.setitem(snapshot._MOVED, "forecast.former:Model", "forecast.trained:Trained")
    assert unpack({**FILES, "spec.json": old}).horizon == 7
