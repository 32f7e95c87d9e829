"""Schemas type a raw table or say precisely what is wrong with it."""

import numpy as np
import pandas as pd
import pytest

from contracts.errors import InputError, TableError
from contracts.tables import Column, TableSchema, from_rows, require_columns, require_known

SCHEMA = TableSchema(
    name="orders",
    columns=(
        Column(name="order_id", kind="str"),
        Column(name="pieces", kind="int", above=0),
        Column(name="score", kind="float", required=False, nullable=True, maximum=1.0),
        Column(name="rush", kind="bool", required=False),
        Column(name="due_date", kind="date", required=False, nullable=True),
        Column(name="placed_at", kind="timestamp", required=False),
        Column(name="channel", kind="str", required=False, choices=("shop", "group")),
    ),
    key=("order_id",),
)


def orders(**columns: list) -> pd.DataFrame:
    """A valid two-row table with some columns replaced."""
    base = {"order_id": ["a", "b"], "pieces": ["1", "2"]}
    return pd.DataFrame(base | columns)


def test_text_cells_become_typed_columns() -> None:
    """What a CSV holds as text comes back with the schema's types."""
    checked = SCHEMA.check(
        orders(
            score=["0.5", None],
            rush=["true", "0"],
            due_date=["2026-11-11", None],
            placed_at=["2026-11-11T14:00", "2026-11-11T06:00Z"],
        )
    )
    assert checked["pieces"].dtype == "int64"
    assert checked["score"][0] == 0.5
    assert np.isnan(checked["score"][1])
    assert checked["rush"].tolist() == [True, False]
    assert checked["due_date"][0] == pd.Timestamp("2026-11-11")
    assert checked["due_date"].isna()[1]
    assert checked["placed_at"][0] == checked["placed_at"][1] == pd.Timestamp("2026-11-11 14:00", tz="Asia/Shanghai")


def test_ids_are_taken_as_they_are() -> None:
    """Leading zeros stay; whole numbers read from Parquet lose no digit and gain no `.0`."""
    assert SCHEMA.check(orders(order_id=["007", " b "]))["order_id"].tolist() == ["007", "b"]
    assert SCHEMA.check(orders(order_id=[7.0, 8.0]))["order_id"].tolist() == ["7", "8"]
    assert SCHEMA.check(orders(order_id=pd.Categorical(["x", "y"])))["order_id"].tolist() == ["x", "y"]


def test_extra_columns_are_kept() -> None:
    """A column that the schema does not name is an attribute."""
    assert SCHEMA.check(orders(colour=["red", "blue"]))["colour"].tolist() == ["red", "blue"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"pieces": ["1", "-3"]}, "orders.csv: column 'pieces', row 2: expected a whole number > 0, got -3"),
        ({"pieces": ["x", "2"]}, "orders.csv: column 'pieces', row 1: expected a whole number > 0, got x"),
        ({"pieces": [1.5, 2.0]}, "orders.csv: column 'pieces', row 1: expected a whole number > 0, got 1.5"),
        ({"pieces": [np.inf, 2.0]}, "row 1: expected a whole number > 0, got inf"),
        ({"pieces": ["1", None]}, "orders.csv: column 'pieces', row 2: expected a whole number > 0, got an empty cell"),
        ({"pieces": ["1", " "]}, "row 2: expected a whole number > 0, got an empty cell"),
        ({"order_id": ["a", "a"]}, "orders.csv: column 'order_id', row 2: expected each (order_id) once, got a"),
        ({"order_id": ["a", None]}, "orders.csv: column 'order_id', row 2: expected text, got an empty cell"),
        ({"score": ["2", "0"]}, "column 'score', row 1: expected a number <= 1 or empty, got 2"),
        ({"rush": ["maybe", "no"]}, "column 'rush', row 1: expected true or false, got maybe"),
        ({"due_date": ["2026-02-30", None]}, "column 'due_date', row 1: expected a date (YYYY-MM-DD) or empty"),
        (
            {"due_date": [20261111, 20261112]},
            "column 'due_date', row 1: expected a date (YYYY-MM-DD) or empty, got 20261111",
        ),
        ({"due_date": ["now", None]}, "column 'due_date', row 1: expected a date (YYYY-MM-DD) or empty, got now"),
        ({"due_date": ["2026", None]}, "column 'due_date', row 1: expected a date (YYYY-MM-DD) or empty, got 2026"),
        ({"pieces": [True, False]}, "column 'pieces', row 1: expected a whole number > 0, got True"),
        (
            {"pieces": pd.to_datetime(["2026-01-01"] * 2)},
            "column 'pieces', row 1: expected a whole number > 0, got 2026",
        ),
        ({"order_id": [["a"], ["b"]]}, "column 'order_id', row 1: expected text, got ['a']"),
        ({"placed_at": ["noon", "2026-01-01"]}, "column 'placed_at', row 1: expected a timestamp with time zone"),
        ({"channel": ["shop", "mall"]}, "column 'channel', row 2: expected one of shop, group, got mall"),
        ({"pieces": ["-1", "-2"]}, "got -1 (2 such rows)"),
    ],
)
def test_a_fault_names_file_column_row_and_value(columns: dict, message: str) -> None:
    """The message is enough to find and mend the cell."""
    with pytest.raises(TableError) as caught:
        SCHEMA.check(orders(**columns), "orders.csv")
    assert message in str(caught.value)


