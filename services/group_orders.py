"""Group orders: communities x coupon x hour in, who gets which push, its expected wave and the pieces to hold out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecast.wave_forecast import WaveForecast
from matching.group_orders import PUSH_REASONS, GroupProblem, GroupResult, solve_group_orders
from services.group_book import GroupBook, GroupParams, Place, group_book
from services.group_tables import GroupPlan, pieces_of, told_plan

__all__ = ["plan_group_orders"]

Floats = npt.NDArray[np.float64]
_ROUNDS = 6


def plan_group_orders(
    tables: Mapping[str, pd.DataFrame],
    *,
    params: GroupParams | None = None,
    room: Mapping[Place, int] | None = None,
    as_of: datetime | None = None,
    seed: int = 0,
    sources: Mapping[str, str] | None = None,
) -> GroupPlan:
    """Choose who gets which push so that the promised pieces fill the waves that come of it.

    Parameters
    ----------
    tables
        Raw ``communities, waves`` (`matching.group_order_tables`) and, to learn from, ``pushes, orders``
        (`forecast.wave_tables`).
    room
        Pieces left of capacities (supplier, good, bucket); one that is not there has none. None: only what the column
        ``pieces`` says counts.
    as_of
        Moment until which orders are known; the last order's by default.

    Raises
    ------
    InputError
        If a table is wrong; names the file, the column and the row.
    NotReadyError
        If no earlier wave with orders is over.
    """
    book = group_book(tables, params=params or GroupParams(), room=room, as_of=as_of, sources=sources or {})
    result, problem, waits = _solved(book, seed)
    return told_plan(book, problem, result, waits)


def _solved(book: GroupBook, seed: int) -> tuple[GroupResult, GroupProblem, list[WaveForecast]]:
    """Choose, forecast what was chosen, and choose again with what each expected order must be promised."""
    w = len(book.waves)
    orders = np.column_stack([_expected(book, wave) for wave in range(w)])
    ratio = np.array([_ratio(book.forecast(wave, np.ones(len(book.communities), np.bool_))) for wave in range(w)])
    day, week, cap = book.caps()
    blocked = book.blocked()
    for attempt in range(_ROUNDS):
        problem = GroupProblem(
            value=orders * book.gain(), uses=orders * book.per_order() * ratio, blocked=blocked, day=day, week=week,
            cap=cap, pool=book.pool, room=book.room,
        )  # fmt: skip
        result = solve_group_orders(problem, seed=seed)
        waits = [book.forecast(wave, result.pushed[:, wave]) for wave in range(w)]
        held = np.bincount(book.pool, [pieces_of(book, wave, waits[wave]) for wave in range(w)], len(book.room))
        over = held > book.room
        if not over.any():
            break
        # A smaller wave's range is wider than that of the push to all: as many pieces more per expected order.
        spare = 1.0 + 0.02 * (attempt + 1)
        needed = np.maximum(np.array([_ratio(one) for one in waits]), ratio)
        ratio = np.where(over[book.pool], needed * np.maximum(held / np.maximum(book.room, 1), spare)[book.pool], ratio)
    else:
        shut = np.where(over[book.pool], PUSH_REASONS.index("no_pieces"), 0)
        problem = replace(problem, blocked=np.where(blocked > 0, blocked, shut))
        result = solve_group_orders(problem, seed=seed)
        waits = [book.forecast(wave, result.pushed[:, wave]) for wave in range(w)]
    return result, problem, waits


def _expected(book: GroupBook, wave: int) -> Floats:
    """Return the orders expected of each community, shape (c,)."""
    return book.forecast(wave, np.ones(len(book.communities), np.bool_)).community_mean


def _ratio(wave: WaveForecast) -> float:
    """Return the pieces to be promised per expected order."""
    return float(wave.total_quantiles[-1] / wave.total_mean) if wave.total_mean > 0 else 1.0
