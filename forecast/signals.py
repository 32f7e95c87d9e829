"""Social signals: what was known at a moment, as increments that may be added up.

A log of signals is a set of observations (`forecast.tables.SIGNALS`): rows in any order, some of them twice, some that
correct others. What it says at a moment is a function of that set alone, so no order of arrival can change it:

1. rows observed later are out of sight (`observed_at`);
2. of the observations of one count (same stream, same `signal_time`) the one observed last counts;
3. totals since publication become increments, in the order of `signal_time`.

A stream is what is counted: source, account, content, style, sku, kind, unit and the parties it is counted for. An
order is one thing, whoever it is credited to: its parties are attributes, which a later observation may add.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.tables import SIGNALS

__all__ = ["ORDER_KINDS", "arrivals", "as_known", "increments", "totals"]

ORDER_KINDS = ("preorder", "order", "cancel", "refund")
_PARTIES = ("kol_id", "community_id", "store_id")
_NAMES = ("style_id", "source", "account_id", "content_id", "sku_id", "kind")
_LIMIT = 2**62

Codes = npt.NDArray[np.int64]


def as_known(signals: pd.DataFrame, at: pd.Timestamp | pd.Series) -> pd.DataFrame:
    """Return what a log of signals told at a moment, as increments.

    Parameters
    ----------
    signals
        Rows of `forecast.tables.SIGNALS`, typed by it, in any order; the same row twice counts once.
    at
        The moment (with time zone), or one moment per style (a series by ``style_id``); styles without one are left
        out.

    Returns
    -------
    DataFrame
        As `increments` returns it. Nothing observed after the moment has a part in it.

    Examples
    --------
    >>> from forecast.tables import SIGNALS
    >>> rows = [("10:00", "10:00", 5.0), ("11:00", "11:00", 9.0), ("11:00", "15:00", 8.0), ("12:00", "12:00", 12.0)]
    >>> log = SIGNALS.check(pd.DataFrame([
    ...     {"style_id": "A", "kind": "like", "content_id": "post-1", "cumulative": True, "count": count,
    ...      "signal_time": f"2026-03-01 {of}", "observed_at": f"2026-03-01 {seen}"} for of, seen, count in rows]))
    >>> as_known(log, pd.Timestamp("2026-03-01 12:00", tz="Asia/Shanghai"))["count"].tolist()
    [5.0, 4.0, 3.0]
    >>> as_known(log, pd.Timestamp("2026-03-01 15:00", tz="Asia/Shanghai"))["count"].tolist()
    [5.0, 3.0, 4.0]
    """
    moment = signals["style_id"].map(at) if isinstance(at, pd.Series) else at
    return increments(signals[(signals["observed_at"] <= moment).to_numpy()])


def increments(signals: pd.DataFrame) -> pd.DataFrame:
    """Return a log's final say as increments, whatever the order of its rows.

    Parameters
    ----------
    signals
        Rows of `forecast.tables.SIGNALS`, typed by it.

    Returns
    -------
    DataFrame
        The columns of `SIGNALS`, by style, stream and `signal_time`; ``cumulative`` is false and ``unit`` is filled.

        - ``count``: what came since the stream's row before; a total that dropped gives 0 and ``revision`` true;
        - ``period_seconds`` of a former total: since the stream's row before;
        - ``additive``: whether counts of several periods may be added up. Users of a day may not (the same ones come
          back); new users, the difference of two totals, may.
    """
    frame = _filled(signals)
    order_line = (frame["kind"].isin(ORDER_KINDS) & frame["content_id"].notna()).to_numpy()
    stream = _streams(frame, order_line)
    time, seen = (frame[name].astype("int64").to_numpy() for name in ("signal_time", "observed_at"))
    credited = _credited(frame, order_line, stream, seen)
    final = frame["is_final"].to_numpy()
    ranked = np.lexsort((frame["amount_fen"], frame["count"], final, seen, time, stream))
    same = (np.diff(stream[ranked]) == 0) & (np.diff(time[ranked]) == 0)
    last = ranked[np.append(~same, True)[: len(ranked)]]
    found = credited.iloc[last].reset_index(drop=True)
    return _differences(found, stream[last])


def arrivals(signals: pd.DataFrame) -> pd.DataFrame:
    """Return a log as what each observation added to what was known, so that one filter serves every moment.

    The counts observed by a moment add up to `totals` of `as_known` at that moment, except that a figure that went
    down takes nothing back: what is no longer there was there.

    Parameters
    ----------
    signals
        Rows of `forecast.tables.SIGNALS`, typed by it, in any order.

    Returns
    -------
    DataFrame
        The columns of `SIGNALS`, one row per observation that added something, by style and stream; ``cumulative`` is
        false, ``period_seconds`` empty, and a day's users count as far as they were more than on the best day before.

    Examples
    --------
    >>> rows = [("10:00", "10:00", 5.0), ("11:00", "15:00", 9.0), ("12:00", "12:00", 12.0)]
    >>> log = SIGNALS.check(pd.DataFrame([
    ...     {"style_id": "A", "kind": "like", "content_id": "post-1", "cumulative": True, "count": count,
    ...      "signal_time": f"2026-03-01 {of}", "observed_at": f"2026-03-01 {seen}"} for of, seen, count in rows]))
    >>> arrivals(log)[["observed_at", "count"]].astype(str).to_numpy().tolist()
    [['2026-03-01 10:00:00+08:00', '5.0'], ['2026-03-01 12:00:00+08:00', '7.0']]
    """
    frame = _filled(signals)
    order_line = (frame["kind"].isin(ORDER_KINDS) & frame["content_id"].notna()).to_numpy()
    stream = _streams(frame, order_line)
    time, seen = (frame[name].astype("int64").to_numpy() for name in ("signal_time", "observed_at"))
    at_once = (frame["cumulative"] | frame["unit"].eq("users")).to_numpy()
    period = np.where(at_once, 0, time)  # observations of a stream are compared, else of one period of it
    ranked = np.lexsort((frame["count"], time, seen, period, stream))
    found = frame.iloc[ranked].reset_index(drop=True)
    fresh = np.append(True, (np.diff(stream[ranked]) != 0) | (np.diff(period[ranked]) != 0))[: len(ranked)]
    what = np.cumsum(fresh)
    late = found["cumulative"] & (time[ranked] < pd.Series(time[ranked]).groupby(what).cummax())
    best = found["count"].mask(late, 0.0).groupby(what).cummax()
    found["count"] = best - best.shift().mask(fresh, 0.0)
    parties = list(_PARTIES)
    found[parties] = found[parties].groupby(what).ffill()  # of an order: who had been named by then
    found["cumulative"], found["period_seconds"] = False, np.nan  # what was added is no period's count any more
    return found[(found["count"] > 0).to_numpy()].reset_index(drop=True)


def totals(known: pd.DataFrame, by: Sequence[str] = ("style_id", "kind")) -> pd.DataFrame:
    """Return what increments add up to.

    Parameters
    ----------
    known
        As `as_known` returns it.
    by
        Columns of the groups.

    Returns
    -------
    DataFrame
        One row per group: ``count`` (events and pieces), ``users`` (new ones), ``peak_users`` (users of the best
        period: those of several periods are never added up) and ``amount_fen``.
    """
    users, additive = known["unit"].eq("users"), known["additive"]
    parts = known[list(by)].assign(
        count=known["count"].where(~users, 0.0),
        users=known["count"].where(users & additive, 0.0),
        amount_fen=known["amount_fen"].fillna(0.0),
    )
    summed = parts.groupby(list(by), sort=True).sum()
    periods = known[~additive].groupby([*by, "signal_time"])["count"].sum()
    peak = periods.groupby(level=list(range(len(by)))).max()
    summed.insert(2, "peak_users", peak.reindex(summed.index).fillna(0.0))
    return summed.reset_index()


def _filled(signals: pd.DataFrame) -> pd.DataFrame:
    """Return the columns of the schema, each there, with the defaults that an empty cell stands for."""
    columns = {name: signals.get(name, _EMPTY[column.kind]) for name, column in SIGNALS.by_name.items()}
    frame = pd.DataFrame(columns, index=signals.index).reset_index(drop=True)
    for name in (*_NAMES, *_PARTIES, "unit"):
        frame[name] = frame[name].astype("str")
    frame["unit"] = frame["unit"].fillna("events")
    for name in ("cumulative", "is_final"):
        frame[name] = frame[name].eq(True).astype(bool)
    for name in ("period_seconds", "amount_fen"):
        frame[name] = frame[name].astype("float64")
    return frame


_EMPTY = {"str": None, "int": np.nan, "float": np.nan, "bool": None, "timestamp": pd.NaT}


def _streams(frame: pd.DataFrame, order_line: npt.NDArray[np.bool_]) -> Codes:
    """Return the number of each row's stream, the same whatever the order of the rows."""
    columns = [frame[name] for name in (*_NAMES, "unit", "cumulative")]
    columns += [frame["period_seconds"].mask(frame["cumulative"])]
    columns += [frame[name].mask(order_line) for name in _PARTIES]
    code, size = np.zeros(len(frame), dtype=np.int64), 1
    for column in columns:
        found, values = pd.factorize(column, sort=True)
        if size * (len(values) + 1) > _LIMIT:
            distinct, code = np.unique(code, return_inverse=True)
            size = len(distinct)
        code = code * (len(values) + 1) + found + 1
        size *= len(values) + 1
    return code


