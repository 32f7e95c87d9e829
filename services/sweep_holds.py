"""Expire holds that are due; any number of servers may do so at once."""

from __future__ import annotations

from services.reserve import Desk
from store.booking.end import sweep

__all__ = ["sweep_due"]


def sweep_due(desk: Desk) -> None:
    """Expire every hold that is due by the desk's clock. It can no longer be confirmed then, swept or not."""
    if desk.database.made:
        while sweep(desk.database, desk.clock()):
            pass
