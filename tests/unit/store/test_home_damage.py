"""A home whose files were damaged, cut off or lost says so, and loading again mends it."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from contracts.errors import NotReadyError
from store.home import Home

PARTIES = pd.DataFrame({"id": ["S", "F"], "kind": ["store", "factory"]})
RELATIONS = pd.DataFrame({"src": ["F"], "dst": ["S"], "kind": ["supplies"]})
TABLES = {"parties": PARTIES, "relations": RELATIONS}
TRADE = {"event": "trade", "src": "F", "dst": "S", "kind": "supplies", "at": "2026-03-01", "amount_fen": 5}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with two parties and a relation."""
    home = Home(tmp_path)
    home.publish(TABLES)
    return home


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("damage", [halved, lambda path: path.write_bytes(b""), Path.unlink])
@pytest.mark.parametrize("name", ["supplies/out_dst.npy", "network.json"])
def test_a_damaged_net_is_named_and_mended_by_loading(home: Home, name: str, damage: Callable[[Path], None]) -> None:
    """An array that is cut off, empty or gone is no crash."""
    root = home.current().root / "network"
    damage(root / name)
    with pytest.raises(NotReadyError, match=r"run `evenflow load DIR` again|no saved supply net"):
        Home(home.root).current().network()
    home.publish(TABLES)
    assert Home(home.root).current().network().n_relations == 1


def test_a_damaged_table_is_named(home: Home) -> None:
    """With the command that mends it."""
    halved(home.current().root / "tables" / "parties.parquet")
    with pytest.raises(NotReadyError, match="its table parties is damaged; run `evenflow load DIR` again"):
        Home(home.root).current().table("parties")


@pytest.mark.parametrize("damage", [halved, Path.unlink])
def test_events_are_not_appended_to_a_log_that_lost_some(home: Home, damage: Callable[[Path], None]) -> None:
    """They would be acknowledged, but lie where the version believes to have read already."""
    home.record([{"event_id": "1", **TRADE}])
    home.record([{"event_id": "2", **TRADE}])
    home.publish(TABLES)
    damage(home.log.path)
    again = Home(home.root)
    with pytest.raises(NotReadyError, match=r"changes that were recorded are gone .* expected\); restore the file"):
        again.record([{"event_id": "3", **TRADE}])
    with pytest.raises(NotReadyError, match="are gone"):
        again.publish(TABLES)
    assert again.current().network().n_relations == 1
    again.publish(TABLES, settled=True)
    assert again.record([{"event_id": "3", **TRADE}]).applied == 1
    assert Home(home.root).current().table("relations")["count"].tolist() == [1]
