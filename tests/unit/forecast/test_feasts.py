from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError
from forecast.boosting import BoostingParams
from forecast.countries import country_feasts, market_feasts
from forecast.direct import SamplingParams
from forecast.feasts import Feast, Feasts
from forecast.features import FeatureMaker, Rows
from forecast.frequency import Frequency
from forecast.point import PointParams, point_forecast

DAILY = Frequency(unit="D")


def ordinals(first, count, frequency=DAILY):
    return frequency.ordinals(np.array([first], dtype="datetime64[D]"))[0] + np.arange(count)


def days_of(country, name, first, last):
    return next(f for f in country_feasts(country, first, last).feasts if f.name == name).days.astype(str).tolist()


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("Spring Festival", ["2024-02-10", "2025-01-29", "2026-02-17"]),
        ("Lantern Festival", ["2024-02-24", "2025-02-12", "2026-03-03"]),
        ("Tomb-Sweeping Day", ["2024-04-04", "2025-04-04", "2026-04-05"]),
        ("Dragon Boat Festival", ["2024-06-10", "2025-05-31", "2026-06-19"]),
        ("Qixi", ["2024-08-10", "2025-08-29", "2026-08-19"]),
        ("Mid-Autumn Festival", ["2024-09-17", "2025-10-06", "2026-09-25"]),
        ("National Day", ["2024-10-01", "2025-10-01", "2026-10-01"]),
        ("6.18", ["2024-06-18", "2025-06-18", "2026-06-18"]),
        ("11.11", ["2024-11-11", "2025-11-11", "2026-11-11"]),
    ],
)
def test_chinese_feasts_fall_where_the_almanac_has_them(name, days):
    """Three years from the printed calendar."""
    assert days_of("CN", name, 2024, 2026) == days


def test_qixi_by_the_moon_over_a_decade():
    """The seventh of the seventh month, 2019 to 2030, from the almanac."""
    assert [day[5:] for day in days_of("CN", "Qixi", 2019, 2030)] == [
        "08-07", "08-25", "08-14", "08-04", "08-22", "08-10", "08-29", "08-19", "08-08", "08-26", "08-16", "08-05",
    ]  # fmt: skip


def test_weekends_that_are_worked_are_known():
    """In 2025: 26 January and 8 February for the Spring Festival."""
    columns = country_feasts("CN", 2024, 2026).columns(DAILY, ordinals("2025-01-20", 25))
    assert np.flatnonzero(columns["make-up workday"]).tolist() == [6, 19]
    assert np.flatnonzero(columns["day off"]).tolist() == [8, 9, 10, 11, 14, 15]


@pytest.mark.parametrize(("country", "name"), [("DE", "Christmas Day"), ("us", "Thanksgiving Day"), ("IN", "Diwali")])
def test_any_country_has_its_feasts(country, name):
    """By its code, in either case."""
    assert len(days_of(country, name, 2022, 2024)) == 3


def test_an_unknown_country_is_named():
    """No silent calendar without feasts."""
    with pytest.raises(InputError, match=r"--country: expected the ISO 3166-1 code of a country, e.g. CN, got Narnia"):
        country_feasts("Narnia", 2024, 2025)


@pytest.mark.parametrize("years", [(-1, 8), (1945, 1951), (2202, 2210), (9994, 10003)])
def test_years_without_known_feasts_are_named(years):
    """No calendar without its feasts, and no trace of a library."""
    with pytest.raises(InputError, match=r"--country: expected .* known from \d+ to \d+, got CN"):
        country_feasts("CN", *years)


def test_the_like_day_is_as_far_from_the_feast_a_year_before():
    """Two days before the feast of 2025 is like two days before that of 2024; outside its window nothing is."""
    feast = Feast(name="f", days=np.array(["2024-02-10", "2025-01-29"], dtype="datetime64[D]"), before=3, after=1)
    at = ordinals("2025-01-25", 7)
    feasts = Feasts(feasts=(feast,))
    np.testing.assert_array_equal(feasts.columns(DAILY, at)["from f"], [np.nan, -3, -2, -1, 0, 1, np.nan])
    np.testing.assert_array_equal(feasts.back(DAILY, at), [np.nan, 354, 354, 354, 354, 354, np.nan])


