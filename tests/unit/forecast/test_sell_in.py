import numpy as np
import pytest

from benchmarks.sell_in import HONEST, STUFFED, simulated
from forecast.sell_in import SellInParams, check_sell_in

DAYS = np.datetime64("2024-01-01") + np.arange(366)


def test_planted_stuffers_are_found_and_honest_spikes_are_not():
    """Ten of each kind: nobody honest is called a stuffer, nine in ten stuffers are."""
    into, out, days, kinds = simulated(10, 5)
    flagged = np.array([check.stuffing for check in check_sell_in(into, out, days)])
    guilty = np.array([kind in STUFFED for kind in kinds])
    assert {kind for kind, found in zip(kinds, flagged, strict=True) if found and kind in HONEST} == set()
    assert flagged[guilty].mean() >= 0.9


def test_excess_is_counted_in_months_of_present_sales():
    """Ten pieces a day are sold, eleven are sent: a month of sales too many after a year, and no spike."""
    check = check_sell_in(np.full((1, 366), 11.0), np.full((1, 366), 10.0), DAYS)[0]
    assert check.excess_months == pytest.approx((366 - 41) / 304)  # the least of the last 42 days
    assert check.end_share == pytest.approx(check.usual_share)
    assert "1.1 months of sales" in check.reasons[0]


def test_a_spike_at_the_end_of_months_is_told_from_one_that_shoppers_make():
    """Half of the sell-in falls on the last day. Where sales do the same (pay day), it is no evidence."""
    month = DAYS.astype("datetime64[M]")
    last = (month + 1).astype("datetime64[D]") - 1 == DAYS
    into = np.where(last, 30.0, 1.0)[None]
    stuffed, honest = (check_sell_in(into, out, DAYS)[0] for out in (np.full((1, 366), into.mean()), into))
    assert stuffed.stuffing
    assert "the last 5 days of a month take" in stuffed.reasons[0]
    assert honest.score == 0
    assert honest.reasons == ("sell-in follows sell-through",)


def test_the_bullwhip_is_the_ratio_of_weekly_variances():
    """Orders that swing twice as far have four times the variance."""
    rng = np.random.default_rng(0)
    week = np.repeat(rng.normal(100, 10, 53), 7)[:366]
    check = check_sell_in((2 * week - 100)[None], week[None], DAYS)[0]
    assert check.bullwhip == pytest.approx(4, rel=0.01)


def test_too_little_history_is_not_scored():
    """Three months say nothing; the reason says how many are needed."""
    check = check_sell_in(np.full((1, 91), 50.0), np.full((1, 91), 10.0), DAYS[:91])[0]
    assert np.isnan(check.score)
    assert not check.stuffing
    assert check.reasons == ("not scored: 3 whole months, 6 needed",)


def test_goods_that_nobody_buys_are_an_alarm():
    """No sales at all: excess without bound."""
    check = check_sell_in(np.full((1, 366), 5.0), np.zeros((1, 366)), DAYS)[0]
    assert check.stuffing
    assert check.reasons[0] == "goods come in and nothing is sold"


@pytest.mark.parametrize("wrong", [{"end_days": 0}, {"tolerated_share": 1.0}, {"fewest_months": 2}, {"alarm": 0}])
def test_parameters_out_of_range_are_refused(wrong):
    """Each is named."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SellInParams(**wrong)
