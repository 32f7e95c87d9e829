"""What is known of one party."""

from pathlib import Path

import pytest

from contracts.errors import UnknownIdError
from services.load_network import load_network
from services.parties import party_card
from store.home import Home
from store.snapshot import Snapshot

SMALL = Path(__file__).resolve().parents[2] / "data" / "ok_small"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The small net, loaded."""
    home = Home(tmp_path_factory.mktemp("home"))
    load_network(SMALL, home=home)
    return home.current()


def test_a_card_tells_what_the_files_say(snapshot: Snapshot) -> None:
    """Own data as plain values, relations by kind, strongest ties, supply."""
    card = party_card(snapshot, "D1")
    assert (card["kind"], card["name"], card["region"], card["lat"]) == ("distributor", "North Trade", "North", 39.0)
    assert card["categories"] == ["shirts", "shoes"]
    assert card["relations"] == {"supplies": {"out": 0, "in": 2}, "distributes": {"out": 2, "in": 0}}
    assert [(n["id"], n["weight"]) for n in card["neighbours"]] == [("F1", 4), ("S1", 3), ("F2", 2), ("S2", 1)]
    assert card["supply"]["offers"] == 1
    assert card["supply"]["rows"][0]["unit_cost_fen"] == 1100


def test_what_is_not_given_is_none(snapshot: Snapshot) -> None:
    """A KOL without a place, capacity or supply."""
    card = party_card(snapshot, "K1")
    assert (card["lat"], card["capacity_per_day"]) == (None, None)
    assert card["supply"] == {"offers": 0, "rows": []}
    assert card["attributes"] == {}


def test_an_unknown_party_is_named(snapshot: Snapshot) -> None:
    """Ids are the user's own."""
    with pytest.raises(UnknownIdError, match="unknown party X9"):
        party_card(snapshot, "X9")
