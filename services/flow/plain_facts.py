"""The cells of a fact: how each is kept, and whether it is right at first sight, as most are.

A table of one row takes a hundred times as long. What is not plain need not be wrong: its table says.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from contracts.errors import InputError
from contracts.tables import Column, TableSchema

__all__ = ["as_kept", "is_plain"]

_LONGEST_TEXT = 500  # what a fact is about is looked up by an index, which takes 2 700 bytes

_WHOLE = 2**53  # whole numbers below are exact in any JSON
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CLOCK = r"T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.([0-9]{3}|[0-9]{6}))?(Z|[+-][01][0-9]:[0-5][0-9])"
_MOMENT = re.compile(_DAY.pattern + _CLOCK)
_YEARS = range(1903, 2261)  # in any zone within those that a table and a nanosecond can tell


def as_kept(value: Any, column: Column) -> Any:
    """Return a cell as every reader of the fact is to find it: an id is text, whoever sent it as a number.

    Raises
    ------
    InputError
        If a text is too long to be looked up or not to be written, or a truth value stands where a number belongs.

    Examples
    --------
    >>> item = Column(name="sku_id", kind="str")
    >>> as_kept(17, item), as_kept(17.0, item), as_kept(" tea ", item)
    ('17', '17', 'tea')
    """
    if column.kind in ("int", "float") and isinstance(value, bool):
        raise InputError(column.name, "a number", value)
    if column.kind != "str":
        return value
    text = str(int(value) if isinstance(value, float) and value.is_integer() else value).strip()
    if len(text) > _LONGEST_TEXT or "\0" in text:
        raise InputError(column.name, f"at most {_LONGEST_TEXT} characters, none of code 0", text)
    return text


def is_plain(payload: Mapping[str, Any], schema: TableSchema) -> bool:
    """Return whether a payload has nothing that its table, of one row, could refuse.

    Examples
    --------
    >>> table = TableSchema(name="sale", columns=(Column(name="ds", kind="date"), Column(name="y", kind="float")))
    >>> is_plain({"ds": "2026-03-02", "y": 4.5}, table), is_plain({"ds": "2026/03/02", "y": 4.5}, table)
    (True, False)
    """
    return all(
        _LOOKS[column.kind](payload[column.name], column) if column.name in payload else column.nullable
        for column in schema.columns
    )


def _text(value: Any, column: Column) -> bool:
    plain = isinstance(value, str) and value.strip() == value != "" and value.isprintable()
    return plain and (not column.choices or value in column.choices)


def _number(value: Any, column: Column) -> bool:
    whole = type(value) is int and abs(value) < _WHOLE
    if not whole and not (column.kind == "float" and type(value) is float and math.isfinite(value)):
        return False
    low, above, high = column.minimum, column.above, column.maximum
    return (low is None or value >= low) and (above is None or value > above) and (high is None or value <= high)


def _flag(value: Any, column: Column) -> bool:
    del column
    return isinstance(value, bool)


def _day(value: Any, column: Column) -> bool:
    del column
    return _is_time(value, _DAY)


def _moment(value: Any, column: Column) -> bool:
    del column
    return _is_time(value, _MOMENT)


def _is_time(value: Any, pattern: re.Pattern[str]) -> bool:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        return False
    try:
        return datetime.fromisoformat(value).year in _YEARS
    except ValueError:
        return False


_LOOKS: Mapping[str, Callable[[Any, Column], bool]] = {
    "str": _text,
    "int": _number,
    "float": _number,
    "bool": _flag,
    "date": _day,
    "timestamp": _moment,
}
