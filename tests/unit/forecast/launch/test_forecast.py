"""What a launch forecast promises: no leak, ranges in order, fallbacks that say so, errors that name the place."""

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError
from forecast.boosting import StumpParams
from forecast.launch.forecaster import LaunchParams
from services import forecast_launches as service

CHECKPOINTS = ("0h", "3d")
QUICK = LaunchParams(trees=StumpParams(rounds=60, learning_rate=0.1))


def forecast_launches(*tables, **options):
    """The service with few trees, to be quick."""
    return service.forecast_launches(*tables, **{"params": QUICK} | options)


@pytest.fixture(scope="module")
def report(small_season, seasons):
    styles, signals, sales = small_season
    return forecast_launches(
        seasons.asked(styles), signals, sales, checkpoints=CHECKPOINTS, quantiles=(0.05, 0.1, 0.5, 0.9), path_at="3d"
    )


def test_a_row_per_style_and_checkpoint(report, small_season):
    """In the order of the styles, then of time, with ranges in order and above what was sold."""
    forecast, styles = report.forecast, small_season[0]
    assert forecast["style_id"].tolist() == styles["style_id"][120:].repeat(2).tolist()
    assert forecast["checkpoint"].tolist() == list(CHECKPOINTS) * 40
    values = forecast[["q0.05", "q0.1", "q0.5", "q0.9"]].to_numpy()
    assert (np.diff(values, axis=1) >= 0).all()
    assert forecast["p_hit"].between(0, 1).all()
    assert forecast["drivers"].str.len().min() > 0


def test_signals_and_sales_tell_more_and_more(report, small_season):
    """Better than the median of the history at the launch, and better still three days after it."""
    truth = small_season[0].set_index("style_id")["total"]
    forecast = report.forecast.assign(total=report.forecast["style_id"].map(truth))
    error = (forecast["q0.5"] - forecast["total"]).abs().groupby(forecast["checkpoint"]).sum()
    blind = (truth[120:] - truth[:120].median()).abs().sum()
    assert error["3d"] < 0.6 * error["0h"]
    assert error["0h"] < 0.7 * blind
    assert report.summary["adds_up_to_total"] == ["sale"]
    assert set(report.summary["checkpoints"]["3d"]["backtest_wape"]) >= {"multiplier", "log_linear", "boosted"}


def test_nothing_after_the_checkpoint_counts(report, small_season, seasons):
    """Bit for bit the same when all that was observed after the last checkpoint of all comes a day later."""
    styles, signals, sales = small_season
    last = styles["launch_at"].max() + pd.Timedelta(days=3)
    one = seasons.asked(styles, 159)
    later = signals["observed_at"] + pd.Timedelta(days=1)
    moved = signals.assign(observed_at=signals["observed_at"].mask(signals["observed_at"] > last, later))
    first = forecast_launches(one, signals, sales, checkpoints=["3d"]).forecast
    pd.testing.assert_frame_equal(first, forecast_launches(one, moved, sales, checkpoints=["3d"]).forecast)


def test_own_signals_after_a_checkpoint_do_not_count(report, small_season, seasons):
    """Of one style, whatever is observed later may be anything."""
    styles, signals, sales = small_season
    one = seasons.asked(styles, 159)
    late = (signals["style_id"] == "s0159") & (signals["observed_at"] > styles["launch_at"].iloc[-1])
    first = forecast_launches(one, signals, sales, checkpoints=["0h"]).forecast
    changed = signals.assign(count=signals["count"].mask(late, 1e6))
    pd.testing.assert_frame_equal(first, forecast_launches(one, changed, sales, checkpoints=["0h"]).forecast)


def test_totals_that_were_not_final_do_not_count(small_season, seasons):
    """Bit for bit the same whatever they are."""
    styles, signals, sales = small_season
    known = seasons.asked(styles, 120)
    moment = styles["launch_at"].iloc[120]
    open_ones = known["launch_at"] + pd.Timedelta(days=25) > moment
    changed = known.assign(total=known["total"].where(~open_ones, known["total"] * 7 + 1))
    first = forecast_launches(known, signals, sales, checkpoints=["0h"]).forecast
    second = forecast_launches(changed, signals, sales, checkpoints=["0h"]).forecast
    pd.testing.assert_frame_equal(first.iloc[:1], second.iloc[:1])
    assert (first["q0.5"] != second["q0.5"]).any(), "later rows may use them once they are final"


