"""What a re-plan changed, order by order, in words a person can read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from planning.order_identity import lot_names, lots_of

__all__ = ["DIFF_COLUMNS", "diff_figures", "diff_lines", "plan_diff"]

DIFF_COLUMNS = (
    "order_id",
    "item",
    "change",
    "what",
    "why",
    "pieces_before",
    "pieces_after",
    "hours_before",
    "hours_after",
    "start_before",
    "start_after",
    "resources_before",
    "resources_after",
    "state",
)
_CHANGES = ("cancelled", "moved", "resized", "added")
_ENDED = ("done", "cancelled")
_NEXT_BUCKETS = 4


def plan_diff(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Compare two plans' orders.

    Orders that started before the new plan's first bucket, or were done or cancelled before it, are passed over when
    the new plan has them no more: they are history, not changes.

    Parameters
    ----------
    before, after
        Columns of `planning.orders.ORDER_COLUMNS`.

    Returns
    -------
    diff
        One row per order (all its steps) that is not as it was: `change` is ``added``, ``moved`` (in time, or to
        another route or resource), ``resized`` or ``cancelled``; `what` says it in words, `why` gives the reason.
        Cancelled first, then by start.
    """
    if before.empty and after.empty:
        return pd.DataFrame(columns=list(DIFF_COLUMNS))
    both = _joined(before, after)
    both["change"] = _change(both)
    changed = both[both["change"] != ""].copy()
    totals = both.groupby("item")[["pieces_before", "pieces_after"]].sum()
    less = totals["pieces_before"] - totals["pieces_after"]
    rows = list(changed.itertuples())
    changed["what"] = np.array([_what(row) for row in rows], dtype=object)
    changed["why"] = np.array([_why(row, less) for row in rows], dtype=object)
    changed["state"] = changed["state_after"].fillna(changed["state_before"])
    order = pd.Categorical(changed["change"], categories=_CHANGES, ordered=True)
    changed = changed.assign(rank=order, when=changed["start_after"].fillna(changed["start_before"]))
    return changed.sort_values(["rank", "when", "order_id"], ignore_index=True)[list(DIFF_COLUMNS)]


def diff_figures(before: pd.DataFrame, after: pd.DataFrame, diff: pd.DataFrame) -> dict[str, Any]:
    """Return counts by change, pieces and hours moved, and the share of the near hours that moved.

    Returns
    -------
    figures
        `unchanged`, `added`, `moved`, `resized`, `cancelled` (orders), `hours_moved` (hours that left one resource and
        bucket, or came to one, in all), and `nervousness`: the same over the first four buckets of the new plan in
        which orders were not fixed, per hour planned there before; None if none were.
    """
    counts = diff["change"].value_counts()
    kept = len(set(lot_names(_alive(before))) & set(lot_names(_alive(after))))
    changed = int(sum(counts.get(name, 0) for name in ("moved", "resized")))
    moved, nervousness = _moved_hours(before, after)
    return {
        "unchanged": kept - changed,
        **{name: int(counts.get(name, 0)) for name in reversed(_CHANGES)},
        "hours_moved": moved,
        "nervousness": nervousness,
    }


def diff_lines(diff: pd.DataFrame) -> list[str]:
    """Return one sentence per changed order.

    Examples
    --------
    >>> row = dict.fromkeys(DIFF_COLUMNS, None) | {"order_id": "PO-1", "item": "tee", "what": "added: 5 pieces"}
    >>> diff_lines(pd.DataFrame([row | {"why": "on_time"}]))
    ['PO-1 (tee) added: 5 pieces; on_time']
    """
    return [f"{row.order_id} ({row.item}) {row.what}; {row.why}" for row in diff.itertuples()]


def _alive(orders: pd.DataFrame) -> pd.DataFrame:
    return orders[~orders["state"].isin(_ENDED)] if "state" in orders else orders


