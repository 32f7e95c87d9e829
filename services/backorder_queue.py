"""Orders that wait for room: kept in the home, seen with their age, routed again the most urgent first.

Routing them holds nothing: whoever holds pieces says so (`take_off`), and the rest waits on from the day it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from contracts.errors import InputError, UnknownIdError
from graph.tables import DEMANDS
from matching.backorders import Backorders
from matching.backorders import Waiting as Waits
from matching.words import Language
from services.market import market_on
from services.network_router import decided, order_of
from services.order_scope import require_askable, sight_of
from services.told_route import told_route
from services.viewer import Viewer
from store.prices import PriceShelf
from store.record_log import RecordLog
from store.snapshot import Snapshot

__all__ = ["BackorderQueue", "Waiting"]

_SECONDS_A_DAY = 86_400.0


class Waiting(NamedTuple):
    """Pieces of an order that wait since a moment (with time zone)."""

    order: dict[str, Any]
    pieces: int
    since: datetime

    def days(self, now: datetime) -> float:
        """Return how long it waits."""
        return max((now - self.since).total_seconds(), 0.0) / _SECONDS_A_DAY

    def penalty(self, now: datetime, ageing: float) -> float:
        """Return the score that an unserved piece costs by now: what the order says, more by every day of waiting."""
        given = self.order.get("unmatched_penalty")
        return (1.0 if given is None else float(given)) + ageing * self.days(now)


class BackorderQueue:
    """The orders that wait in a home; any number of processes may add and take off at once."""

    def __init__(self, home: Path) -> None:
        self._log = RecordLog(home / "backorders.jsonl")

    def waiting(self) -> dict[str, Waiting]:
        """Return what waits, by order, the longest first."""
        return _folded(self._log.read())

    def add(self, order: Mapping[str, Any], *, at: datetime) -> Waiting:
        """Let an order wait; the same again changes nothing.

        Raises
        ------
        InputError
            If an order of that id waits with other contents.
        """
        row = dict(order)
        self._log.decide(lambda records: _added(records, row, at))
        return self.waiting()[str(row["order_id"])]

    def take_off(self, order_id: str, pieces: int | None, *, at: datetime) -> int:
        """Take pieces off that are served or no longer wanted, all without a number; return how many still wait.

        Raises
        ------
        UnknownIdError
            If the order does not wait.
        InputError
            If fewer pieces wait.
        """
        self._log.decide(lambda records: _taken(records, order_id, pieces, at))
        left = self.waiting().get(order_id)
        return 0 if left is None else left.pieces

    def route(
        self,
        snapshot: Snapshot,
        shelf: PriceShelf,
        *,
        now: datetime,
        ageing: float = 0.05,
        viewer: Viewer | None = None,
        language: Language | None = None,
        **options: Any,
    ) -> list[dict[str, Any]]:
        """Decide all that waits, the most urgent first, each seeing the room that those before it take; hold nothing.

        Parameters
        ----------
        now
            The moment, with time zone; lead times count from its day.
        ageing
            Score per piece and day added to what an unserved piece costs, >= 0.
        viewer
            Only the orders of its own buyers.
        options
            Those of `services.route_one.route_one`.

        Returns
        -------
        list of dict
            `services.told_route.told_route` with ``waits_days``, ``pieces`` and ``penalty``.
        """
        day = pd.Timestamp(now.date())
        known, market = market_on(snapshot, day, shelf)
        rule, viewer = Backorders(ageing=ageing), viewer or Viewer()
        sight = sight_of(viewer, known.book.network)
        queue = []
        for one in self.waiting().values():
            if viewer.tenant is not None and not _askable(one.order, known.book, viewer, sight):
                continue
            asked = order_of(one.order | {"pieces": one.pieces, "unmatched_penalty": one.penalty(now, ageing)}, day)
            first = decided(known, market, asked, sight=sight, **options).decision.order
            queue.append((rule.urgency(Waits(first, 0), day=0), one, asked))
        taken, told = np.zeros(len(market.room), np.int64), []
        for _, one, asked in sorted(queue, key=lambda entry: -entry[0]):
            routed = decided(known, market, asked, sight=sight, taken=taken, **options)
            np.add.at(taken, routed.decision.order.supplier, routed.decision.pieces)
            waits = {"waits_days": one.days(now), "pieces": one.pieces, "penalty": asked.penalty}
            told.append(waits | told_route(known.book, routed, day, language=language, sight=sight))
        return told


def _askable(order: dict[str, Any], book: Any, viewer: Viewer, sight: Any) -> bool:
    try:
        require_askable(DEMANDS.check(pd.DataFrame([order]), "orders"), book, viewer, sight)
    except InputError:
        return False
    return True


def _added(records: list[dict[str, Any]], row: dict[str, Any], at: datetime) -> list[dict[str, Any]]:
    name = str(row["order_id"])
    there = _folded(records).get(name)
    if there is None:
        return [{"record": "wait", "at": at.isoformat(), "order": row}]
    if there.order != row:
        raise InputError("order_id", "an order that does not wait yet, or the same again", name)
    return []


def _taken(records: list[dict[str, Any]], order_id: str, pieces: int | None, at: datetime) -> list[dict[str, Any]]:
    there = _folded(records).get(order_id)
    if there is None:
        raise UnknownIdError("waiting order", order_id)
    if pieces is not None and pieces > there.pieces:
        raise InputError("pieces", f"at most the {there.pieces} that wait", pieces)
    gone = there.pieces if pieces is None else pieces
    return [{"record": "off", "at": at.isoformat(), "order_id": order_id, "pieces": gone}]


def _folded(records: list[dict[str, Any]]) -> dict[str, Waiting]:
    waiting: dict[str, Waiting] = {}
    for record in records:
        if record["record"] == "wait":
            order = record["order"]
            since = datetime.fromisoformat(record["at"])
            waiting[str(order["order_id"])] = Waiting(order, int(order["pieces"]), since)
        else:
            one = waiting[record["order_id"]]
            left = one.pieces - record["pieces"]
            waiting[record["order_id"]] = one._replace(pieces=left)
            if left <= 0:
                del waiting[record["order_id"]]
    return waiting
