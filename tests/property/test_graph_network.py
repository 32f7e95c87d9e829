"""What holds for any supply net."""

import datetime as dt
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.network import SupplyNetwork
from graph.tables import PARTY_KINDS, RELATION_KINDS

IDS = ["F1", "F10", "F2", "s", "S", "店1", "店10", "x-9"]
DAYS = [pd.NaT, *pd.date_range("2026-01-01", periods=6)]


@st.composite
def nets(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Parties and relations, some of them unusable in every way there is."""
    n = draw(st.integers(1, len(IDS)))
    text = st.sampled_from([None, "North", "South"])
    parties = pd.DataFrame(
        {
            "id": IDS[:n],
            "kind": draw(st.lists(st.sampled_from(PARTY_KINDS), min_size=n, max_size=n)),
            "region": pd.Series(draw(st.lists(text, min_size=n, max_size=n)), dtype="str"),
            "categories": pd.Series(
                draw(st.lists(st.sampled_from([None, "a", "b|a", "a | c"]), min_size=n, max_size=n)), dtype="str"
            ),
        }
    )
    end = st.sampled_from([*IDS[:n], "nobody"])
    day = st.sampled_from(DAYS)
    weight = st.sampled_from([0.0, 1.0, 2.5, -1.0, float("nan")])
    kind = st.sampled_from([*RELATION_KINDS[:3], "likes"])
    rows = draw(st.lists(st.tuples(end, end, kind, weight, day, day, day, day), max_size=30))
    for row in draw(st.lists(st.sampled_from(rows), max_size=6)) if rows else ():  # the same relation told otherwise
        rows.append((*row[:3], draw(weight), draw(day), draw(day), *row[6:]))
    names = ["src", "dst", "kind", "weight", "first_at", "last_at", "valid_from", "valid_to"]
    relations = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[:3], "str"))
    return parties, relations.astype({"weight": float} | dict.fromkeys(names[4:], "datetime64[ns]"))


def _assert_same(one: SupplyNetwork, two: SupplyNetwork) -> None:
    assert list(one.blocks) == list(two.blocks)
    pairs = [(one.parties.arrays(), two.parties.arrays())]
    pairs += [(one.blocks[kind].arrays(), two.blocks[kind].arrays()) for kind in one.blocks]
    for first, second in pairs:
        assert first.keys() == second.keys()
        for name, array in first.items():
            np.testing.assert_array_equal(array, second[name], err_msg=name)


@settings(max_examples=30, deadline=None)
@given(net=nets(), seed=st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(net: tuple[pd.DataFrame, pd.DataFrame], seed: int) -> None:
    """Parties and relations in any order give the same arrays and the same rejections."""
    parties, relations = net
    one = SupplyNetwork.build(parties, relations)
    two = SupplyNetwork.build(parties.sample(frac=1, random_state=seed), relations.sample(frac=1, random_state=seed))
    _assert_same(one, two)
    assert one.rejected == two.rejected
    assert one.n_relations + sum(one.rejected.values()) == len(relations)


@settings(max_examples=30, deadline=None)
@given(net=nets(), day=st.dates(dt.date(2025, 12, 31), dt.date(2026, 1, 7)))
def test_a_view_of_a_day_is_a_rebuild_from_what_held_then(net: tuple[pd.DataFrame, pd.DataFrame], day: dt.date) -> None:
    """Neighbours are those of a net built from the rows that hold on the day."""
    parties, relations = net
    at = pd.Timestamp(day)
    holds = ~(relations["valid_from"] > at) & ~(relations["valid_to"] <= at)
    view = SupplyNetwork.build(parties, relations).as_of(day)
    rebuilt = SupplyNetwork.build(parties, relations[holds])
    assert list(view.blocks) == list(rebuilt.blocks)
    for kind, block in view.blocks.items():
        for name, array in rebuilt.blocks[kind].arrays().items():
            np.testing.assert_array_equal(block.arrays()[name], array, err_msg=f"{kind}.{name}")


@settings(max_examples=30, deadline=None)
@given(net=nets())
def test_both_ends_tell_the_same(net: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Reading a block from its destinations gives the same relations as from its sources."""
    for block in SupplyNetwork.build(*net).blocks.values():
        backwards = np.repeat(np.arange(len(block.in_start) - 1), np.diff(block.in_start))
        np.testing.assert_array_equal(block.out_dst[block.in_edge], backwards)
        np.testing.assert_array_equal(block.src()[block.in_edge], block.in_src)
        assert (block.find(block.src(), block.out_dst) >= 0).all()


@settings(max_examples=30, deadline=None)
@given(net=nets())
def test_saving_and_opening_changes_nothing(net: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    """Arrays, rejections and sizes."""
    built = SupplyNetwork.build(*net)
    with tempfile.TemporaryDirectory() as folder:
        built.save(Path(folder) / "net")
        opened = SupplyNetwork.open(Path(folder) / "net")
        _assert_same(built, opened)
        assert opened.rejected == built.rejected
