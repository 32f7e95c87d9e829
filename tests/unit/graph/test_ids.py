"""Ids outside, positions inside."""

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, UnknownIdError
from graph import ids
from graph.delta.parties import GrownIds
from graph.ids import MAX_ID_BYTES, IdColumn

IDS = pd.Series(["S2", "店铺1", "F1", "S10", "s2"])


def test_positions_are_ranks_of_the_bytes() -> None:
    """Sorted by UTF-8 bytes: capitals before small letters, Latin before Chinese."""
    column = IdColumn.of(IDS)
    assert column.all_texts().tolist() == ["F1", "S10", "S2", "s2", "店铺1"]
    assert column.positions(IDS).tolist() == [2, 4, 0, 1, 3]


@pytest.mark.parametrize("copies", [1, 1000], ids=["searched", "hashed"])
def test_unknown_empty_and_longer_ids_have_no_position(copies: int) -> None:
    """Both ways of looking up (few ids and many) agree, also on ids wider than any known one."""
    column = IdColumn.of(pd.Series([f"S{i:05d}" for i in range(500)]))
    wanted = pd.Series(["S00007", "S000070", "", None, "X", "S0000"] * copies, dtype="str")
    assert column.positions(wanted).tolist() == [7, -1, -1, -1, -1, -1] * copies


def test_categories_are_looked_up_once_each() -> None:
    """A Categorical gives the same positions as its texts, missing values included."""
    column = IdColumn.of(IDS)
    texts = pd.Series(["S2", None, "nobody", "S2", "F1"], dtype="str")
    assert column.positions(texts.astype("category")).tolist() == column.positions(texts).tolist() == [2, -1, -1, 2, 0]


def test_texts_at_gives_the_ids_back() -> None:
    """Positions and texts are inverse; -1 is an empty text."""
    column = IdColumn.of(IDS)
    assert column.texts_at(np.array([4, -1, 0, 4])).tolist() == ["店铺1", "", "F1", "店铺1"]


def test_an_empty_column_knows_nobody() -> None:
    """No ids is a valid vocabulary."""
    column = IdColumn.vocabulary(pd.Series([None, ""], dtype="str"))
    assert len(column) == 0
    assert column.positions(pd.Series(["x"])).tolist() == [-1]
    assert column.all_texts().tolist() == []


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        (["A", ""], "party id, row 2: expected an id, got "),
        (["A", None], "party id, row 2: expected an id, got nan"),
        (["A" * (MAX_ID_BYTES + 1)], "party id, row 1: expected at most 120 bytes"),
        (["A\0"], "party id, row 1: expected no NUL character"),
        (["B", "A", "B"], "party ids: expected each id once, got B"),
    ],
)
def test_ids_that_cannot_be_used_are_named(ids: list[str | None], message: str) -> None:
    """The message names the row or the id."""
    with pytest.raises(InputError, match=message.replace("'", ".")):
        IdColumn.of(pd.Series(ids, dtype="str"))


def test_an_unknown_id_is_named() -> None:
    """A single look-up raises."""
    with pytest.raises(UnknownIdError, match="unknown party X"):
        IdColumn.of(IDS).position("X")


@pytest.mark.parametrize("letters", ["", "省-市-区-"], ids=["one word", "several words"])
def test_many_ids_are_sorted_as_few_are(monkeypatch: pytest.MonkeyPatch, letters: str) -> None:
    """By bytes, whichever way they are sorted."""
    texts = pd.Series([f"{letters[i % 3 :]}{i * 7919 % 3001}é" for i in range(3000)])
    monkeypatch.setattr(ids, "_RADIX_ROWS", 0)
    column, order = IdColumn.ordered(texts)
    assert [text.decode() for text in column.texts.tolist()] == sorted(texts, key=str.encode)
    assert texts[order].tolist() == sorted(texts, key=str.encode)


@pytest.mark.parametrize("text", ["", "S", "S1\0", "S11", "S" * 200, "中"])
def test_one_id_that_is_not_there_is_unknown(text):
    """As when many are looked up: a longer one, one that ends with a NUL, one of another alphabet."""
    column = IdColumn.of(pd.Series(["S1", "S2", "Ж"]))
    assert [column.position(name) for name in ("S1", "S2", "Ж")] == [0, 1, 2]
    with pytest.raises(UnknownIdError):
        column.position(text)


def test_nothing_is_known_of_an_empty_column():
    """Whatever is asked."""
    with pytest.raises(UnknownIdError):
        IdColumn.of(pd.Series([], dtype="str")).position("S1")


def test_one_id_and_many_have_the_same_position_in_a_grown_column() -> None:
    """Those that came later too, one that sorts past the last known text among them."""
    column = GrownIds.on(IdColumn.of(IDS), ["zz", "A1"])
    for text in [*IDS, "zz", "A1"]:
        assert column.position(text) == column.positions(pd.Series([text]))[0]
    with pytest.raises(UnknownIdError, match="unknown party nobody"):
        column.position("nobody")
