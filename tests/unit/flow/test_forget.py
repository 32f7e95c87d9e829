"""What is old is forgotten, what somebody waits for is not, and who missed something hears of it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select, text, update

from services.events import EventsGoneError, events_after, oldest_position
from services.exceptions import Closing, closings, forget_closings
from services.flow.schedule import schedule_of
from services.flow.worker import Worker
from services.viewer import Viewer
from store.outbox import settled_to, tell
from store.record_log import RecordLog
from store.retention import forget_before, forgotten_to
from store.schema import OUTBOX, PARKED_WORK, STAGES
from store.schema.webhooks import DELIVERIES, WEBHOOKS
from store.stages import add_stages, claim, finish, stumble

DAY_MS = 86_400_000
OLD, NEW = 10 * DAY_MS, 50 * DAY_MS


@pytest.fixture
def fresh(database):
    """A database whose positions begin with 1."""
    if not database.embedded:
        database.write(lambda connection: connection.execute(text("TRUNCATE outbox, parked_work RESTART IDENTITY")))
    return database


def told(database, count, at_ms):
    rows = [{"topic": "plan.revised", "subject": f"s{n}", "payload": {"id": f"p{n}"}} for n in range(count)]
    database.write(lambda connection: tell(connection, rows, now_ms=at_ms))


def kept(database):
    return database.read(lambda connection: connection.scalars(select(OUTBOX.c.position)).all())


def at(database, stage, position):
    """Let a stage stand somewhere."""
    add_stages(database, {stage: 0})
    finish(database, claim(database, stage, worker="w", now_ms=NEW, lease_ms=1), position=position, now_ms=0)


def hook(database, *, read_to, ended=None, deliveries=()):
    row = {"id": f"wh-{read_to}", "tenant": "", "url": "https://x", "topics": "", "secret": "s", "read_to": read_to}
    moments = {"leased_until_ms": 0, "created_at_ms": 0, "ended_at_ms": ended}
    made = insert(WEBHOOKS).values(row | moments | {"leased_by": "", "ended_because": ""})
    rows = [
        {"webhook_id": row["id"], "position": position, "tenant": "", "subject": "s", "state": state, "attempts": 1}
        | {"next_at_ms": 0, "answer": "", "updated_at_ms": OLD}
        for position, state in deliveries
    ]
    database.write(lambda c: c.execute(made))
    if rows:
        database.write(lambda c: c.execute(insert(DELIVERIES), rows))


def forget(database, stages=("plan",)):
    return forget_before(database, OLD + 1, readers=stages, now_ms=NEW)["events"]


def test_old_events_go_and_the_newest_stays(fresh):
    """Only a beginning goes; new positions come after all that ever were; a second worker finds nothing to do."""
    told(fresh, 5, OLD)
    at(fresh, "plan", 5)
    assert forget(fresh) == 4
    assert kept(fresh) == [5]
    told(fresh, 1, NEW)
    assert kept(fresh) == [5, 6]
    assert (forget(fresh), forget(fresh)) == (1, 0)
    assert fresh.read(forgotten_to) == 5


@pytest.mark.parametrize("who", ["stage", "webhook", "delivery", "parked"])
def test_what_somebody_waits_for_stays(fresh, who):
    """A stage behind, a webhook that has not looked, a delivery to be sent again, a range that may be retried."""
    told(fresh, 9, OLD)
    told(fresh, 1, NEW)
    at(fresh, "plan", 3 if who == "stage" else 10)
    hook(fresh, read_to=0, ended=1, deliveries=[(1, "waiting")])
    if who == "webhook":
        hook(fresh, read_to=3)
    elif who == "delivery":
        hook(fresh, read_to=10, deliveries=[(2, "delivered"), (4, "waiting"), (5, "dead")])
    elif who == "parked":
        at(fresh, "prices", 3)
        for _ in range(5):
            fresh.write(lambda c: c.execute(update(STAGES).values(next_at_ms=0)))
            stage = claim(fresh, "prices", worker="w", now_ms=NEW, lease_ms=1)
            stumble(fresh, stage, to=10, reason="r", causes=[], now_ms=NEW)
    forget(fresh)
    assert kept(fresh)[0] == 4
    left = fresh.read(lambda c: c.execute(select(DELIVERIES.c.position, DELIVERIES.c.state)).all())
    assert left == ([(4, "waiting")] if who == "delivery" else [])


def test_who_missed_events_is_told(fresh):
    """A cursor into what is gone is refused, at its edge it is not; a new reader begins with what is kept."""
    told(fresh, 6, OLD)
    at(fresh, "plan", 6)
    forget(fresh)
    with pytest.raises(EventsGoneError, match="not kept any more"):
        events_after(fresh, Viewer(), after=4, limit=10)
    found, looked = events_after(fresh, Viewer(), after=5, limit=10)
    assert ([row.position for row in found], looked) == ([6], 6)
    assert oldest_position(fresh) == 5


def test_retried_work_goes_and_its_number_is_not_given_again(fresh):
    """Parked work stays for as long as nobody decided."""
    for state in ("retried", "parked", "discarded", "discarded"):
        row = {"tenant": "", "stage": "s", "from_position": 0, "to_position": 1, "attempts": 5, "reason": "r"}
        row |= {"state": state, "parked_at_ms": 0, "updated_at_ms": OLD}
        fresh.write(lambda c, row=row: c.execute(insert(PARKED_WORK), row))
    forget(fresh)
    assert fresh.read(
        lambda c: c.execute(select(PARKED_WORK.c.number, PARKED_WORK.c.state).order_by(PARKED_WORK.c.number)).all()
    ) == [
        (2, "parked"),
        (4, "discarded"),
    ]


def test_the_worker_forgets_by_the_clock(flow):
    """After as many days as were set, whether or not the schedule names it."""
    told(flow.world.database, 600, flow.clock.now_ms)  # a cursor is moved past what is not its own in strides
    worker = Worker(world=flow.world, schedule=schedule_of({}, retention_days=2))
    for _ in range(5):
        worker.drain()
        flow.clock.now_ms += DAY_MS
    assert kept(flow.world.database) == [settled_to(flow.world.database)]


def test_closings_of_what_is_over_go(flow):
    """What is still there stays closed; an append that waits meanwhile is not lost with the file."""
    home, now = flow.world.home.root, datetime(2026, 3, 3, tzinfo=UTC)
    log = RecordLog(home / "exceptions.jsonl")
    for name, days in (("exc-old", 100), ("exc-new", 1)):
        told_at = (now - timedelta(days=days)).isoformat()
        closing = {"kind": "idle", "subject": "line", "by": "li", "done": "well", "stake_fen": 1.0}
        log.append(closing | {"id": name, "at": told_at})
    with log.path.open() as before:
        assert forget_closings(home, flow.world.database, before=now - timedelta(days=90), now=now) == 1
        assert before.read().count("\n") == 2
    assert [one.id for one in closings(home)] == ["exc-new"]
    assert isinstance(closings(home)[0], Closing)
    log.append(closing | {"id": "exc-later", "at": told_at})
    assert [one.id for one in closings(home)] == ["exc-later", "exc-new"]


def test_forgetting_an_empty_house_is_nothing(fresh):
    """Before anything happened."""
    assert forget(fresh) == 0
    fresh.write(lambda c: c.execute(delete(STAGES)))
    assert fresh.read(forgotten_to) == 0
