"""The supply net on the small example."""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, NotReadyError, UnknownIdError
from graph.ids import IdColumn
from graph.network import SupplyNetwork


def test_sizes(small_net: SupplyNetwork) -> None:
    """Ten parties, eleven relations of four kinds, nothing rejected."""
    assert (small_net.n_parties, small_net.n_relations, small_net.rejected) == (10, 11, {})
    assert {kind: block.n_relations for kind, block in small_net.blocks.items()} == {
        "supplies": 4,
        "distributes": 2,
        "refers": 2,
        "influences": 3,
    }


def test_neighbours_come_strongest_first(small_net: SupplyNetwork) -> None:
    """D1: supplied by F1 (4) and F2 (2), distributes to S1 (3) and S2 (1)."""
    found = small_net.neighbours("D1")
    assert found["id"].tolist() == ["F1", "S1", "F2", "S2"]
    assert found["direction"].tolist() == ["in", "out", "in", "out"]
    assert found["weight"].tolist() == [4, 3, 2, 1]
    assert found["party_kind"].tolist() == ["factory", "store", "factory", "store"]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({"direction": "out"}, ["S1", "S2"]),
        ({"direction": "in"}, ["F1", "F2"]),
        ({"kind": "supplies"}, ["F1", "F2"]),
        ({"kind": "vouches"}, []),
        ({"limit": 1}, ["F1"]),
    ],
)
def test_neighbours_can_be_narrowed(small_net: SupplyNetwork, options: dict[str, object], ids: list[str]) -> None:
    """By direction, relation kind and number."""
    assert small_net.neighbours("D1", **options)["id"].tolist() == ids  # type: ignore[arg-type]


def test_degrees_count_both_ends(small_net: SupplyNetwork) -> None:
    """S3 is supplied once, influenced once and refers once."""
    assert small_net.degrees("S3") == {
        "supplies": {"out": 0, "in": 1},
        "refers": {"out": 1, "in": 0},
        "influences": {"out": 0, "in": 1},
    }


@pytest.mark.parametrize(
    ("day", "there"),
    [
        (dt.date(2025, 12, 31), False),
        (dt.date(2026, 1, 1), True),
        (dt.date(2026, 6, 30), True),
        (dt.date(2026, 7, 1), False),
    ],
)
def test_a_relation_holds_from_its_first_day_up_to_its_last(
    small_net: SupplyNetwork, day: dt.date, there: bool
) -> None:
    """F1→S3 holds from 2026-01-01 and no longer on 2026-07-01; undated relations always hold."""
    view = small_net.as_of(day)
    assert ("S3" in set(view.neighbours("F1")["id"])) is there
    assert view.n_relations == 10 + there
    assert small_net.n_relations == 11


def test_parties_are_filtered_by_mask(small_net: SupplyNetwork) -> None:
    """By kind, region and category at once."""
    table = small_net.parties
    assert table.ids.texts_at(np.flatnonzero(table.where(region="North", category="shirts"))).tolist() == [
        "D1",
        "F2",
        "K1",
    ]
    assert table.ids.texts_at(np.flatnonzero(table.where(kind="kol", category="shoes"))).tolist() == ["K2"]
    assert table.categories_of(small_net.position("D1")) == ["shirts", "shoes"]
    for wrong in ({"kind": "shop"}, {"region": "West"}, {"category": "toys"}):
        with pytest.raises(UnknownIdError):
            table.where(**wrong)


def test_a_saved_net_opens_memory_mapped_and_equal(small_net: SupplyNetwork, tmp_path: Path) -> None:
    """Arrays are mapped, not read, and hold the same."""
    small_net.save(tmp_path / "net")
    again = SupplyNetwork.open(tmp_path / "net")
    assert isinstance(again.parties.ids.texts.base, np.memmap)
    assert isinstance(again.block("supplies").merged().out_dst.base, np.memmap)
    pd.testing.assert_frame_equal(again.neighbours("D1"), small_net.neighbours("D1"))
    assert again.n_relations == small_net.n_relations


def test_an_opened_net_has_every_field_of_the_saved_one(small: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    """Field by field, every one given: what `arrays` forgets to save is missed."""
    n = len(small["parties"])
    numbers = {name: np.arange(n) + 1.5 for name in ("lat", "lon", "capacity_per_day", "lead_time_days")}
    parties = small["parties"].assign(**numbers, tenant=[f"t{row % 3}" for row in range(n)])
    saved = SupplyNetwork.build(parties, small["relations"])
    saved.save(tmp_path / "net")
    opened = SupplyNetwork.open(tmp_path / "net")
    _assert_same_fields(opened.parties, saved.parties)
    assert (saved.parties.region >= 0).any()
    assert len(saved.parties.category)
    assert list(opened.blocks) == list(saved.blocks)
    for kind, block in saved.blocks.items():
        _assert_same_fields(opened.blocks[kind], block)
        assert block.columns


def _assert_same_fields(opened: Any, saved: Any) -> None:
    for field in dataclasses.fields(saved):
        there, here = getattr(opened, field.name), getattr(saved, field.name)
        if isinstance(here, IdColumn):
            np.testing.assert_array_equal(there.texts, here.texts, err_msg=field.name, strict=True)
        elif isinstance(here, Mapping):
            assert set(there) == set(here)
            for name, column in here.items():
                np.testing.assert_array_equal(there[name], column, err_msg=name, strict=True)
        else:
            np.testing.assert_array_equal(there, here, err_msg=field.name, strict=True)


def test_a_net_of_another_format_is_refused(small_net: SupplyNetwork, tmp_path: Path) -> None:
    """The message says to load again."""
    small_net.save(tmp_path)
    (tmp_path / "network.json").write_text('{"format": 99, "kinds": [], "rejected": {}}')
    with pytest.raises(NotReadyError, match="format 99"):
        SupplyNetwork.open(tmp_path)
    with pytest.raises(NotReadyError, match="no saved supply net"):
        SupplyNetwork.open(tmp_path / "nowhere")


def test_unknown_names_are_refused(small_net: SupplyNetwork) -> None:
    """Parties, relation kinds and directions."""
    with pytest.raises(UnknownIdError, match="unknown party X1"):
        small_net.neighbours("X1")
    with pytest.raises(UnknownIdError, match="unknown relation kind likes"):
        small_net.block("likes")
    with pytest.raises(InputError, match="direction: expected out, in or both"):
        small_net.neighbours("D1", direction="up")


def test_a_net_without_relations_or_attributes_works() -> None:
    """Only ids and kinds are needed."""
    net = SupplyNetwork.build(
        pd.DataFrame({"id": ["A"], "kind": ["store"]}), pd.DataFrame({"src": [], "dst": [], "kind": []}, dtype="str")
    )
    assert net.neighbours("A").empty
    assert net.degrees("A") == {}
    assert net.as_of(dt.date(2026, 1, 1)).n_relations == 0


def test_find_answers_for_many_pairs_at_once(small_net: SupplyNetwork) -> None:
    """Positions of the relations that exist, -1 for the others."""
    block, at = small_net.block("supplies"), small_net.position
    pairs = [("F1", "D1"), ("F1", "S3"), ("F1", "S1"), ("D1", "F1"), ("W1", "F1")]
    found = block.find(np.array([at(a) for a, _ in pairs]), np.array([at(b) for _, b in pairs]))
    assert [None if p < 0 else float(block.values("weight", p)) for p in found] == [4.0, 5.0, None, None, 1.0]
