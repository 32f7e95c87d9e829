"""Calendar periods as whole numbers, so that a panel is a dense matrix whatever its frequency."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from contracts.errors import InputError

_DAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_MONTHS_PER_PERIOD = {"M": 1, "Q": 3, "Y": 12}
_EXPECTED = "D, W, W-MON … W-SUN, M (MS, ME), Q (QS, QE) or Y (YS, YE)"
_PATTERN = re.compile(r"(D)|(W)(?:-([A-Z]{3}))?|([MQY])([SE]?)")


@dataclass(frozen=True, kw_only=True)
class Frequency:
    """A way to cut time into numbered periods.

    Parameters
    ----------
    unit
        ``D``, ``W``, ``M``, ``Q`` or ``Y``.
    anchor
        Weekday a week begins on (0 = Monday).
    at_end
        Whether a month, quarter or year is labelled by its last day instead of its first.

    Examples
    --------
    >>> weekly = Frequency(unit="W", anchor=0)
    >>> days = np.array(["2024-01-03", "2024-01-08"], dtype="datetime64[D]")
    >>> weekly.dates(weekly.ordinals(days))
    array(['2024-01-01', '2024-01-08'], dtype='datetime64[D]')
    """

    unit: str
    anchor: int = 0
    at_end: bool = False

    @property
    def season(self) -> int:
        """Periods of the shortest cycle: the week of days, the year of everything else."""
        return {"D": 7, "W": 52, "M": 12, "Q": 4, "Y": 1}[self.unit]

    @property
    def year(self) -> int:
        """Periods of the yearly cycle; 364 days keep the weekday."""
        return {"D": 364, "W": 52, "M": 12, "Q": 4, "Y": 1}[self.unit]

    @property
    def windows(self) -> tuple[int, ...]:
        """Lengths of the moving means that describe a series, shortest first."""
        return {
            "D": (7, 14, 28, 56, 91, 182, 364),
            "W": (2, 4, 8, 13, 26, 52),
            "M": (2, 3, 6, 12, 24),
            "Q": (2, 4, 8),
            "Y": (2, 3),
        }[self.unit]

    @property
    def level_weights(self) -> tuple[tuple[int, float], ...]:
        """(window, weight) of the moving means that make a series' level."""
        return {
            "D": ((28, 0.5), (56, 0.3), (14, 0.2)),
            "W": ((4, 0.5), (8, 0.3), (2, 0.2)),
            "M": ((6, 0.5), (12, 0.3), (3, 0.2)),
            "Q": ((4, 0.5), (8, 0.3), (2, 0.2)),
            "Y": ((2, 0.5), (3, 0.5)),
        }[self.unit]

    @property
    def cycles(self) -> tuple[int, ...]:
        """How many of the latest same-season periods are averaged."""
        return (4, 8, 16) if self.unit == "D" else (1, 2, 3)

    @property
    def training_periods(self) -> int:
        """How far back training rows are taken."""
        return {"D": 730, "W": 156, "M": 60, "Q": 40, "Y": 30}[self.unit]

    def ordinals(self, days: np.ndarray) -> np.ndarray:
        """Return the numbers of the periods that days fall into.

        Parameters
        ----------
        days
            datetime64 of any resolution.

        Returns
        -------
        int64, consecutive for consecutive periods.
        """
        days = days.astype("datetime64[D]")
        if self.unit == "D":
            return days.astype(np.int64)
        if self.unit == "W":  # 1970-01-01 was a Thursday, so day -3 was a Monday
            return np.floor_divide(days.astype(np.int64) + 3 - self.anchor, 7)
        return np.floor_divide(days.astype("datetime64[M]").astype(np.int64), _MONTHS_PER_PERIOD[self.unit])

    def dates(self, ordinals: np.ndarray) -> np.ndarray:
        """Label numbered periods by a day (datetime64[D])."""
        if self.unit == "D":
            return ordinals.astype("datetime64[D]")
        if self.unit == "W":
            return (ordinals * 7 - 3 + self.anchor).astype("datetime64[D]")
        step = _MONTHS_PER_PERIOD[self.unit]
        if self.at_end:
            return ((ordinals + 1) * step).astype("datetime64[M]").astype("datetime64[D]") - np.timedelta64(1, "D")
        return (ordinals * step).astype("datetime64[M]").astype("datetime64[D]")


def frequency_of(text: str, days: np.ndarray, *, option: str = "--freq") -> Frequency:
    """Read a frequency as the user writes it; what it leaves open is taken from the data.

    ``W`` starts weeks on the weekday that all `days` share, on Monday when they share none; ``M``, ``Q`` and ``Y``
    label periods by their last day when all `days` are last days. A named anchor, as in ``W-MON``, is the day that
    weeks begin on and are labelled by.

    Raises
    ------
    InputError
        If the text is not a frequency.
    """
    match = _PATTERN.fullmatch(text.strip().upper())
    if match is None or (match[3] is not None and match[3] not in _DAYS):
        raise InputError(option, _EXPECTED, text)
    if match[1]:
        return Frequency(unit="D")
    days = days.astype("datetime64[D]")
    if match[2]:
        return Frequency(unit="W", anchor=_DAYS.index(match[3]) if match[3] else _shared_weekday(days))
    return Frequency(unit=match[4], at_end=match[5] == "E" or (match[5] == "" and _all_month_ends(days)))


def _shared_weekday(days: np.ndarray) -> int:
    weekdays = np.unique((days.astype(np.int64) + 3) % 7)
    return int(weekdays[0]) if len(weekdays) == 1 else 0


def _all_month_ends(days: np.ndarray) -> bool:
    return len(days) > 0 and bool(((days + np.timedelta64(1, "D")).astype("datetime64[M]") == days + 1).all())
