"""What is long past is removed: answers, and reservations that are over with their decisions; never what stands."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from services.sweep_holds import sweep_due
from store.booking.prune import prune
from store.schema import AUDIT, DECISIONS, IDEMPOTENCY, OUTBOX, RESERVATIONS

DAY_MS = 86_400_000
NOTHING = {"expired": 0, "answers_removed": 0, "reservations_removed": 0}


def rows(counter, *tables):
    """Return how many rows each table has."""
    counts = [select(func.count()).select_from(table) for table in tables]
    return [counter.database.read(lambda connection, query=query: connection.scalar(query)) for query in counts]


def test_what_is_over_goes_after_its_time(counter):
    """One released, one expired, one confirmed, one held lately: only the first two go, each with its decision."""
    counter.offer(s=10, t=10)
    first = counter.route(1, s=2, t=1).body["reservation"]["id"]
    counter.act("release", first)
    counter.route(2, s=2, t=1)
    kept = counter.route(3, s=2, t=1).body["reservation"]["id"]
    counter.act("confirm", kept)
    assert sweep_due(counter.desk, retention_days=8) == NOTHING
    counter.now_ms += 61_000
    assert sweep_due(counter.desk, retention_days=8)["expired"] == 1
    counter.now_ms += 8 * DAY_MS + 1
    late = counter.route(4, s=2, t=1, key="late").body
    assert sweep_due(counter.desk, retention_days=8) == NOTHING | {"answers_removed": 5, "reservations_removed": 2}
    assert rows(counter, RESERVATIONS, DECISIONS, IDEMPOTENCY) == [2, 2, 1]
    assert counter.route(4, s=2, t=1, key="late").body == late
    assert counter.reserved() == {"s": 7, "t": 0}


def test_what_replaced_a_reservation_keeps_it(counter):
    """A rejected one stays as long as the one held instead of it; once that is over, both go, the later one first."""
    counter.offer(s=10, t=10)
    first = counter.route(1, s=2, t=1).body["reservation"]["id"]
    second = counter.reject(first).body["rerouted"]["reservation"]["id"]
    counter.act("confirm", second)
    counter.now_ms += 91 * DAY_MS
    assert sweep_due(counter.desk)["reservations_removed"] == 0
    counter.act("cancel", second)
    counter.now_ms += 91 * DAY_MS
    assert prune(counter.database, counter.now_ms - 90 * DAY_MS) == (1, 1)
    assert prune(counter.database, counter.now_ms - 90 * DAY_MS) == (0, 1)
    assert rows(counter, RESERVATIONS, DECISIONS) == [0, 0]


def test_several_remove_at_once(counter):
    """Four processes: everything goes once, and what happened can still be read in events and audit."""
    counter.offer(s=1000)
    for _ in range(30):
        counter.act("release", counter.hold("s", 1).body["reservation"]["id"])
    told = rows(counter, OUTBOX, AUDIT)
    before = counter.now_ms + 1
    with ThreadPoolExecutor(4) as pool:
        removed = list(pool.map(lambda _: prune(counter.database, before, most=5), range(40)))
    assert [sum(counts) for counts in zip(*removed, strict=True)] == [60, 30]
    assert rows(counter, IDEMPOTENCY, RESERVATIONS) == [0, 0]
    assert rows(counter, OUTBOX, AUDIT) == told
