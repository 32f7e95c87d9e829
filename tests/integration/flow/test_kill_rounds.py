"""Server, workers and database killed at random during a wave: what comes out is what an undisturbed run makes."""

from __future__ import annotations

import json
import random
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select

from benchmarks.postgres import Cluster, postgres_programs
from services.effective import effective
from services.flow.lag import stage_lags
from services.flow.passes import World
from services.flow.worker import Worker
from services.ingest import Inlet
from services.production_orders import order_decisions
from services.reserve import Desk, wall_clock_ms
from store.database import Database
from store.fact_book import Fact, facts_of_kind
from store.home import Home
from store.outbox import OutboxRow, read_outbox, settled_to
from store.schema import CAPACITIES, FACTS, RESERVATIONS
from store.stages import parked_work
from store.webhooks import tallies, webhooks_with_work
from tests.integration.flow.house import PSEUDONYM_KEY, House, Senders, asked
from tests.integration.flow.receiver import Receiver
from tests.unit.flow.conftest import Clock, Flow
from tests.unit.flow.story import SCARCE_PIECES, Row, as_told, firm, keys_of, prepare, wave

ROUNDS = 24
KINDS = ("order", "sale", "signal", "capacity_change", "progress", "push")
_SECONDS_TO_SETTLE = 600


def world_on(home: Path, database: Database, clock: Any = wall_clock_ms) -> World:
    """Return where a worker works."""
    return World(home=Home(home), desk=Desk(database, clock=clock), inlet=Inlet.of(home, key=PSEUDONYM_KEY))


@dataclass
class Counts:
    """What the kill rounds did."""

    kills: Counter[str] = field(default_factory=Counter)
    numbers: dict[str, int] = field(default_factory=dict)

    def told(self) -> str:
        """Return it as one line."""
        return json.dumps({"kills": dict(self.kills), **self.numbers})


