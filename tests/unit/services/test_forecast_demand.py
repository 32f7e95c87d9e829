import numpy as np
import pandas as pd
import pytest

from contracts.errors import EvenflowError, InputError
from planning.tables import quantile_levels
from services.forecast_demand import forecast_demand


def sales(**columns):
    return pd.DataFrame({"unique_id": ["a", "a"], "ds": ["2024-01-01", "2024-01-02"], "y": ["1", "2"]} | columns)


STATIC = pd.DataFrame({"unique_id": ["a", "b"], "store": ["S1", "S2"]})


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        # a required column is missing
        (sales().drop(columns="y"), {}, r"sales\.csv: column 'y': expected this required column"),
        # negative sales
        (sales(y=["1", "-2"]), {}, r"sales\.csv: column 'y', row 2: expected a number >= 0 and <= 1e.12, got -2"),
        # text where a number belongs
        (sales(y=["1", "many"]), {}, r"sales\.csv: column 'y', row 2: expected a number >= 0 and <= 1e.12, got many"),
        # more than anybody sells
        (sales(y=["1", "1e300"]), {}, r"sales\.csv: column 'y', row 2: expected a number .* <= 1e.12, got 1e300"),
        # a date that is none
        (sales(ds=["2024-01-01", "2024-13-01"]), {}, r"sales\.csv: column 'ds', row 2: expected a date"),
        # the same day twice
        (sales(ds=["2024-01-01", "2024-01-01"]), {}, r"row 2: expected each \(unique_id, ds\) once"),
        # an empty id
        (sales(unique_id=["a", ""]), {}, r"column 'unique_id', row 2: expected text, got an empty cell"),
        # no rows at all
        (sales().iloc[:0], {}, r"sales\.csv: expected at least one row, got an empty table"),
        # stock flag that is none
        (sales(available=["true", "maybe"]), {}, r"column 'available', row 2: expected true or false or empty"),
        # horizons
        (sales(), {"horizon": 0}, "--horizon: expected a whole number of periods from 1 to 730, got 0"),
        (sales(), {"horizon": 10_000}, "--horizon: .* got 10000"),
        # options that do not exist
        (sales(), {"freq": "fortnight"}, "--freq: expected D, W"),
        (sales(), {"bucket": "W-FOO"}, "--bucket: expected D, W"),
        (sales(), {"freq": "M", "bucket": "W-MON"}, "--bucket: expected a period at least as long as .*M, got W-MON"),
        (sales(), {"model": "oracle"}, "--model: expected one of"),
        (sales(), {"quantiles": [0.5, 1.2]}, "--quantiles: expected levels between 0 and 1, got 1.2"),
        (sales(), {"quantiles": [0.5, 0.9999999]}, "--quantiles: expected levels of at most 6 decimals, got 0.9999999"),
        (sales(), {"quantiles": [0.3, 0.1 + 0.2]}, "--quantiles: expected at least one level, each once, got 0.3,0.3"),
        (sales(), {"hierarchy": ["store"]}, r"--hierarchy: expected static columns \(none given\), got store"),
        (
            sales(),
            {"hierarchy": ["shop"], "static": STATIC},
            r"--hierarchy: expected static columns \(store\), got shop",
        ),
        (sales(), {"hierarchy": ["store", "store"], "static": STATIC}, "--hierarchy: expected each level once"),
        (sales(), {"backtest": 3}, "--backtest: expected a history of at least 42 periods, got 2"),
        # a series with the name of a total
        (sales(unique_id=["total", "a"]), {"hierarchy": ["store"], "static": STATIC}, "got total"),
        # attributes twice
        (sales(), {"static": pd.concat([STATIC, STATIC])}, r"static\.csv: column 'unique_id', row 3"),
    ],
)
def test_wrong_input_is_named(frame, options, message):
    """Each message names the option, or file, column and row."""
    with pytest.raises(EvenflowError, match=message):
        forecast_demand(frame, **options, sources={"sales": "sales.csv", "static": "static.csv"})


def weeks(n_series=12, days=70):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "unique_id": np.repeat([f"s{k:02d}" for k in range(n_series)], days),
            "ds": np.tile(pd.date_range("2024-01-01", periods=days), n_series),
            "y": rng.poisson(4, n_series * days),
        }
    )


def test_the_answer_has_a_row_per_series_and_day():
    """Ids, days after the last one seen, the mean and a column per quantile."""
    report = forecast_demand(weeks(), horizon=3, quantiles=[0.9, 0.1])
    assert report.forecast.columns.tolist() == ["unique_id", "ds", "mean", "q0.1", "q0.9"]
    assert report.forecast["ds"].astype(str).tolist()[:4] == ["2024-03-11", "2024-03-12", "2024-03-13", "2024-03-11"]
    assert len(report.forecast) == report.summary["rows"] == 36
    assert report.summary["first_forecast"] == "2024-03-11"


