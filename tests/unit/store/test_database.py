"""Reading and writing: durable when it returns, all or nothing, the same on both databases."""

import shutil
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from contracts.errors import InputError, UnavailableError
from store.database import Database
from store.schema import IDEMPOTENCY, OUTBOX

EVENT = {"tenant": "", "topic": "t", "payload": "{}", "created_at_ms": 0}


def put(subject):
    return lambda connection: connection.execute(insert(OUTBOX).values(EVENT | {"subject": subject}))


def subjects(database):
    return database.read(lambda connection: connection.scalars(select(OUTBOX.c.subject)).all())


def test_what_is_written_can_be_read(database):
    """A write returns what it made."""
    position = database.write(
        lambda connection: connection.scalar(
            insert(OUTBOX).values(EVENT | {"subject": "a"}).returning(OUTBOX.c.position)
        )
    )
    assert position > 0
    assert subjects(database) == ["a"]


def test_an_error_takes_back_its_own_changes_only(database):
    """Of many writes at once, those that fail raise their own error and leave nothing; the others stay."""

    def attempt(number):
        def work(connection):
            put(str(number))(connection)
            if number % 2:
                raise KeyError(number)
            return number

        try:
            return database.write(work)
        except KeyError as error:
            return -error.args[0]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(attempt, range(60)))
    assert answers == [-number if number % 2 else number for number in range(60)]
    assert sorted(map(int, subjects(database))) == list(range(0, 60, 2))


def test_a_fault_of_the_data_is_the_caller_s(database):
    """A row twice is an IntegrityError, also within one group; it is no trouble with the database."""
    row = {"tenant": "", "key": "k", "request_hash": "h", "status": 201, "answer": "{}", "created_at_ms": 0}
    work = lambda connection: connection.execute(insert(IDEMPOTENCY).values(row))  # noqa: E731
    database.write(work)
    with pytest.raises(IntegrityError):
        database.write(work)
    put_after = database.write(put("after"))
    assert put_after is not None
    assert subjects(database) == ["after"]


def test_no_update_is_lost(database):
    """Many increments of one row at once add up."""
    database.write(put("0"))
    add = update(OUTBOX).values(created_at_ms=OUTBOX.c.created_at_ms + 1)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: database.write(lambda connection: connection.execute(add), single=True), range(120)))
    assert database.read(lambda connection: connection.scalar(select(OUTBOX.c.created_at_ms))) == 120


def test_deadlocks_are_tried_again(database):
    """Two transactions that take two rows in opposite order both happen."""
    for subject in "ab":
        database.write(put(subject))
    meet = threading.Barrier(2)
    first = threading.local()

    def both(order):
        def work(connection):
            for position, subject in enumerate(order):
                connection.execute(
                    update(OUTBOX).where(OUTBOX.c.subject == subject).values(created_at_ms=OUTBOX.c.created_at_ms + 1)
                )
                if position == 0 and not database.embedded and not hasattr(first, "met"):
                    first.met = True
                    meet.wait(timeout=20)

        database.write(work)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(both, ("ab", "ba")))
    assert database.read(lambda connection: connection.scalar(select(func.sum(OUTBOX.c.created_at_ms)))) == 4


def test_the_group_shares_a_commit(tmp_path):
    """What waits while the writer is busy is committed together: far fewer commits than writes."""
    database = Database.open(f"sqlite:///{tmp_path}/a.db")
    database.write(put("first"))
    begun, go = threading.Event(), threading.Event()
    with ThreadPoolExecutor(21) as pool:
        slow = pool.submit(database.write, lambda connection: begun.set() or go.wait(20))
        assert begun.wait(20)  # the writer is busy before the others come: they form the next group
        others = [pool.submit(database.write, id) for _ in range(20)]
        deadline = time.monotonic() + 20
        while database._writer._jobs.qsize() < 20 and time.monotonic() < deadline:
            time.sleep(0.001)
        go.set()
        assert slow.result()
        assert len({other.result() for other in others}) == 1
    database.close()


def test_a_write_inside_a_write_is_refused(tmp_path):
    """It would wait for itself for ever."""
    database = Database.open(f"sqlite:///{tmp_path}/a.db")
    with pytest.raises(RuntimeError, match="a write inside a write"):
        database.write(lambda _: database.write(put("a")))
    database.close()


def test_writes_that_wait_are_finished_on_closing(tmp_path):
    """Closing loses nothing, and a closed one opens again on use."""
    database = Database.open(f"sqlite:///{tmp_path}/a.db")
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(database.write, put(str(number))) for number in range(8)]
        [job.result() for job in done]
    database.close()
    assert len(subjects(database)) == 8
    database.close()


def test_two_processes_may_open_a_new_file_at_once(tmp_path):
    """Both upgrade; one waits for the other."""
    databases = [Database.open(f"sqlite:///{tmp_path}/a.db") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda database: database.write(put("x")), databases))
    assert len(subjects(databases[0])) == 4
    for database in databases:
        database.close()


