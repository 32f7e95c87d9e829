from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from contracts.errors import InputError, TableError
from forecast.backtest import backtest
from forecast.boosting import BoostingParams
from forecast.countries import country_feasts
from forecast.direct import SamplingParams
from forecast.forecaster import Forecaster, ForecastProblem, Origins, forecast, forecast_at
from forecast.hierarchy import level_from, total_of
from forecast.panel import LOOKAHEAD, Attribute
from forecast.point import PointParams

QUICK = PointParams(
    boosting=BoostingParams(rounds=15, leaf_rows=20),
    sampling=SamplingParams(fewest=4000),
    level_boosting=BoostingParams(rounds=5, tweedie_power=None, leaf_rows=20),
    level_seeds=1,
)


def problem_of(panel, **more):
    return ForecastProblem(panel=panel, quantiles=(0.1, 0.5, 0.9), **more)


def everything_known(market, rng):
    """Give the market all that a panel can have: a price, a promotion, events, feasts, sales on lost days."""
    whole = market.length + market.horizon
    lost = ~market.available & (np.arange(market.length) >= market.born[:, None])
    return replace(
        market,
        known=(
            Attribute(name="price", values=rng.uniform(5, 10, (market.n, whole)).astype(np.float32)),
            Attribute(name="promotion", values=(rng.random((market.n, whole)) < 0.1).astype(np.float32)),
        ),
        calendar=(Attribute(name="event", values=calendar_of(rng, whole + LOOKAHEAD), categories=("a", "b")),),
        feasts=country_feasts("CN", 2022, 2026),
        sold=csr_matrix(lost * rng.integers(0, 4, lost.shape)),
    )


def calendar_of(rng, periods):
    return np.where(rng.random(periods) < 0.05, rng.integers(0, 2, periods), np.nan).astype(np.float32)


def shuffled_after(panel, cut, rng):
    """Change everything that could not be known after `cut` periods: sales, stock-outs, prices and events to come."""
    y, available = panel.y.copy(), panel.available.copy()
    y[:, cut:] = rng.permuted(y[:, cut:], axis=0) * 3 + 1
    available[:, cut:] = rng.permuted(available[:, cut:], axis=0)
    sold = panel.sold.toarray()
    sold[:, cut:] = rng.permuted(sold[:, cut:], axis=0) * 9
    ahead = cut + panel.horizon
    known = tuple(
        replace(a, values=np.concatenate([a.values[:, :ahead], a.values[:, ahead:] * 7], 1)) for a in panel.known
    )
    seen = ahead + LOOKAHEAD
    event = panel.calendar[0]
    events = replace(event, values=np.concatenate([event.values[:seen], calendar_of(rng, len(event.values) - seen)]))
    return replace(
        panel, y=np.where(available, y, 0), available=available, sold=csr_matrix(sold), known=known, calendar=(events,)
    )


@pytest.mark.parametrize("model", ["auto", "seasonal_window"])
def test_nothing_leaks(market, model):
    """All after the cutoff is shuffled and multiplied: forecasts of series, levels and sums stay, bit for bit."""
    rng = np.random.default_rng(3)
    panel, cut = everything_known(market, rng), 150
    answers = []
    for version in (panel, shuffled_after(panel, cut, rng)):
        problem = problem_of(version, levels=(total_of(version), level_from(version, "store")))
        answers.append(forecast_at(Origins(version, replace(QUICK, model=model), 0, problem.levels), problem, cut))
    np.testing.assert_array_equal(answers[0].series.mean, answers[1].series.mean)
    np.testing.assert_array_equal(answers[0].series.quantiles, answers[1].series.quantiles)
    for ours, theirs in zip(answers[0].nodes, answers[1].nodes, strict=True):
        np.testing.assert_array_equal(ours.quantiles, theirs.quantiles)
    assert answers[0].notes == answers[1].notes


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
    forecaster = Origins(market, QUICK, 0)
    cut = market.length - market.horizon
    result, y = forecast_at(forecaster, problem_of(market), cut), forecaster.truth(cut)
    seen = np.isfinite(y)
    inside = (y >= result.series.quantiles[..., 0]) & (y <= result.series.quantiles[..., 2])
    assert 0.75 < inside[seen].mean() < 0.95


def test_a_backtest_scores_every_model_at_every_origin(market):
    """Two origins, one horizon apart, yardsticks beside ours, all figures there."""
    problem = problem_of(market, levels=(total_of(market),))
    scores = backtest(Origins(market, QUICK, 0, problem.levels), problem, 2)
    assert [s["origin"] for s in scores[::4]] == ["2024-07-04", "2024-06-20"]
    assert [s["model"] for s in scores[:4]] == ["auto", "seasonal_window", "seasonal_naive", "moving_level"]
    for score in scores:
        assert {"wape", "rmsse", "bias", "quantile_loss", "coverage", "wrmsse", "wspl", "sizes"} <= set(score)
        assert score["levels"]["total"]["wape"] < score["wape"]
        assert 0 < score["wape"] < 2
    assert scores[0]["value_added"]["seasonal_naive"] == pytest.approx(
        1 - scores[0]["wape"] / scores[2]["wape"], abs=1e-4
    )


