"""Many columns of ids to positions: every way of looking up agrees."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from graph import id_lookup
from graph.id_lookup import IdLookup
from graph.ids import IdColumn

_DICTIONARY = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.large_string()))
IDS = IdColumn.of(pd.Series([f"{'店' * (i % 5)}S{i:04d}{'x' * (i % 23)}" for i in range(3000)]))


@pytest.mark.parametrize("rows", [0, 10**9], ids=["by hash table", "by column"])
def test_texts_are_found_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Known ids of every length; beginnings, continuations, empty and missing ones are nobody's."""
    monkeypatch.setattr(id_lookup, "_FINDER_ROWS", rows)
    lookup, at = IdLookup(IDS), np.random.default_rng(0).permutation(3000)
    known = pd.Series(IDS.texts_at(at), dtype="str")
    unknown = pd.Series([*(known.str[:-1] + "?"), *(known + "y"), *known.str[:-1], "", None], dtype="str")
    unknown = unknown[~unknown.isin(known)]
    for _ in range(2):
        np.testing.assert_array_equal(lookup.positions(known), at)
        assert (lookup.positions(unknown) == -1).all()
        np.testing.assert_array_equal(lookup.positions(known.iloc[7:9]), at[7:9])  # a part of a column


def test_categories_are_looked_up_in_any_order_and_beside_others() -> None:
    """Two columns with their own categories, one of them the ids themselves; missing cells are nobody."""
    lookup = IdLookup(IDS)
    whole = pd.Series(pd.Categorical.from_codes([5, -1, 2], IDS.all_texts()))
    other = pd.Series([IDS.text(9), "nobody", None, IDS.text(4)], dtype="str").astype("category")
    arrow = [pd.Series(column.astype(_DICTIONARY)) for column in (whole, other)]
    two = pd.concat([arrow[0], arrow[1], arrow[0].iloc[1:]])
    for _ in range(2):
        assert lookup.positions(whole).tolist() == [5, -1, 2]
        assert lookup.positions(other).tolist() == [9, -1, -1, 4]
        assert lookup.positions(arrow[0]).tolist() == [5, -1, 2]
        assert lookup.positions(arrow[1].iloc[:3]).tolist() == [9, -1, -1]
        assert lookup.positions(two).tolist() == [5, -1, 2, 9, -1, -1, 4, -1, 2]
        assert lookup.positions(arrow[0].iloc[:0]).tolist() == []


def test_categories_that_are_the_ids_in_another_order_are_not_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row is given its place; other categories of the same length are looked up as always."""
    at = np.random.default_rng(1).permutation(3000).astype(np.int32)
    listed = pd.Series(IDS.texts_at(at), dtype="str")
    lookup = IdLookup(IDS, (pd.Index(listed), np.append(at, np.int32(-1))))
    backwards = pd.Series(pd.Categorical.from_codes([0, -1], pd.Index(listed[::-1])))
    assert lookup.positions(backwards).tolist() == [at[-1], -1]
    monkeypatch.setattr(IdLookup, "_texts", None)
    same = pd.Series(pd.Categorical.from_codes([0, 2999, -1], pd.Index(listed.copy())))
    assert lookup.positions(same).tolist() == [at[0], at[-1], -1]
