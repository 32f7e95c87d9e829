"""Many pieces of work in one transaction, and processes that take turns at a file."""

import fcntl
import threading

import pytest
from sqlalchemy import func, select

from contracts.errors import UnavailableError
from store.database import Database
from store.outbox import tell
from store.schema import OUTBOX
from store.together import together
from store.turnstile import alone


def told(database):
    """How many rows the outbox has."""
    return database.read(lambda connection: connection.scalar(select(func.count()).select_from(OUTBOX)))


def say(subject):
    """A piece of work that tells of something."""
    row = {"topic": "spoken", "subject": subject, "payload": {}}
    return lambda connection: tell(connection, [row], now_ms=1)


def test_all_of_it_happens_at_once(database):
    """Within it its own writes are seen, outside only afterwards."""

    def work(joined):
        joined.write(say("a"))
        joined.write(say("b"))
        return told(joined), told(database)

    assert together(database, work) == (2, 0)
    assert told(database) == 2


def test_nothing_of_it_stays_where_it_fails(database):
    """What was written before the fault is taken back with it."""

    def work(joined):
        joined.write(say("a"))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        together(database, work)
    assert told(database) == 0


def test_a_fault_that_is_caught_takes_back_only_its_own_write(database):
    """The others' stay."""

    def broken(connection):
        say("lost")(connection)
        raise ValueError("no")

    def work(joined):
        joined.write(say("kept"))
        with pytest.raises(ValueError, match="no"):
            joined.write(broken)
        joined.write(say("kept, too"))

    together(database, work)
    subjects = database.read(lambda connection: connection.scalars(select(OUTBOX.c.subject)).all())
    assert sorted(subjects) == ["kept", "kept, too"]


def test_a_server_that_goes_away_between_writes_is_told(postgres_cluster, postgres_template):
    """The first time all of it is done again; a server that stays away is trouble, not a fault of ours."""
    url = postgres_cluster.new_database(template=postgres_template)
    away = Database.open(url)
    name = away.engine.url.database
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    times = []

    def work(joined, most):
        joined.write(say("a"))
        times.append(1)
        if len(times) <= most:
            postgres_cluster.psql(end)
        joined.write(say("b"))

    together(away, lambda joined: work(joined, 1))
    assert (len(times), told(away)) == (2, 2)
    with pytest.raises(UnavailableError):
        together(away, lambda joined: work(joined, 10))
    assert told(away) == 2
    away.close()
    postgres_cluster.drop_database(url)


def test_who_waits_has_its_turn_before_the_busy_one_has_another(tmp_path):
    """It stands in the door through which the other has to come again."""
    file, turns, waits = tmp_path / "a.db", [], threading.Event()

    def wait():
        waits.set()
        with alone(file):
            turns.append("other")

    thread = threading.Thread(target=wait)
    with alone(file):
        thread.start()
        waits.wait()
        turns.append("busy")
        while not stands(file):
            pass
    with alone(file):
        turns.append("busy again")
    thread.join()
    assert turns == ["busy", "other", "busy again"]


def stands(file):
    """Return whether somebody stands in the door."""
    with file.with_name("a.db-door").open("wb") as door:
        try:
            fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_where_no_lock_can_be_made_the_work_is_done(tmp_path):
    """The file's own lock has to do."""
    with alone(tmp_path / "absent" / "a.db"):
        assert not (tmp_path / "absent").exists()
