"""Exceptions that a plan brings: its orders that are cancelled, moved or resized against the plan before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from services.found import Found, moment, number, text
from services.stakes import Stakes
from store.plans import PlanShelf

__all__ = ["plan_changes"]

_CHANGES = {
    "cancelled": "tell whoever counts on it, or firm it again",
    "moved": "check the new dates with whoever waits for it",
    "resized": "check the material for the new size",
}
_BEGUN = ("released", "done")


def plan_changes(home: Path, products: pd.DataFrame) -> Iterator[Found]:
    """Yield the orders that the current plan changed; one it added is no trouble."""
    plan = PlanShelf(home).current()
    if plan is None or not (plan.folder / "diff.parquet").is_file():
        return
    stakes, diff = Stakes.of(products, plan.summary), plan.table("diff")
    for row in diff[diff["change"].isin(list(_CHANGES))].itertuples():
        before, after = number(row.pieces_before), number(row.pieces_after)
        yield Found(
            kind="plan change",
            subject=str(row.order_id),
            place=text(row.resources_after) or text(row.resources_before),
            when=moment(row.start_after) or moment(row.start_before),
            amount=abs(before - after) if row.change == "resized" else max(before, after),
            unit="pieces",
            stake_fen=_moved(row, stakes) + _given_up(row, stakes),
            why=f"{row.item} {row.what}; {row.why}",
            action=_CHANGES[str(row.change)],
        )


def _moved(row: Any, stakes: Stakes) -> float:
    """Return what an order's move costs: lateness, or days in stock; and overtime for the hours that it takes more."""
    then, now = moment(row.start_before), moment(row.start_after)
    if then is None or now is None:
        return 0.0
    pieces = min(number(row.pieces_before), number(row.pieces_after))
    days = (now - then).total_seconds() / 86_400
    moved = stakes.late(row.item, pieces, days) if days > 0 else stakes.early(row.item, pieces, -days)
    return moved + stakes.hours("overtime", max(number(row.hours_after) - number(row.hours_before), 0.0))


def _given_up(row: Any, stakes: Stakes) -> float:
    """Return what was committed to pieces that are made no more: nothing to a proposal, hours once firm, then cost."""
    before, after = number(row.pieces_before), number(row.pieces_after)
    fewer, state = max(before - after, 0.0), text(row.state) or "proposed"
    if state == "proposed" or not fewer:
        return 0.0
    hours = stakes.hours("idle", number(row.hours_before) * fewer / before)
    return hours + (stakes.spent(row.item, fewer) if state in _BEGUN else 0.0)
