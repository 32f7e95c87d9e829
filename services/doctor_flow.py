"""What the doctor finds of the flow: stages that wait or fail, work that was parked, webhooks that are not taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from services.findings import Finding
from services.flow.lag import stage_lags
from store.database import Database
from store.stages import parked_work, stages
from store.webhooks import unsent

__all__ = ["examine_flow", "examine_webhooks"]

_LATE_MS = 600_000  # for a receiver that is asked again after some minutes, and for a stage
_MOST_TOLD = 5
_RESEND = "POST /v1/webhooks/{id}/deliveries/{number}/resend"


def examine_flow(database: Database, *, now_ms: int) -> Iterator[Finding]:
    """Yield how far the stages are, what fails or waits for long, and each range that was parked."""
    lags = stage_lags(database, now_ms=now_ms)
    failing = [row for row in stages(database) if row["attempts"]]
    for row in failing:
        told = f"stage {row['name']} failed {row['attempts']} times, the last time: {row['reason']}"
        yield Finding("flow", "watch", told, "it is tried again by itself; mend the cause if it stays")
    late = [row for row in lags if row["lag_seconds"] * 1000 > _LATE_MS]
    for row in late:
        told = f"stage {row['name']} has waited for {row['lag_seconds'] / 60:.0f} minutes, {row['waiting']} rows wait"
        yield Finding("flow", "watch", told, "is a worker running? evenflow worker")
    parked = parked_work(database)
    yield from _parked(parked, now_ms)
    if not failing and not late and not parked:
        waiting = ", ".join(f"{row['name']} {row['lag_seconds']:.0f} s" for row in lags if row["waiting"])
        yield Finding("flow", "well", f"nothing is parked, nothing waits for long ({waiting or 'nothing waits'})")


def _parked(parked: Sequence[dict[str, Any]], now_ms: int) -> Iterator[Finding]:
    for row in parked[-_MOST_TOLD:]:
        days = (now_ms - row["parked_at_ms"]) / 86_400_000
        told = (
            f"parked-{row['number']}: stage {row['stage']} gave up on the events {row['from_position'] + 1} to "
            f"{row['to_position']} {days:.1f} days ago, after {row['attempts']} attempts: {row['reason']}"
        )
        advice = f"mend the cause, then POST /v1/parked-work/{row['number']}/retry; or /discard to forget it"
        yield Finding("flow", "watch", told, advice)
    if len(parked) > _MOST_TOLD:
        told = f"{len(parked) - _MOST_TOLD} older ranges are parked, too"
        yield Finding("flow", "watch", told, "GET /v1/parked-work")


def examine_webhooks(database: Database, *, now_ms: int) -> Iterator[Finding]:
    """Yield each webhook whose events wait for long or were given up, and what its receiver answered last."""
    told = database.read(unsent, whole=True)
    waiting = sum(row.waiting for row in told)
    troubled = [row for row in told if row.dead or (row.since_ms is not None and now_ms - row.since_ms > _LATE_MS)]
    for row in troubled[:_MOST_TOLD]:
        host = urlsplit(row.url).hostname or row.url
        minutes = 0 if row.since_ms is None else (now_ms - row.since_ms) / 60_000
        found = f"{row.webhook_id} ({host}): {row.waiting} events wait, the oldest for {minutes:.0f} minutes, "
        found += f"{row.dead} are dead; the last answer: {row.answer or 'none yet'}"
        advice = _RESEND if row.dead else "is a server or worker running, and does the receiver answer?"
        yield Finding("webhooks", "watch", found, advice)
    if not troubled:
        yield Finding("webhooks", "well", f"{waiting} events wait, none is dead")
