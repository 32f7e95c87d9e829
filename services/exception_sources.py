"""Where exceptions come from: plan and matches, orders that wait, capacity and prices, forecasts, work that failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from services.overview import attention, fen_by_item
from store.database import Database
from store.forecast_book import ForecastBook
from store.plans import PlanShelf
from store.prices import PriceShelf
from store.snapshot import Snapshot
from store.stages import parked_work
from store.webhooks import tallies

__all__ = ["Found", "found_in"]

_SHIFT = 0.2  # share of an item's forecast that must move to be told
_AGED_DAYS = 2.0  # orders that wait longer are told
_RESULTS = ("matches", "load", "plan_summary")
_CHANGES = {
    "cancelled": "tell whoever counts on it, or firm it again",
    "moved": "check the new dates with whoever waits for it",
    "resized": "check the material for the new size",
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """One thing that needs a person.

    Parameters
    ----------
    kind
        ``unfilled order``, ``late promise``, ``short of items``, ``overtime``, ``idle``, ``plan change``,
        ``backorder``, ``capacity cut``, ``prices refused``, ``forecast shift``, ``parked work``; and of
        `services.exception_flow` ``refused order`` and ``unused fact``.
    subject, place
        What and whom it touches.
    when
        The day it is about.
    amount, unit
        How much.
    stake_fen
        Money at stake; 0 where there is no price.
    why, action
        What happened, and what is proposed.
    """

    kind: str
    subject: str
    place: str | None = None
    when: datetime | None = None
    amount: float
    unit: str
    stake_fen: float
    why: str
    action: str


def found_in(home: Path, snapshot: Snapshot | None, database: Database | None, *, now: datetime) -> list[Found]:
    """Return everything that needs a person, in no order.

    Parameters
    ----------
    snapshot
        The loaded network; None without one.
    now
        The moment, with time zone.
    """
    found = list(_parked(database))
    if snapshot is None:
        return found
    prices = fen_by_item(snapshot.table("products"))
    shelf = PriceShelf(home)
    found += _of_results(_Basis.of(home, snapshot))
    found += _backorders(home, prices, now)
    found += _capacity_cuts(shelf, snapshot)
    return found + list(_refused_prices(shelf))


@dataclass(frozen=True)
class _Basis:
    """What the costly part of a listing is made of: equal as long as nothing of it was written anew."""

    home: Path
    version: str
    events_to: int
    plan: str | None
    runs: tuple[str, ...]
    results: tuple[tuple[int, int] | None, ...]
    snapshot: Snapshot = field(compare=False)

    @classmethod
    def of(cls, home: Path, snapshot: Snapshot) -> _Basis:
        plan, results = PlanShelf(home).current(), tuple(snapshot.written(name) for name in _RESULTS)
        runs = tuple(ForecastBook(home).runs()[:2])
        return cls(
            home, snapshot.version, snapshot.events_to, None if plan is None else plan.id, runs, results, snapshot
        )


@lru_cache(maxsize=8)
def _of_results(basis: _Basis) -> tuple[Found, ...]:
    """Return what results, the plan and forecasts say, which is kept while none of them changed."""
    home, prices = basis.home, fen_by_item(basis.snapshot.table("products"))
    found = (_attention(basis.snapshot), _plan_changes(home, prices), _forecast_shifts(home, prices))
    return tuple(chain(*found))


def _attention(snapshot: Snapshot) -> Iterator[Found]:
    results = {name: snapshot.result(name) for name in _RESULTS}
    frames = {name: _frame(results[name]) for name in ("matches", "load")}
    summary = results["plan_summary"] if isinstance(results["plan_summary"], dict) else None
    rows = attention(
        orders=snapshot.table("orders"),
        products=snapshot.table("products"),
        routes=snapshot.table("routes"),
        plan_summary=summary,
        **frames,
    )
    for row in rows.itertuples():
        yield Found(
            kind=str(row.kind),
            subject=str(row.subject),
            place=_text(row.place),
            when=_moment(row.when),
            amount=float(row.amount),
            unit=str(row.unit),
            stake_fen=_money(row.stake_fen),
            why=str(row.why),
            action=str(row.remedy),
        )


def _plan_changes(home: Path, prices: pd.Series) -> Iterator[Found]:
    """Yield orders that the current plan cancelled, moved or resized against the one before."""
    plan = PlanShelf(home).current()
    if plan is None or not (plan.folder / "diff.parquet").is_file():
        return
    diff = plan.table("diff")
    for row in diff[diff["change"].isin(list(_CHANGES))].itertuples():
        pieces = max(_money(row.pieces_before), _money(row.pieces_after))
        touched = _money(row.pieces_before) - _money(row.pieces_after) if row.change == "resized" else pieces
        yield Found(
            kind="plan change",
            subject=str(row.order_id),
            place=_text(row.resources_after) or _text(row.resources_before),
            when=_moment(row.start_after) or _moment(row.start_before),
            amount=abs(touched),
            unit="pieces",
            stake_fen=abs(touched) * float(prices.get(row.item, 0.0)),
            why=f"{row.item} {row.what}; {row.why}",
            action=_CHANGES[str(row.change)],
        )


def _backorders(home: Path, prices: pd.Series, now: datetime) -> Iterator[Found]:
    from services.backorder_queue import BackorderQueue  # brings the routing, which takes long to import

    for order_id, waiting in BackorderQueue(home).waiting().items():
        days = waiting.days(now)
        if days >= _AGED_DAYS:
            price = float(prices.get(waiting.order.get("sku_id"), 0.0))
            yield Found(
                kind="backorder",
                subject=order_id,
                place=_text(waiting.order.get("buyer_id")),
                when=waiting.since,
                amount=float(waiting.pieces),
                unit="pieces",
                stake_fen=waiting.pieces * price,
                why=f"waits for {days:.0f} days",
                action="route it again, or tell the buyer that it will not come",
            )


def _capacity_cuts(shelf: PriceShelf, snapshot: Snapshot) -> Iterator[Found]:
    """Yield suppliers that have lost capacity: their pieces at cost; of lines alone, hours as overtime costs."""
    left = shelf.left()
    supply = snapshot.table("supply") if left else pd.DataFrame()
    summary = snapshot.result("plan_summary") if left else None
    hour_fen = float(summary.get("fen_per_hour", {}).get("overtime", 0.0)) if isinstance(summary, dict) else 0.0
    for supplier_id, share in left.items():
        rows = supply[supply["supplier_id"] == supplier_id]
        lines = rows["resource"].notna() if "resource" in rows else pd.Series(data=False, index=rows.index)
        goods = rows if lines.all() else rows[~lines]
        lost = pd.to_numeric(goods["capacity"]).fillna(0.0) * (1 - share)
        cost = pd.to_numeric(goods["unit_cost_fen"]).fillna(0.0) if "unit_cost_fen" in goods else 0.0
        told = "is down" if share == 0 else f"has {share:.0%} of its capacity left"
        yield Found(
            kind="capacity cut",
            subject=str(supplier_id),
            amount=float(lost.sum()),
            unit="hours" if len(rows) and lines.all() else "pieces",
            stake_fen=float((lost * (hour_fen if lines.all() else cost)).sum()),
            why=told if len(rows) else f"{told}, but the loaded network has no supply of it",
            action="refresh prices and plan again; ask when it is back"
            if len(rows)
            else "correct the fact, or load it",
        )


def _refused_prices(shelf: PriceShelf) -> Iterator[Found]:
    """Yield the latest prices if the replay found them worse than those that serve."""
    newest = next(iter(shelf.versions()), None)
    if newest is not None and newest.facts.get("better") is False:
        facts = newest.facts
        lost = float(facts.get("old_objective", 0.0)) - float(facts.get("new_objective", 0.0))
        yield Found(
            kind="prices refused",
            subject=f"prices-{newest.number}",
            when=_moment(facts.get("made_at")),
            amount=lost,
            unit="score",
            stake_fen=0.0,
            why=f"the replay of {facts.get('orders')} orders found them worse",
            action="look at what changed (capacity, orders), then refresh again",
        )


def _forecast_shifts(home: Path, prices: pd.Series) -> Iterator[Found]:
    """Yield items whose forecast moved by much between the last two runs, over the days that both foretell."""
    book = ForecastBook(home)
    runs = book.runs()[:2]
    if len(runs) < 2:
        return
    after, before = (book.run(run) for run in runs)
    days = set(after["ds"]) & set(before["ds"])
    now, then = (frame[frame["ds"].isin(days)].groupby("unique_id")["mean"].sum() for frame in (after, before))
    both = pd.DataFrame({"now": now, "then": then}).dropna()
    both["moved"] = both["now"] - both["then"]
    for row in both[both["moved"].abs() > _SHIFT * both["then"].clip(lower=1.0)].itertuples():
        item = str(row.Index).partition("@")[0]
        up = row.moved > 0
        yield Found(
            kind="forecast shift",
            subject=str(row.Index),
            amount=float(row.moved),
            unit="pieces",
            stake_fen=abs(float(row.moved)) * float(prices.get(item, 0.0)),
            why=f"{row.then:,.0f} pieces became {row.now:,.0f} over {len(days)} days",
            action="plan again: there may be too little capacity" if up else "plan again: hold back what is not begun",
        )


def _parked(database: Database | None) -> Iterator[Found]:
    if database is None or not database.made:
        return
    for row in parked_work(database):
        rows = row["to_position"] - row["from_position"]
        yield Found(
            kind="parked work",
            subject=f"parked-{row['number']}",
            place=row["stage"],
            amount=float(rows),
            unit="events",
            stake_fen=0.0,
            why=f"failed {row['attempts']} times: {row['reason']}",
            action=f"mend the cause, then POST /v1/parked-work/{row['number']}/retry",
        )
    _, dead, _ = database.read(tallies, whole=True)
    if dead:
        yield Found(
            kind="parked work",
            subject="webhooks",
            amount=float(dead),
            unit="deliveries",
            stake_fen=0.0,
            why=f"{dead} events were not taken by their receivers",
            action="ask the receivers, then POST /v1/webhooks/{id}/deliveries/{number}/resend",
        )


def _frame(result: Any) -> pd.DataFrame | None:
    return result if isinstance(result, pd.DataFrame) and len(result) else None


def _text(value: Any) -> str | None:
    return None if value is None or pd.isna(value) else str(value)


def _moment(value: Any) -> datetime | None:
    return None if value is None or pd.isna(value) else pd.Timestamp(value).to_pydatetime()


def _money(value: Any) -> float:
    return 0.0 if value is None or pd.isna(value) else float(value)
