"""Versions of a loaded network."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, NotReadyError, UnknownIdError
from store.home import Home
from store.snapshot import Snapshot
from store.tables import TABLES

PARTIES = pd.DataFrame({"id": ["S", "F", "D"], "kind": ["store", "factory", "distributor"]})
RELATIONS = pd.DataFrame({"src": ["F", "D"], "dst": ["D", "S"], "kind": ["supplies", "distributes"]})
SUPPLY = pd.DataFrame({"supplier_id": ["F", "D", "F"], "sku_id": ["a", "a", "b"], "capacity": [1.0, 2, 3]})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home in a folder that does not exist yet."""
    return Home(tmp_path / "home")


def test_nothing_loaded_names_the_commands(home: Home) -> None:
    """A reader is told what to run."""
    with pytest.raises(NotReadyError, match=r"run `evenflow load DIR` with your files or `evenflow demo`"):
        home.current()


def test_what_is_published_is_current(home: Home) -> None:
    """Tables, net and counts."""
    version = home.publish({"parties": PARTIES, "relations": RELATIONS, "supply": SUPPLY})
    snapshot = home.current()
    assert snapshot.version == version
    assert snapshot.counts == {"parties": 3, "relations": 2, "supply": 3}
    assert snapshot.network().neighbours("D")["id"].tolist() == ["F", "S"]
    pd.testing.assert_frame_equal(snapshot.table("relations"), RELATIONS)


def test_parties_come_in_the_order_of_their_positions(home: Home) -> None:
    """Row i of the table is party i of the net."""
    home.publish({"parties": PARTIES})
    snapshot = home.current()
    assert snapshot.table("parties")["id"].tolist() == snapshot.network().parties.ids.all_texts().tolist()


def test_tables_not_given_are_empty_with_their_columns(home: Home) -> None:
    """Typed like a given one; unknown names are refused."""
    home.publish({"parties": PARTIES})
    snapshot = home.current()
    for name, schema in TABLES.items():
        if name != "parties":
            table = snapshot.table(name)
            assert table.empty
            assert table.columns.tolist() == [column.name for column in schema.columns]
    assert snapshot.table("supply")["capacity"].dtype == float
    assert snapshot.network().n_relations == 0
    with pytest.raises(UnknownIdError, match="unknown table"):
        snapshot.table("partys")


def test_the_same_content_is_the_same_version_and_keeps_its_results(home: Home) -> None:
    """Also with the parties in another order."""
    first = home.publish({"parties": PARTIES, "relations": RELATIONS})
    home.current().write_result("plan", RELATIONS)
    again = home.publish({"relations": RELATIONS, "parties": PARTIES.iloc[::-1]})
    assert again == first
    assert home.current().result("plan") is not None
    assert home.publish({"parties": PARTIES}) != first


def test_results_are_kept_as_written(home: Home) -> None:
    """Frames, plain values, replaced by each other, None where there is none."""
    home.publish({"parties": PARTIES})
    snapshot = home.current()
    assert snapshot.result("plan") is None
    snapshot.write_result("plan", RELATIONS)
    pd.testing.assert_frame_equal(snapshot.result("plan"), RELATIONS)
    snapshot.write_result("plan", {"cost": np.float64(1.5), 7: [1]})
    assert snapshot.result("plan") == {"cost": 1.5, "7": [1]}
    with pytest.raises(InputError, match="result name"):
        snapshot.write_result("../plan", {})


def test_a_table_handed_out_is_the_readers_own(home: Home) -> None:
    """Writing into it changes nobody else's."""
    home.publish({"parties": PARTIES})
    table = home.current().table("parties")
    table.loc[0, "kind"] = "kol"
    assert "kol" not in set(home.current().table("parties")["kind"])


def test_rows_finds_by_id(home: Home) -> None:
    """From the file, from a table already read, and from a table that was not given."""
    home.publish({"parties": PARTIES, "supply": SUPPLY})
    snapshot = home.current()
    unread = snapshot.rows("supply", "supplier_id", "F")
    snapshot.table("supply")
    pd.testing.assert_frame_equal(snapshot.rows("supply", "supplier_id", "F"), unread)
    assert unread["sku_id"].tolist() == ["a", "b"]
    assert snapshot.rows("orders", "order_id", "x").empty


def test_old_versions_are_cleaned_up(tmp_path: Path) -> None:
    """Two are kept here; a reader of a third is told to ask again, never given an empty table."""
    home = Home(tmp_path, keep=2)
    frames = [PARTIES.assign(name=str(i)) for i in range(3)]
    home.publish({"parties": frames[0]})
    oldest = home.current()
    versions = [oldest.version, *(home.publish({"parties": frame}) for frame in frames[1:])]
    assert {path.name for path in (tmp_path / "versions").iterdir()} == set(versions[1:])
    with pytest.raises(NotReadyError, match="was replaced and cleaned up"):
        oldest.table("parties")


def test_a_failed_publish_leaves_the_old_version_and_no_litter(home: Home) -> None:
    """Here a column that Parquet cannot hold."""
    version = home.publish({"parties": PARTIES})
    broken = PARTIES.assign(odd=pd.Series([1, "x", object()], dtype=object))
    with pytest.raises(Exception, match="odd"):
        home.publish({"parties": broken})
    assert home.current().version == version
    assert [path.name for path in (home.root / "versions").iterdir()] == [version]


def test_what_a_killed_process_left_is_swept(home: Home) -> None:
    """Half-written folders are never seen as versions and go at the next publishing."""
    home.publish({"parties": PARTIES})
    (home.root / "versions" / ".staging-x" / "tables").mkdir(parents=True)
    (home.root / ".current.x").write_text("half")
    home.publish({"parties": PARTIES})
    assert not list((home.root / "versions").glob(".staging*"))
    assert not (home.root / ".current.x").exists()


def test_a_version_of_another_format_is_refused(home: Home) -> None:
    """The message says to load again."""
    home.publish({"parties": PARTIES})
    manifest = home.root / "versions" / home.current().version / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format":1', '"format":99'))
    with pytest.raises(NotReadyError, match=r"format 99.*run `evenflow load DIR` again"):
        Snapshot("x", manifest.parent)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({}, "tables: expected parties among them, got none"),
        ({"relations": RELATIONS}, "tables: expected parties among them, got relations"),
        ({"parties": PARTIES, "shops": PARTIES}, "tables: expected only parties, relations"),
    ],
)
def test_wrong_tables_are_refused(home: Home, tables: dict[str, pd.DataFrame], message: str) -> None:
    """Nothing is written."""
    with pytest.raises(InputError, match=message):
        home.publish(tables)
    assert not home.root.exists()


def test_at_least_one_version_is_kept(tmp_path: Path) -> None:
    """The current one."""
    with pytest.raises(InputError, match="keep: expected at least 1 version, got 0"):
        Home(tmp_path, keep=0)
