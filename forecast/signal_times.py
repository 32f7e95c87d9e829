"""The moments of social signals, in the spellings of the platforms."""

from __future__ import annotations

import pandas as pd

__all__ = ["TIMEZONE", "parse_times"]

TIMEZONE = "Asia/Shanghai"
_SPELLINGS = {
    r"\d{9,10}": "s",
    r"\d{12,13}": "ms",
    r"\d{8}": "%Y%m%d",
    r"\d{4}-\d{2}-\d{2}": "%Y-%m-%d",
    r"\d{4}/\d{2}/\d{2}": "%Y/%m/%d",
    r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}": "%Y-%m-%d %H:%M:%S",
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*": "ISO8601",
    r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d{2} \d{2}:\d{2}:\d{2} [+-]\d{4} \d{4}": "%a %b %d %H:%M:%S %z %Y",
    r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} [+-]\d{4}": "%a, %d %b %Y %H:%M:%S %z",
}


def parse_times(raw: pd.Series, timezone: str = TIMEZONE) -> pd.Series:
    """Return moments, whatever their spelling.

    Parameters
    ----------
    raw
        Numbers or texts, cell by cell in any of these spellings: seconds or milliseconds since 1970, ``yyyyMMdd``,
        ``yyyy-MM-dd``, ``yyyy/MM/dd``, ``yyyy-MM-dd HH:mm:ss``, ISO 8601, RFC 822 (``Sun, 08 Sep 2013 18:21:15 +0800``)
        and Weibo's own order of it.
    timezone
        Of moments that name none.

    Returns
    -------
    Series
        datetime64[us, timezone], same index; NaT for what is no moment. Zero seconds stand for "never".

    Examples
    --------
    >>> told = ["1662625275", "20220908", "2022-09-08 16:21:15", "Thu Sep 08 16:21:15 +0800 2022", "0", "soon"]
    >>> [str(moment) for moment in parse_times(pd.Series(told))]
    ... # doctest: +NORMALIZE_WHITESPACE
    ['2022-09-08 16:21:15+08:00', '2022-09-08 00:00:00+08:00', '2022-09-08 16:21:15+08:00',
     '2022-09-08 16:21:15+08:00', 'NaT', 'NaT']
    """
    if pd.api.types.is_datetime64_any_dtype(raw):
        aware = raw.dt.tz_localize(timezone) if raw.dt.tz is None else raw.dt.tz_convert(timezone)
        return aware.dt.as_unit("us")
    codes, spelled = pd.factorize(raw.astype("string").str.strip().str.removesuffix(".0"))
    told = pd.Series(spelled, dtype="string")
    found = pd.Series(pd.NaT, index=told.index, dtype=f"datetime64[us, {timezone}]")
    for pattern, spelling in _SPELLINGS.items():
        fits = found.isna() & told.str.fullmatch(pattern).fillna(value=False).to_numpy(bool)
        if fits.any():
            found[fits] = _parsed(told[fits], spelling, timezone).astype(found.dtype)
    year = found.dt.year  # `contracts.tables` takes no other moments
    found = found.where((year >= 1902) & (year <= 9998))
    return pd.Series(found.array.take(codes, allow_fill=True), index=raw.index, name=raw.name)


def _parsed(told: pd.Series, spelling: str, timezone: str) -> pd.Series:
    if spelling in ("s", "ms"):
        numbers = pd.to_numeric(told).astype("float64")
        return pd.to_datetime(numbers, unit=spelling, utc=True, errors="coerce").dt.tz_convert(timezone)
    if "%z" in spelling:
        return pd.to_datetime(told, format=spelling, errors="coerce", utc=True).dt.tz_convert(timezone)
    zoned = told.str.contains(r"(?:[zZ]|[+-]\d\d:?\d\d)$", regex=True).to_numpy(bool) & (spelling == "ISO8601")
    local = pd.to_datetime(told.mask(zoned), format=spelling, errors="coerce")
    moments = local.dt.tz_localize(timezone, ambiguous="NaT", nonexistent="NaT").dt.as_unit("us")
    aware = pd.to_datetime(told.where(zoned), format="ISO8601", errors="coerce", utc=True)
    return moments.where(~zoned, aware.dt.tz_convert(timezone).dt.as_unit("us"))