def disturbed(house: House, database: Database, rounds: list[list[Row]], before: list[Row], say: Any) -> Counts:
    """Send a wave round by round, kill a part in each at a random moment, and let the rest settle."""
    chance, counts = random.Random(11), Counts()
    receiver = Receiver(random.Random(12))
    body = json.dumps({"url": receiver.url}).encode()
    status, made = asked(house.url, "POST", "/v1/webhooks", body, {"Content-Type": "application/json"})
    assert status == 201, made
    receiver.secret, since = made["secret"], settled_to(database)
    senders = Senders(house, seed=13)
    senders.tell(before, chance)
    senders.wait()
    settle(database)
    victims = house.parts * (-(-len(rounds) // len(house.parts)))
    for number, (rows, victim) in enumerate(zip(rounds, chance.sample(victims, len(victims)), strict=False)):
        senders.tell(rows, chance)
        senders.order(f"d{number}")
        pause = chance.uniform(0.1, 2.5)
        time.sleep(pause)
        house.kill(victim)
        counts.kills[victim] += 1
        say(f"round {number + 1}: killed {victim} after {pause:.1f} s; {len(receiver.effective)} events taken")
    senders.finish()
    settle(database)
    assert house.stop() == dict.fromkeys(house.processes, 0)
    receiver.close()
    require_told(database, receiver, since)
    counts.numbers = {"rounds": len(rounds), "facts": senders.accepted, "requests_repeated": senders.repeated}
    again = receiver.messages - len(receiver.effective)
    counts.numbers |= {"events": len(receiver.effective), "messages": receiver.messages}
    counts.numbers |= {"redelivered_or_refused": again, "answered_500": receiver.failed}
    return counts


def settle(database: Database) -> None:
    """Wait until no stage has input left and every delivery was taken."""
    until, lags, unsent = time.monotonic() + _SECONDS_TO_SETTLE, [], ()
    while time.monotonic() < until:
        lags, unsent = stage_lags(database, now_ms=wall_clock_ms()), database.read(tallies)
        behind = database.read(lambda connection: webhooks_with_work(connection, now_ms=wall_clock_ms()))
        if not any(lag["waiting"] for lag in lags) and unsent[:2] == (0, 0) and not behind:
            assert parked_work(database) == []
            return
        time.sleep(0.5)
    raise AssertionError((lags, unsent))


def undisturbed(home: Path, database: Database, rounds: list[list[Row]], before: list[Row]) -> None:
    """Let one worker in this process take the same facts, in the order in which they happened."""
    flow = Flow(Worker(world=world_on(home, database, Clock())), Clock())
    flow.clock = flow.world.desk.clock
    for told in (before, [row for rows in rounds for row in rows]):
        assert flow.send(*told)["refused"] == 0
        flow.settle()


def state_of(home: Path, database: Database) -> dict[str, Any]:
    """Return all that facts alone decide: the facts, what counts, net sales' forecasts, signals, supply, progress."""
    world, names = world_on(home, database), ("tenant", "key", "kind", "subject", "root", "payload", "digest")
    facts = select(*(FACTS.c[name] for name in names), FACTS.c.sequence, FACTS.c.occurred_at_ms)
    told = {kind: facts_of_kind(database, kind) for kind in KINDS}
    counting = {kind: {family: fact and fact.key for family, fact in effective(told[kind]).items()} for kind in KINDS}
    decided = {record["order_id"]: record["new"]["state"] for record in order_decisions(home)[::-1]}
    standing = select(RESERVATIONS.c.order_id, RESERVATIONS.c.pieces).where(
        RESERVATIONS.c.taken_pieces > 0, RESERVATIONS.c.sku_id == "soap", RESERVATIONS.c.order_id.not_like("d%")
    )
    snapshot = world.home.current()
    return {
        "facts": sorted(map(tuple, database.read(lambda c: c.execute(facts).all()))),
        "counting": counting,
        "production": decided,
        "left": world.shelf.left(),
        "orders": sorted(map(tuple, database.read(lambda c: c.execute(standing).all()))),
        "signals": world.inlet.facts.signals.read(),
        "forecast": snapshot.result("forecast"),
        "weekly_forecast": snapshot.result("weekly_forecast"),
    }


def require_same(state: dict[str, Any], other: dict[str, Any]) -> None:
    """Raise AssertionError where two states differ, tables to the bit."""
    assert state.keys() == other.keys()
    for name, value in state.items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(value, other[name], check_exact=True, obj=name)
        else:
            assert value == other[name], name


def require_orders_once(database: Database, rounds: int) -> None:
    """Every order that counts stands once or was refused with a reason; no capacity holds more than it has."""
    facts = facts_of_kind(database, "order")
    rows = database.read(lambda c: c.execute(select(RESERVATIONS)).all())
    held = Counter((row.order_id, row.pieces) for row in rows)
    assert max(held.values()) == 1, "a fact was held twice"
    standing = {row.order_id: row for row in rows if row.taken_pieces}
    assert len(standing) == sum(1 for row in rows if row.taken_pieces)
    last = {row.payload["id"]: row.payload for row in outbox(database) if row.topic == "order.routed"}
    for (_, root), fact in effective(facts).items():
        require_effect(standing.get(root), fact, last)
    assert {name for name in standing if name.startswith("d")} == {f"d{number}" for number in range(rounds)}
    require_room(database, rows, rounds)


def require_effect(row: Any, fact: Fact | None, last: dict[str, dict[str, Any]]) -> None:
    """What counts stands with its pieces, or was refused; what counts no more does not stand."""
    if fact is None:
        assert row is None
        return
    told = last[f"route:{fact.key}"]
    if row is None:
        assert told["status"] == "refused"
        assert told["reason"]
        return
    assert (row.state, row.pieces, row.taken_pieces) == ("confirmed", fact.payload["pieces"], fact.payload["pieces"])
    assert (told["status"], told["reservation_id"]) == ("confirmed", row.id)


def require_room(database: Database, rows: Any, rounds: int) -> None:
    """What is reserved is the sum of what stands, never more than is offered; nothing scarce is left."""
    taken: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        taken[row.supplier_id, row.good, row.bucket] += row.taken_pieces
    for one in database.read(lambda c: c.execute(select(CAPACITIES)).all()):
        assert one.reserved == taken.pop((one.supplier_id, one.good, one.bucket), 0)
        assert one.reserved <= one.offered
    assert not any(taken.values())
    scarce = sum(row.taken_pieces for row in rows if row.good == "tea")
    assert scarce >= min(SCARCE_PIECES, 3 * rounds)


def outbox(database: Database, since: int = 0) -> list[OutboxRow]:
    """Return everything that was told."""
    return read_outbox(database, after=since, to=settled_to(database), limit=10**6)


def require_told(database: Database, receiver: Receiver, since: int) -> None:
    """Each fact and each hold was told of once; each event reached the receiver, in order for each subject."""
    told = outbox(database, since)
    for topic in ("fact.accepted", "reservation.held", "reservation.confirmed"):
        ids = [row.payload["id"] for row in told if row.topic == topic]
        assert len(ids) == len(set(ids)), topic
    facts = database.read(lambda c: c.scalar(select(func.count()).select_from(FACTS)))
    assert sum(row.topic == "fact.accepted" for row in told) == facts
    assert receiver.wrong == []
    assert {f"evt-{row.position}" for row in told} == receiver.effective.keys()
    receiver.require_order()


@pytest.mark.proof
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_kills_lose_and_double_nothing(tmp_path, kind, capsys):
    """24 rounds of kill -9 of the server, either worker or the database, while clients and a receiver go on."""
    if kind == "postgresql" and postgres_programs() is None:
        pytest.skip("no PostgreSQL to test on: apt-get install postgresql")

    def say(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{kind}: {text}")
            sys.stdout.flush()

    production = prepare(tmp_path / "undisturbed")
    shutil.copytree(tmp_path / "undisturbed", tmp_path / "home")
    happened = list(wave(ROUNDS, production))
    calm = Database.open(f"sqlite:///{tmp_path}/undisturbed.db")
    undisturbed(tmp_path / "undisturbed", calm, happened, firm(production))
    cluster = Cluster() if kind == "postgresql" else None
    url = cluster.new_database() if cluster else f"sqlite:///{tmp_path}/flow.db"
    database = Database.open(url)
    database.upgrade()
    house = House(tmp_path / "home", url, cluster)
    try:
        told = as_told(happened, random.Random(14))
        say(disturbed(house, database, told, firm(production), say).told())
        state = state_of(tmp_path / "home", database)
        assert {row[1] for row in state["facts"]} == keys_of([firm(production), *happened])
        require_same(state, state_of(tmp_path / "undisturbed", calm))
        require_orders_once(database, ROUNDS)
    finally:
        house.abandon()
        database.close()
        calm.close()
        if cluster:
            cluster.remove()
