"""The outbox's readers: none skips a row that commits late."""

import threading

import pytest

from store.database import Database
from store.outbox import read_outbox, settled_to, tell

EVENT = {"topic": "t", "subject": "s", "payload": {"id": "x"}}


def test_what_is_settled_on_an_idle_database(database):
    """Nothing, then everything."""
    assert settled_to(database) == 0
    database.write(lambda connection: tell(connection, [EVENT, EVENT], now_ms=1))
    settled = settled_to(database)
    assert [row.position for row in read_outbox(database, after=0, to=settled)][-1] == settled
    assert read_outbox(database, after=0, to=settled, topics=["other"]) == []


def test_a_position_that_commits_late_is_waited_for(postgres_url):
    """The first of two transactions ends last: a reader gets both, in order, and blocks nobody meanwhile."""
    database = Database.open(postgres_url)
    database.upgrade()
    start, seen = settled_to(database), []
    with database.engine.connect() as slow:
        tell(slow, [EVENT | {"subject": "slow"}], now_ms=1)
        database.write(lambda connection: tell(connection, [EVENT | {"subject": "fast"}], now_ms=1))

        def read():
            seen.extend(row.subject for row in read_outbox(database, after=start, to=settled_to(database)))

        reader = threading.Thread(target=read)
        reader.start()
        database.write(lambda connection: tell(connection, [EVENT | {"subject": "later"}], now_ms=1))
        reader.join(0.2)
        assert reader.is_alive(), "it did not wait for the position that is still open"
        slow.commit()
    reader.join(10)
    assert seen[:2] == ["slow", "fast"]
    database.close()


@pytest.mark.proof
def test_no_reader_skips_a_row_under_load(postgres_url):
    """Eight writers commit in any order while a reader follows them: every row is read once, in order."""
    database = Database.open(postgres_url)
    database.upgrade()
    start = settled_to(database)

    def write(name):
        for number in range(150):
            database.write(
                lambda connection, number=number: tell(
                    connection, [EVENT | {"subject": f"{name}-{number}"}] * 2, now_ms=1
                )
            )

    writers = [threading.Thread(target=write, args=(name,)) for name in range(8)]
    for thread in writers:
        thread.start()
    seen, position = [], start
    while any(thread.is_alive() for thread in writers) or len(seen) < 8 * 150 * 2:
        rows = read_outbox(database, after=position, to=settled_to(database))
        seen += [row.position for row in rows]
        position = rows[-1].position if rows else position
    assert len(seen) == 8 * 150 * 2
    assert seen == sorted(set(seen))
    database.close()
