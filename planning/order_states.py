"""The life of a production order: proposed, firm, released, then done or cancelled; and changes by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError, UnknownIdError
from planning.order_identity import lot_names

__all__ = ["NEXT_STATES", "OrderChange", "change_order", "zone"]

NEXT_STATES = {
    "proposed": ("firm", "cancelled"),
    "firm": ("released", "proposed", "cancelled"),
    "released": ("done", "cancelled"),
    "done": (),
    "cancelled": (),
}


@dataclass(frozen=True, kw_only=True)
class OrderChange:
    """What is asked of an order, all its steps; exactly one of a state and new terms.

    Parameters
    ----------
    order_id
        The order, or one of its steps.
    state
        Its next state.
    pieces
        Pieces that start its first step, >= 1; the later steps' follow in proportion.
    start
        Day on which its first step starts (YYYY-MM-DD); the others move along.
    corrected
        The state it has was told by mistake: any other may follow.
    """

    order_id: str
    state: str | None = None
    pieces: int | None = None
    start: str | None = None
    corrected: bool = False

    def __post_init__(self) -> None:
        terms = self.pieces is not None or self.start is not None
        if (self.state is not None) == terms:
            got = "both" if terms else "neither"
            raise InputError(f"order {self.order_id}", "either a state, or pieces or start", got)
        if self.state is not None and self.state not in NEXT_STATES:
            raise InputError("state", f"one of {', '.join(NEXT_STATES)}", self.state)
        if self.pieces is not None and not 1 <= self.pieces <= 10**9:
            raise InputError("pieces", "a whole number from 1 to 1e9", self.pieces)
        if self.start is not None:
            _day(self.start)


def change_order(orders: pd.DataFrame, change: OrderChange) -> tuple[pd.DataFrame, dict[str, Any], dict[str, Any]]:
    """Return the orders after a change, and what it replaced and put there.

    An order changed by hand becomes firm, so that no re-plan takes the change back. Hours of new pieces are those of
    the old ones in proportion, set-ups included.

    Parameters
    ----------
    orders
        Columns of `planning.orders.ORDER_COLUMNS`.

    Raises
    ------
    UnknownIdError
        If there is no such order.
    InputError
        If its state does not lead to the one asked for, or it is over or released already.
    """
    names = lot_names(orders)
    mine = ((names == change.order_id) | (orders["order_id"] == change.order_id)).to_numpy()
    if not mine.any():
        raise UnknownIdError("production order", change.order_id)
    mine = (names == names[mine].iloc[0]).to_numpy()
    rows = orders[mine].sort_values("step")
    state = str(rows["state"].iloc[0])
    if change.state is not None:
        if not change.corrected:
            _require_next(change.order_id, state, change.state)
        new = {"state": change.state}
    else:
        if state not in ("proposed", "firm"):
            raise InputError(f"order {change.order_id}", "one that is proposed or firm", state)
        new = _terms(change) | {"state": "firm"}
    old = {name: _plain(rows[name].iloc[0]) for name in new}
    return _with(orders, mine, rows, new), old, new


def zone(start: pd.Timestamp, buckets: pd.DatetimeIndex, *, firm: int, slushy: int) -> str:
    """Return whether a start lies in the firm, the slushy or the free part of the horizon.

    Examples
    --------
    >>> weeks = pd.date_range("2026-01-05", periods=4, freq="7D")
    >>> [zone(day, weeks, firm=1, slushy=2) for day in weeks]
    ['firm', 'slushy', 'slushy', 'free']
    """
    at = int(buckets.searchsorted(start, side="right")) - 1
    return "firm" if at < firm else "slushy" if at < firm + slushy else "free"


def _require_next(order_id: str, state: str, wanted: str) -> None:
    allowed = NEXT_STATES.get(state, ())
    if wanted not in allowed:
        expected = f"a state that follows {state} ({', '.join(allowed)})" if allowed else f"no change: it is {state}"
        raise InputError(f"order {order_id}", expected, wanted)


def _terms(change: OrderChange) -> dict[str, Any]:
    given = {"pieces": change.pieces, "start": None if change.start is None else _day(change.start)}
    return {name: value for name, value in given.items() if value is not None}


def _with(orders: pd.DataFrame, mine: np.ndarray, rows: pd.DataFrame, new: dict[str, Any]) -> pd.DataFrame:
    changed = orders.copy()
    changed.loc[mine, "state"] = new["state"]
    if "pieces" in new:
        share = new["pieces"] / max(int(rows["pieces"].iloc[0]), 1)
        changed.loc[mine, "hours"] = orders.loc[mine, "hours"] * share
        changed.loc[mine, "pieces"] = np.floor(orders.loc[mine, "pieces"] * share + 1e-6).astype(np.int64)
    if "start" in new:
        later = pd.Timestamp(new["start"]) - rows["start"].iloc[0]
        for name in ("start", "due"):
            changed.loc[mine, name] = orders.loc[mine, name] + later
    return changed


def _day(text: str) -> str:
    try:
        return f"{pd.Timestamp(text):%Y-%m-%d}"
    except ValueError:
        raise InputError("start", "a date (YYYY-MM-DD)", text) from None


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return value.item() if isinstance(value, np.generic) else value
