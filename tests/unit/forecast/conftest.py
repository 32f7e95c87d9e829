import numpy as np
import pytest

from forecast.frequency import Frequency
from forecast.panel import Attribute, Panel


@pytest.fixture(scope="session")
def make_panel():
    """Build a daily panel (2024-01-01 is a Monday) from rows of demand; NaN = not yet born or unavailable."""

    def make(rows, *, horizon=7, groups=None, unit="D"):
        y = np.asarray(rows, dtype=float)
        seen = np.isfinite(y)
        born = np.where(seen.any(axis=1), seen.argmax(axis=1), y.shape[1])
        static = () if groups is None else (_coded(groups),)
        return Panel(
            ids=np.array([f"s{k}" for k in range(len(y))], dtype=object),
            frequency=Frequency(unit=unit),
            first=int(np.datetime64("2024-01-01").astype("datetime64[D]").astype(int)),
            y=np.nan_to_num(y).astype(np.float32),
            available=seen,
            born=born,
            horizon=horizon,
            static=static,
        )

    return make


def _coded(groups):
    names, codes = np.unique(np.asarray(groups), return_inverse=True)
    return Attribute(name="store", values=codes.astype(np.float32), categories=tuple(map(str, names)))


@pytest.fixture(scope="session")
def market(make_panel):
    """60 series x 200 days with a weekly cycle, one stock-out in ten, two newcomers and one dead series."""
    rng = np.random.default_rng(7)
    weekday = np.array([1, 0.8, 0.8, 1, 1.4, 1.8, 1.2])
    size = rng.gamma(1.0, 5.0, 63) + 0.2
    y = rng.poisson(size[:, None] * weekday[np.arange(200) % 7]).astype(float)
    y[rng.random(y.shape) < 0.1] = np.nan
    y[:, 0] = 1
    y[60, 20:] = 0
    y[61:] = np.nan
    return make_panel(y, horizon=14, groups=[f"g{k % 3}" for k in range(63)])
