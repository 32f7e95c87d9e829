"""JSON out, by orjson."""

from __future__ import annotations

from datetime import date
from math import isnan
from typing import Any

import numpy as np
import orjson
import pandas as pd
from starlette.responses import JSONResponse

__all__ = ["JsonResponse", "json_bytes", "to_rows"]


class JsonResponse(JSONResponse):
    """A JSON answer that takes numpy values; NaN becomes null."""

    def render(self, content: Any) -> bytes:
        """Encode the content."""
        return json_bytes(content)


def json_bytes(content: Any) -> bytes:
    """Return plain data as JSON; numpy values count, NaN becomes null."""
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS, default=_plain)


def to_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a frame's rows as plain data: dates as ISO texts, empty cells as None.

    Examples
    --------
    >>> to_rows(pd.DataFrame({"ds": pd.to_datetime(["2024-01-05"]), "y": [float("nan")]}))
    [{'ds': '2024-01-05', 'y': None}]
    """
    columns = {str(name): _cells(frame[name]) for name in frame.columns}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _cells(column: pd.Series) -> list[Any]:
    kind = column.dtype
    if isinstance(kind, np.dtype) and kind.kind in "biuf":
        cells: list[Any] = column.tolist()
        return [None if isnan(cell) else cell for cell in cells] if kind.kind == "f" else cells
    if isinstance(kind, pd.StringDtype):
        return list(column.to_numpy(object, na_value=None))
    if pd.api.types.is_datetime64_any_dtype(column):
        known = column.dropna()
        whole_days = column.dt.tz is None and bool((known == known.dt.normalize()).all())
        column = column.dt.strftime("%Y-%m-%d") if whole_days else column.map(_iso, na_action="ignore")
    elif column.dtype == object:
        column = column.map(_iso, na_action="ignore")
    return list(column.astype(object).where(column.notna(), None))


def _iso(cell: Any) -> Any:
    return cell.isoformat() if isinstance(cell, date) else cell  # a Timestamp is a date, too


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else str(value)
