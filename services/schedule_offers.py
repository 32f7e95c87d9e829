"""Who promotes what on which day, so that the orders it creates follow the factory's free hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaincinv

from contracts.errors import InputError, TableError
from planning.promotion import LevelParams, LevelProblem, LevelResult, naive_loads, solve_level
from planning.promotion_kernel import OPEN, assign_days
from planning.promotion_tables import CURVE, FREE_HOURS
from services.make_offers import Made
from services.offer_book import numbers

__all__ = ["USUAL_CURVE", "Schedule", "schedule_offers"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
USUAL_CURVE = np.array([0.45, 0.2, 0.12, 0.08, 0.05, 0.04, 0.03, 0.03])
_CLASSES = 4
_WEEK = 7


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """The offers with their days.

    Parameters
    ----------
    offers
        As `Made.offers` with ``promote_on`` (empty: no day has room) and ``pieces`` as they are expected on that day.
    days
        ``ds, free_hours, line_hours, hours, hours_low, hours_high, promotions``: the mean and the 10 % and 90 %
        quantiles of the hours that orders will take, and the line they follow.
    summary
        Key figures, plain values.
    """

    offers: pd.DataFrame
    days: pd.DataFrame
    summary: dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Promotions:
    """The offers made as rows of arrays, grouped; days gone by are negative, `OPEN` is still to be chosen."""

    rows: Ints
    seller: Ints
    style: Ints
    hours: Floats
    first: Ints
    last: Ints
    group: Ints
    day: Ints


def schedule_offers(
    made: Made,
    free: pd.DataFrame,
    *,
    curve: pd.DataFrame | None = None,
    loss_per_day: float = 0.0,
    sales_floor: float = 0.97,
    seed: int = 0,
    sources: Mapping[str, str] | None = None,
) -> Schedule:
    """Give each offer its day.

    Days that were agreed on (``promote_on`` of the answers) stand; what those promotions sold so far (``pieces``)
    corrects what is expected of their styles, so running it again with new answers plans the rest anew.

    Parameters
    ----------
    made
        The offers.
    free
        Raw table (`planning.promotion_tables.FREE_HOURS`): free factory hours by day.
    curve
        Raw table (`CURVE`): how orders follow a promotion; the usual one without it.
    loss_per_day
        Share of a promotion's orders lost per day it waits, in [0, 1).
    sales_floor
        Least share of what promoting everything at once would sell, in [0, 1].

    Raises
    ------
    InputError
        If a table or an option is wrong; names the file, the column and the row.
    """
    names = {"free": "free hours", "curve": "curve"} | dict(sources or {})
    days = _days(FREE_HOURS.check(free, names["free"]), names["free"])
    lag = USUAL_CURVE if curve is None else _lag(CURVE.check(curve, names["curve"]), names["curve"])
    if not 0 <= loss_per_day < 1:
        raise InputError("loss per day", "a share in [0, 1)", loss_per_day)
    factor, spread = _learned_of_styles(made, lag, days["ds"].iloc[0])
    promotions = _promotions(made, days, factor)
    problem = _problem(made, promotions, days, lag, spread, loss_per_day)
    result = solve_level(problem, params=LevelParams(sales_floor=sales_floor), seed=seed)
    day = _assigned(made, promotions, result, days, seed)
    return _schedule(made, promotions, problem, result, day, days, factor)


def _days(table: pd.DataFrame, source: str) -> pd.DataFrame:
    table = table.sort_values("ds", ignore_index=True)
    steps = table["ds"].diff().dropna()
    if (steps != pd.Timedelta(days=1)).any():
        at = int((steps != pd.Timedelta(days=1)).to_numpy().argmax())
        raise TableError(
            source, "ds", "days without gaps", f"{table['ds'][at]:%Y-%m-%d} before {table['ds'][at + 1]:%Y-%m-%d}"
        )
    return table


def _lag(table: pd.DataFrame, source: str) -> Floats:
    lag = np.zeros(int(table["days_after"].max()) + 1)
    lag[table["days_after"].to_numpy()] = table["share"].to_numpy(np.float64)
    if abs(lag.sum() - 1) > 1e-3:
        raise TableError(source, "share", "shares that sum to 1", round(float(lag.sum()), 4))
    return np.asarray(lag / lag.sum())


def _learned_of_styles(made: Made, lag: Floats, today: pd.Timestamp) -> tuple[Floats, Floats]:
    """Return what each style sells as a multiple of what was expected, and its squared coefficient of variation.

    Gamma-Poisson: what promotions under way have sold against what they should have by now.
    """
    book = made.book
    prior_n = 1.0 / np.maximum(np.expm1(book.faced.spread**2), 1e-6)
    sold, expected = np.zeros(len(book.styles)), np.zeros(len(book.styles))
    said = book.answers[book.answers["state"] == "accepted"]
    if "pieces" in said and "promote_on" in said:
        said = said[said["pieces"].notna() & said["promote_on"].notna() & (said["promote_on"] < today)]
        seller = book.model.sellers.ids.get_indexer(said["seller_id"])
        style = book.faced.ids.get_indexer(said["style_id"])
        age = (today - said["promote_on"]).dt.days.to_numpy()
        come = np.append(0.0, np.cumsum(lag))[np.minimum(age, len(lag))]
        mean = book.model.expect(seller, book.faced, style, hour=np.maximum(book.hours[seller], 0)).pieces * come
        # Noise of single promotions: each counts as far as it can be relied on.
        reliable = 1.0 / (1.0 + book.model.sales.noise * mean)
        sold += np.bincount(style, said["pieces"].to_numpy(np.float64) * reliable, len(book.styles))
        expected += np.bincount(style, mean * reliable, len(book.styles))
    return (prior_n + sold) / (prior_n + expected), 1.0 / (prior_n + sold)


def _promotions(made: Made, days: pd.DataFrame, factor: Floats) -> _Promotions:
    """Return the offers made, grouped by style, window and how much they bring."""
    book, start, n = made.book, days["ds"].iloc[0], len(days)
    rows = np.flatnonzero(made.result.offered)
    seller, style = made.seller[rows], made.style[rows]
    expected = book.model.expect(
        seller, book.faced, style, hour=np.maximum(book.hours[seller], 0), exposures=book.exposures[seller]
    )
    chance = np.where(made.problem.kept[rows], 1.0, expected.accepts)
    hours = chance * expected.pieces * factor[style] * numbers(book.styles, "hours_per_piece", 1.0)[style]
    first, last = (
        _day_numbers(book.styles, name, start, default) for name, default in (("first_on", 0), ("last_on", n - 1))
    )
    first, last = np.clip(first, 0, n - 1), np.clip(last, 0, n - 1)
    day = _agreed(made, rows, start)
    order = np.lexsort((-hours, style))
    rank = np.empty(len(rows), np.int64)
    rank[order] = np.arange(len(rows)) - np.searchsorted(style[order], style[order])
    size = np.bincount(style, minlength=len(book.styles))[style]
    group = style * _CLASSES + rank * _CLASSES // np.maximum(size, 1)
    return _Promotions(
        rows=rows,
        seller=seller,
        style=style,
        hours=hours,
        first=first,
        last=np.maximum(first, last),
        group=group,
        day=day,
    )


def _day_numbers(styles: pd.DataFrame, name: str, start: pd.Timestamp, default: int) -> Ints:
    if name not in styles:
        return np.full(len(styles), default)
    days = (styles[name] - start).dt.days
    found: Ints = days.fillna(default).to_numpy(np.int64)
    return found


def _agreed(made: Made, rows: Ints, start: pd.Timestamp) -> Ints:
    """Return the day of each offer that was agreed on, `OPEN` without one."""
    said = made.book.answers
    if "promote_on" in said:
        said = said[(said["state"] == "accepted") & said["promote_on"].notna()]
    if "promote_on" not in said or said.empty:
        return np.full(len(rows), OPEN, np.int64)
    n = np.int64(len(made.book.styles))
    key = made.book.model.sellers.ids.get_indexer(said["seller_id"]) * n + made.book.faced.ids.get_indexer(
        said["style_id"]
    )
    pair = made.seller[rows] * n + made.style[rows]
    at = pd.Index(key).get_indexer(pair)
    agreed = (said["promote_on"] - start).dt.days.to_numpy()
    return np.where(at >= 0, agreed[at], OPEN)


def _problem(  # noqa: PLR0917
    made: Made, promotions: _Promotions, days: pd.DataFrame, lag: Floats, spread: Floats, loss: float
) -> LevelProblem:
    n, groups = len(days), len(made.book.styles) * _CLASSES
    whole = n + len(lag) - 1
    open_rows = promotions.day == OPEN
    shopping = np.ones(whole)
    coming = np.zeros(whole)
    shopping[:n] = numbers(days, "shopping", 1.0)
    shopping[n:] = shopping[np.arange(n, whole) - _WEEK] if n >= _WEEK + len(lag) else 1.0
    coming[:n] = numbers(days, "coming_hours", 0.0)
    coming += _agreed_hours(promotions.day[~open_rows], promotions.hours[~open_rows], lag, whole) * shopping
    style = np.repeat(np.arange(len(made.book.styles)), _CLASSES)
    return LevelProblem(
        style=style,
        hours=np.bincount(promotions.group[open_rows], promotions.hours[open_rows], groups).astype(np.float64),
        first=promotions.first[style],
        last=promotions.last[style],
        lag=lag,
        shopping=shopping,
        free=days["free_hours"].to_numpy(np.float64),
        coming=coming,
        spread=spread,
        loss=loss,
    )


def _agreed_hours(day: Ints, hours: Floats, lag: Floats, whole: int) -> Floats:
    """Return float [whole], hours of the orders that promotions on agreed days still create."""
    coming = np.zeros(whole)
    for after, share in enumerate(lag):
        at = day + after
        inside = (at >= 0) & (at < whole)
        coming += np.bincount(at[inside], hours[inside] * share, whole)
    return coming


def _assigned(made: Made, promotions: _Promotions, result: LevelResult, days: pd.DataFrame, seed: int) -> Ints:
    """Return the day of each promotion: people are drawn from their groups, within their weeks."""
    order = np.random.default_rng(seed).permutation(len(promotions.rows))
    weekly = numbers(made.book.sellers, "approaches_per_week", made.book.params.approaches_per_week).astype(np.int64)
    people = np.bincount(promotions.group[promotions.day == OPEN], minlength=len(result.share))
    style = np.repeat(np.arange(len(made.book.styles)), _CLASSES)
    found = assign_days(
        promotions.group[order],
        promotions.seller[order],
        promotions.day[order],
        result.share * people[:, None],
        promotions.first[style],
        promotions.last[style],
        len(made.book.sellers),
        weekly,
        np.arange(len(days)) // _WEEK,
    )
    day = np.empty(len(order), np.int64)
    day[order] = found
    return day


def _schedule(  # noqa: PLR0917
    made: Made, promotions: _Promotions, problem: LevelProblem, result: LevelResult, day: Ints, days: pd.DataFrame,
    factor: Floats,
) -> Schedule:  # fmt: skip
    n = len(days)
    offers = made.offers_of(promotions.rows)
    chosen = pd.Series(pd.NaT, index=range(len(day)), dtype="datetime64[us]")
    planned = day != OPEN
    chosen[planned] = days["ds"].iloc[0] + pd.to_timedelta(day[planned], unit="D")
    offers = offers.assign(promote_on=chosen.to_numpy(), pieces=(offers["pieces"] * factor[promotions.style]).round(3))
    low, high = _range(result)
    table = pd.DataFrame(
        {
            "ds": days["ds"],
            "free_hours": days["free_hours"],
            "line_hours": problem.line[:n].round(2),
            "hours": result.load[:n].round(2),
            "hours_low": low[:n].round(2),
            "hours_high": high[:n].round(2),
            "promotions": np.bincount(day[day >= 0], minlength=n),
        }
    )
    return Schedule(
        offers=offers.sort_values(["promote_on", "seller_id"], ignore_index=True),
        days=table,
        summary=_figures(problem, result, day),
    )


def _figures(problem: LevelProblem, result: LevelResult, day: Ints) -> dict[str, Any]:
    n = problem.free.size
    at_once, evenly = naive_loads(problem)
    load, over = result.load[:n], np.maximum(result.load[:n] - problem.free, 0.0)
    return {
        "status": result.status,
        "scheduled": int((day >= 0).sum()),
        "no_day": int((day == OPEN).sum()),
        "hours": round(float(result.load.sum()), 1),
        "load_cv": round(float(load.std() / max(load.mean(), 1e-12)), 4),
        "off_line": _off_line(load, problem),
        "off_line_evenly": _off_line(evenly[:n], problem),
        "off_line_at_once": _off_line(at_once[:n], problem),
        "hours_above_free": round(float(over.sum()), 1),
        "idle_hours": round(float(np.maximum(problem.free - load, 0.0).sum()), 1),
        "sales_kept": round(result.kept, 4),
        "gap": result.gap,
    }


def _off_line(load: Floats, problem: LevelProblem) -> float:
    """Return the root of the mean squared distance of hours from the level line, as a share of the line's mean."""
    line = problem.line[: len(load)]
    return round(float(np.sqrt(((load - line) ** 2).mean()) / max(line.mean(), 1e-12)), 4)


def _range(result: LevelResult) -> tuple[Floats, Floats]:
    """Return the 10 % and 90 % quantiles of each day's hours: gamma, as styles and single orders vary."""
    shape = np.maximum(result.load**2 / np.maximum(result.variance + result.load, 1e-12), 1e-9)
    low, high = (np.where(result.load > 0, result.load * gammaincinv(shape, q) / shape, 0.0) for q in (0.1, 0.9))
    return low, high