def test_a_backtest_longer_than_history_says_how_many_fit(market):
    """200 days less two weeks hold 13 origins of 14 days."""
    with pytest.raises(
        InputError, match=r"--backtest: expected 1 to 13 origins \(200 periods of history, horizon 14\)"
    ):
        backtest(Origins(market, QUICK, 0), problem_of(market), 14)


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


def test_update_is_the_panel_rebuilt_asked_with_the_same_trees(market):
    """Fourteen days later, given day by day: what the same trees say of the whole panel, bit for bit."""
    cut = market.length - 14
    then = Forecaster(params=QUICK).fit(market.cut(cut), (total_of(market),))
    now = then
    for day in range(cut, market.length):
        born = np.flatnonzero(market.born <= day)
        rows = pd.DataFrame(
            {"unique_id": market.ids[born], "ds": market.dates(day, day + 1)[0], "y": market.y[born, day]}
        )
        now = now.update(rows.assign(available=market.available[born, day]))
    np.testing.assert_array_equal(now.panel.y, market.y)
    np.testing.assert_array_equal(now.panel.available, market.available)
    np.testing.assert_array_equal(now.panel.born, market.born)
    rebuilt = replace(then, panel=market)
    for ours, theirs in ((now.predict(), rebuilt.predict()), (now.predict_sum(10), rebuilt.predict_sum(10))):
        np.testing.assert_array_equal(ours.series.quantiles, theirs.series.quantiles)
        np.testing.assert_array_equal(ours.nodes[0].mean, theirs.nodes[0].mean)
    assert (now.predict().series.mean != then.predict().series.mean).any()
    assert now.model is then.model
    assert now.learnt is then.learnt


def test_a_fitted_forecaster_answers_as_forecast_does(market):
    """Fit and predict are the two halves of `forecast`; a shorter horizon is its beginning."""
    fitted = Forecaster(params=QUICK).fit(market)
    whole = forecast(problem_of(market), params=QUICK).series
    np.testing.assert_array_equal(fitted.predict(quantiles=(0.1, 0.5, 0.9)).series.quantiles, whole.quantiles)
    np.testing.assert_array_equal(fitted.predict(5).series.mean, whole.mean[:, :5])


def test_the_sum_over_a_lead_time_is_calibrated_as_a_sum(market):
    """Its mean is the days' sum; its upper quantile is below the days' quantiles added."""
    fitted = Forecaster(params=QUICK).fit(market)
    days, total = fitted.predict(10).series, fitted.predict_sum(10).series
    np.testing.assert_allclose(total.mean[:, 0], days.mean.sum(axis=1))
    assert total.quantiles[:60, 0, -1].sum() < 0.9 * days.quantiles[:60, :, -1].sum()


@pytest.mark.parametrize("h", [0, -1, 15, 10_000])
def test_a_horizon_that_was_not_learnt_is_refused(market, h):
    """The message says what was learnt."""
    fitted = Forecaster(params=replace(QUICK, model="seasonal_window")).fit(market)
    with pytest.raises(InputError, match=f"h: expected 1 to 14 periods, the horizon that was learnt, got {h}"):
        fitted.predict(h)


@pytest.mark.parametrize(
    ("series", "day", "message"),
    [
        ("s0", "2024-07-18", "column 'ds', row 1: expected periods after 2024-07-18"),
        ("zz", "2024-07-19", "column 'unique_id', row 1: expected a series of the panel"),
    ],
)
def test_an_update_that_is_none_is_refused(market, series, day, message):
    """A day already seen and a series never seen are named with their row."""
    fitted = Forecaster(params=replace(QUICK, model="seasonal_window")).fit(market)
    rows = pd.DataFrame({"unique_id": [series], "ds": pd.to_datetime([day]), "y": [1.0]})
    with pytest.raises(TableError, match=message):
        fitted.update(rows)


def test_known_regressors_move_on_with_the_days(market):
    """A price given for the day that comes into sight is taken, elsewhere the last one stands."""
    price = Attribute(name="price", values=np.full((market.n, market.length + 14), 2, dtype=np.float32))
    fitted = Forecaster(params=replace(QUICK, model="seasonal_window")).fit(replace(market, known=(price,)))
    rows = pd.DataFrame({"unique_id": ["s0"], "ds": pd.to_datetime(["2024-07-19"]), "y": [1.0]})
    later = pd.DataFrame({"unique_id": ["s1"], "ds": pd.to_datetime(["2024-08-02"]), "price": [3.0]})
    values = fitted.update(rows, known=later).panel.known[0].values
    assert values.shape == (market.n, market.length + 1 + 14)
    assert values[:3, -1].tolist() == [2, 3, 2]
