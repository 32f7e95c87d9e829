"""How far each stage has come, and how long its input waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.flow.topics import LISTENS
from store.database import Database
from store.outbox import waiting_for
from store.stages import stages

__all__ = ["all_stages", "stage_lags"]

_OWN = ("position", "attempts", "reason")


def stage_lags(database: Database, *, now_ms: int) -> list[dict[str, Any]]:
    """Return name, position, ``waiting`` rows, ``lag_seconds`` of the oldest, failed attempts and reason by stage."""
    return _lags(database, _by_name(database), now_ms=now_ms)


def _by_name(database: Database) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in stages(database)}


def _lags(database: Database, there: Mapping[str, Mapping[str, Any]], *, now_ms: int) -> list[dict[str, Any]]:
    told = []
    for name, (topics, listed) in LISTENS.items():
        row = there.get(name, {"position": 0, "attempts": 0, "reason": ""})
        kinds = {*listed, "cancellation"} if listed else None
        waiting, oldest_ms = waiting_for(database, after=row["position"], topics=topics, kinds=kinds)
        lag = 0.0 if oldest_ms is None else max(now_ms - oldest_ms, 0) / 1000
        own = {field: row[field] for field in _OWN}
        told.append({"name": name, **own, "waiting": waiting, "lag_seconds": lag})
    return told


def all_stages(database: Database, *, now_ms: int) -> list[dict[str, Any]]:
    """Return `stage_lags` and, after them, the work of the clock, for which nothing waits.

    Each has ``last_at_ms``, when a worker last turned to it (None = never), and ``next_at_ms``, when it is due by the
    clock (None = once something waits). Work of the clock is there once a worker with that schedule has run.
    """
    there = _by_name(database)
    clock = [
        {"name": name, **{field: row[field] for field in _OWN}, "waiting": 0, "lag_seconds": 0.0}
        for name, row in there.items()
        if name not in LISTENS
    ]
    return [told | _moments(there.get(told["name"])) for told in _lags(database, there, now_ms=now_ms) + clock]


def _moments(row: Mapping[str, Any] | None) -> dict[str, int | None]:
    if row is None:
        return {"last_at_ms": None, "next_at_ms": None}
    return {
        "last_at_ms": row["updated_at_ms"] or None,
        "next_at_ms": None if row["name"] in LISTENS else row["next_at_ms"],
    }
