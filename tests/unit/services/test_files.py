"""Users' files are read with precise messages and never half-written."""

import errno
from pathlib import Path

import pandas as pd
import pytest

from contracts.errors import InputError, TableError
from contracts.tables import Column, TableSchema
from services.files import check_writable, read_pieces, read_raw, read_table, write_table

SCHEMA = TableSchema(
    name="sales", columns=(Column(name="unique_id", kind="str"), Column(name="y", kind="float", minimum=0))
)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_written_is_read_back(tmp_path: Path, suffix: str) -> None:
    """Both formats keep ids and numbers."""
    path = tmp_path / f"sales{suffix}"
    write_table(pd.DataFrame({"unique_id": ["007", "b"], "y": [1.5, 0.0]}), path)
    read = read_table(path, SCHEMA)
    assert read["unique_id"].tolist() == ["007", "b"]
    assert read["y"].tolist() == [1.5, 0.0]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    """Excel writes UTF-8 with a mark; the column is still found."""
    path = tmp_path / "sales.csv"
    path.write_bytes(b"\xef\xbb\xbfunique_id,y\na,1\n")
    assert read_table(path, SCHEMA)["y"].tolist() == [1.0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "none.csv: expected a file, got no such file"),
        ("sales.xls", b"x", "sales.xls: expected a name ending in .csv, .parquet or .xlsx, got .xls"),
        ("sales.xlsx", b"x", "sales.xlsx: expected a readable xlsx file, got File is not a zip file"),
        ("empty.csv", b"", "empty.csv: expected a header and at least one row, got an empty file"),
        ("broken.parquet", b"PAR?", "broken.parquet: expected a readable parquet file"),
        ("latin.csv", b"unique_id,y\n\xe9\xff,1\n", "latin.csv: expected a readable csv file"),
        ("ragged.csv", b"unique_id,y\na,1\nb,2,3,4\n", "ragged.csv: expected a readable csv file"),
        ("shifted.csv", b"unique_id,y\na,1,9\nb,2,9\n", "shifted.csv: expected a readable csv file"),
        ("short.csv", b"unique_id,y\na\n", "short.csv: expected a readable csv file"),
        ("twice.csv", b"unique_id,y,y\na,1,2\n", "twice.csv: column 'y': expected each column once, got it twice"),
    ],
)
def test_unreadable_files_are_named(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    """The message names the file and what is wrong with it."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_raw(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
@pytest.mark.parametrize("cell", ['"abc', '"abc\nb,2', '"abc\r\nb,""2""', '"abc\nb,2\nc,"" ""'])
def test_a_quote_that_is_never_closed_swallows_no_rows(tmp_path: Path, cell: str, ending: str) -> None:
    """The file is refused by the line on which the quote opens, read whole or in pieces."""
    path = tmp_path / "sales.csv"
    path.write_bytes(f'unique_id,y\n"two\nlines",1\na,{cell}\n{ending}'.encode())
    told = r"sales.csv: column 'y': expected a closing quote, got none after line 4, where it opens"
    with pytest.raises(TableError, match=told):
        read_raw(path)
    with pytest.raises(TableError, match=told):
        list(read_pieces(path))


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", " \n\n"])
@pytest.mark.parametrize(
    ("cell", "text"), [('"a\nb"', "a\nb"), ('"a\n""b"""', 'a\n"b"'), ('"a\n"', "a\n"), ('a"b', 'a"b'), ('"b"', "b")]
)
def test_line_breaks_in_quotes_are_part_of_the_text(tmp_path: Path, cell: str, text: str, ending: str) -> None:
    """Also in the last cell of a file, with quotes in the text."""
    path = tmp_path / "sales.csv"
    path.write_bytes(f"unique_id,y\nz,{cell}\na,{cell}{ending}".encode())
    for frame in (read_raw(path), pd.concat(read_pieces(path))):
        assert frame["y"].str.strip(" ").tolist() == [text, text]


def test_a_wrong_cell_names_the_file(tmp_path: Path) -> None:
    """The file's own name stands in the message."""
    path = tmp_path / "my sales.csv"
    path.write_text("unique_id,y\na,1\nb,-2\n")
    with pytest.raises(TableError, match=r"my sales.csv: column 'y', row 2: expected a number >= 0, got -2"):
        read_table(path, SCHEMA)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    """A write that breaks half-way names the file, changes nothing and leaves no temporary file."""
    path = tmp_path / "out.parquet"
    path.write_text("before")
    with pytest.raises(InputError, match=r"out.parquet: expected a file that can be written"):
        write_table(pd.DataFrame({"a": [1, "x", object()]}), path)
    assert path.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir()] == ["out.parquet"]


def test_a_full_disk_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says comes with the file it says it of."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    with pytest.raises(InputError, match=r"out.csv: expected a file that can be written, got No space left on device"):
        write_table(pd.DataFrame({"a": [1]}), tmp_path / "out.csv")
    assert not list(tmp_path.iterdir())


def test_an_output_may_be_no_other_file_of_the_command(tmp_path: Path) -> None:
    """A result never silently replaces what it was made from."""
    with pytest.raises(InputError, match=r"expected an output that is no other file of the command"):
        check_writable(tmp_path / "sales.csv", None, tmp_path / "." / "sales.csv")


def test_a_name_that_is_too_long_is_refused_early(tmp_path: Path) -> None:
    """Before computing, not after."""
    with pytest.raises(InputError, match="File name too long"):
        check_writable(tmp_path / f"{'x' * 300}.csv")


def test_an_output_nobody_could_write_is_refused_early(tmp_path: Path) -> None:
    """A folder that is not there, or a folder in the file's place, is told before computing."""
    with pytest.raises(InputError, match="no such folder"):
        check_writable(tmp_path / "none" / "out.csv")
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(InputError, match="a folder"):
        check_writable(tmp_path / "taken.csv")
