"""Frames as an Excel file, for planners."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pandas as pd

__all__ = ["excel_bytes"]


def excel_bytes(sheets: Mapping[str, pd.DataFrame]) -> bytes:
    """Return frames as the sheets of an Excel file: filters on, header frozen, columns as wide as their cells.

    Cells are never formulas; moments are written as local time without their zone, which Excel does not know.
    """
    buffer = io.BytesIO()
    texts_only = {"strings_to_formulas": False, "strings_to_urls": False}
    with pd.ExcelWriter(
        buffer, engine="xlsxwriter", date_format="yyyy-mm-dd", datetime_format="yyyy-mm-dd hh:mm",
        engine_kwargs={"options": texts_only},
    ) as writer:  # fmt: skip
        for title, frame in sheets.items():
            _plain(frame).to_excel(writer, sheet_name=title, index=False)
            sheet = writer.sheets[title]
            sheet.freeze_panes(1, 0)
            sheet.autofilter(0, 0, len(frame), max(0, len(frame.columns) - 1))
            sheet.autofit()
    return buffer.getvalue()


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    moments = {name: frame[name].dt.tz_localize(None) for name in frame.select_dtypes(include=["datetimetz"])}
    times = frame.select_dtypes(include=["datetime"])
    days = {
        name: column.dt.date
        for name, column in times.items()
        if (column.dropna().dt.normalize() == column.dropna()).all()
    }
    return frame.assign(**moments, **{str(name): column for name, column in days.items()})
