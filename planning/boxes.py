"""The heijunka box: what each resource makes in each slot of each day.

Orders of a bucket are cut into lots of at most one pitch, and the lots are sequenced by goal chasing (Monden, *Toyota
Production System*, 1983): at every position the item whose output lags most behind an even mix comes next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd

from planning.problem import Floats, Ints

__all__ = ["BOX_COLUMNS", "TAKT_COLUMNS", "BoxParams", "goal_chasing", "heijunka_boxes", "order_dues", "takt_times"]

BOX_COLUMNS = ("resource", "day", "slot", "item", "order_id", "pieces", "hours", "starts_at", "due_at")
TAKT_COLUMNS = ("resource", "day", "pieces", "hours", "lots", "takt_minutes", "pitch_minutes")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_WEEK = 7


@dataclass(frozen=True, kw_only=True)
class BoxParams:
    """The working day that a box divides.

    Parameters
    ----------
    slots_per_day
        Slots of a day, in [1, 480]; the pitch is the day's length over this.
    work_days
        Weekdays (Monday = 0) on which a bucket longer than a day is worked; all its days if none of them is inside.
    day_start
        When the first slot begins, HH:MM.
    day_hours
        Hours from the start of the first slot to the end of the last, in (0, 24].
    timezone
        Of the timestamps.
    """

    slots_per_day: int = 8
    work_days: tuple[int, ...] = (0, 1, 2, 3, 4)
    day_start: str = "08:00"
    day_hours: float = 8.0
    timezone: str = "Asia/Shanghai"

    def __post_init__(self) -> None:
        if isinstance(self.slots_per_day, bool) or self.slots_per_day not in range(1, 481):
            raise ValueError(f"Expected slots_per_day to be a whole number in [1, 480], got {self.slots_per_day!r}.")
        if not self.work_days or not set(self.work_days) <= set(range(_WEEK)):
            raise ValueError(f"Expected work_days from 0 (Monday) to 6, got {self.work_days!r}.")
        if not _CLOCK.fullmatch(self.day_start):
            raise ValueError(f"Expected day_start as HH:MM, got {self.day_start!r}.")
        if not 0 < self.day_hours <= 24:
            raise ValueError(f"Expected day_hours in (0, 24], got {self.day_hours!r}.")
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"Expected timezone as a name such as Asia/Shanghai, got {self.timezone!r}.") from None


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


def heijunka_boxes(orders: pd.DataFrame, params: BoxParams | None = None) -> pd.DataFrame:
    """Split the orders of each resource and bucket into lots of at most a pitch, on days and slots.

    Parameters
    ----------
    orders
        Columns of `planning.orders.ORDER_COLUMNS`.
    params
        The working day.

    Returns
    -------
    boxes
        One row per lot: `resource, day, slot` (from 1, the one it begins in), `item, order_id, pieces, hours`, and the
        moments it `starts_at` and is due, `due_at`. The lots of a day fill it at an even pace; pieces and hours add up
        to the orders'.
    """
    params = params or BoxParams()
    starts = pd.DatetimeIndex(orders["start"].drop_duplicates().sort_values())
    days = {start: _days(start, n, params.work_days) for start, n in zip(starts, _lengths(starts), strict=True)}
    worked = orders[orders["pieces"] > 0]
    if worked.empty:
        return pd.DataFrame(columns=list(BOX_COLUMNS))
    hours, pieces = worked["hours"].to_numpy(float), worked["pieces"].to_numpy(np.int64)
    groups = worked.groupby(["resource", "start"], sort=True).indices
    boxes = [_box(rows, hours[rows], pieces[rows], days[start], params) for (_, start), rows in groups.items()]
    rows, day, slot, size, lot_hours, begin, end = (np.concatenate(column) for column in zip(*boxes, strict=True))
    at = [_clock(pd.DatetimeIndex(day), share, params) for share in (begin, end)]
    resource, item, order_id = (worked[name].to_numpy(object)[rows] for name in ("resource", "item", "order_id"))
    columns = (resource, day, slot, item, order_id, size, lot_hours, *at)
    return pd.DataFrame(dict(zip(BOX_COLUMNS, columns, strict=True)))


def takt_times(boxes: pd.DataFrame, params: BoxParams | None = None) -> pd.DataFrame:
    """Return the pace of each resource and day: minutes between two pieces (takt) and between two slots (pitch).

    Parameters
    ----------
    boxes
        From `heijunka_boxes` with the same parameters.
    """
    params = params or BoxParams()
    if boxes.empty:
        return pd.DataFrame(columns=list(TAKT_COLUMNS))
    groups = boxes.groupby(["resource", "day"], sort=True)
    found = groups.agg(pieces=("pieces", "sum"), hours=("hours", "sum"), lots=("pieces", "size")).reset_index()
    minutes = params.day_hours * 60
    return found.assign(takt_minutes=minutes / found["pieces"], pitch_minutes=minutes / params.slots_per_day)


def order_dues(boxes: pd.DataFrame) -> pd.Series:
    """Return the moment at which the last lot of each order (and step) is due, by `order_id`."""
    return boxes.groupby("order_id")["due_at"].max()


def _lengths(starts: pd.DatetimeIndex) -> Ints:
    """Days in each bucket: the smallest step between buckets (1 if there is only one)."""
    steps = np.diff(starts.to_numpy()).astype("timedelta64[D]").astype(np.int64)
    return np.full(len(starts), int(steps.min()) if len(steps) else 1)


def _days(start: pd.Timestamp, length: int, work_days: tuple[int, ...]) -> pd.DatetimeIndex:
    all_days = pd.date_range(start, periods=max(int(length), 1))
    worked = all_days[all_days.day_of_week.isin(work_days)]
    return worked if len(worked) else all_days


def _box(rows: Ints, hours: Floats, pieces: Ints, days: pd.DatetimeIndex, params: BoxParams) -> tuple[np.ndarray, ...]:
    """Return, by lot, the row of its order, day, slot, pieces, hours, and the shares of the day it begins and ends at.

    Parameters
    ----------
    rows, hours, pieces
        Shape (n,): the orders of a resource and bucket.
    """
    pitch = max(hours.sum() / (len(days) * params.slots_per_day), 1e-9)
    lots = np.clip(np.ceil(hours / pitch - 1e-9), 1, pieces).astype(np.int64)
    sequence = goal_chasing(lots)
    nth = _occurrence(sequence, len(lots))
    size = _share(pieces, lots, sequence, nth)
    lot_hours = hours[sequence] * size / pieces[sequence]
    work = np.maximum(lot_hours, 1e-9)  # what takes no time still has its turn
    middle = (np.cumsum(work) - work / 2) / work.sum() * len(days)
    day = np.minimum(middle, len(days) - 1e-9).astype(np.int64)
    begin, end = _moments(work, day)
    slot = np.minimum(np.floor(begin * params.slots_per_day + 1e-6), params.slots_per_day - 1).astype(np.int64) + 1
    return rows[sequence], days[day].to_numpy(), slot, size, lot_hours, begin, end


def _moments(work: Floats, day: Ints) -> tuple[Floats, Floats]:
    """Shares of its day at which each lot begins and ends, when the lots of a day fill it."""
    total = np.bincount(day, weights=work)[day]
    done = np.cumsum(work)
    before = done[np.searchsorted(day, day)] - work[np.searchsorted(day, day)]
    return (done - work - before) / total, (done - before) / total


def _clock(days: pd.DatetimeIndex, share: Floats, params: BoxParams) -> pd.DatetimeIndex:
    hour, minute = map(int, params.day_start.split(":"))
    seconds = np.rint(hour * 3600 + minute * 60 + share * params.day_hours * 3600).astype(np.int64)
    local = days + pd.to_timedelta(seconds, unit="s")
    return local.tz_localize(params.timezone, ambiguous=True, nonexistent="shift_forward")


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
