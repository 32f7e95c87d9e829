from dataclasses import replace

import numpy as np
import pytest

from contracts.errors import InputError
from forecast.backtest import backtest
from forecast.boosting import BoostingParams
from forecast.direct import SamplingParams
from forecast.forecaster import Forecaster, ForecastProblem, forecast, forecast_at
from forecast.hierarchy import level_from, total_of
from forecast.point import PointParams

QUICK = PointParams(
    boosting=BoostingParams(rounds=15, leaf_rows=20),
    sampling=SamplingParams(fewest=4000),
    level_boosting=BoostingParams(rounds=5, tweedie_power=None, leaf_rows=20),
    level_seeds=1,
)


def problem_of(panel, **more):
    return ForecastProblem(panel=panel, quantiles=(0.1, 0.5, 0.9), **more)


def test_nothing_leaks(market):
    """Every value after the cutoff is shuffled and multiplied: the forecast as of the cutoff stays, bit for bit."""
    rng = np.random.default_rng(3)
    y, cut = market.y.copy(), 150
    y[:, cut:] = rng.permuted(y[:, cut:], axis=0) * 3 + 1
    shuffled = replace(market, y=y, available=np.concatenate([market.available[:, :cut], y[:, cut:] > 0], axis=1))
    answers = []
    for panel in (market, shuffled):
        forecaster = Forecaster(panel, QUICK, 0)
        answers.append(forecast_at(forecaster, problem_of(panel), cut))
    np.testing.assert_array_equal(answers[0].series.mean, answers[1].series.mean)
    np.testing.assert_array_equal(answers[0].series.quantiles, answers[1].series.quantiles)


def test_the_same_seed_gives_the_same_bits(market):
    """Two runs agree exactly, and another seed does not."""
    first, second = (forecast(problem_of(market), params=QUICK, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.series.quantiles, second.series.quantiles)
    assert (forecast(problem_of(market), params=QUICK, seed=6).series.mean != first.series.mean).any()


def test_quantiles_never_cross_and_are_never_negative(market):
    """Over series, newcomers and levels, days and sums."""
    levels = (total_of(market), level_from(market, "store"))
    for buckets in (None, np.repeat([0, 1], 7)):
        result = forecast(problem_of(market, levels=levels, buckets=buckets), params=QUICK, seed=0)
        for ranges in (result.series, *result.nodes):
            assert (np.diff(ranges.quantiles, axis=-1) >= 0).all()
            assert (ranges.quantiles >= 0).all()
            assert np.isfinite(ranges.quantiles).all()


def test_totals_agree_with_the_sum_of_their_members(market):
    """The forecast of a node is the sum of its series', the total's the sum of all."""
    levels = (total_of(market), level_from(market, "store"))
    result = forecast(problem_of(market, levels=levels), params=QUICK, seed=0)
    for level, node in zip(levels, result.nodes, strict=True):
        np.testing.assert_allclose(node.mean, level.sum(result.series.mean))
    np.testing.assert_allclose(result.nodes[0].mean[0], result.series.mean.sum(axis=0))


def test_bucket_means_add_up_and_their_ranges_are_narrower_than_added_quantiles(market):
    """Daily quantiles don't add: a week's upper quantile is below the sum of seven daily ones."""
    daily = forecast(problem_of(market), params=QUICK, seed=0).series
    weekly = forecast(problem_of(market, buckets=np.repeat([0, 1], 7)), params=QUICK, seed=0).series
    np.testing.assert_allclose(weekly.mean, daily.mean.reshape(63, 2, 7).sum(axis=2))
    assert weekly.quantiles[:60, :, 2].sum() < 0.9 * daily.quantiles[:60, :, 2].sum()


def test_ranges_cover_what_they_say(market):
    """An 80 % range one horizon earlier holds 80 % of the outcomes, within sampling error and ties."""
    forecaster = Forecaster(market, QUICK, 0)
    cut = market.length - market.horizon
    result, y = forecast_at(forecaster, problem_of(market), cut), forecaster.truth(cut)
    seen = np.isfinite(y)
    inside = (y >= result.series.quantiles[..., 0]) & (y <= result.series.quantiles[..., 2])
    assert 0.75 < inside[seen].mean() < 0.95


def test_a_backtest_scores_every_model_at_every_origin(market):
    """Two origins, one horizon apart, yardsticks beside ours, all figures there."""
    problem = problem_of(market, levels=(total_of(market),))
    scores = backtest(Forecaster(market, QUICK, 0, problem.levels), problem, 2)
    assert [s["origin"] for s in scores[::4]] == ["2024-07-04", "2024-06-20"]
    assert [s["model"] for s in scores[:4]] == ["auto", "seasonal_window", "seasonal_naive", "moving_level"]
    for score in scores:
        assert {"wape", "rmsse", "bias", "quantile_loss", "coverage", "level_wape"} <= set(score)
        assert 0 < score["wape"] < 2


def test_a_backtest_longer_than_history_says_how_many_fit(market):
    """200 days less two weeks hold 13 origins of 14 days."""
    with pytest.raises(
        InputError, match=r"--backtest: expected 1 to 13 origins \(200 periods of history, horizon 14\)"
    ):
        backtest(Forecaster(market, QUICK, 0), problem_of(market), 14)


@pytest.mark.parametrize("quantiles", [(0.0, 0.5), (0.5, 1.0), (), (0.5, 0.5), (float("nan"),)])
def test_impossible_quantiles_are_refused(market, quantiles):
    """Levels lie strictly between 0 and 1, each once, at least one."""
    with pytest.raises(InputError, match="--quantiles"):
        ForecastProblem(panel=market, quantiles=quantiles)


def test_a_series_of_one_day_has_a_wide_range(make_panel):
    """Nothing to calibrate on: the range is geometric, and the note says that it is a guess."""
    result = forecast(problem_of(make_panel([[6.0]])), params=QUICK, seed=0)
    assert result.notes["ranges_without_calibration"] == 1
    assert result.series.quantiles[0, 0].tolist() == [0, 4, 14]  # scipy.stats.nbinom.ppf([.1, .5, .9], 1, 1 / 7)
