"""Files of what platforms told: JSON answers, one or many, or a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from contracts.errors import InputError
from contracts.params import read_toml
from forecast.tables import STYLE_MAP
from services.connectors import table as any_table
from services.connectors.payload import Call, Row
from services.connectors.sources import CONNECTORS
from services.files import read_raw, read_table

__all__ = ["SOURCES", "Told", "read_map", "read_payloads", "read_source"]

SOURCES = (*CONNECTORS, "csv")
Told = tuple[pd.DataFrame, npt.NDArray[np.int64]]


def read_source(source: str, path: Path, call: Call, *, layout: Path | None) -> dict[str, Told]:
    """Return the raw rows of a file by table, each with the number of the payload or row that it came from.

    Raises
    ------
    InputError
        If there is no such source, the file cannot be read, or a payload is none of the source's; names its number.
    """
    if source not in SOURCES:
        raise InputError("SOURCE", f"one of {', '.join(SOURCES)}", source)
    if source == "csv":
        if layout is None:
            raise InputError("--columns", "a TOML file that says which column is what", "nothing")
        raw = read_raw(path)
        rows = any_table.read(raw, read_toml(layout), where=layout.name, source=path.name)
        return {"signals": (rows, np.arange(len(rows)) % max(len(raw), 1) + 1)}
    if layout is not None:
        raise InputError("--columns", "the source csv", source)
    return _connected(source, read_payloads(path), call, path.name)


def _connected(source: str, payloads: list[Any], call: Call, name: str) -> dict[str, Told]:
    rows: dict[str, list[Row]] = {"signals": [], "orders": [], "activity": []}
    origin: dict[str, list[int]] = {table: [] for table in rows}
    for number, payload in enumerate(payloads, start=1):
        try:
            answer, own = _opened(payload, call)
            found = CONNECTORS[source](answer, own)
        except InputError as error:
            raise InputError(f"{name}, payload {number}: {error.where}", error.expected, error.got) from None
        for table in rows:
            told = getattr(found, table)
            rows[table] += told
            origin[table] += [number] * len(told)
    return {
        table: (pd.DataFrame(told, dtype=object).assign(source=source), np.array(origin[table], dtype=np.int64))
        for table, told in rows.items()
        if told
    }


def _opened(payload: Any, call: Call) -> tuple[Any, Call]:
    """Return an answer and what is known of its call; kept together they are ``{request, fetched_at, response}``."""
    if not isinstance(payload, Mapping) or "response" not in payload:
        return payload, call
    request, fetched = payload.get("request"), payload.get("fetched_at")
    known: dict[str, Any] = {"request": request if isinstance(request, Mapping) else {}}
    if isinstance(fetched, str | int):
        known |= {"fetched_at": fetched}
    return payload["response"], replace(call, **known)


def read_payloads(path: Path) -> list[Any]:
    """Return the answers in a file: one JSON value, or one a line.

    Raises
    ------
    InputError
        If it is neither; names the line.
    """
    if not path.is_file():
        raise InputError(str(path), "a file", "a folder" if path.is_dir() else "no such file")
    data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        whole = orjson.loads(data)
        return whole if isinstance(whole, list) else [whole]
    except orjson.JSONDecodeError:
        return [_line(line, number, path.name) for number, line in enumerate(data.splitlines(), 1) if line.strip()]


def _line(line: bytes, number: int, name: str) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{name}, line {number}", "JSON", str(error)) from None


def read_map(path: Path | None) -> pd.DataFrame | None:
    """Return the user's map from a platform's ids to styles."""
    if path is None:
        return None
    return read_table(path, STYLE_MAP)
