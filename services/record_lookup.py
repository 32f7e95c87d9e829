"""Find what is kept under an id, of whatever kind it is, and the ids of what led to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from contracts.errors import NotReadyError, UnknownIdError
from services.events import is_told
from services.exception_sources import Found
from services.viewer import Viewer
from store.booking.lookup import find_decision, find_reservation, list_reservations, suppliers_of
from store.booking.rows import moment_text
from store.database import Database
from store.fact_book import find_fact
from store.home import Home
from store.offers import OfferShelf
from store.outbox import OutboxRow, read_outbox
from store.outbox_ids import row_with_id
from store.plans import PlanShelf
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["Lookup", "Record"]

_HOUSE = (
    "forecast.refreshed", "wave.forecast", "model.trained", "plan.revised", "prices.published", "signals.recorded",
    "supply.changed", "progress.recorded",
)  # fmt: skip
_OF_THE_PLAN = ("short of items", "idle", "overtime", "plan change")
_DAY = re.compile(r"(.+)/(\d{4}-\d{2}-\d{2})")
_SMALL = (str, int, float, bool, type(None))


@dataclass(frozen=True, kw_only=True)
class Record:
    """One thing that is kept.

    Parameters
    ----------
    kind
        ``reservation``, ``decision``, ``order``, ``fact``, ``prices``, ``plan``, ``production order``, ``forecast``,
        ``network``, or the topic of an event.
    told
        What it is, in words.
    at
        When it was made; None if that is not kept.
    facts
        Figures and versions.
    causes
        Ids of what led to it.
    causes_in_all
        How many there are, if not all are named.
    """

    id: str
    kind: str
    told: str
    at: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    causes: Sequence[str] = ()
    causes_in_all: int = 0


class Lookup:
    """Finds records for one viewer.

    Parameters
    ----------
    home
        The home folder.
    """

    def __init__(self, home: Path, database: Database, viewer: Viewer) -> None:
        self._home, self._database, self._viewer = home, database, viewer
        self._bound = viewer.tenant is not None

    def find(self, record_id: str) -> Record | None:
        """Return what is kept under an id; None if nothing is, or it is not the viewer's."""
        name = record_id.strip()
        ways: list[Callable[[str], Record | None]] = [
            way for start, way in self._named() if name.startswith(start)
        ] or [self._order, self._event_with_id, self._production_order, self._series]
        for way in ways:
            try:
                found = way(name)
            except (UnknownIdError, NotReadyError):
                continue
            if found is not None:
                return found
        return None

    def _named(self) -> list[tuple[str, Callable[[str], Record | None]]]:
        return [
            ("res-", self._reservation),
            ("dec-", self._decision),
            ("evt-", self._event),
            ("network-", self._network),
            ("prices-", self._prices),
            ("plan-", self._plan),
            ("fact:", self._fact),
            ("offers-", self._offers),
            ("exc-", self._exception),
            ("route:", self._event_with_id),
        ]

    def _reservation(self, name: str) -> Record:
        one = find_reservation(self._database, name, tenant=self._viewer.tenant, party=self._viewer.party)
        routed = row_with_id(self._database, "reservation_id", name, topic="order.routed")
        causes = [one.decision_id, routed.payload["id"] if routed and self._may(routed) else None, one.replaces]
        told = f"{one.state}: {one.pieces} pieces of {one.sku_id} at {one.supplier_id} for {one.buyer_id}"
        return Record(
            id=name,
            kind="reservation",
            told=f"{told} (order {one.order_id})",
            at=moment_text(one.created_at_ms),
            facts=one.told(),
            causes=[cause for cause in causes if cause],
        )

    def _decision(self, name: str) -> Record:
        kept = find_decision(self._database, name, tenant=self._viewer.tenant, party=self._viewer.party)
        inputs, outcome = orjson.loads(kept.inputs), orjson.loads(kept.outcome)
        versions, candidates = inputs["versions"], inputs["candidates"]
        causes = [f"{kind}-{versions[kind]}" for kind in ("prices", "network") if versions.get(kind)]
        chosen = None if outcome["chosen"] is None else candidates[outcome["chosen"]]
        taken = "nobody" if chosen is None else chosen["supplier_id"]
        return Record(
            id=kept.id,
            kind="decision",
            told=f"chose {taken} of {len(candidates)} candidates by score less price",
            facts={"chosen": chosen, "versions": versions},
            causes=causes,
        )

    def _order(self, name: str) -> Record | None:
        whose = {"tenant": self._viewer.tenant, "party": self._viewer.party}
        held = list_reservations(self._database, **whose, order_id=name, limit=10)
        routed = row_with_id(self._database, "id", None, topic="order.routed", subject=name)
        causes = [one.id for one in held]
        if routed is not None and self._may(routed):
            causes.append(routed.payload["id"])
        return (
            Record(id=name, kind="order", told=f"an order, {len(held)} reservations", causes=causes) if causes else None
        )

    def _event(self, name: str) -> Record | None:
        position = name.removeprefix("evt-")
        if not position.isdecimal():
            return None
        rows = read_outbox(self._database, after=int(position) - 1, to=int(position))
        return self._told(rows[0], name=name) if rows else None

    def _fact(self, name: str) -> Record | None:
        fact = find_fact(self._database, name.removeprefix("fact:"), tenant=self._viewer.tenant or "")
        if fact is None:
            return self._event_with_id(name)  # another tenant's, for the operator
        if self._viewer.party is not None and self._viewer.party not in fact.payload.values():
            return None
        shown = [f"{key} {value}" for key, value in fact.payload.items() if isinstance(value, _SMALL)]
        return Record(
            id=name,
            kind="fact",
            told=f"{fact.kind} of {fact.subject}: {', '.join(shown[:6])}",
            at=moment_text(fact.occurred_at_ms),
            facts=fact.payload,
            causes=[] if fact.root == fact.key else [f"fact:{fact.root}"],
        )

    def _event_with_id(self, name: str) -> Record | None:
        row = row_with_id(self._database, "id", name)
        return None if row is None else self._told(row)

    def _told(self, row: OutboxRow, *, name: str | None = None) -> Record | None:
        if not self._may(row):
            return self._of_the_house(name or row.payload["id"], row.topic) if row.topic in _HOUSE else None
        payload = row.payload
        causes = payload.get("causes") or ([payload["id"]] if name and payload.get("id") else [])
        facts = {key: value for key, value in payload.items() if key not in ("id", "causes", "causes_in_all")}
        shown = [
            f"{key} {value}" for key, value in facts.items() if isinstance(value, _SMALL) and value not in (None, "")
        ]
        return Record(
            id=name or payload.get("id", f"evt-{row.position}"),
            kind=row.topic,
            told=f"{row.topic} of {row.subject}: {', '.join(shown[:5])}".rstrip(": "),
            at=moment_text(row.created_at_ms),
            facts=facts,
            causes=causes,
            causes_in_all=int(payload.get("causes_in_all") or 0),
        )

    def _prices(self, name: str) -> Record | None:
        number = name.removeprefix("prices-")
        if not number.isdecimal():
            return None
        if self._bound:
            return self._of_the_house(name, "prices")
        version = PriceShelf(self._home).get(int(number))
        facts, row = version.facts, row_with_id(self._database, "id", name)
        causes = row.payload.get("causes", []) if row else [f"network-{facts['network']}"]
        told = f"prices of {facts['offers']} offers made from {facts['orders']} orders ({facts['cause']})"
        return Record(id=name, kind="prices", told=told, at=facts["made_at"], facts=facts, causes=causes)

    def _plan(self, name: str) -> Record | None:
        if self._bound:
            return self._of_the_house(name, "plan")
        summary, row = PlanShelf(self._home).get(name).summary, row_with_id(self._database, "id", name)
        causes = list(row.payload.get("causes", [])) if row else []
        if not causes and summary.get("version"):
            causes = [f"network-{summary['version']}"]
        at = moment_text(int(name.removeprefix("plan-")[:12], 16))
        facts = {key: value for key, value in summary.items() if isinstance(value, _SMALL)}
        return Record(id=name, kind="plan", told="a level-loaded plan", at=at, facts=facts, causes=causes)

    def _production_order(self, name: str) -> Record | None:
        plan = None if self._bound else PlanShelf(self._home).current()
        if plan is None:
            return None
        rows = plan.table("orders")
        rows = rows[rows["order_id"].astype(str) == name]
        if rows.empty:
            return None
        one = rows.iloc[0]
        told = f"{one['pieces']:,.0f} pieces of {one['item']} on {one['resource']} from {one['start']:%Y-%m-%d}"
        facts = {key: _plain(value) for key, value in one.items()}
        return Record(
            id=name,
            kind="production order",
            told=f"{told}: {one.get('reason', '')}".rstrip(": "),
            facts=facts,
            causes=[plan.id],
        )

    def _series(self, name: str) -> Record | None:
        snapshot = None if self._bound else Home(self._home).current()
        frame = snapshot.result("forecast") if snapshot else None
        if snapshot is None or not isinstance(frame, pd.DataFrame):
            return None
        rows = frame[frame["unique_id"] == name]
        day = _DAY.fullmatch(name)
        if rows.empty and day is not None:
            of_series = frame["unique_id"] == day[1]
            rows = frame[of_series & (pd.to_datetime(frame["ds"]).dt.strftime("%Y-%m-%d") == day[2])]
        if rows.empty:
            return None
        meta = snapshot.result("forecast_meta")
        model = meta.get("model_version") if isinstance(meta, dict) else None
        refreshed = row_with_id(self._database, "id", None, topic="forecast.refreshed")
        causes = [refreshed.payload["id"]] if refreshed else [f"network-{snapshot.version}"]
        told = f"{rows['mean'].sum():,.0f} pieces expected over {len(rows)} days"
        facts = {"model_version": model, "rows": len(rows)}
        if len(rows) == 1:
            told = f"{rows['mean'].iloc[0]:,.1f} pieces expected that day"
            facts |= {key: _plain(value) for key, value in rows.iloc[0].items()}
        return Record(id=name, kind="forecast", told=told, facts=facts, causes=causes)

    def _offers(self, name: str) -> Record | None:
        """Return the current offers, or the one of a seller and a style: ``offers-…/SELLER/STYLE``."""
        if self._bound:
            return self._of_the_house(name.partition("/")[0], "offers")
        shelf = OfferShelf(self._home)
        current, (wanted, _, pair) = shelf.current(), name.partition("/")
        if current is None or wanted != current:
            return None
        rows = shelf.table("offers")
        at, network = moment_text(int(current.removeprefix("offers-")[:12], 16)), self._network_now()
        if not pair:
            return Record(id=name, kind="offers", told=f"{len(rows):,} offers to small sellers", at=at, causes=network)
        one = rows[rows["seller_id"].astype(str) + "/" + rows["style_id"].astype(str) == pair]
        if one.empty:
            return None
        facts = {key: _plain(value) for key, value in one.iloc[0].items()}
        told = f"{facts['style_id']} offered to {facts['seller_id']}: {facts.get('reason', '')}".rstrip(": ")
        return Record(id=name, kind="offer", told=told, at=at, facts=facts, causes=[current, *network])

    def _exception(self, name: str) -> Record | None:
        from services.exceptions import list_exceptions  # looks at everything that is kept

        database = None if self._bound else self._database
        known = list_exceptions(self._home, database, now=datetime.now(UTC), viewer=self._viewer)
        found = next((one.found for one in known if one.id == name), None)
        if found is None:
            return None
        facts = {"subject": found.subject, "place": found.place, "stake_fen": found.stake_fen, "action": found.action}
        told = f"{found.kind} of {found.subject}: {found.why}"
        return Record(
            id=name, kind="exception", told=told, facts=facts, causes=[found.subject, *self._plan_behind(found)]
        )

    def _plan_behind(self, found: Found) -> list[str]:
        """Return the current plan, if an exception is one of its."""
        plan = PlanShelf(self._home).current() if found.kind in _OF_THE_PLAN else None
        return [] if plan is None else [plan.id]

    def _network_now(self) -> list[str]:
        try:
            return [f"network-{Home(self._home).current().version}"]
        except NotReadyError:
            return []

    def _network(self, name: str) -> Record:
        if self._bound:
            return self._of_the_house(name, "network")
        version = name.removeprefix("network-")
        place = Home(self._home)
        snapshot = next((one for one in place.kept() if one.version == version), None)
        if snapshot is None:
            return Record(id=name, kind="network", told="a version that is not kept any more")
        sales = _sold(snapshot)
        counts = ", ".join(f"{number:,} {table}" for table, number in snapshot.counts.items() if number)
        return Record(id=name, kind="network", told=f"what was loaded: {counts}{sales}", facts=snapshot.counts)

    def _of_the_house(self, name: str, kind: str) -> Record:
        return Record(id=name, kind=kind, told="of the whole house: which version it was is all that is told")

    def _may(self, row: OutboxRow) -> bool:
        reserved = {row.subject} if row.topic.startswith("reservation.") else set()
        suppliers = suppliers_of(self._database, reserved) if self._bound else {}
        return is_told(row, self._viewer, suppliers)


def _sold(snapshot: Snapshot) -> str:
    if not snapshot.counts.get("sales"):
        return ""
    days = snapshot.table("sales")["ds"]
    return f"; sales of {days.min():%Y-%m-%d} to {days.max():%Y-%m-%d}"


def _plain(value: Any) -> Any:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
