"""A table as a file to open elsewhere: CSV for programs, Excel for planners."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from starlette.responses import Response

from services.excel import excel_bytes

__all__ = ["EXCEL", "csv_file", "excel_file"]

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_file(frame: pd.DataFrame, name: str) -> Response:
    """Return a frame as CSV; the byte order mark makes Excel read Chinese."""
    text = _harmless(frame).to_csv(index=False, date_format="%Y-%m-%d")
    return _attachment(b"\xef\xbb\xbf" + text.encode(), f"{name}.csv", "text/csv; charset=utf-8")


def excel_file(sheets: Mapping[str, pd.DataFrame], name: str) -> Response:
    """Return frames as the sheets of an Excel file."""
    return _attachment(excel_bytes(sheets), f"{name}.xlsx", EXCEL)


def _harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """Quote cells that a spreadsheet would run as a formula."""
    texts = frame.select_dtypes(include=["str", "object"]).columns
    quoted = {name: frame[name].map(_quoted, na_action="ignore") for name in texts}
    return frame.assign(**quoted)


def _quoted(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _attachment(content: bytes, name: str, kind: str) -> Response:
    return Response(content, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})