def test_the_path_adds_up_to_what_is_to_come(report):
    """Each style's buckets sum to its mean less what came, none before the checkpoint, all within its life."""
    path = report.path
    at = report.forecast[report.forecast["checkpoint"] == "3d"].set_index("style_id")
    sums = path.groupby("item", sort=False)["mean"].sum()
    assert (sums <= at["mean"] * (1 + 1e-9)).all()
    assert (path["q0.1"] <= path["q0.5"]).all()
    assert path.columns.tolist() == ["item", "bucket", "mean", "q0.05", "q0.1", "q0.5", "q0.9"]
    assert path.groupby("item")["bucket"].nunique().between(20, 24).all()


@pytest.mark.parametrize(("history", "method"), [(0, "no_history"), (1, "multiplier"), (6, "multiplier"), (30, None)])
def test_little_history_falls_back_and_says_so(small_season, seasons, history, method):
    """No finished style, one, a few."""
    styles, signals, sales = small_season
    kept = pd.concat([styles.iloc[:history], styles.iloc[150:]])
    given = kept.assign(total=kept["total"].where(np.arange(len(kept)) < history))
    report = forecast_launches(given, signals, sales, checkpoints=["1d"])
    told = report.summary["checkpoints"]["1d"]
    assert told["history"] == history
    assert method is None or told["method"] == method
    assert np.isfinite(report.forecast[["mean", "q0.1", "q0.5", "q0.9"]].to_numpy()).all()
    assert report.forecast["p_hit"].isna().all() == (history == 0)


def test_odd_styles_are_forecast(small_season, seasons):
    """No signals at all, empty and unknown attributes, a category never seen, totals of nothing but zero."""
    styles, signals, _ = small_season
    odd = seasons.asked(styles).assign(total=lambda frame: frame["total"] * 0)
    odd.loc[120:, "category"] = "hats"
    odd.loc[125:, "price"] = np.nan
    odd["note"] = None
    forecast = forecast_launches(odd, signals, checkpoints=["0h", "1d"]).forecast
    assert (forecast["q0.9"] < 1).all()
    alone = forecast_launches(seasons.asked(styles), checkpoints=["0h", "1d"]).forecast
    assert np.isfinite(alone["mean"]).all()


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"styles": lambda s: s.drop(columns="launch_at")}, "launch_at"),  # a column is missing
        ({"styles": lambda s: s.assign(total=1.0)}, "without a total"),  # nothing to forecast
        ({"styles": lambda s: pd.concat([s, s[:1]])}, "row 161"),  # a style twice
        ({"styles": lambda s: s.assign(final_at="2020-01-01")}, "final_at.*row 1"),  # final before the launch
        ({"signals": lambda s: s.assign(kind="smile")}, "kind.*row 1"),  # no such kind
        ({"checkpoints": ["1h", "1 week"]}, "--checkpoints"),
        ({"quantiles": (0.5, 1.0)}, "--quantiles"),
        ({"path_at": "2h"}, "--path-at"),
        ({"bucket": "M"}, "--bucket"),
    ],
)
def test_wrong_input_is_named(small_season, seasons, change, match):
    """Option or table, column and row."""
    styles, signals, sales = small_season
    given = {"styles": seasons.asked(styles), "signals": signals, "sales": sales, "checkpoints": ["1h"]}
    for name, new in change.items():
        given[name] = new(given[name]) if callable(new) else new
    with pytest.raises(InputError, match=match):
        forecast_launches(**given)


def test_a_path_needs_something_that_adds_up(small_season, seasons):
    """Reposts alone do not lay out sales."""
    styles, signals, _ = small_season
    with pytest.raises(InputError, match="--path"):
        forecast_launches(seasons.asked(styles), signals, checkpoints=["0h"], path_at="0h")
