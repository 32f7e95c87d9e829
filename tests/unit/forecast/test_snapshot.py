"""What training leaves behind survives being written down, and forecasts as the fitted forecaster would."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from contracts.errors import InputError
from forecast.hierarchy import level_from, total_of
from forecast.origins import Origins
from forecast.panel import Attribute
from forecast.point import PointParams
from forecast.ranges import ForecastProblem, ranges_of
from forecast.snapshot import FORMAT, SnapshotError, pack, unpack
from forecast.trained import train


@pytest.fixture(scope="module")
def trained(market):
    """Trees, levels and what ranges are learnt from, as the market's training leaves them."""
    return train(Origins(market, PointParams(), 3), market.length)


def same(a, b):
    """Whether two forecasts are equal bit for bit."""
    assert np.array_equal(a.series.mean, b.series.mean)
    assert np.array_equal(a.series.quantiles, b.series.quantiles)
    for node, other in zip(a.nodes, b.nodes, strict=True):
        assert np.array_equal(node.quantiles, other.quantiles)


def test_a_snapshot_forecasts_bit_for_bit_like_what_was_fitted(market, trained):
    """Trees, calibration and levels come back whole: series, nodes and sums."""
    origins = Origins(market, PointParams(), 3)
    assert "lightgbm" in trained.model.name
    levels = (total_of(market), level_from(market, "store"))
    for buckets in (None, np.arange(market.horizon) // 7):
        problem = ForecastProblem(panel=market, levels=levels, buckets=buckets, quantiles=(0.1, 0.37, 0.9))
        fitted = ranges_of(problem, origins.at(market.length), origins.learnt(market.length), market)
        same(unpack(pack(trained)).predict(problem), fitted)


def test_equal_models_are_equal_bytes(market, trained):
    """The hash of a snapshot says whether two trainings are the same."""
    again = train(Origins(market, PointParams(), 3), market.length)
    assert pack(trained) == pack(again) == pack(unpack(pack(trained)))


def test_reading_imports_no_learner(trained, tmp_path):
    """A server that starts with a snapshot pays for LightGBM when trees are first asked."""
    for name, data in pack(trained).items():
        (tmp_path / name).write_bytes(data)
    code = (
        "import sys, pathlib; from forecast.snapshot import unpack\n"
        "unpack({p.name: p.read_bytes() for p in pathlib.Path(sys.argv[1]).iterdir()})\n"
        "print(sorted({'lightgbm', 'mlflow', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_codes_follow_the_texts_not_their_order(market, trained):
    """New data names fewer stores and one more: codes are those of the training, the new one is unknown."""
    store = market.static[0]
    names = ("a new one", "g0", "g1", "g2")
    moved = replace(market, static=(Attribute(name="store", values=store.values + 1, categories=names),))
    same(trained.predict(ForecastProblem(panel=moved)), trained.predict(ForecastProblem(panel=market)))
    values = moved.static[0].values.copy()
    values[0] = 0
    strange = replace(moved, static=(replace(moved.static[0], values=values),))
    assert trained.predict(ForecastProblem(panel=strange)).notes["unknown_categories"] == 1


def test_fewer_series_are_forecast_alike(market, trained):
    """Part of the series gets the ranges of what all of them taught; nodes learn from their own members."""
    part = market.take(np.arange(0, 60, 2))
    problem = ForecastProblem(panel=part, levels=(total_of(part),))
    result = trained.predict(problem)
    assert np.isfinite(result.series.quantiles).all()
    assert result.nodes[0].mean.sum() == pytest.approx(result.series.mean.sum())


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda p: replace(p, static=()), "static: expected the column store"),
        (lambda p: replace(p, static=(Attribute(name="store", values=np.full(63, 7.0)),)), None),
        (lambda p: replace(p, horizon=13), "horizon: expected the 14 periods"),
        (lambda p: replace(p, frequency=replace(p.frequency, unit="W")), "freq: expected periods D"),
    ],
)
def test_another_shape_of_data_is_told(market, trained, change, where):
    """A missing column, another horizon or period are errors; texts that look like numbers are only unknown."""
    panel = change(market)
    if where is None:
        assert trained.place(panel)[1] == {"unknown_categories": 63}
        return
    with pytest.raises(InputError, match=where):
        trained.predict(ForecastProblem(panel=panel))


def test_every_way_of_being_cut_short_is_refused(trained):
    """No prefix of any file is taken for a snapshot."""
    files = pack(trained)
    for name in files:
        without = {key: data for key, data in files.items() if key != name}
        with pytest.raises(SnapshotError):
            unpack(without)
    for name in ("spec.json", "arrays.npz"):
        for share in (0, 0.01, 0.5, 0.99):
            with pytest.raises(SnapshotError):
                unpack(files | {name: files[name][: int(len(files[name]) * share)]})


def test_a_newer_format_and_foreign_classes_are_refused(trained):
    """Nothing outside `forecast` is ever built."""
    files = pack(trained)
    newer = files["spec.json"].replace(f'"format":{FORMAT}'.encode(), b'"format":99')
    with pytest.raises(SnapshotError, match=r"expected format 1 to .*, got 99"):
        unpack(files | {"spec.json": newer})
    for tag in (b"os:path", b"forecast.point:np", b"forecast.snapshot:pack"):
        foreign = files["spec.json"].replace(b"forecast.trained:Trained", tag)
        with pytest.raises(SnapshotError, match="class"):
            unpack(files | {"spec.json": foreign})


def test_only_what_forecast_knows_is_packed():
    """A snapshot is no pickle."""
    with pytest.raises(TypeError, match="has no place"):
        pack(object())
