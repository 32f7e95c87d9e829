"""What moved a forecast: factors that multiply to it, from the very features the trees saw."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from forecast.boosting import BoostingParams
from forecast.direct import SamplingParams
from forecast.drivers import ABOVE, drivers_of
from forecast.point import PointParams, fit_point

TREES = PointParams(
    boosting=BoostingParams(rounds=15, leaf_rows=20), sampling=SamplingParams(fewest=4000), reconcile="bottom_up"
)


def test_days_of_empty_shelves_are_read_as_the_forecast_read_them(market, monkeypatch):
    """Without levels above and with one seed, the trees' parts multiply to the forecast: no other driver is left."""
    monkeypatch.setattr("forecast.point._FEW_CELLS", 0)
    lost = ~market.available & (np.arange(market.length) >= market.born[:, None])
    panel = replace(market, sold=csr_matrix(lost * 3.0))
    model = fit_point(panel, params=TREES, seed=0)
    point = model.predict(panel)
    busy = np.flatnonzero(point.model == "lightgbm")[:10]
    assert len(busy) == 10
    for row in busy:
        found = drivers_of(model, panel, point, row)
        assert np.exp(found.logs.sum(axis=1)) == pytest.approx(point.mean[row])
        np.testing.assert_allclose(found.logs[:, found.words.index(ABOVE)], 0, atol=1e-5)