def test_weeks_and_months_know_what_share_of_them_is_feast():
    """28 days before and none after 29 January 2025: 27 days of January, of 30 that a month counts."""
    feast = Feast(name="f", days=np.array(["2024-02-10", "2025-01-29"], dtype="datetime64[D]"), before=28, after=0)
    monthly = Frequency(unit="M")
    columns = Feasts(feasts=(feast,)).columns(monthly, ordinals("2024-01-01", 14, monthly))
    np.testing.assert_allclose(columns["share f"][[0, 1, 12]], [19 / 30, 10 / 30, 29 / 30], atol=1e-6)
    assert Feasts(feasts=(feast,)).back(monthly, ordinals("2024-01-01", 14, monthly))[12] == 11  # January to February


def test_a_users_table_adds_to_the_country():
    """An anniversary sale of one's own, and a decree that the library does not have yet."""
    table = pd.DataFrame(
        {
            "ds": pd.to_datetime(["2024-03-15", "2025-03-15", "2027-02-20"]),
            "feast": ["anniversary", "anniversary", None],
            "workday": [False, False, True],
            "event": ["", "", "x"],
        }
    )
    feasts, rest = market_feasts("CN", table, (2023, 2028))
    assert feasts.feasts[-1].name == "anniversary"
    assert np.datetime64("2027-02-20") in feasts.workdays
    assert rest.columns.tolist() == ["ds", "event"]
    assert market_feasts(None, table[["ds", "event"]], (2023, 2028))[0] is None


def test_the_like_day_is_read_only_where_it_was_known(make_panel):
    """A feast a hundred days after the last one: seen from 50 periods ahead, not from 101."""
    y = np.full((1, 300), 2.0)
    y[0, 150] = 10
    days = np.datetime64("2024-01-01") + np.array([150, 250])
    panel = replace(make_panel(y), feasts=Feasts(feasts=(Feast(name="f", days=days),)))
    rows = Rows(series=np.zeros(3, dtype=int), t=np.array([200, 149, 249]), h=np.array([50, 101, 1]))
    table = FeatureMaker(panel).table(rows)
    np.testing.assert_array_equal(table.values[:, table.names.index("like day")], [5, np.nan, 5])


def market_with_a_moving_feast(make_panel, seed):
    """Four years of 40 series that triple in the two weeks before the Spring Festival and halve in the week after."""
    rng = np.random.default_rng(seed)
    first, length = np.datetime64("2021-06-01"), 1320
    festival = next(f for f in country_feasts("CN", 2020, 2026).feasts if f.name == "Spring Festival").days
    day = first + np.arange(length + 28)
    nearest = np.min(
        np.where((festival - day[:, None]).astype(int) >= -7, (festival - day[:, None]).astype(int), 999), 1
    )
    effect = np.where((nearest > 0) & (nearest <= 14), 3.0, np.where((nearest <= 0) & (nearest >= -7), 0.4, 1.0))
    mean = rng.gamma(4, 3, (40, 1)) * effect * np.array([1, 1, 1, 1, 1.2, 1.5, 1.3])[np.arange(length + 28) % 7]
    panel = make_panel(rng.poisson(mean[:, :length]).astype(float), horizon=28)
    return replace(panel, first=int(first.astype(int))), rng.poisson(mean[:, length:])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_knowing_the_feast_lowers_the_error_around_it(make_panel, seed):
    """Four weeks from 11 January 2025 (the festival is on the 29th, last year it was on 10 February)."""
    panel, truth = market_with_a_moving_feast(make_panel, seed)
    params = PointParams(
        boosting=BoostingParams(rounds=60), sampling=SamplingParams(fewest=20_000, most=20_000), level_power=0
    )
    wape = {}
    for name, feasts in (("with", country_feasts("CN", 2019, 2027)), ("without", None)):
        mean = point_forecast(replace(panel, feasts=feasts), params=params, seed=seed).mean
        wape[name] = np.abs(truth - mean).sum() / truth.sum()
    assert wape["with"] < 0.75 * wape["without"]
