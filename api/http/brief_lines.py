"""Thousands of orders as lines: read and checked column by column, told as text put together from columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
from pydantic import ValidationError

from api.http.match_rows import DemandedRow
from api.http.rows import MAX_TEXT
from contracts.tables import Column
from graph.tables import DEMANDS

__all__ = ["Orders", "lines_told", "orders_in"]

_SCALARS = (str, int, float, bool, type(None))


class Orders(NamedTuple):
    """Orders read line by line, the number of each one's line, and which lines could not be used and why."""

    rows: list[dict[str, Any]]
    numbers: list[int]
    refused: dict[int, str]

    def columns(self, names: Sequence[str]) -> dict[str, list[Any]]:
        """Return the cells of each of these columns that any order has."""
        cells = {name: [row.get(name) for row in self.rows] for name in names}
        return {name: column for name, column in cells.items() if any(cell is not None for cell in column)}


def orders_in(lines: Sequence[bytes], first: int) -> Orders:
    """Read orders, one a line; the first line has the number `first`, and empty lines are passed over.

    What every row of a column has is looked at at once; a row that is not plainly in form is read by its model, which
    says what is wrong.
    """
    there = [(number, line) for number, line in enumerate(lines, start=first) if line and not line.isspace()]
    found, refused = _parsed(there)
    odd = _odd([row for _, row in found])
    for at in sorted(odd):
        number, row = found[at]
        try:
            DemandedRow.model_validate(row)
        except ValidationError as error:
            told = error.errors(include_url=False, include_context=False)[0]
            refused[number] = f"{'.'.join(map(str, told['loc'])) or 'the line'}: {told['msg']}"
    kept = [one for one in found if one[0] not in refused] if odd else found
    return Orders([row for _, row in kept], [number for number, _ in kept], dict(sorted(refused.items())))


def _parsed(lines: list[tuple[int, bytes]]) -> tuple[list[tuple[int, Any]], dict[int, str]]:
    """Return what each line holds, and which lines are no JSON."""
    found: list[tuple[int, Any]] = []
    refused: dict[int, str] = {}
    for number, line in lines:
        try:
            found.append((number, orjson.loads(line)))
        except orjson.JSONDecodeError:
            refused[number] = "expected one JSON object"
    return found, refused


def _odd(rows: list[Any]) -> set[int]:
    """Return which rows are not plainly in form."""
    odd = {at for at, row in enumerate(rows) if type(row) is not dict}
    tables = [{} if at in odd else row for at, row in enumerate(rows)] if odd else rows
    for column in DEMANDS.columns:
        cells = [row.get(column.name) for row in tables]
        fine = _CHECKS[column.kind](column)
        odd.update([at for at, cell in enumerate(cells) if not fine(cell)])
    for name in set().union(*tables) - set(DEMANDS.by_name):
        odd.update([at for at, row in enumerate(tables) if type(row.get(name)) not in _SCALARS])
    return odd


def _text(column: Column) -> Callable[[Any], bool]:
    if column.nullable:
        return lambda cell: cell is None or (type(cell) is str and len(cell) <= MAX_TEXT)
    return lambda cell: type(cell) is str and 0 < len(cell) <= MAX_TEXT


def _whole(column: Column) -> Callable[[Any], bool]:
    least = column.minimum if column.above is None else column.above + 1
    if least is None or column.maximum is not None:
        raise ValueError(f"{column.name}: expected a whole number with a lower bound only")
    if column.nullable:
        return lambda cell: cell is None or (type(cell) is int and cell >= least)
    return lambda cell: type(cell) is int and cell >= least


def _date(column: Column) -> Callable[[Any], bool]:
    nullable = column.nullable
    return lambda cell: _is_date(cell) if type(cell) is str else cell is None and nullable


@lru_cache(4096)
def _is_date(text: str) -> bool:
    return bool(_DATE.fullmatch(text))


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CHECKS: dict[str, Callable[[Column], Callable[[Any], bool]]] = {"str": _text, "int": _whole, "date": _date}


def lines_told(
    order_ids: Sequence[str],
    matches: dict[str, npt.NDArray[Any]],
    order: npt.NDArray[Any],
    unserved: npt.NDArray[Any],
    reason: npt.NDArray[np.object_],
) -> Iterator[bytes]:
    """Yield one line per order: who serves it, the pieces left and why.

    Parameters
    ----------
    matches, order
        Columns of who serves, and the place of each row's order, ascending.
    unserved, reason
        Pieces left of each order, and why; empty = none are.
    """
    rows = _objects(matches) if len(order) else []
    ends: list[int] = np.searchsorted(order, np.arange(1, len(order_ids) + 1)).tolist()
    why = [b"null" if word == b'""' else word for word in _cells(reason)]
    start = 0
    for name, end, left, because in zip(map(orjson.dumps, order_ids), ends, unserved.tolist(), why, strict=True):
        served = rows[start] if end == start + 1 else b",".join(rows[start:end])
        yield _LINE % (name, served, left, because)
        start = end


_LINE = b'{"order_id":%b,"matches":[%b],"alternatives":null,"unserved":%d,"reason":%b}\n'


def _objects(columns: dict[str, npt.NDArray[Any]]) -> list[bytes]:
    """Return rows of a table as JSON objects."""
    parts, varied = [], []
    for name, column in columns.items():
        cells = _cells(column)
        alike = cells[0] if cells.count(cells[0]) == len(cells) else None
        told = b"%b" if alike is None else alike.replace(b"%", b"%%")
        parts.append(orjson.dumps(name).replace(b"%", b"%%") + b":" + told)
        varied += [] if alike is not None else [cells]
    form = b"{" + b",".join(parts) + b"}"
    return [form % cells for cells in zip(*varied, strict=True)] if varied else [form % ()] * len(cells)


def _cells(column: npt.NDArray[Any]) -> list[bytes]:
    """Return each cell as JSON: numbers all at once, of texts each that occurs once."""
    if column.dtype.kind in "if":
        numbers = orjson.dumps(np.ascontiguousarray(column), option=orjson.OPT_SERIALIZE_NUMPY)
        return numbers[1:-1].split(b",")
    words = column.tolist()
    told = {word: orjson.dumps(word) for word in set(words)}
    return [told[word] for word in words]
