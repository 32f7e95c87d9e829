"""What happened long ago is forgotten, once a day: events, deliveries, ended work, closings of what is over."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from services.exceptions import forget_closings
from services.flow.passes import Event, Pass, World
from services.flow.topics import LISTENS
from store.retention import forget_before

__all__ = ["forget"]

_log = logging.getLogger(__name__)


def forget(world: World, given: Pass, *, days: int) -> Sequence[Event]:
    """Forget what is older than so many days and that nobody waits for; what it was is in the log.

    Facts, orders, plans, prices and the audit stay: they are the record. Nothing is told of it: it would be kept again.
    """
    now = datetime.fromtimestamp(given.now_ms / 1000, UTC)
    before = now - timedelta(days=days)
    moment_ms = int(before.timestamp() * 1000)
    gone = forget_before(world.database, moment_ms, readers=LISTENS, now_ms=given.now_ms)
    gone["closings"] = forget_closings(world.home.root, world.database, before=before, now=now)
    if any(gone.values()):
        _log.info("forgotten: %s", ", ".join(f"{count} {name}" for name, count in gone.items()), extra=gone)
    return []