def test_fallbacks_are_counted_with_their_reasons():
    """Twelve series are too little for trees, and one has no history: all thirteen fell back."""
    static = pd.DataFrame({"unique_id": [f"s{k:02d}" for k in range(12)] + ["new"], "store": ["S"] * 13})
    summary = forecast_demand(weeks(), horizon=7, static=static).summary
    assert summary["fallback_series"] == 13
    assert summary["fallback_reasons"] == {"no_history": 1, "too_little_for_lightgbm": 12}
    assert summary["models"] == {"attributes": 1, "seasonal_window": 12}


def test_levels_are_reported_beside_the_series_and_agree():
    """Rows for the total and each store; each is the sum of its members on each day."""
    static = pd.DataFrame({"unique_id": [f"s{k:02d}" for k in range(12)], "store": ["A", "B", "C"] * 4})
    frame = forecast_demand(weeks(), horizon=7, static=static, hierarchy=["store"]).forecast
    store = frame["unique_id"].map(dict(zip(static["unique_id"], "store=" + static["store"], strict=True)))
    members = frame[store.notna()].groupby([store, "ds"])["mean"].sum()
    nodes = frame[frame["unique_id"].str.startswith("store=")].set_index(["unique_id", "ds"])["mean"]
    np.testing.assert_allclose(nodes.sort_index(), members.sort_index())
    total = frame[frame["unique_id"] == "total"]["mean"].sum()
    assert total == pytest.approx(members.sum())


def test_the_total_alone_needs_no_column():
    """It is the sum of all series; a column that is missing is still named."""
    frame = forecast_demand(weeks(), horizon=7, hierarchy=["total"]).forecast
    total = frame["unique_id"] == "total"
    assert total.sum() == 7
    assert frame[total]["mean"].sum() == pytest.approx(frame[~total]["mean"].sum())
    with pytest.raises(InputError, match=r"none given.*got store"):
        forecast_demand(weeks(), horizon=7, hierarchy=["total", "store"])


def test_buckets_are_weeks_that_begin_on_their_anchor():
    """Ten days from Monday, 11 March: a whole week and three days; the means of all days are there."""
    daily = forecast_demand(weeks(), horizon=10)
    weekly = forecast_demand(weeks(), horizon=10, bucket="W-MON").forecast
    assert weekly["ds"].astype(str).tolist()[:2] == ["2024-03-11", "2024-03-18"]
    assert weekly["periods"].tolist()[:2] == [7, 3]
    assert weekly["mean"].sum() == pytest.approx(daily.forecast["mean"].sum())


def test_weekly_data_are_forecast_in_weeks():
    """Weeks labelled by Fridays go on as Fridays."""
    frame = pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2024-01-05", periods=30, freq="7D"), "y": 5})
    report = forecast_demand(frame, horizon=2, freq="W")
    assert report.forecast["ds"].astype(str).tolist() == ["2024-08-02", "2024-08-09"]
    np.testing.assert_allclose(report.forecast["mean"], 5)


def test_times_with_zones_are_days_in_shanghai():
    """17:00 UTC is the next day in Shanghai."""
    frame = sales(ds=["2024-01-01T17:00:00+00:00", "2024-01-02T17:00:00+00:00"])
    assert str(forecast_demand(frame, horizon=1).forecast["ds"][0]) == "2024-01-04 00:00:00"


def test_an_absurd_outlier_does_not_reach_the_forecast():
    """One value of 10^7: ignored, counted, and the forecast stays near 4."""
    frame = weeks()
    frame.loc[50, "y"] = 10**7
    report = forecast_demand(frame, horizon=7)
    assert report.summary["notes"]["outliers_ignored"] == 1
    assert report.forecast["mean"].max() < 8


def test_missing_prices_and_categories_never_seen_are_no_reason_to_fail():
    """NaN or endless prices, a new promotion in the horizon, days without a row: numbers come out."""
    known = pd.DataFrame(
        {
            "unique_id": ["s00", "s00", "s01", "zz"],
            "ds": ["2024-02-01", "2024-03-12", "2024-03-12", "2024-01-01"],
            "price": ["1e300", "nan", "3.5", "inf"],
            "promotion": ["", "never seen", "", ""],
        }
    )
    report = forecast_demand(weeks(), horizon=5, known=known)
    assert np.isfinite(report.forecast.drop(columns=["unique_id", "ds"])).all(axis=None)
    assert report.summary["notes"]["known_rows_of_unknown_series"] == 1


def test_planning_reads_every_level_that_a_forecast_names():
    """Small levels and levels of six decimals: no exponent, nothing rounded."""
    levels = [0.00001, 0.1 + 0.2, 0.5, 0.999999]
    frame = forecast_demand(weeks(), horizon=2, quantiles=levels).forecast
    assert quantile_levels(frame) == {"q0.00001": 0.00001, "q0.3": 0.3, "q0.5": 0.5, "q0.999999": 0.999999}
