"""Who could introduce whom."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, UnknownIdError
from graph.network import SupplyNetwork
from graph.paths import introduction, path_text


def _stations(net: SupplyNetwork, source: str, target: str, **options: object) -> list[str] | None:
    steps = introduction(net, source, target, **options)  # type: ignore[arg-type]
    return None if steps is None else [source, *(step.target for step in steps)]


@pytest.mark.parametrize(
    ("source", "target", "stations"),
    [
        ("S1", "D1", ["S1", "D1"]),
        ("S2", "F2", ["S2", "D1", "F2"]),
        ("S2", "S3", ["S2", "D1", "F1", "S3"]),  # not over S1 and K1: that is longer
        ("S1", "S3", ["S1", "K1", "S3"]),
        ("W1", "S4", ["W1", "F1", "S3", "S4"]),
        ("S1", "S1", ["S1"]),
    ],
)
def test_shortest_paths_worked_by_hand(small_net: SupplyNetwork, source: str, target: str, stations: list[str]) -> None:
    """Relations are taken in either direction."""
    assert _stations(small_net, source, target) == stations


def test_steps_say_which_relation_carries_them(small_net: SupplyNetwork) -> None:
    """S2 ◀─distributes─ D1 ◀─supplies─ F2."""
    steps = introduction(small_net, "S2", "F2")
    assert steps is not None
    assert [(s.source, s.target, s.relation, s.forward, s.weight) for s in steps] == [
        ("S2", "D1", "distributes", False, 1.0),
        ("D1", "F2", "supplies", False, 2.0),
    ]


def test_kinds_and_hops_limit_the_search(small_net: SupplyNetwork) -> None:
    """Without KOLs S1 reaches S3 over D1 and F1; two hops are too few for that."""
    trade = ["supplies", "distributes"]
    assert _stations(small_net, "S1", "S3", kinds=trade) == ["S1", "D1", "F1", "S3"]
    assert _stations(small_net, "S1", "S3", kinds=trade, max_hops=2) is None
    assert _stations(small_net, "S1", "K2", kinds=trade) is None


def test_among_shortest_paths_the_stronger_tie_is_taken() -> None:
    """A reaches B over M (3) rather than over L (1)."""
    parties = pd.DataFrame({"id": ["A", "B", "L", "M"], "kind": "store"})
    ends = {"src": ["A", "L", "A", "M"], "dst": ["L", "B", "M", "B"]}
    relations = pd.DataFrame({**ends, "kind": "refers", "weight": [1.0, 1, 3, 3]})
    assert _stations(SupplyNetwork.build(parties, relations), "A", "B") == ["A", "M", "B"]


def test_bad_questions_are_refused(small_net: SupplyNetwork) -> None:
    """Unknown parties, unknown kinds, no hops."""
    with pytest.raises(UnknownIdError, match="unknown party X"):
        introduction(small_net, "X", "S1")
    with pytest.raises(UnknownIdError, match="unknown relation kind likes"):
        introduction(small_net, "S2", "S1", kinds=["likes"])
    with pytest.raises(InputError, match="max_hops: expected at least 1, got 0"):
        introduction(small_net, "S2", "S1", max_hops=0)


def test_the_weakest_tie_decides_not_the_next_one() -> None:
    """A-L-X-B has ties 9, 1, 9 and A-M-Y-B has 2, 2, 2: the second is the better introduction."""
    parties = pd.DataFrame({"id": ["A", "B", "L", "M", "X", "Y"], "kind": "store"})
    ends = {"src": ["A", "L", "X", "A", "M", "Y"], "dst": ["L", "X", "B", "M", "Y", "B"]}
    relations = pd.DataFrame({**ends, "kind": "refers", "weight": [9.0, 1, 9, 2, 2, 2]})
    assert _stations(SupplyNetwork.build(parties, relations), "A", "B") == ["A", "M", "Y", "B"]


def test_a_day_is_the_net_of_that_day(small_net: SupplyNetwork) -> None:
    """F1 supplies S3 until 2026-07-01; then S3 is reached over the KOL."""
    for day in (dt.date(2026, 6, 30), dt.date(2026, 7, 1)):
        assert introduction(small_net, "F1", "S3", day=day) == introduction(small_net.as_of(day), "F1", "S3")
    assert _stations(small_net, "F1", "S3", day=dt.date(2026, 6, 30)) == ["F1", "S3"]
    assert _stations(small_net, "F1", "S3", day=dt.date(2026, 7, 1)) == ["F1", "D1", "S1", "K1", "S3"]


def test_only_visible_relations_are_walked(small_net: SupplyNetwork) -> None:
    """Asked with the ends as the relation points: without K1's relations to S1 the way leads over D1 and F1."""
    hidden = (small_net.position("K1"), small_net.position("S1"))

    def visible(src: np.ndarray, dst: np.ndarray) -> np.ndarray:
        return ~((src == hidden[0]) & (dst == hidden[1]))

    assert _stations(small_net, "S1", "S3", visible=visible) == ["S1", "D1", "F1", "S3"]
    assert _stations(small_net, "S3", "S1", visible=visible) == ["S3", "F1", "D1", "S1"]


def test_a_path_as_text_points_as_its_relations_do(small_net: SupplyNetwork) -> None:
    """S2 is distributed to by D1, which F2 supplies."""
    assert path_text(introduction(small_net, "S2", "F2") or []) == "S2 < D1 < F2"
    assert path_text([]) == ""
