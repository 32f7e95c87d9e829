"""Window features against the same windows written in SQL."""

import sqlite3

import numpy as np
import pytest

from forecast.windows import RunningSums


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(11)
    y = rng.poisson(2, (6, 150)).astype(float)
    available = rng.random(y.shape) > 0.15
    base = sqlite3.connect(":memory:")
    base.execute("create table sales (series int, t int, y real)")
    rows, columns = np.nonzero(available)
    base.executemany(
        "insert into sales values (?, ?, ?)",
        [(int(i), int(t), float(y[i, t])) for i, t in zip(rows, columns, strict=True)],
    )
    yield y, available, base
    base.close()


def ask(base, query, *values):
    answer = base.execute(query, values).fetchone()[0]
    return np.nan if answer is None else answer


@pytest.mark.parametrize("seed", range(40))
def test_windows_are_what_sql_says(data, seed):
    """Moving mean, spread, share of sales and same-season mean of a random series, origin and horizon."""
    y, available, base = data
    rng = np.random.default_rng(seed)
    i, t, h, w = (int(rng.integers(*bounds)) for bounds in ((0, 6), (0, 150), (1, 30), (1, 60)))
    season, cycles = int(rng.choice([1, 7, 12])), int(rng.integers(1, 9))
    sums = RunningSums(y, available, season)
    row, origin = np.array([i]), np.array([t])
    inside = "from sales where series = ? and t > ? and t <= ?"
    expected = {
        "mean": ask(base, f"select avg(y) {inside}", i, t - w, t),
        "square": ask(base, f"select avg(y * y) {inside}", i, t - w, t),
        "sold": ask(base, f"select avg(y > 0) {inside}", i, t - w, t),
        "season": ask(
            base,
            "select avg(y) from sales where series = ? and t <= ? and (? - t) % ? = 0 and t >= ?",
            *(i, t, t + h, season, (t + h) - season * (-(-h // season) + cycles - 1)),
        ),
    }
    np.testing.assert_allclose(sums.mean(row, origin, w), expected["mean"])
    np.testing.assert_allclose(sums.share_sold(row, origin, w), expected["sold"])
    spread = sums.spread(row, origin, w)
    np.testing.assert_allclose(spread**2, expected["square"] - expected["mean"] ** 2, atol=1e-9)
    np.testing.assert_allclose(sums.season_mean(row, origin, origin + h, cycles), expected["season"])
