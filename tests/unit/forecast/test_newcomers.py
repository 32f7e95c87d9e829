from dataclasses import replace

import numpy as np
import pytest

from forecast.newcomers import attribute_prior
from forecast.panel import Attribute


def test_a_newcomer_is_like_the_series_it_shares_attributes_with(make_panel):
    """Stores of two sizes: the newcomer of each is near its store's mean."""
    rng = np.random.default_rng(0)
    level = np.concatenate([rng.uniform(8, 12, 40), rng.uniform(0.8, 1.2, 40), [0, 0]])
    panel = make_panel(np.ones((82, 30)), groups=["big"] * 40 + ["small"] * 40 + ["big", "small"])
    established = np.arange(82) < 80
    prior = attribute_prior(panel, level, established, seed=0).level
    assert prior[80] == pytest.approx(10, rel=0.15)
    assert prior[81] == pytest.approx(1, rel=0.3)


def test_the_established_are_judged_out_of_fold(make_panel):
    """One giant in a store of its own: without itself, its attributes say little of its size."""
    level = np.array([1.0] * 30 + [100.0])
    panel = make_panel(np.ones((31, 30)), groups=["a"] * 30 + ["giant"])
    prior = attribute_prior(panel, level, np.ones(31, dtype=bool), seed=0).level
    assert prior[30] < 10


def test_without_anyone_to_learn_from_nothing_is_expected(make_panel):
    """No established series: zero, and not an error."""
    panel = make_panel(np.ones((2, 5)), groups=["a", "b"])
    assert attribute_prior(panel, np.zeros(2), np.zeros(2, dtype=bool), seed=0).level.tolist() == [0, 0]


def places(make_panel, seed):
    """Return 300 stores on a map with two good quarters and a footfall, their levels, and which are established."""
    rng = np.random.default_rng(seed)
    lat, lon, footfall = rng.uniform(30, 32, 300), rng.uniform(120, 122, 300), rng.lognormal(6, 0.5, 300)
    centres = ((30.5, 120.6), (31.4, 121.5))
    good = sum(np.exp(-((lat - x) ** 2 + (lon - y) ** 2) / 0.08) for x, y in centres)
    level = footfall / 100 * (1 + 4 * good) * rng.lognormal(0, 0.1, 300)
    columns = {"lat": lat, "lon": lon, "footfall": footfall}
    static = tuple(Attribute(name=name, values=values.astype(np.float32)) for name, values in columns.items())
    return replace(make_panel(np.ones((300, 30))), static=static), level, np.arange(300) < 240


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_new_store_is_like_the_stores_around_it(make_panel, seed, monkeypatch):
    """Location and footfall: look-alikes take a quarter off the error of straight lines."""
    panel, level, established = places(make_panel, seed)
    new = ~established

    def error():
        prior = attribute_prior(panel, np.where(established, level, 0), established, seed=0).level
        return np.abs(prior - level)[new].sum() / level[new].sum()

    ours = error()
    monkeypatch.setattr("forecast.newcomers._WEIGHTS", (0.0,))
    assert ours < 0.75 * error()


def test_more_footfall_means_more_sales(make_panel):
    """Two new stores at the same place: the one with twice the footfall is expected to sell more."""
    panel, level, established = places(make_panel, 0)
    static = {a.name: a.values.copy() for a in panel.static}
    for name in ("lat", "lon"):
        static[name][299] = static[name][298]
    static["footfall"][298:] = [400, 800]
    panel = replace(panel, static=tuple(replace(a, values=static[a.name]) for a in panel.static))
    prior = attribute_prior(panel, np.where(established, level, 0), established, seed=0).level
    assert prior[299] > 1.5 * prior[298]