def test_a_locked_file_is_told(tmp_path, monkeypatch):
    """Another program that holds the lock for too long."""
    monkeypatch.setattr("store.engines._SECONDS_TO_WAIT", 0.05)
    database = Database.open(f"sqlite:///{tmp_path}/a.db")
    database.make_ready()
    other = sqlite3.connect(tmp_path / "a.db")
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match="does not answer: database is locked"):
        database.write(put("a"))
    other.rollback()
    other.close()
    database.write(put("b"))
    assert subjects(database) == ["b"]
    database.close()


def test_a_full_disk_is_told_and_passes(tmp_path):
    """Nothing of the group is kept; once there is room, writes go on."""
    database = Database.open(f"sqlite:///{tmp_path}/a.db")
    database.write(put("before"))
    pages = lambda number: lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={number}")  # noqa: E731
    database.write(pages(1))  # SQLite takes at least the pages it has
    with pytest.raises(UnavailableError, match="the disk of the database is full, nothing was kept"):
        database.write(put("x" * 100_000))
    database.write(pages(2**30))
    database.write(put("after"))
    assert subjects(database) == ["before", "after"]
    database.close()


@pytest.mark.parametrize(
    ("url", "got"),
    [
        ("mysql://localhost/a", "mysql://localhost/a"),
        ("sqlite://", "sqlite://"),
        ("sqlite:///:memory:", "sqlite:///%3Amemory%3A"),
        ("nonsense", "something that is no URL"),
        ("oracle://a:secret@localhost/a", r"oracle://a:\*\*\*@localhost/a"),
    ],
)
def test_other_databases_are_refused(url, got):
    """Which kinds there are; a password is not repeated."""
    with pytest.raises(InputError, match=f"database URL: expected sqlite:///FILE or postgresql://.*, got {got}$"):
        Database.open(url)


def test_a_server_that_is_not_there(tmp_path):
    """Told at once, and not as a mistake of ours."""
    database = Database.open(f"postgresql://nobody@/x?host={tmp_path}")
    with pytest.raises(UnavailableError, match=r"the database does not answer: .*No such file"):
        database.read(lambda connection: connection.scalar(select(1)))
    database.close()


def test_a_server_that_comes_back(postgres_cluster):
    """A restart breaks every connection; the next read and the next write work all the same."""
    database = Database.open(postgres_cluster.new_database())
    database.upgrade()
    database.write(put("a"))
    postgres_cluster.stop()
    with pytest.raises(UnavailableError):
        database.write(put("lost"))
    postgres_cluster.start()
    assert subjects(database) == ["a"]
    database.write(put("b"))
    postgres_cluster.stop()
    postgres_cluster.start()
    database.write(put("c"))
    assert subjects(database) == ["a", "b", "c"]
    database.close()


GONE = "the database's file was deleted or moved while it was open"


def test_a_file_that_is_moved_away_is_missed(tmp_path):
    """Neither read nor written, readiness says so; once it is back, everything is there and goes on."""
    database = Database.open(f"sqlite:///{tmp_path}/home/a.db")
    database.write(put("before"))
    (tmp_path / "home").rename(tmp_path / "away")
    for attempt in (lambda: database.write(put("lost")), lambda: subjects(database), database.require):
        with pytest.raises(UnavailableError, match=GONE):
            attempt()
    assert database.made
    assert not (tmp_path / "home").exists()
    (tmp_path / "away").rename(tmp_path / "home")
    database.require()
    database.write(put("after"))
    assert subjects(database) == ["before", "after"]
    database.close()


def test_what_is_written_while_the_file_goes_is_not_acknowledged(tmp_path):
    """Deleted between the work and its commit: whoever waits for it is told, alone or in a group."""
    database = Database.open(f"sqlite:///{tmp_path}/home/a.db")
    database.write(put("before"))

    def work(connection):
        put("during")(connection)
        shutil.rmtree(tmp_path / "home")

    with pytest.raises(UnavailableError, match="whether it is kept is not known; repeat it with the same key"):
        database.write(work)
    database.close()


def test_a_file_put_in_the_place_is_taken_up(tmp_path):
    """A copy of it (a restored backup), seen by all who had the old one open; an empty file is none."""
    file = tmp_path / "a.db"
    databases = [Database.open(f"sqlite:///{file}") for _ in range(2)]
    databases[0].write(put("kept"))
    assert subjects(databases[1]) == ["kept"]
    databases[1].close()  # all of it is in the file itself now
    databases[0].close()
    shutil.copy(file, tmp_path / "copy.db")
    for database in databases:
        database.write(put("lost"))
    file.unlink()
    file.touch()
    with pytest.raises(UnavailableError, match="an empty file stands where the database's was"):
        subjects(databases[0])
    for rest in tmp_path.glob("a.db*"):
        rest.unlink()
    (tmp_path / "copy.db").rename(file)
    for round_ in range(3):
        for database in databases:
            database.write(put(f"new{round_}"))
    assert [subjects(database) for database in databases] == [
        ["kept", "new0", "new0", "new1", "new1", "new2", "new2"]
    ] * 2
    for database in databases:
        database.close()
