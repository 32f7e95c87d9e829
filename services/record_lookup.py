"""Find what is kept under an id, of whatever kind it is, and the ids of what led to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import orjson

from contracts.errors import NotReadyError, UnknownIdError
from services.events import is_told
from services.found import Found
from services.ingest import Inlet
from services.made_records import MadeRecords
from services.record import Record, plain_row
from services.settle_live import SalesDesk, sale_split
from services.viewer import Viewer
from store.booking.lookup import find_decision, find_reservation, list_reservations, suppliers_of
from store.booking.rows import moment_text
from store.database import Database
from store.fact_book import facts_of_kind, find_fact
from store.home import Home
from store.outbox import OutboxRow, read_outbox
from store.outbox_ids import row_with_id
from store.plans import PlanShelf
from store.prices import PriceShelf
from store.score_book import ScoreBook
from store.score_rights import ScoreRights
from store.snapshot import Snapshot

__all__ = ["Lookup"]

_DIGITS = 18  # of a number that both databases can look for
_HOUSE = (
    "forecast.refreshed", "wave.forecast", "model.trained", "plan.revised", "prices.published", "signals.recorded",
    "supply.changed", "progress.recorded",
)  # fmt: skip
_OF_HOURS = ("idle", "overtime")
_OF_THE_PLAN = ("short of items", *_OF_HOURS, "plan change")
_OF_NO_RECORD = ("short of items", "capacity cut", "unused fact")  # about items, a supplier, what is not there
_SMALL = (str, int, float, bool, type(None))


class Lookup:
    """Finds records for one viewer.

    Parameters
    ----------
    home
        The home folder.
    """

    def __init__(self, home: Path, database: Database, viewer: Viewer) -> None:
        self._home, self._database, self._viewer = home, database, viewer
        self._bound, self._made = viewer.tenant is not None, MadeRecords(home, database)

    def find(self, record_id: str) -> Record | None:
        """Return what is kept under an id; None if nothing is, or it is not the viewer's."""
        name = record_id.strip()
        ways: list[Callable[[str], Record | None]] = [
            way for start, way in self._named() if name.startswith(start)
        ] or self._unnamed()
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
            ("offers-", self._made_offers),
            ("exc-", self._exception),
            ("route:", self._event_with_id),
        ]

    def _unnamed(self) -> list[Callable[[str], Record | None]]:
        """Return the ways to find what bears the caller's own id, or one without a mark, the likeliest first."""
        ways: list[Callable[[str], Record | None]] = [self._order, self._event_with_id, self._wave, self._sale]
        if not self._bound:
            made = self._made
            ways += [made.production_order, made.series, made.hours, made.match, made.launch]
            ways += [made.job, made.override, made.dispatch]
        return [*ways, self._score, lambda name: self._fact(f"fact:{name}")]

    def _reservation(self, name: str) -> Record:
        one = find_reservation(self._database, name, tenant=self._viewer.tenant, party=self._viewer.party)
        routed = row_with_id(self._database, "reservation_id", name, topic="order.routed")
        causes = [one.decision_id, routed.payload["id"] if routed and self._may(routed) else None, one.replaces]
        some = f"{one.taken_pieces} of " if 0 < one.taken_pieces < one.pieces else ""  # the others were given back
        told = f"{one.state}: {some}{one.pieces} pieces of {one.sku_id} at {one.supplier_id} for {one.buyer_id}"
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
        if not _is_number(position):
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

    def _made_offers(self, name: str) -> Record | None:
        return self._of_the_house(name.partition("/")[0], "offers") if self._bound else self._made.offers(name)

    def _wave(self, name: str) -> Record | None:
        """Return the latest forecast of a wave."""
        row = row_with_id(self._database, "id", None, topic="wave.forecast", subject=name)
        return None if row is None else self._told(row)

    def _sale(self, name: str) -> Record:
        """Return how a sale was divided, as far as the viewer may see it."""
        network = Home(self._home).current().network() if self._bound else None
        split = sale_split(SalesDesk(database=self._database, viewer=self._viewer, network=network), name)
        lines = split["rows"]
        told = f"{len(lines)} entries of {split['share_fen']:,} fen in all"
        return Record(id=name, kind="settled sale", told=told, at=lines[0]["booked_at"], facts=split)

    def _score(self, name: str) -> Record:
        """Return a kept score as the viewer may read it."""
        from services.launch_estimates import LaunchDesk  # scores bring the forecaster, which takes long to import
        from services.scores.desk import ScoreDesk, shown_to

        home = Home(self._home)

        def launches() -> LaunchDesk:
            return LaunchDesk(home, Inlet.of(self._home))

        desk = ScoreDesk(ScoreBook(self._database), ScoreRights(self._database), launches)
        snapshot = home.current()
        one = shown_to(snapshot, self._viewer, desk.kept(snapshot, self._viewer, name))
        told = f"{one['kind']} of {one['subject']}: {one['value']:.4g} {one['unit']}"
        return Record(id=name, kind="score", told=told, at=one["as_of"], facts=one)

    def _prices(self, name: str) -> Record | None:
        version, _, offer = name.partition("/")
        number = version.removeprefix("prices-")
        if not _is_number(number):
            return None
        if self._bound:
            return self._of_the_house(version, "prices")
        return self._price(name, offer) if offer else self._price_version(name, int(number))

    def _price(self, name: str, offer: str) -> Record | None:
        """Return one price of a version: ``prices-7/SUPPLIER/GOOD``."""
        version = name.partition("/")[0]
        rows = PriceShelf(self._home).get(int(version.removeprefix("prices-"))).table()
        rows = rows[rows["supplier_id"].astype(str) + "/" + rows["good"].astype(str) == offer]
        if rows.empty:
            return None
        facts = plain_row(rows.iloc[0])
        told = f"{facts['good']} at {facts['supplier_id']}: {facts['price']:.4g} of score a piece"
        return Record(id=name, kind="price", told=told, facts=facts, causes=[version])

    def _price_version(self, name: str, number: int) -> Record:
        version = PriceShelf(self._home).get(number)
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

    def _exception(self, name: str) -> Record | None:
        from services.exceptions import list_exceptions  # looks at everything that is kept

        known = list_exceptions(self._home, self._database, now=datetime.now(UTC), viewer=self._viewer)
        found = next((one.found for one in known if one.id == name), None)
        if found is None:
            return None
        facts = {"subject": found.subject, "place": found.place, "stake_fen": found.stake_fen, "action": found.action}
        told = f"{found.kind} of {found.subject}: {found.why}"
        return Record(id=name, kind="exception", told=told, facts=facts, causes=self._behind(found))

    def _behind(self, found: Found) -> list[str]:
        """Return what led to an exception: what it is about, the plan if it is one of its, the fact that told of it."""
        causes = [] if found.kind in _OF_NO_RECORD else [found.subject]
        if found.kind in _OF_HOURS and found.when is not None:
            causes = [f"{found.subject}/{found.when:%Y-%m-%d}"]
        plan = PlanShelf(self._home).current() if found.kind in _OF_THE_PLAN else None
        causes += [] if plan is None else [plan.id]
        if found.kind == "capacity cut" and not self._bound:
            told = facts_of_kind(self._database, "capacity_change", [found.subject])
            causes += [max(told, key=lambda fact: fact.order).id] if told else []
        return causes

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


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= _DIGITS
