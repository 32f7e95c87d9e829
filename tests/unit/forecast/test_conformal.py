import numpy as np
import pytest

from forecast.conformal import DEFAULT_QUANTILES, Residuals, calibrate


def residuals(mean, y):
    return Residuals(mean=np.asarray(mean, float), y=np.asarray(y, float), dispersion=np.zeros(len(mean)))


def test_few_residuals_are_order_statistics_a_step_outwards():
    """30 ratios 1/20 … 30/20: ranks 31 * 0.05 down to 1, 31 * 0.95 up to 30; of 30 it would be 2 and 29."""
    calibration = calibrate(residuals(np.full((30, 1), 20.0), np.arange(1, 31)[:, None]), [0.05, 0.95])
    np.testing.assert_allclose(calibration.apply(np.array([[20.0]]), np.zeros(1)), [[[1, 30]]])


def test_a_series_that_rarely_sells_has_a_median_of_zero():
    """One sale of 10 in ten days: zero up to 90 %, then ten."""
    y = np.zeros((100, 10))
    y[:, 3] = 10
    quantiles = calibrate(residuals(np.ones((100, 10)), y), [0.5, 0.85, 0.95]).apply(np.ones((1, 10)), np.zeros(1))
    assert quantiles[0, 0].tolist() == [0, 0, 10]


def test_quantiles_are_calibrated_with_ties_in_each_third_by_size():
    """Counts of three very different sizes: share(y < q) - 0.02 <= level <= share(y <= q) + 0.02 in each."""
    rng = np.random.default_rng(0)
    mean = np.repeat(rng.gamma(0.5, 4, (1500, 1)) + 0.05, 28, axis=1)
    calibration = calibrate(residuals(mean, rng.poisson(mean)), DEFAULT_QUANTILES)
    outcome, quantiles = rng.poisson(mean), calibration.apply(mean, np.zeros(1500))
    for third in np.array_split(np.argsort(mean[:, 0]), 3):
        for k, level in enumerate(DEFAULT_QUANTILES):
            below = (outcome[third] < quantiles[third, :, k]).mean()
            at_most = (outcome[third] <= quantiles[third, :, k]).mean()
            assert below - 0.02 <= level <= at_most + 0.02


def test_later_weeks_may_be_wider():
    """Errors that grow with the horizon give ranges that grow."""
    rng = np.random.default_rng(1)
    mean = np.full((2000, 28), 50.0)
    y = mean * (1 + 0.02 * np.arange(1, 29) * rng.uniform(-1, 1, mean.shape))
    width = np.diff(calibrate(residuals(mean, y), [0.1, 0.9]).apply(mean[:1], np.zeros(1)), axis=2)[0, :, 0]
    assert width[-1] > 3 * width[0]


def test_without_residuals_the_range_is_geometric():
    """Mean 1: P(0) = 1/2, so the median is 0 and the 0.75 quantile 1."""
    calibration = calibrate(residuals(np.empty((0, 1)), np.empty((0, 1))), [0.5, 0.75])
    assert not calibration.learned
    assert calibration.apply(np.ones((1, 1)), np.zeros(1)).tolist() == [[[0, 1]]]


def test_a_forecast_of_zero_has_no_width():
    """What never sold is forecast as zero at every level."""
    for y in (np.empty((0, 1)), np.ones((50, 1))):
        calibration = calibrate(residuals(np.ones_like(y), y), [0.1, 0.9])
        assert calibration.apply(np.zeros((1, 1)), np.zeros(1)).tolist() == [[[0, 0]]]


def test_a_faded_series_that_sells_again_does_not_blow_up_the_others():
    """One sale against a forecast of 1e-20 is no ratio of 1e20 for every small series."""
    mean, y = np.full((100, 10), 0.5), np.zeros((100, 10))
    mean[:30], y[0, :5], y[60:] = 1e-20, 1, 1
    quantiles = calibrate(residuals(mean, y), [0.5, 0.995]).apply(np.array([[1e-20, 0.5]]), np.zeros(1))
    assert quantiles.max() < 1000


@pytest.mark.parametrize("hidden", ["mean", "y"])
def test_unknown_pairs_are_left_out(hidden):
    """NaN in the forecast or the outcome teaches nothing."""
    mean, y = np.full((60, 1), 2.0), np.full((60, 1), 4.0)
    (mean if hidden == "mean" else y)[30:] = np.nan
    assert calibrate(residuals(mean, y), [0.5]).apply(np.ones((1, 1)), np.zeros(1)).tolist() == [[[2]]]
