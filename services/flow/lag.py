"""How far each stage has come, and how long its input waits."""

from __future__ import annotations

from typing import Any

from services.flow.topics import LISTENS
from store.database import Database
from store.outbox import waiting_for
from store.stages import stages

__all__ = ["stage_lags"]


def stage_lags(database: Database, *, now_ms: int) -> list[dict[str, Any]]:
    """Return name, position, ``waiting`` rows, ``lag_seconds`` of the oldest, failed attempts and reason by stage."""
    there = {row["name"]: row for row in stages(database)}
    told = []
    for name, (topics, listed) in LISTENS.items():
        row = there.get(name, {"position": 0, "attempts": 0, "reason": ""})
        kinds = {*listed, "cancellation"} if listed else None
        waiting, oldest_ms = waiting_for(database, after=row["position"], topics=topics, kinds=kinds)
        lag = 0.0 if oldest_ms is None else max(now_ms - oldest_ms, 0) / 1000
        own = {field: row[field] for field in ("position", "attempts", "reason")}
        told.append({"name": name, **own, "waiting": waiting, "lag_seconds": lag})
    return told
