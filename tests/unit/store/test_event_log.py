"""The log of changes: whole batches or nothing, ids once, damage told."""

import os
from pathlib import Path

import pandas as pd
import pytest

from contracts.errors import NotReadyError
from store.event_log import EventLog
from store.home import TABLES, Home

PARTY = {"event": "party", "kind": "store"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with two parties and one relation."""
    home = Home(tmp_path / "home")
    home.publish(tables())
    return home


def tables() -> dict[str, pd.DataFrame]:
    """Two parties, one relation."""
    parties = pd.DataFrame({"id": ["F", "S"], "kind": ["factory", "store"]})
    relations = pd.DataFrame({"src": ["F"], "dst": ["S"], "kind": ["supplies"], "weight": [2.0]})
    return {"parties": TABLES["parties"].check(parties), "relations": TABLES["relations"].check(relations)}


def party(text: str, **more: str) -> dict[str, str]:
    """An event: a store appears."""
    return {"event_id": f"p-{text}", **PARTY, "id": text, **more}


def trade(number: int) -> dict[str, object]:
    """An event: F sells to S."""
    at = f"2026-01-{number:02d}"
    return {
        "event_id": f"t{number}",
        "event": "trade",
        "src": "F",
        "dst": "S",
        "kind": "supplies",
        "at": at,
        "amount_fen": 100,
    }


def test_an_event_is_visible_at_once_in_this_and_in_other_processes(home: Home) -> None:
    """Another home object on the same folder stands for another process."""
    other = Home(home.root)
    before = other.current()
    assert before.network().n_parties == 2
    assert home.record([party("N")]).applied == 1
    assert home.current().network().n_parties == other.current().network().n_parties == 3
    assert other.current().rows("parties", "id", "N")["kind"].tolist() == ["store"]
    assert other.current().table("parties")["id"].tolist() == ["F", "S", "N"]
    assert before.network().n_parties == 2
    other.record([trade(1)])
    assert home.current().network().neighbours("S")["weight"].tolist() == [pytest.approx(2 + 0.6931472)]
    assert home.current().rows("relations", "src", "F")["count"].tolist() == [1]


def test_the_same_event_again_changes_nothing_and_another_one_under_its_id_is_refused(home: Home) -> None:
    """In the same batch, in a later one, and from another process."""
    first = home.record([trade(1), trade(1)])
    assert (first.applied, first.known) == (1, 1)
    size = home.log.size()
    again = Home(home.root).record([trade(1)])
    assert (again.applied, again.known, again.refused) == (0, 1, {})
    changed = home.record([{**trade(1), "amount_fen": 7}, trade(2)], strict=False)
    assert (changed.applied, changed.refused) == (1, {0: "changed: this event_id stands for another event"})
    assert home.log.size() > size
    assert home.current().rows("relations", "src", "F")["count"].tolist() == [2]


def test_a_batch_counts_whole_or_not_at_all(home: Home) -> None:
    """One refused event, and nothing of a strict batch is written; without strictness the others count together."""
    batch = [party("N"), {**trade(1), "dst": "nobody"}]
    assert home.record(batch).refused == {1: "unknown_dst: dst is not a party"}
    assert home.log.size() == 0
    assert home.record(batch, strict=False).applied == 1


def test_a_line_that_a_crash_cut_off_is_ignored_and_cut_away(home: Home) -> None:
    """At every byte of it."""
    home.record([party("A")])
    whole = home.log.path.read_bytes()
    home.record([party("B"), party("C")])
    line = home.log.path.read_bytes()[len(whole) :]
    for kept in (1, 5, len(line) // 2, len(line) - 1):
        home.log.path.write_bytes(whole + line[:kept])
        torn = Home(home.root)
        assert torn.current().network().n_parties == 3
        assert torn.record([party("D")]).applied == 1
        assert Home(home.root).current().table("parties")["id"].tolist() == ["F", "S", "A", "D"]
        assert home.log.path.read_bytes().startswith(whole)


def test_damage_that_no_crash_makes_is_told(home: Home) -> None:
    """A changed byte in a whole line: which byte, and what to do."""
    home.record([party("A")])
    data = bytearray(home.log.path.read_bytes())
    data[40] ^= 1
    home.log.path.write_bytes(bytes(data))
    with pytest.raises(NotReadyError, match="damaged at byte 0; restore"):
        Home(home.root).current()
    with pytest.raises(NotReadyError, match="damaged at byte 0"):
        EventLog(home.log.path).read()


def test_publishing_folds_the_changes_in_and_publishing_again_changes_nothing(home: Home) -> None:
    """The next version holds them, as often as the same files come; the layered view and the folded net agree."""
    home.record([party("A", region="North"), trade(1), trade(2)])
    layered = home.current()
    folded = home.publish(tables())
    assert folded != layered.version
    assert home.current().changes["events"] == 3
    assert home.publish(tables()) == folded
    now = home.current()
    pd.testing.assert_frame_equal(now.network().neighbours("S"), layered.network().neighbours("S"))
    assert sorted(now.table("parties")["id"]) == sorted(layered.table("parties")["id"])
    home.record([trade(3)])
    assert home.current().rows("relations", "src", "F")["count"].tolist() == [3]
    home.publish(tables())
    assert home.current().rows("relations", "src", "F")["count"].tolist() == [3]


def test_files_that_hold_the_changes_themselves_are_not_changed_again(home: Home) -> None:
    """Neither by this publishing nor by later ones; what is recorded afterwards counts."""
    home.record([trade(1)])
    home.publish(tables(), settled=True)
    assert home.current().network().neighbours("S")["weight"].tolist() == [2.0]
    home.publish(tables())
    assert home.current().network().neighbours("S")["weight"].tolist() == [2.0]
    home.record([trade(2)])
    assert home.current().rows("relations", "src", "F")["count"].tolist() == [1]


def test_what_a_new_network_does_not_know_is_left_out_and_counted(home: Home) -> None:
    """Events about a party that the new files no longer have."""
    home.record([trade(1), party("N")])
    home.publish({"parties": tables()["parties"].iloc[[0]]})
    assert home.current().changes["left_out"] == 1
    assert home.current().changes["events"] == 1


def test_nothing_is_recorded_where_nothing_is_loaded(tmp_path: Path) -> None:
    """The message names the command; no file is left."""
    with pytest.raises(NotReadyError, match="evenflow load"):
        Home(tmp_path).record([party("A")])
    assert not list(tmp_path.iterdir())


def test_an_older_version_is_shown_with_the_changes_since_it(home: Home) -> None:
    """Rolling back the tables does not lose what was recorded."""
    first = home.current().version
    home.record([party("A")])
    home.publish(tables())
    home.activate(first)
    assert home.current().network().n_parties == 3


def test_a_batch_is_on_the_disk_before_it_is_acknowledged(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log is flushed to its last byte when `record` returns, each time."""
    flushed: dict[int, int] = {}

    def spy(handle: int) -> None:
        flushed[os.fstat(handle).st_ino] = os.fstat(handle).st_size

    monkeypatch.setattr(os, "fsync", spy)
    for name in ("A", "B"):
        home.record([party(name)])
        log = home.log.path.stat()
        assert flushed.get(log.st_ino) == log.st_size > 0