def _joined(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    old, new = lots_of(_alive(before)), lots_of(_alive(after))
    ended = set(lot_names(before)) - set(old["lot"])
    gone = set(lot_names(after)) - set(new["lot"])
    first = after["start"].min() if len(after) else pd.NaT
    past = ~old["lot"].isin(new["lot"]) & ~old["lot"].isin(gone) & (old["start"] < first)
    both = old[~past].merge(new[~new["lot"].isin(ended)], on="lot", how="outer", suffixes=("_before", "_after"))
    both["item"] = both["item_after"].fillna(both["item_before"])
    names = {f"at_{side}": f"resources_{side}" for side in ("before", "after")}
    return both.rename(columns={"lot": "order_id", **names})


def _change(both: pd.DataFrame) -> np.ndarray:
    moved = (both["start_before"] != both["start_after"]) | (both["due_before"] != both["due_after"])
    moved |= (both["resources_before"] != both["resources_after"]) | (both["route_before"] != both["route_after"])
    resized = both["pieces_before"] != both["pieces_after"]
    cases = [both["start_after"].isna(), both["start_before"].isna(), moved, resized]
    return np.asarray(np.select(cases, ["cancelled", "added", "moved", "resized"], default=""), dtype=object)


def _what(row: Any) -> str:
    if row.change == "cancelled":
        return f"cancelled: {row.pieces_before:.0f} pieces of {row.start_before:%Y-%m-%d} on {row.resources_before}"
    if row.change == "added":
        return f"added: {row.pieces_after:.0f} pieces on {row.start_after:%Y-%m-%d}, {row.resources_after}"
    parts = []
    days = (row.start_after - row.start_before).days
    if days:
        way = "later" if days > 0 else "earlier"
        span = f"{abs(days)} day{'s' if abs(days) > 1 else ''} {way}"
        parts.append(f"{span}, {row.start_before:%Y-%m-%d} to {row.start_after:%Y-%m-%d}")
    elif row.due_before != row.due_after:
        parts.append(f"due {row.due_before:%Y-%m-%d} to {row.due_after:%Y-%m-%d}")
    if row.resources_before != row.resources_after or row.route_before != row.route_after:
        parts.append(f"{row.route_before} on {row.resources_before} to {row.route_after} on {row.resources_after}")
    if row.pieces_before != row.pieces_after:
        parts.append(f"{row.pieces_before:.0f} to {row.pieces_after:.0f} pieces")
    return f"{row.change}: {'; '.join(parts)}"


def _why(row: Any, less: pd.Series) -> str:
    """Return the new plan's reason for an order; for a cancelled one what became of its pieces."""
    if row.change != "cancelled":
        return str(row.reason_after) if isinstance(row.reason_after, str) else "as ordered"
    if less[row.item] <= 0:
        return "its pieces are made in other orders"
    return f"{less[row.item]:.0f} fewer pieces of the item are made in all"


def _moved_hours(before: pd.DataFrame, after: pd.DataFrame) -> tuple[float, float | None]:
    """Return hours moved in all, and near hours moved per near hour planned before."""
    old, new = (_hours(frame) for frame in (before, after))
    first = after["start"].min() if len(after) else before["start"].min()
    both = pd.DataFrame({"old": old, "new": new}).fillna(0.0)
    both = both[both.index.get_level_values("start") >= first]
    moved = (both["new"] - both["old"]).abs()
    starts = both.index.get_level_values("start")
    fixed = after[after["state"].isin(("firm", "released"))]["start"]
    later = sorted(day for day in set(starts) if fixed.empty or day > fixed.max())
    near = starts.isin(later[:_NEXT_BUCKETS])
    planned = float(both["old"][near].sum())
    return float(moved.sum()), float(moved[near].sum()) / planned if planned > 0 else None


def _hours(orders: pd.DataFrame) -> pd.Series:
    alive = orders[~orders["state"].isin(_ENDED)]
    return alive.groupby(["item", "route", "step", "resource", "start"])["hours"].sum()
