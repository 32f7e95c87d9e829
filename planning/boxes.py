"""The heijunka box: what each resource makes in each slot of each day.

Orders of a bucket are cut into lots of at most one pitch, and the lots are sequenced by goal chasing (Monden, *Toyota
Production System*, 1983): at every position the item whose output lags most behind an even mix comes next.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from planning.problem import Floats, Ints

__all__ = ["BOX_COLUMNS", "goal_chasing", "heijunka_boxes"]

BOX_COLUMNS = ("resource", "day", "slot", "item", "order_id", "pieces", "hours")


def goal_chasing(lots: Ints) -> Ints:
    """Return the sequence of kinds that keeps every kind's share of output even.

    Position k takes the kind i that minimises the squared distance of the outputs from k n_i / N; that is the one
    with the largest k n_i / N - x_i; ties go to the first.

    Parameters
    ----------
    lots
        Shape (n,): lots of each kind, >= 0.

    Examples
    --------
    >>> goal_chasing(np.array([2, 1, 1])).tolist()
    [0, 1, 2, 0]
    """
    total = int(lots.sum())
    rate = lots / max(total, 1)
    made = np.zeros(len(lots), np.int64)
    sequence = np.empty(total, np.int64)
    for k in range(1, total + 1):
        lag = np.where(made < lots, k * rate - made, -np.inf)
        chosen = int(lag.argmax())
        made[chosen] += 1
        sequence[k - 1] = chosen
    return sequence


def heijunka_boxes(
    orders: pd.DataFrame, *, slots_per_day: int = 8, work_days: tuple[int, ...] = (0, 1, 2, 3, 4)
) -> pd.DataFrame:
    """Split the orders of each resource and bucket into pitch-sized lots on days and slots.

    Parameters
    ----------
    orders
        Columns of `planning.orders.ORDER_COLUMNS`.
    slots_per_day
        The pitch is the mean day's hours over this, > 0.
    work_days
        Weekdays (Monday = 0) on which a bucket longer than a day is worked; all its days if none of them is inside.

    Returns
    -------
    boxes
        `resource, day, slot` (from 1), `item, order_id, pieces, hours`; pieces and hours add up to the orders'.
    """
    starts = pd.DatetimeIndex(orders["start"].drop_duplicates().sort_values())
    days = {start: _days(start, length, work_days) for start, length in zip(starts, _lengths(starts), strict=True)}
    worked = orders[orders["pieces"] > 0]
    parts = [
        _box(group, str(resource), days[start], slots_per_day)
        for (resource, start), group in worked.groupby(["resource", "start"], sort=True)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(BOX_COLUMNS))


def _lengths(starts: pd.DatetimeIndex) -> Ints:
    """Days in each bucket: the smallest step between buckets (1 if there is only one)."""
    steps = np.diff(starts.to_numpy()).astype("timedelta64[D]").astype(np.int64)
    return np.full(len(starts), int(steps.min()) if len(steps) else 1)


def _days(start: pd.Timestamp, length: int, work_days: tuple[int, ...]) -> pd.DatetimeIndex:
    all_days = pd.date_range(start, periods=max(int(length), 1))
    worked = all_days[all_days.day_of_week.isin(work_days)]
    return worked if len(worked) else all_days


def _box(orders: pd.DataFrame, resource: str, days: pd.DatetimeIndex, slots_per_day: int) -> pd.DataFrame:
    hours = orders["hours"].to_numpy(float)
    pitch = max(hours.sum() / (len(days) * slots_per_day), 1e-9)
    pieces = orders["pieces"].to_numpy(np.int64)
    lots = np.clip(np.ceil(hours / pitch - 1e-9), 1, pieces).astype(np.int64)
    sequence = goal_chasing(lots)
    nth = _occurrence(sequence, len(lots))
    size = _share(pieces, lots, sequence, nth)
    lot_hours = hours[sequence] * size / pieces[sequence]
    day = np.minimum((np.cumsum(lot_hours) - lot_hours / 2) / (pitch * slots_per_day), len(days) - 1e-9).astype(
        np.int64
    )
    slot = np.arange(len(sequence)) - np.searchsorted(day, day) + 1
    columns = (resource, days[day], slot, orders["item"].to_numpy()[sequence], orders["order_id"].to_numpy()[sequence])
    return pd.DataFrame(dict(zip(BOX_COLUMNS, (*columns, size, lot_hours), strict=True)))


def _occurrence(sequence: Ints, n_kinds: int) -> Ints:
    """How many times the kind at each position has come before."""
    order = np.argsort(sequence, kind="stable")
    first = np.searchsorted(sequence[order], np.arange(n_kinds))
    nth = np.empty(len(sequence), np.int64)
    nth[order] = np.arange(len(sequence)) - first[sequence[order]]
    return nth


def _share(pieces: Ints, lots: Ints, sequence: Ints, nth: Ints) -> Floats:
    """Nearly equal whole parts of each order."""
    total, parts = pieces[sequence], lots[sequence]
    return np.asarray((nth + 1) * total // parts - nth * total // parts)