def _credited(frame: pd.DataFrame, order_line: npt.NDArray[np.bool_], stream: Codes, seen: Codes) -> pd.DataFrame:
    """Give every observation of an order the parties that were named last."""
    for name in _PARTIES:
        named = order_line & frame[name].notna().to_numpy()
        if named.any():
            told = pd.DataFrame({"stream": stream[named], "seen": seen[named], "party": frame.loc[named, name]})
            latest = told.sort_values(["seen", "party"]).drop_duplicates("stream", keep="last")
            by_stream = pd.Series(stream, index=frame.index).map(latest.set_index("stream")["party"])
            frame[name] = frame[name].where(~order_line, by_stream)
    return frame


def _differences(found: pd.DataFrame, stream: Codes) -> pd.DataFrame:
    """Return totals as increments; rows come by stream and time."""
    total = found["cumulative"].to_numpy()
    follows = total & np.append(False, np.diff(stream) == 0)[: len(found)]
    gap = (found["signal_time"] - found["signal_time"].shift()).dt.total_seconds()
    change = found["count"].diff()
    found["revision"] = follows & (change < 0).to_numpy()
    found["count"] = found["count"].where(~follows, change.clip(lower=0.0))
    found["amount_fen"] = found["amount_fen"].where(~follows, found["amount_fen"].diff().clip(lower=0.0))
    found["period_seconds"] = found["period_seconds"].where(~follows, gap)
    found["additive"] = total | found["unit"].ne("users").to_numpy()
    found["cumulative"] = False
    return found
