"""The first sheet of an Excel file as a table of texts, as a CSV of it would be read."""

from __future__ import annotations

import re
import zipfile
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd

from contracts.errors import InputError

__all__ = ["read_excel"]

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_MOST_BYTES = 400 << 20  # of one part, unpacked
_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}  # formats that are dates without saying so
_DATE_CODE = re.compile(r"[ydh]", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.')
_CELL = re.compile(r"([A-Z]{1,3})(\d+)")
_LETTERS = 26
_UNREADABLE = (
    zipfile.BadZipFile, zlib.error, ET.ParseError, LookupError, ValueError, ArithmeticError, OSError, EOFError,
    RuntimeError,
)  # fmt: skip


def read_excel(path: Path) -> pd.DataFrame:
    """Read the first sheet of an .xlsx file: its first row names the columns, empty cells are missing.

    Dates come as ISO texts, numbers as they are stored, formulas as the value they were saved with; rows without any
    value are left out.

    Raises
    ------
    InputError
        If the file is no .xlsx, its sheet has no header, or a column's name is there twice or empty above values.
    """
    try:
        with zipfile.ZipFile(path) as book:
            texts = _texts(book)
            dates, since_1904 = _date_styles(book), _since_1904(book)
            rows = _rows(_part(book, _first_sheet(book)), texts, dates, since_1904=since_1904)
    except _UNREADABLE as error:
        raise InputError(path.name, "a readable xlsx file", str(error) or "damaged") from None
    return _frame(path, rows)


def _part(book: zipfile.ZipFile, name: str) -> ET.Element:
    """Return a part of the file; one that declares entities or unpacks to too much is refused."""
    if book.getinfo(name).file_size > _MOST_BYTES:
        raise ValueError(f"its part {name} is too large")
    data = book.read(name)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ValueError(f"its part {name} declares entities")
    return ET.fromstring(data)  # noqa: S314 (no entities: checked above)


def _first_sheet(book: zipfile.ZipFile) -> str:
    sheet = _part(book, "xl/workbook.xml").find(f"{_MAIN}sheets/{_MAIN}sheet")
    if sheet is None:
        raise ValueError("it has no sheet")
    targets = {one.get("Id"): str(one.get("Target")) for one in _part(book, "xl/_rels/workbook.xml.rels")}
    target = targets[sheet.get(_RELATION)]
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _since_1904(book: zipfile.ZipFile) -> bool:
    found = _part(book, "xl/workbook.xml").find(f"{_MAIN}workbookPr")
    return found is not None and found.get("date1904") in ("1", "true")


def _texts(book: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in book.namelist():
        return []
    return [_joined(entry) for entry in _part(book, "xl/sharedStrings.xml").findall(f"{_MAIN}si")]


def _joined(entry: ET.Element) -> str:
    """Return a text in parts as one, without the reading aids of Asian scripts."""
    own = entry.findall(f"{_MAIN}t") + entry.findall(f"{_MAIN}r/{_MAIN}t")
    return "".join(part.text or "" for part in own)


def _date_styles(book: zipfile.ZipFile) -> set[int]:
    """Return the cell styles that show a number as a date."""
    if "xl/styles.xml" not in book.namelist():
        return set()
    root = _part(book, "xl/styles.xml")
    codes = {int(f.get("numFmtId", 0)): f.get("formatCode", "") for f in root.iter(f"{_MAIN}numFmt")}
    dates = _DATES | {number for number, code in codes.items() if _DATE_CODE.search(_QUOTED.sub("", code))}
    styles = root.findall(f"{_MAIN}cellXfs/{_MAIN}xf")
    return {k for k, style in enumerate(styles) if int(style.get("numFmtId", 0)) in dates}


def _rows(sheet: ET.Element, texts: list[str], dates: set[int], *, since_1904: bool) -> list[dict[int, str]]:
    rows = []
    for row in sheet.iter(f"{_MAIN}row"):
        cells: dict[int, str] = {}
        for n, cell in enumerate(row.findall(f"{_MAIN}c")):
            place = _CELL.fullmatch(cell.get("r", ""))
            value = _value(cell, texts, dates, since_1904=since_1904)
            if value:
                cells[_column(place[1]) if place else n] = value
        if cells:
            rows.append(cells)
    return rows


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * _LETTERS + ord(letter) - ord("A") + 1
    return number - 1


def _value(cell: ET.Element, texts: list[str], dates: set[int], *, since_1904: bool) -> str:
    kind = cell.get("t", "n")
    if kind == "inlineStr":
        inline = cell.find(f"{_MAIN}is")
        return "" if inline is None else _joined(inline)
    stored = cell.findtext(f"{_MAIN}v") or ""
    if kind == "s":
        return texts[int(stored)]
    if kind == "b":
        return {"1": "true", "0": "false"}.get(stored, stored)
    if kind == "n" and stored and int(cell.get("s", 0)) in dates:
        return _moment(float(stored), since_1904=since_1904)
    return stored


def _moment(days: float, *, since_1904: bool) -> str:
    first = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 30)  # noqa: DTZ001 (Excel knows no zones)
    moment = first + timedelta(seconds=round(days * 86_400))
    return moment.date().isoformat() if days == int(days) else moment.isoformat(sep=" ")


def _frame(path: Path, rows: list[dict[int, str]]) -> pd.DataFrame:
    if not rows:
        raise InputError(path.name, "a header and at least one row", "an empty sheet")
    header = {column: name.strip() for column, name in rows[0].items()}
    for column in sorted({column for row in rows[1:] for column in row}):
        if column not in header:
            raise InputError(path.name, "a name above each column that has values", f"none above column {column + 1}")
    names = list(header.values())
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(path.name, "each column once", f"'{twice}' twice")
    columns = {name: [row.get(column) for row in rows[1:]] for column, name in header.items()}
    return pd.DataFrame(columns, dtype="str")
