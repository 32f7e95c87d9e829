"""What a stage is: what it listens to, and what it makes of everything that came since its last pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.flow.topics import FACTS
from services.ingest import Inlet
from services.reserve import Desk
from store.database import Database
from store.fact_book import Fact, families, of_kind
from store.home import Home
from store.outbox import OutboxRow
from store.prices import PriceShelf

__all__ = ["Event", "Pass", "Step", "World", "about", "causes_of", "event", "facts_in", "moment"]

Event = Mapping[str, Any]
_MOST_CAUSES = 200


@dataclass(frozen=True, kw_only=True)
class World:
    """Where stages work.

    Parameters
    ----------
    home
        The loaded networks, plans and prices.
    desk
        Where orders are held; its clock is the worker's.
    inlet
        Where signals go.
    seed
        Of everything random.
    mlflow_uri
        Where trained models are registered; a file in the home if None.
    """

    home: Home
    desk: Desk
    inlet: Inlet
    seed: int = 0
    mlflow_uri: str | None = None

    @property
    def database(self) -> Database:
        """The database of transactions."""
        return self.desk.database

    @property
    def shelf(self) -> PriceShelf:
        """The published prices."""
        return PriceShelf(self.home.root)


@dataclass(frozen=True, kw_only=True)
class Pass:
    """Everything that came to a stage since its last pass, in order.

    Parameters
    ----------
    rows
        What it listens to.
    to_position
        Names the pass: the same input has the same position.
    now_ms
        When it began.
    """

    rows: Sequence[OutboxRow]
    to_position: int
    now_ms: int


@dataclass(frozen=True, kw_only=True)
class Step:
    """A stage.

    Parameters
    ----------
    topics
        What it listens to.
    kinds
        Of ``fact.accepted``, which facts; their corrections and cancellations always.
    run
        Makes the events of a pass; done twice, it has the same effect.
    most
        Rows of one pass.
    rest_ms
        How long it rests after one: what comes meanwhile is one pass.
    """

    name: str
    topics: tuple[str, ...]
    run: Callable[[World, Pass], Sequence[Event]]
    kinds: tuple[str, ...] = ()
    most: int = 20_000
    rest_ms: int = 0

    def wants(self, row: OutboxRow) -> bool:
        """Return whether a row of its topics is for it."""
        return row.topic != FACTS or row.payload["kind"] in (*self.kinds, "cancellation")


def facts_in(world: World, given: Pass, kind: str) -> list[Fact]:
    """Return the families touched by a pass whose facts are of a kind, in the order of their first row."""
    touched = dict.fromkeys((row.tenant, row.payload["root"]) for row in given.rows if row.topic == FACTS)
    place = {family: number for number, family in enumerate(touched)}
    kept = of_kind(families(world.database, touched), kind)
    return sorted(kept, key=lambda fact: (place[fact.tenant, fact.root], fact.order))


def about(given: Pass, facts: Sequence[Fact]) -> Pass:
    """Return a pass with the rows that tell of some facts' families only: a cancellation is everybody's input."""
    own = {(fact.tenant, fact.root) for fact in facts}
    return replace(given, rows=[row for row in given.rows if (row.tenant, row.payload["root"]) in own])


def causes_of(given: Pass, *more: str) -> dict[str, Any]:
    """Return the causes of what a pass made, as the payload of an event tells them."""
    ids = [str(row.payload["id"]) for row in given.rows]
    known = set(ids)
    more = tuple(cause for cause in more if cause not in known)
    span = {"from_position": given.rows[0].position, "to_position": given.to_position} if given.rows else {}
    return {"causes": [*more, *ids[-_MOST_CAUSES:]], "causes_in_all": len(ids) + len(more), **span}


def event(topic: str, subject: str, payload: Mapping[str, Any], *, tenant: str = "") -> Event:
    """Return a row for the outbox."""
    return {"topic": topic, "subject": subject, "payload": dict(payload), "tenant": tenant}


def moment(now_ms: int) -> str:
    """Return a moment as text (UTC)."""
    from datetime import UTC, datetime

    return datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds")
