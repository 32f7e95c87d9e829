"""Where exceptions come from: plan and matches, orders that wait, capacity and prices, forecasts, work that failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from services.found import Found, moment, number, text
from services.overview import attention
from services.plan_changes import plan_changes
from services.stakes import Stakes
from store.database import Database
from store.forecast_book import ForecastBook
from store.plans import PlanShelf
from store.prices import PriceShelf
from store.snapshot import Snapshot
from store.stages import parked_work
from store.webhooks import tallies

__all__ = ["found_in"]

_SHIFT = 0.2  # share of an item's forecast that must move to be told
_AGED_DAYS = 2.0  # orders that wait longer are told
_RESULTS = ("matches", "load", "plan_summary")


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
    stakes, shelf = Stakes.of(snapshot.table("products")), PriceShelf(home)
    found += _of_results(_Basis.of(home, snapshot))
    found += _backorders(home, stakes, now)
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
    left: tuple[tuple[str, float], ...]
    snapshot: Snapshot = field(compare=False)

    @classmethod
    def of(cls, home: Path, snapshot: Snapshot) -> _Basis:
        plan, results = PlanShelf(home).current(), tuple(snapshot.written(name) for name in _RESULTS)
        runs = tuple(ForecastBook(home).runs()[:2])
        left = tuple(sorted(PriceShelf(home).left().items()))
        name = None if plan is None else plan.id
        return cls(home, snapshot.version, snapshot.events_to, name, runs, results, left, snapshot)


@lru_cache(maxsize=8)
def _of_results(basis: _Basis) -> tuple[Found, ...]:
    """Return what results, the plan and forecasts say, which is kept while none of them changed."""
    home, products = basis.home, basis.snapshot.table("products")
    parts = (
        _attention(basis.snapshot),
        plan_changes(home, products),
        _capacity_cuts(dict(basis.left), basis.snapshot),
        _forecast_shifts(home, Stakes.of(products)),
    )
    return tuple(chain(*parts))


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
            place=text(row.place),
            when=moment(row.when),
            amount=float(row.amount),
            unit=str(row.unit),
            stake_fen=number(row.stake_fen),
            why=str(row.why),
            action=str(row.remedy),
        )


def _backorders(home: Path, stakes: Stakes, now: datetime) -> Iterator[Found]:
    from services.backorder_queue import BackorderQueue  # brings the routing, which takes long to import

    for order_id, waiting in BackorderQueue(home).waiting().items():
        days = waiting.days(now)
        if days >= _AGED_DAYS:
            yield Found(
                kind="backorder",
                subject=order_id,
                place=text(waiting.order.get("buyer_id")),
                when=waiting.since,
                amount=float(waiting.pieces),
                unit="pieces",
                stake_fen=stakes.lost(waiting.order.get("sku_id"), waiting.pieces),
                why=f"waits for {days:.0f} days",
                action="route it again, or tell the buyer that it will not come",
            )


def _capacity_cuts(left: Mapping[str, float], snapshot: Snapshot) -> Iterator[Found]:
    """Yield suppliers that have lost capacity, in pieces; those with lines alone, in hours."""
    supply = snapshot.table("supply") if left else pd.DataFrame()
    for supplier_id, share in left.items():
        rows = supply[supply["supplier_id"] == supplier_id]
        lines = rows["resource"].notna() if "resource" in rows else pd.Series(data=False, index=rows.index)
        goods = rows if lines.all() else rows[~lines]
        told = "is down" if share == 0 else f"has {share:.0%} of its capacity left"
        yield Found(
            kind="capacity cut",
            subject=str(supplier_id),
            amount=float((pd.to_numeric(goods["capacity"]).fillna(0.0) * (1 - share)).sum()),
            unit="hours" if len(rows) and lines.all() else "pieces",
            stake_fen=_cut_stake(goods, share, snapshot, hours=bool(lines.all())),
            why=told if len(rows) else f"{told}, but the loaded network has no supply of it",
            action="refresh prices and plan again; ask when it is back"
            if len(rows)
            else "correct the fact, or load it",
        )


def _cut_stake(goods: pd.DataFrame, share: float, snapshot: Snapshot, *, hours: bool) -> float:
    """Return the overtime that makes up for hours, or the margin of the pieces routed there that no longer fit."""
    stakes = Stakes.of(snapshot.table("products"), snapshot.result("plan_summary"))
    capacity, matches = pd.to_numeric(goods["capacity"]).fillna(0.0), snapshot.result("matches")
    if hours:
        return stakes.hours("overtime", float(capacity.sum()) * (1 - share))
    capacity = capacity.groupby(goods["sku_id"].astype(str)).sum()
    missing = capacity * (1 - share)
    if isinstance(matches, pd.DataFrame) and "sku_id" in matches:
        mine = matches[matches["supplier_id"].isin(goods["supplier_id"])]
        routed = mine.groupby(mine["sku_id"].astype(str))["pieces"].sum()
        missing = (routed.reindex(capacity.index).fillna(0.0) - capacity * share).clip(lower=0.0)
    return sum(stakes.lost(item, pieces) for item, pieces in missing.items())


def _refused_prices(shelf: PriceShelf) -> Iterator[Found]:
    """Yield the latest prices if the replay found them worse than those that serve."""
    newest = next(iter(shelf.versions()), None)
    if newest is not None and newest.facts.get("better") is False:
        facts = newest.facts
        lost = float(facts.get("old_objective", 0.0)) - float(facts.get("new_objective", 0.0))
        yield Found(
            kind="prices refused",
            subject=f"prices-{newest.number}",
            when=moment(facts.get("made_at")),
            amount=lost,
            unit="score",
            stake_fen=0.0,
            why=f"the replay of {facts.get('orders')} orders found them worse",
            action="look at what changed (capacity, orders), then refresh again",
        )


def _forecast_shifts(home: Path, stakes: Stakes) -> Iterator[Found]:
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
            stake_fen=stakes.lost(item, float(row.moved)) if up else stakes.left_over(item, -float(row.moved)),
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
