"""Backups: of one moment even while others write, checked before they are restored, never over something."""

import json
import os
import threading

import orjson
import pandas as pd
import pytest
from sqlalchemy import func, insert, select
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError, UnavailableError
from services.backup import back_up, restore
from store.database import Database
from store.home import TABLES, Home
from store.link_key import link_key
from store.record_log import RecordLog
from store.schema import OUTBOX
from store.still import files_below, held_still

AT = "2026-03-01T00:00:00+00:00"


def event(number: int) -> dict:
    """Return a row of the outbox."""
    return {"tenant": "", "topic": "t", "subject": str(number), "payload": "{}", "created_at_ms": number}


def parties(number: int) -> pd.DataFrame:
    """Return a net that differs from that of another number."""
    return TABLES["parties"].check(pd.DataFrame([{"id": f"f{n}", "kind": "factory"} for n in range(number + 1)]))


def opened(home) -> Database:
    """Return the home's own database."""
    return Database.open(f"sqlite:///{home}/evenflow.db")


def rows(database: Database) -> int:
    """Return how many events there are."""
    return database.read(lambda connection: connection.scalar(select(func.count()).select_from(OUTBOX)))


@pytest.fixture
def home(tmp_path):
    """A home with a network, a secret and an event."""
    root = tmp_path / "home"
    Home(root).publish({"parties": parties(1)})
    link_key(root)
    database = opened(root)
    database.write(lambda connection: connection.execute(insert(OUTBOX), event(1)))
    database.close()
    return root


@pytest.fixture
def database(home):
    """Its database."""
    database = opened(home)
    yield database
    database.close()


def test_what_is_restored_is_what_was_there(home, database, tmp_path):
    """Network, secret with its mode, rows and the moment of publishing."""
    told = back_up(home, database, tmp_path / "copy", taken_at=AT)
    again = tmp_path / "again"
    other = opened(again)
    back = restore(tmp_path / "copy", again, other)
    assert (told["files"], back["taken_at"], back["database"]) == (back["files"], AT, "in the backup")
    assert Home(again).current().version == Home(home).current().version
    assert Home(again).published_at_ms() == Home(home).published_at_ms()
    assert link_key(again) == link_key(home)
    assert rows(other) == 1
    other.close()


def test_a_backup_is_of_one_moment_while_others_write(home, database, tmp_path):
    """A writer adds a row, then a line, then publishes, again and again: the copy holds n, n or one less, …"""
    log = RecordLog(home / "decisions.jsonl")
    stop, made = threading.Event(), threading.Event()

    def write() -> None:
        number = 2
        while not stop.is_set():
            database.write(lambda connection, n=number: connection.execute(insert(OUTBOX), event(n)))
            log.append({"n": number})
            Home(home).publish({"parties": parties(number % 40)})
            number += 1
            if number > 4:
                made.set()

    writer = threading.Thread(target=write)
    writer.start()
    made.wait(30)
    try:
        for number in range(3):
            back_up(home, database, tmp_path / f"copy{number}", taken_at=AT)
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        again = tmp_path / f"again{number}"
        other = opened(again)
        restore(tmp_path / f"copy{number}", again, other)
        last = rows(other)  # events 1 … last
        lines = [json.loads(line)["n"] for line in (again / "decisions.jsonl").read_text().splitlines()]
        published = Home(again).current().counts["parties"] - 1
        assert lines[-1] in (last, last - 1)
        assert published in (lines[-1] % 40, (lines[-1] - 1) % 40)
        other.close()


@pytest.mark.parametrize("harm", ["cut", "gone", "manifest"])
def test_a_harmed_backup_is_not_restored(home, database, tmp_path, harm):
    """Every file is checked first; the home stays away."""
    back_up(home, database, tmp_path / "copy", taken_at=AT)
    secret = tmp_path / "copy" / "home" / "link.key"
    if harm == "cut":
        secret.write_bytes(secret.read_bytes()[:-1])
    elif harm == "gone":
        secret.unlink()
    else:
        (tmp_path / "copy" / "manifest.json").write_text("{}")
    with pytest.raises(InputError, match=r"link\.key: expected the file that was|a backup of format 1"):
        restore(tmp_path / "copy", tmp_path / "again", opened(tmp_path / "again"))
    assert not (tmp_path / "again").exists()


def test_nothing_is_overwritten(home, database, tmp_path):
    """Neither a home nor a database nor another backup."""
    back_up(home, database, tmp_path / "copy", taken_at=AT)
    with pytest.raises(InputError, match="--home: expected a folder that is empty"):
        restore(tmp_path / "copy", home, database)
    with pytest.raises(InputError, match="database: expected no file"):
        restore(tmp_path / "copy", tmp_path / "again", database)
    with pytest.raises(InputError, match="expected a folder that can be made"):
        back_up(home, database, tmp_path / "copy", taken_at=AT)
    with pytest.raises(InputError, match="home: expected a folder to back up"):
        back_up(tmp_path / "nowhere", database, tmp_path / "other", taken_at=AT)


def test_a_folder_that_goes_away_while_it_is_looked_through_has_no_files(tmp_path, monkeypatch):
    """What is being published is renamed or removed at any time."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("")
    (tmp_path / "passing").mkdir()
    scan = os.scandir

    def gone(path):
        if str(path).endswith("passing"):
            raise FileNotFoundError(path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", gone)
    assert files_below(tmp_path) == [tmp_path / "kept" / "file"]


def test_whoever_writes_all_the_time_is_named(home):
    """A lock that is never let go."""
    refused = pytest.raises(UnavailableError, match=r"lock: being written to for 0\.05 s")
    with held_still(home), refused, held_still(home, seconds=0.05):
        pass


def test_on_the_command_line(home, database, tmp_path):
    """There and back, with --json; a second time is refused in one line."""
    database.close()
    run = CliRunner().invoke
    done = run(app, ["backup", str(tmp_path / "copy"), "--home", str(home), "--json"])
    assert orjson.loads(done.stdout)["database"] == "in the backup"
    done = run(app, ["restore", str(tmp_path / "copy"), "--home", str(tmp_path / "again"), "--json"])
    assert orjson.loads(done.stdout)["files"] > 0
    assert (tmp_path / "copy").stat().st_mode & 0o077 == 0
    done = run(app, ["restore", str(tmp_path / "copy"), "--home", str(tmp_path / "again")])
    assert isinstance(done.exception, InputError)
