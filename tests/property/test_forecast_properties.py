import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from services.forecast_demand import forecast_demand

PERIODS = [("D", None), ("D", "W-MON"), ("D", "M"), ("W", None), ("W", "W-MON"), ("W", "M"), ("M", None), ("M", "M")]


@st.composite
def tables(draw):
    """Some short, patchy, partly censored series with wild values."""
    rows = []
    for k in range(draw(st.integers(1, 4))):
        days = draw(st.lists(st.integers(0, 80), min_size=1, max_size=40, unique=True))
        for day in days:
            y = draw(st.one_of(st.integers(0, 5), st.floats(0, 1e7)))
            rows.append((f"s{k}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=day), y, draw(st.booleans())))
    return pd.DataFrame(rows, columns=["unique_id", "ds", "y", "available"])


@settings(max_examples=40, deadline=None)
@given(tables(), st.integers(1, 40), st.sampled_from(PERIODS))
def test_any_table_gives_finite_ordered_numbers(table, horizon, periods):
    """No NaN, nothing negative, no crossing, whatever the series look like; a row for each and all agree in total."""
    freq, bucket = periods
    report = forecast_demand(table, horizon=horizon, bucket=bucket, freq=freq, quantiles=[0.1, 0.5, 0.9])
    values = report.forecast[["mean", "q0.1", "q0.5", "q0.9"]].to_numpy()
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert (np.diff(values[:, 1:], axis=1) >= 0).all()
    assert report.forecast["unique_id"].nunique() == table["unique_id"].nunique()
    assert report.summary["expected_pieces"] == np.float64(
        report.forecast["mean"].to_numpy().sum()
    ).item() or np.isclose(report.summary["expected_pieces"], report.forecast["mean"].sum())


@settings(max_examples=15, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(table, random):
    """A shuffled file gives the same forecast."""
    order = list(range(len(table)))
    random.shuffle(order)
    first, second = (forecast_demand(t, horizon=7).forecast for t in (table, table.iloc[order]))
    pd.testing.assert_frame_equal(first, second)