def test_a_missing_column_is_named_with_what_is_there() -> None:
    """A required column that is not there is named, beside those that are."""
    with pytest.raises(TableError, match=r"orders.csv: column 'pieces': expected this required column, got order_id"):
        SCHEMA.check(pd.DataFrame({"order_id": ["a"]}), "orders.csv")


def test_an_empty_table_is_refused() -> None:
    """A header alone is not an input."""
    with pytest.raises(TableError, match="expected at least one row, got an empty table"):
        SCHEMA.check(orders().iloc[:0])


def test_sift_keeps_good_rows_and_gives_reasons_for_the_others() -> None:
    """Every row is in exactly one half; the bad half keeps its raw cells, its row number and all its reasons."""
    raw = pd.DataFrame(
        {"order_id": ["a", "b", "a", "c"], "pieces": ["1", "no", "3", "4"], "score": ["1", "9", "0", "0"]}
    )
    good, bad = SCHEMA.sift(raw, "orders.csv")
    assert good["order_id"].tolist() == ["a", "c"]
    assert good["pieces"].tolist() == [1, 4]
    assert good["pieces"].dtype == "int64"
    assert bad["row"].tolist() == [2, 3]
    assert bad["pieces"].tolist() == ["no", "3"]
    assert "pieces: expected a whole number > 0, got no; score: expected" in bad["reason"][0]
    assert "order_id: expected each (order_id) once" in bad["reason"][1]


def test_rows_of_json_are_checked_alike() -> None:
    """Dictionaries go through the same schema as files."""
    assert from_rows([{"order_id": "a", "pieces": 1}], SCHEMA)["pieces"].tolist() == [1]
    with pytest.raises(TableError, match="row 2"):
        from_rows([{"order_id": "a", "pieces": 1}, {"order_id": "b"}], SCHEMA)


def test_unknown_ids_are_named() -> None:
    """A foreign key that nobody answers to is refused with its row."""
    frame = pd.DataFrame({"supplier_id": ["s1", "s9"]})
    with pytest.raises(
        TableError, match=r"c.csv: column 'supplier_id', row 2: expected the id of a known supplier, got s9"
    ):
        require_known(frame, "supplier_id", ["s1"], source="c.csv", kind="supplier")


def test_option_that_names_a_missing_column_is_refused() -> None:
    """`--hierarchy region` on a file without it says which columns there are."""
    with pytest.raises(InputError, match=r"--hierarchy: expected columns of static.csv \(unique_id\), got region"):
        require_columns(pd.DataFrame({"unique_id": ["a"]}), ["region"], option="--hierarchy", source="static.csv")


def test_reasons_show_cells_as_the_user_wrote_them() -> None:
    """An empty cell is called so, and a repeated date carries no midnight."""
    dated = TableSchema(
        name="sales", columns=(Column(name="id", kind="str"), Column(name="ds", kind="date")), key=("id", "ds")
    )
    raw = pd.DataFrame({"id": ["a", "a", None], "ds": ["2026-01-01", "2026-01-01", "2026-01-02"]})
    _, bad = dated.sift(raw)
    assert bad["reason"].tolist() == [
        "id, ds: expected each (id, ds) once, got a, 2026-01-01",
        "id: expected text, got an empty cell",
    ]


def test_a_quarantine_that_is_loaded_again_is_told_anew() -> None:
    """Its columns row and reason make way for those of this time."""
    again = orders(row=["7", "8"], reason=["old", "old"], pieces=["1", "no"])
    good, bad = SCHEMA.sift(again, "orders.csv")
    assert good["order_id"].tolist() == ["a"]
    assert bad.columns.tolist() == ["row", "reason", "order_id", "pieces"]
    assert bad["row"].tolist() == [2]
    assert bad["reason"][0].startswith("pieces: expected")


@pytest.mark.parametrize("column", ["order_id", "pieces", "rush", "due_date", "placed_at"])
def test_bytes_are_no_cell(column: str) -> None:
    """A Parquet file may hold some that are not UTF-8."""
    raw = orders(**{column: pd.Series([b"\xff", None], dtype=object)})
    _, bad = SCHEMA.sift(raw, "orders.parquet")
    assert bad["reason"][0].startswith(f"{column}: expected")


def test_a_whole_number_that_would_lose_a_digit_is_refused() -> None:
    """2**53 + 1 is no float; it is not taken for its neighbour."""
    assert SCHEMA.check(orders(pieces=["9007199254740991", "1"]))["pieces"][0] == 2**53 - 1
    with pytest.raises(TableError, match="9007199254740993"):
        SCHEMA.check(orders(pieces=["9007199254740993", "1"]))


def test_dates_that_are_no_texts_are_bad_cells():
    """Lists and objects come in JSON; the rows beside them are used."""
    schema = TableSchema(name="t", columns=(Column(name="day", kind="date"),))
    good, bad = schema.sift(pd.DataFrame({"day": ["2026-03-01", ["2026-03-01"], {"a": 1}, "2026-03-01"]}))
    assert good["day"].tolist() == [pd.Timestamp("2026-03-01")] * 2
    assert bad["row"].tolist() == [2, 3]
