"""A receiver of webhooks whose behaviour the test decides, and events to tell it of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import orjson
import pytest
from sqlalchemy import insert

from services.deliver_events import Courier
from services.post_webhook import Reply
from store.database import Database
from store.schema import OUTBOX


@dataclass
class Receiver:
    """Takes messages, or does not: `answers` are used up first, then everything is taken."""

    answers: list[Reply | Exception] = field(default_factory=list)
    got: list[tuple[str, dict, bytes]] = field(default_factory=list)

    def __call__(self, url: str, headers: dict, body: bytes, *, targets: str) -> Reply:
        answer = self.answers.pop(0) if self.answers else Reply(204, "HTTP 204")
        if isinstance(answer, Exception):
            raise answer
        self.got.append((url, dict(headers), body))
        return answer

    def ids(self) -> list[str]:
        """Return the ids of all messages, in the order in which they came."""
        return [orjson.loads(body)["id"] for _, _, body in self.got]

    def subjects(self) -> list[str]:
        """Return the subjects."""
        return [orjson.loads(body)["subject"] for _, _, body in self.got]


class Clock:
    """Milliseconds that the test moves."""

    now_ms = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now_ms

    def later(self, seconds: float) -> None:
        """Move on."""
        self.now_ms += int(seconds * 1000)


def _tell(database: Database, *events: dict) -> None:
    rows = [
        {"tenant": event.get("tenant", ""), "topic": event.get("topic", "reservation.held"),
         "subject": event.get("subject", "s"), "payload": orjson.dumps(event.get("payload", {})).decode(),
         "created_at_ms": 1_800_000_000_000}
        for event in events
    ]  # fmt: skip
    database.write(lambda connection: connection.execute(insert(OUTBOX), rows))


@pytest.fixture
def tell(database):
    """Write events to the outbox."""
    return partial(_tell, database)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
def courier(database, clock, receiver):
    """A courier with that clock and receiver, over both kinds of database in turn."""
    return Courier(database, targets="private", clock=clock, post=receiver)
