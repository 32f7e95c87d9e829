"""Finished waves of group orders from files into the book that the worker's forecast of the next ones learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from forecast.wave_tables import PUSHES, WAVE_ORDERS
from forecast.waves import WaveParams
from services.wave_frames import wave_frames
from store.wave_book import WaveBook

__all__ = ["keep_waves"]


def keep_waves(
    home: Path,
    pushes: pd.DataFrame,
    orders: pd.DataFrame,
    *,
    as_of: pd.Timestamp | None = None,
) -> list[str]:
    """Keep the waves that are over, a day after their push, in place of what was known of them; return their ids.

    Parameters
    ----------
    pushes, orders
        Raw rows (`forecast.wave_tables`).
    as_of
        Moment until which orders are known; the last order's by default.

    Raises
    ------
    TableError
        Naming the table, the column and the row.
    """
    params = WaveParams()
    frames = wave_frames(pushes, orders, as_of=as_of, params=params)
    sent, placed = PUSHES.check(pushes), WAVE_ORDERS.check(orders)
    placed["orders"] = placed["orders"].fillna(1.0) if "orders" in placed else 1.0
    over = frames.waves["wave_id"][np.asarray(frames.elapsed >= params.buckets)]
    for wave_id in over:
        book, own = WaveBook(home), placed["wave_id"] == wave_id
        book.keep(str(wave_id), sent[sent["wave_id"] == wave_id], placed[own])
    return [str(wave_id) for wave_id in over]
