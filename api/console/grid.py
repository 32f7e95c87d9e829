"""How every table of the console is made: columns and rows for AG Grid."""

from __future__ import annotations

from typing import Any

import pandas as pd

from api.http.responses import to_rows

__all__ = ["NUMBER", "ONE_ROW", "PERCENT", "column", "grid"]

NUMBER = "params.value == null ? '' : params.value.toLocaleString('en-US', {maximumFractionDigits: 1})"
PERCENT = "params.value == null ? '' : (100 * params.value).toFixed(1) + ' %'"
ONE_ROW = {"rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}}


def column(
    field: str,
    title: str,
    *,
    width: int,
    kind: str = "text",
    show: str | None = None,
    flex: int | None = None,
    filter: bool = False,  # noqa: A002 (AG Grid's name)
    bold: bool = False,
    wrap: bool = False,
) -> dict[str, Any]:
    """Return a column; `show` is JavaScript that makes the text of `params.value`."""
    made: dict[str, Any] = {
        "field": field,
        "headerName": title,
        "width": width,
        "minWidth": 70,
        "tooltipField": field,
    }
    if kind == "number":
        made |= {"type": "rightAligned", "cellStyle": {"fontVariantNumeric": "tabular-nums"}}
    if bold:
        made["cellStyle"] = {"fontWeight": 600, "fontVariantNumeric": "tabular-nums"}
    if show:
        made[":valueFormatter"] = f"params => {show}"
    if flex:
        made |= {"flex": flex, "minWidth": width}
    if wrap:
        made |= {"wrapText": True, "autoHeight": True, "cellClass": "wrap"}
    return made | ({"filter": True, "floatingFilter": False} if filter else {})


def grid(columns: list[dict[str, Any]], rows: pd.DataFrame) -> dict[str, Any]:
    """Return a table of these columns of a frame."""
    fields = [one["field"] for one in columns]
    return {
        "columnDefs": columns,
        "rowData": to_rows(rows[fields]),
        "defaultColDef": {"sortable": True, "resizable": True, "suppressHeaderMenuButton": False},
        "rowHeight": 34,
        "headerHeight": 36,
        "suppressCellFocus": True,
        "enableCellTextSelection": True,
    }
