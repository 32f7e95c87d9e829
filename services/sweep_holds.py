"""Expire holds that are due and remove what is long past; any number of servers may do so at once."""

from __future__ import annotations

from services.reserve import Desk
from store.booking.end import sweep
from store.booking.prune import prune

__all__ = ["RETENTION_DAYS", "sweep_due"]

RETENTION_DAYS = 90
"""How long answers to writes, and reservations that are over, are kept where nobody says."""

_DAY_MS = 86_400_000
_PARTS = 20  # of what is long past, at a time: a server that was away for weeks does not begin with it alone


def sweep_due(desk: Desk, *, retention_days: int = RETENTION_DAYS) -> dict[str, int]:
    """Expire every hold that is due by the desk's clock. It can no longer be confirmed then, swept or not.

    Parameters
    ----------
    retention_days
        How long an answer is repeated to its idempotency key, and a reservation that is over can be read.

    Returns
    -------
    dict
        ``expired`` holds, ``answers_removed`` and ``reservations_removed``.
    """
    told = {"expired": 0, "answers_removed": 0, "reservations_removed": 0}
    if not desk.database.made:
        return told
    while expired := sweep(desk.database, desk.clock()):
        told["expired"] += expired
    for _ in range(_PARTS):
        answers, reservations = prune(desk.database, desk.clock() - retention_days * _DAY_MS)
        told["answers_removed"] += answers
        told["reservations_removed"] += reservations
        if not answers + reservations:
            break
    return told
