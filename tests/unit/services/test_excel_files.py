"""Excel in and out: what is written is read back, and what is no table is refused."""

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from contracts.errors import InputError
from services.excel import excel_bytes
from services.files import read_raw, write_table

FRAME = pd.DataFrame(
    {
        "item": ["007", "裤子", "=1+1"],
        "pieces": [1, 2_000_000, 3],
        "hours": [0.5, 1e-7, None],
        "start": pd.to_datetime(["2026-03-02", "2026-12-31", None]),
        "due_at": pd.to_datetime(["2026-03-02 09:30", None, None]).tz_localize("Asia/Shanghai"),
        "rush": [True, False, True],
    }
)


def test_what_is_written_is_read_back(tmp_path: Path):
    """Ids keep their zeros, dates are dates, moments lose only their zone, nothing becomes a formula."""
    path = tmp_path / "a.xlsx"
    write_table(FRAME, path)
    found = read_raw(path)
    assert found["item"].tolist() == ["007", "裤子", "=1+1"]
    assert found["pieces"].astype(float).tolist() == [1, 2_000_000, 3]
    assert found["hours"].astype(float).tolist()[:2] == [0.5, 1e-7]
    assert found["start"].tolist()[:2] == ["2026-03-02", "2026-12-31"]
    assert found["due_at"].iloc[0] == "2026-03-02 09:30:00"
    assert found["rush"].tolist() == ["true", "false", "true"]
    assert found.isna().sum().tolist() == [0, 0, 1, 1, 2, 0]


def changed(part: str, old: bytes, new: bytes) -> bytes:
    """Return the file with a part of it changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(excel_bytes({"a": FRAME}))) as book, zipfile.ZipFile(out, "w") as copy:
        for name in book.namelist():
            data = book.read(name)
            copy.writestr(name, data.replace(old, new) if name == part else data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (excel_bytes({"a": pd.DataFrame()}), "a header and at least one row, got an empty sheet"),
        (excel_bytes({"a": FRAME})[:300], "a readable xlsx file"),
        (changed("xl/sharedStrings.xml", b"<si>", b"<si"), "a readable xlsx file"),
        (changed("xl/worksheets/sheet1.xml", b"<worksheet", b"<!DOCTYPE x><worksheet"), "declares entities"),
        (changed("xl/sharedStrings.xml", b"hours", b"pieces"), "each column once, got 'pieces' twice"),
        (changed("xl/worksheets/sheet1.xml", b'r="C1"', b'r="Z1"'), "none above column 3"),
        (changed("xl/workbook.xml", b'r:id="rId1"', b'r:id="rId99"'), "a readable xlsx file"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, data: bytes, words: str):
    """By what is wrong with it."""
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    with pytest.raises(InputError) as error:
        read_raw(path)
    assert words in str(error.value)
    assert str(error.value).startswith("a.xlsx")
