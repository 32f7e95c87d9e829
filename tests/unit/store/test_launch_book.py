"""The book of estimates: each once, its inputs whole, also when the disk or another process interferes."""

import pandas as pd
import pytest

from contracts.errors import InputError, NotReadyError, UnknownIdError
from store.launch_book import LaunchBook, hash_of

TABLES = {
    "styles": pd.DataFrame({"style_id": ["a"], "price": [3.5]}),
    "signals": pd.DataFrame({"style_id": ["a", "a"], "count": [1.0, 2.0]}),
}


def told(number, style="a", at="2026-03-01T00:00:00+00:00"):
    return {
        "estimate_id": f"e{number}",
        "style_id": style,
        "at": at,
        "made_at": f"2026-03-02T00:00:0{number}",
        "mean": 1.5,
    }


def test_estimates_are_kept_once_in_the_order_of_their_moments(tmp_path):
    """By any process that opens the book, and of one style if asked for."""
    ours, theirs = LaunchBook(tmp_path), LaunchBook(tmp_path)
    assert ours.add(told(1, at="2026-03-02T00:00:00+00:00"))
    assert theirs.add(told(2))
    assert not ours.add(told(2))
    assert not theirs.add(told(1) | {"made_at": "later"})
    assert ours.add(told(3, style="b"))
    assert [kept["estimate_id"] for kept in theirs.estimates("a")] == ["e2", "e1"]
    assert [kept["estimate_id"] for kept in ours.estimates()] == ["e2", "e3", "e1"]
    assert LaunchBook(tmp_path).estimate("e3") == told(3, style="b")
    with pytest.raises(UnknownIdError, match="unknown estimate e3"):
        ours.estimate("e3", "a")


def test_inputs_are_kept_once_and_come_back_the_same(tmp_path):
    """Named by what they hold, whatever the order of columns."""
    book = LaunchBook(tmp_path)
    name = book.keep_inputs(TABLES)
    assert book.keep_inputs({table: frame[frame.columns[::-1]] for table, frame in TABLES.items()}) == name
    assert len(list((tmp_path / "launches" / "inputs").iterdir())) == 1
    found = LaunchBook(tmp_path).inputs(name)
    assert hash_of(found) == name
    pd.testing.assert_frame_equal(found["signals"], TABLES["signals"])


def test_a_changed_cell_is_another_input():
    """A count, a column's name, a table's name."""
    changed = TABLES | {"signals": TABLES["signals"].assign(count=[1.0, 3.0])}
    renamed = {"sales": TABLES["signals"], "styles": TABLES["styles"]}
    assert len({hash_of(tables) for tables in (TABLES, changed, renamed)}) == 3


def test_inputs_that_are_gone_or_damaged_are_named(tmp_path):
    """An estimate cannot be replayed from something else."""
    book = LaunchBook(tmp_path)
    name = book.keep_inputs(TABLES)
    TABLES["signals"].head(1).to_parquet(tmp_path / "launches" / "inputs" / name / "signals.parquet")
    for missing in (name, "0" * 24):
        with pytest.raises(NotReadyError, match="missing or damaged"):
            book.inputs(missing)


def test_a_forgotten_voice_stays_one_voice(tmp_path):
    """In every table of an input, and under the input's old name."""
    book = LaunchBook(tmp_path)
    voices = {"signals": pd.DataFrame({"kol_id": ["k", None, "l", "k"]}), "kols": pd.DataFrame({"kol_id": ["k", "l"]})}
    names = [book.keep_inputs(voices), book.keep_inputs(TABLES)]
    assert book.forget(["k", "p-1"]) == 1
    found = book.inputs(names[0])
    (token,) = set(found["signals"]["kol_id"].dropna()) - {"l"}
    assert token.startswith("forgotten-")
    assert found["signals"]["kol_id"].isin([token]).tolist() == [True, False, False, True]
    assert found["kols"]["kol_id"].tolist() == [token, "l"]
    assert book.inputs(names[1])
    assert book.forget(["k"]) == 0


def test_a_home_that_is_a_file_is_named(tmp_path):
    """Neither inputs nor estimates can be kept there."""
    (tmp_path / "home").touch()
    book = LaunchBook(tmp_path / "home")
    for keep in (lambda: book.keep_inputs(TABLES), lambda: book.add(told(1))):
        with pytest.raises(InputError, match="a folder that can be"):
            keep()
