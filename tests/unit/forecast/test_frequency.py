import numpy as np
import pytest

from contracts.errors import InputError
from forecast.frequency import frequency_of


def days(*texts):
    return np.array(texts, dtype="datetime64[D]")


@pytest.mark.parametrize(
    ("text", "seen", "day", "start"),
    [
        ("D", ["2024-05-03"], "2024-05-03", "2024-05-03"),
        ("W-MON", ["2024-05-03"], "2024-05-05", "2024-04-29"),  # the Sunday ends the week that began on Monday
        ("W-SUN", ["2024-05-03"], "2024-05-05", "2024-05-05"),
        ("W", ["2024-05-03", "2024-05-10"], "2024-05-17", "2024-05-17"),  # all Fridays: weeks begin on Fridays
        ("W", ["2024-05-03", "2024-05-04"], "2024-05-05", "2024-04-29"),
        ("M", ["2024-05-03"], "2024-05-31", "2024-05-01"),
        ("MS", ["2024-05-31"], "2024-05-31", "2024-05-01"),
        ("M", ["2024-02-29", "2024-03-31"], "2024-05-03", "2024-05-31"),
        ("ME", ["2024-05-03"], "2024-02-01", "2024-02-29"),
        ("Q", ["2024-05-03"], "2024-05-03", "2024-04-01"),
        ("YE", ["2024-05-03"], "2024-05-03", "2024-12-31"),
        ("D", ["1969-12-30"], "1969-12-31", "1969-12-31"),
        ("W-MON", ["1969-12-30"], "1969-12-31", "1969-12-29"),
    ],
)
def test_a_day_falls_into_the_period_labelled_by(text, seen, day, start):
    """Each frequency labels the period of a day as documented."""
    frequency = frequency_of(text, days(*seen))
    assert frequency.dates(frequency.ordinals(days(day))) == days(start)


@pytest.mark.parametrize("text", ["", "H", "W-", "W-XYZ", "DD", "MX", "5D"])
def test_an_unknown_frequency_is_refused_by_name(text):
    """The message names the option and what it takes."""
    with pytest.raises(InputError, match=r"--freq: expected D, W, W-MON"):
        frequency_of(text, days("2024-01-01"))


def test_consecutive_periods_have_consecutive_numbers():
    """Month numbers do not jump at the end of a year."""
    frequency = frequency_of("M", days("2024-01-15"))
    assert np.diff(frequency.ordinals(days("2023-11-30", "2023-12-01", "2024-01-31", "2024-02-01"))).tolist() == [
        1,
        1,
        1,
    ]
