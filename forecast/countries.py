"""Feasts of a country by its code: public holidays from the `holidays` library; for China what moves its retail too."""

from __future__ import annotations

import re
from datetime import MAXYEAR, MINYEAR, date
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError
from forecast.feasts import Feast, Feasts, merged

_DECREED = "substituted"
_OBSERVED = re.compile(r"\(([^)]*observed[^)]*)\)")
_GUESSED = re.compile(r" \(estimated\)")
_SAME = np.timedelta64(30, "D")
_RENAMED = {"Chinese New Year (Spring Festival)": "Spring Festival"}
_LUNAR = {"Spring Festival", "Mid-Autumn Festival"}
_LEFT_OUT = {"Chinese New Year's Eve"}
_WINDOWS = {"Spring Festival": (28, 21), "National Day": (14, 10), "Christmas Day": (28, 7)}
_SALES = {"6.18": (6, 18), "8.8": (8, 8), "9.6": (9, 6), "11.11": (11, 11), "12.12": (12, 12)}
_SALES_WINDOW = (21, 10)
_FEW_YEARS = 3
_MONTH = 29.530588861
_NEW_MOON = 2451550.09766 - 2440587.5  # of 6 January 2000, in days since 1970
_BEIJING = 8 / 24


def country_feasts(country: str, first: int, last: int, *, option: str = "--country") -> Feasts:
    """Return the feasts of a country, from the year `first` to the year `last`.

    China has Qixi, the Lantern Festival and the sales festivals 6.18, 8.8, 9.6, 11.11 and 12.12 beside its public
    holidays. Its days off and make-up workdays are known as far as the State Council has decreed them (the November
    before); later years have the feasts but not the decrees.

    Raises
    ------
    InputError
        If the country is unknown, or its feasts are for these years.

    Examples
    --------
    >>> festival = country_feasts("CN", 2024, 2025).feasts[0]
    >>> festival.name, festival.days.astype(str).tolist()
    ('Spring Festival', ['2024-02-10', '2025-01-29'])
    """
    import holidays  # a second of its own: only who names a country pays it

    code = country.strip().upper()
    first, last = max(first, MINYEAR), min(last, MAXYEAR)
    try:
        known: Any = holidays.country_holidays(code, years=range(first, last + 1), language="en_US")
    except NotImplementedError:
        raise InputError(option, "the ISO 3166-1 code of a country, e.g. CN", country) from None
    days = {_RENAMED.get(name, name): at for name, at in _by_name(known).items() if name not in _LEFT_OUT}
    if not days or (code == "CN" and not days.keys() >= _LUNAR):
        raise InputError(option, f"a country whose feasts are known from {first} to {last}", country)
    if code == "CN":
        days |= _chinese(days, first, last)
    feasts = [_feast(name, at) for name, at in days.items()]
    feasts.sort(key=lambda feast: (-feast.before, feast.name))
    return Feasts(
        feasts=tuple(feasts),
        off=_days(list(known)),
        workdays=_days([day for day in getattr(known, "weekend_workdays", ()) if first <= day.year <= last]),
    )


def market_feasts(
    country: str | None, calendar: pd.DataFrame | None, years: tuple[int, int]
) -> tuple[Feasts | None, pd.DataFrame | None]:
    """Return the feasts of a country with those of a user's calendar, and what else the calendar holds.

    Parameters
    ----------
    country
        Code, None for no country.
    calendar
        Rows checked by `forecast.tables.CALENDAR`; its columns ``feast``, ``day_off`` and ``workday`` are used up.
    years
        First and last year of interest.
    """
    feasts = country_feasts(country, *years) if country else None
    own = [] if calendar is None else [name for name in ("feast", "day_off", "workday") if name in calendar]
    if calendar is None or not own:
        return feasts, calendar
    days = calendar["ds"].to_numpy(dtype="datetime64[D]")
    flags = {name: days[calendar[name].eq(True).fillna(False).to_numpy(dtype=bool)] for name in own if name != "feast"}
    named = calendar["feast"] if "feast" in own else pd.Series(pd.NA, index=calendar.index)
    more = {str(name): days[(named == name).fillna(False).to_numpy(dtype=bool)] for name in named.dropna().unique()}
    nothing = days[:0]
    feasts = merged(feasts, more, flags.get("day_off", nothing), flags.get("workday", nothing))
    rest = calendar.drop(columns=own)
    return feasts, rest if len(rest.columns) > 1 else None


def _feast(name: str, days: np.ndarray) -> Feast:
    before, after = _WINDOWS.get(name, _SALES_WINDOW if name in _SALES else (14, 7))
    return Feast(name=name, days=days, before=before, after=after)


def _by_name(known: Any) -> dict[str, np.ndarray]:
    """Return the first days of each holiday; days within a month of each other are one."""
    found: dict[str, list[date]] = {}
    for day in sorted(known):
        for part in known[day].split(";"):
            name = _GUESSED.sub("", part.strip())
            if not _OBSERVED.search(name) and _DECREED not in name:
                found.setdefault(name, []).append(day)
    out = {}
    for name, dates in found.items():
        at = _days(dates)
        at = at[np.concatenate([[True], np.diff(at) > _SAME])]
        if len(at) > 1 or len(known.years) < _FEW_YEARS:  # once in many years is no feast
            out[name] = at
    return out


def _chinese(days: dict[str, np.ndarray], first: int, last: int) -> dict[str, np.ndarray]:
    out = {
        name: _days([date(year, month, day) for year in range(first, last + 1)])
        for name, (month, day) in _SALES.items()
    }
    out["Lantern Festival"] = days["Spring Festival"] + 14
    out["Qixi"] = _new_moon_before(days["Mid-Autumn Festival"] - 14) + 6
    return out


def _new_moon_before(starts: np.ndarray) -> np.ndarray:
    """Return the days (Beijing) of the new moon one lunation before each given one.

    References
    ----------
    Meeus (1998), Astronomical Algorithms, ch. 49, the largest periodic terms.
    """
    k = np.round((starts.astype(np.int64) - _NEW_MOON) / _MONTH) - 1
    sun, moon = np.radians(2.5534 + 29.1053567 * k), np.radians(201.5643 + 385.81693528 * k)
    node = np.radians(160.7108 + 390.67050284 * k)
    at = _NEW_MOON + _MONTH * k - 0.4072 * np.sin(moon) + 0.17241 * np.sin(sun) + 0.01608 * np.sin(2 * moon)
    at += 0.01039 * np.sin(2 * node) + 0.00739 * np.sin(moon - sun) - 0.00514 * np.sin(moon + sun)
    at += 0.00208 * np.sin(2 * sun)
    return np.asarray(np.floor(at + _BEIJING).astype(np.int64).astype("datetime64[D]"))


def _days(dates: list[date]) -> np.ndarray:
    return np.sort(np.array(dates, dtype="datetime64[D]"))
