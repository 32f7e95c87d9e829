"""A log of facts: a set of rows, whole after a crash, the same whichever way they came."""

import os
import threading

import pandas as pd
import pytest

from contracts.errors import InputError, NotReadyError
from forecast.tables import SIGNALS
from store import fact_log
from store.fact_log import FactLog

START = pd.Timestamp("2026-03-01", tz="Asia/Shanghai")


def frame(numbers, **cells):
    hours = START + pd.to_timedelta(list(numbers), unit="h")
    styles = [f"style-{number % 3}" for number in numbers]
    rows = {"style_id": styles, "signal_time": hours, "observed_at": hours, "kind": "like", "count": list(numbers)}
    return SIGNALS.check(pd.DataFrame(rows | cells))


def log(folder):
    return FactLog(folder, SIGNALS, order=("style_id", "signal_time"))


def counts(found):
    return sorted(found["count"].astype(int))


@pytest.fixture(params=["recent", "parts"])
def place(request, tmp_path, monkeypatch):
    """A folder whose batches are appended, or become parts at once."""
    monkeypatch.setattr(fact_log, "_LARGE", 1 if request.param == "parts" else 10**9)
    return tmp_path / "facts"


def test_rows_are_a_set(place):
    """What is there already is known, in the same batch or an earlier one, for any reader."""
    ours, theirs = log(place), log(place)
    assert ours.add(frame(range(10)))[:2] == (10, 0)
    assert theirs.add(frame([*range(5, 12), 11]))[:2] == (2, 6)
    assert counts(ours.read()) == counts(log(place).read()) == list(range(12))


def test_types_are_those_of_the_schema(place):
    """What comes back passes the schema's check unchanged, empty cells, times and truths included."""
    told = frame(
        range(4), cumulative=[True, False, None, True], kol_id=["k", None, None, "l"], amount_fen=[1, None, 3, 4]
    )
    log(place).add(told)
    found = log(place).read()
    pd.testing.assert_frame_equal(SIGNALS.check(found), found)
    assert found["cumulative"].tolist() == [True, True, False, None]  # by style
    assert str(found["signal_time"].dtype) == "datetime64[us, Asia/Shanghai]"


def test_rows_of_a_style_since_a_time(place):
    """Only those, in the order of time."""
    ours = log(place)
    ours.add(frame(range(12)))
    found = ours.read("style-1", since=START + pd.Timedelta(hours=4))
    assert found["count"].tolist() == [4, 7, 10]
    assert ours.read("style-9").empty
    assert log(place.with_name("nothing")).read("style-1").empty


def test_recent_rows_are_folded_and_parts_joined(tmp_path, monkeypatch):
    """Neither small batches nor large ones pile up, and nothing is lost on the way."""
    monkeypatch.setattr(fact_log, "_MANY_ROWS", 20)
    monkeypatch.setattr(fact_log, "_MANY_PARTS", 3)
    ours = log(tmp_path)
    stamps = set()
    for start in range(0, 120, 4):
        assert ours.add(frame(range(start, start + 4))).applied == 4
        stamps.add(ours.stamp())
    assert len(stamps) == 30
    assert len(list((tmp_path / "parts").iterdir())) <= 3
    assert counts(ours.read()) == counts(log(tmp_path).read()) == list(range(120))
    assert ours.add(frame(range(120)))[:2] == (0, 120)


def test_a_row_in_two_places_counts_once(tmp_path, monkeypatch):
    """Killed between folding and cleaning up, the rows are in both."""
    ours = log(tmp_path)
    ours.add(frame(range(5)))
    monkeypatch.setattr(fact_log, "_MANY_ROWS", 3)
    monkeypatch.setattr(FactLog, "_remove", lambda self, paths: None)
    ours.add(frame([5]))
    assert len(list(tmp_path.glob("recent.*"))) == len(list((tmp_path / "parts").iterdir())) == 1
    assert counts(log(tmp_path).read()) == list(range(6))


def test_a_batch_that_a_crash_cut_off_never_was(tmp_path):
    """Readers ignore it, the next writer cuts it away."""
    ours = log(tmp_path)
    ours.add(frame(range(3)))
    (recent,) = tmp_path.glob("recent.*")
    whole = recent.stat().st_size
    ours.add(frame(range(3, 6)))
    os.truncate(recent, whole + 40)
    assert counts(log(tmp_path).read()) == [0, 1, 2]
    assert log(tmp_path).add(frame(range(8)))[:2] == (5, 3)
    assert counts(log(tmp_path).read()) == list(range(8))


def test_a_damaged_part_is_named(tmp_path, monkeypatch):
    """Restore it: its rows cannot be guessed."""
    monkeypatch.setattr(fact_log, "_LARGE", 1)
    log(tmp_path).add(frame(range(3)))
    (part,) = (tmp_path / "parts").iterdir()
    part.write_bytes(b"no Parquet")
    with pytest.raises(NotReadyError, match="damaged"):
        log(tmp_path).read()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """A file stands where the folder should be."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="a folder that can be made"):
        log(tmp_path / "file" / "facts").add(frame([1]))


def test_rewriting_changes_rows_and_keeps_the_others(place):
    """Rows that become equal are one."""
    ours = log(place)
    ours.add(frame(range(6), kol_id=["k", "l"] * 3))
    assert ours.rewrite(lambda rows: rows.assign(kol_id=rows["kol_id"].mask(rows["kol_id"] == "k"))) == 3
    assert log(place).read()["kol_id"].isna().sum() == 3
    assert ours.rewrite(lambda rows: rows) == 0
    assert ours.add(frame(range(6), kol_id=[None, "l"] * 3))[:2] == (0, 6)


def test_many_writers_and_readers_at_once(tmp_path, monkeypatch):
    """Each row is there once, and readers see whole batches."""
    monkeypatch.setattr(fact_log, "_MANY_ROWS", 12)
    monkeypatch.setattr(fact_log, "_MANY_PARTS", 2)
    wrong = []

    def write(start):
        own = log(tmp_path)
        for number in range(start, 30, 3):
            own.add(frame([number, number + 1]))

    def read():
        own = log(tmp_path)
        for _ in range(12):
            found = counts(own.read())
            wrong.extend([] if len(found) == len(set(found)) else [found])

    workers = [threading.Thread(target=write, args=(start,)) for start in range(3)] + [threading.Thread(target=read)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong
    assert counts(log(tmp_path).read()) == list(range(31))
