"""Exceptions that facts bring: orders that nobody took, facts that name what the loaded network does not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from services.effective import effective
from services.found import Found
from services.overview import remedy_of
from services.stakes import Stakes
from store.database import Database
from store.fact_book import families_with
from store.outbox import OutboxRow
from store.outbox_ids import latest_of_subjects, latest_rows
from store.snapshot import Snapshot

__all__ = ["found_in_flow"]

_MOST = 500  # events of one topic
_CORRECT = "correct the fact, or load what it names"


def found_in_flow(database: Database | None, snapshot: Snapshot, stakes: Stakes) -> Iterator[Found]:
    """Yield what facts brought that needs a person.

    Parameters
    ----------
    stakes
        What pieces are worth.
    """
    if database is not None and database.made:
        yield from _refused_orders(database, stakes)
        yield from _unknown_series(database, snapshot)
        yield from _refused_progress(database)


def _refused_orders(database: Database, stakes: Stakes) -> Iterator[Found]:
    """Yield orders whose last word is that nobody took them: sent again and held, or cancelled, they are none."""
    refused = latest_rows(database, "order.routed", naming=["refused"], most=_MOST)
    last = latest_of_subjects(database, "order.routed", {row.subject for row in refused})
    told = effective(families_with(database, {(row.tenant, _key(row)) for row in refused}))
    counting = {(fact.tenant, fact.key): fact.payload for fact in told.values() if fact is not None}
    for row in refused:
        order = counting.get((row.tenant, _key(row)))
        if order is not None and last.get(row.subject) == row.position:
            yield _refused(row, order, stakes)


def _key(row: OutboxRow) -> str:
    return str(row.payload["id"]).removeprefix("route:")


def _refused(row: OutboxRow, order: Mapping[str, Any], stakes: Stakes) -> Found:
    reason, pieces = str(row.payload["reason"]), float(order["pieces"])
    return Found(
        kind="refused order",
        subject=row.subject,
        place=str(order["buyer_id"]),
        when=pd.Timestamp(row.created_at_ms, unit="ms", tz="UTC").tz_convert("Asia/Shanghai").tz_localize(None),
        amount=pieces,
        unit="pieces",
        stake_fen=stakes.lost(order["sku_id"], pieces),
        why=reason,
        action=remedy_of(reason) or _CORRECT,
    )


def _unknown_series(database: Database, snapshot: Snapshot) -> Iterator[Found]:
    """Yield series that sales were told of and the loaded network does not have: no forecast looks at these."""
    named = latest_rows(database, "forecast.refreshed", most=_MOST)
    unknown = {name: row for row in reversed(named) for name in row.payload.get("unknown_series", ())}
    known = set(map(str, snapshot.table("sales")["unique_id"].unique())) if unknown else set()
    for name in sorted(unknown.keys() - known):
        yield _unused(name, "forecast", "a sale of a series that the loaded network does not have")


def _refused_progress(database: Database) -> Iterator[Found]:
    """Yield production orders whose progress was told last and could not be taken."""
    last: dict[str, str] = {}
    for row in reversed(latest_rows(database, "progress.recorded", most=_MOST)):
        last = {name: why for name, why in last.items() if name not in row.payload["orders"]}
        last |= row.payload["refused"]
    for name, why in sorted(last.items()):
        yield _unused(name, "progress", why)


def _unused(name: str, stage: str, why: str) -> Found:
    return Found(
        kind="unused fact", subject=name, place=stage, amount=1.0, unit="facts", stake_fen=0.0, why=why, action=_CORRECT
    )
