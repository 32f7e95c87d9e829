"""The console's tables: columns for AG Grid and the rows that go into them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from api.http.responses import to_rows

__all__ = ["attention_grid", "match_grid", "resource_grid", "series_grid"]

_MAX_ROWS = 500
_YUAN = "'¥' + Math.round(params.value).toLocaleString('en-US')"
_NUMBER = "params.value == null ? '' : params.value.toLocaleString('en-US', {maximumFractionDigits: 1})"
_PERCENT = "params.value == null ? '' : (100 * params.value).toFixed(1) + ' %'"
_COSTS = ("cost_fen", "goods_fen", "operating_fen", "channel_fen", "terms_fen")
_ONE_ROW = {"rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True}}
_REASONS = {
    "chosen": "best score",
    "full": "full",
    "over_price": "above the buyer's price",
    "late": "too late",
    "no_credit": "no credit left",
    "below_minimum": "below its minimum order",
    "out_of_territory": "outside its territory",
    "exclusive": "another's exclusive territory",
    "no_delivery": "no carrier goes there",
    "unqualified": "not qualified",
    "outbid": "outbid",
    "not_worth": "scores too low",
    "no_candidates": "nobody offers it",
}


def attention_grid(rows: pd.DataFrame) -> dict[str, Any]:
    """Return what needs a person, the most money first."""
    shown = rows.head(_MAX_ROWS).assign(stake=rows["stake_fen"].head(_MAX_ROWS) / 100)
    shown["why"] = shown["why"].map(_reason)
    columns = [
        _column("stake", "At stake", width=120, kind="number", show=_YUAN, bold=True),
        _column("kind", "What", width=130, filter=True),
        _column("subject", "Which", width=175, filter=True),
        _column("amount", "How much", width=105, kind="number", show=_NUMBER),
        _column("unit", "", width=75),
        _column("place", "Where", width=175, filter=True),
        _column("when", "When", width=105),
        _column("why", "Why", flex=3, width=240, wrap=True),
        _column("remedy", "What helps", flex=2, width=190, wrap=True),
    ]
    return _grid(columns, shown)


def resource_grid(load: pd.DataFrame) -> dict[str, Any]:
    """Return each resource: how full, how level, how many hours idle and over."""
    groups = load.groupby("resource")
    mean = groups["hours"].mean()
    frame = pd.DataFrame(
        {
            "used": groups["hours"].sum() / groups["capacity"].sum(),
            "variation": (groups["hours"].std(ddof=0) / mean).where(mean > 0),
            "idle": groups["idle"].sum(),
            "overtime": groups["overtime"].sum(),
        }
    ).reset_index()
    columns = [
        _column("resource", "Resource", flex=1, width=150, filter=True),
        _column("used", "Used", width=90, kind="number", show=_PERCENT),
        _column("variation", "Varies by", width=105, kind="number", show=_PERCENT),
        _column("idle", "Idle h", width=90, kind="number", show=_NUMBER),
        _column("overtime", "Over h", width=90, kind="number", show=_NUMBER),
    ]
    return _grid(columns, frame.sort_values("used", ascending=False)) | _ONE_ROW


def series_grid(forecast: pd.DataFrame) -> dict[str, Any]:
    """Return each series: its expected pieces over the horizon and on its best day."""
    groups = forecast.groupby("unique_id")["mean"]
    frame = pd.DataFrame({"total": groups.sum(), "best": groups.max()}).reset_index()
    columns = [
        _column("unique_id", "Series", flex=1, width=150, filter=True),
        _column("total", "Expected", width=115, kind="number", show=_NUMBER),
        _column("best", "Best day", width=110, kind="number", show=_NUMBER),
    ]
    return _grid(columns, frame.sort_values("total", ascending=False).head(_MAX_ROWS)) | _ONE_ROW


def match_grid(matches: pd.DataFrame) -> dict[str, Any]:
    """Return the day's matches with their reason and runner-up, the largest orders first."""
    rows = matches.sort_values("pieces", ascending=False, kind="stable").head(_MAX_ROWS)
    costs = [name for name in _COSTS if name in rows]
    shown = rows.drop(columns=costs).assign(**{name: rows[name] / 100 for name in costs})
    shown["reason"] = shown["reason"].map(_reason) if "reason" in shown else ""
    score = "params.value == null ? '' : (Math.round(1000 * params.value) / 1000 + 0).toFixed(3)"  # no -0.000
    yuan = "params.value == null ? '' : '¥' + params.value.toFixed(2)"
    columns = [
        _column("order_id", "Order", width=160, filter=True),
        _column("sku_id", "Sku", width=200, filter=True),
        _column("pieces", "Pieces", width=85, kind="number", show=_NUMBER),
        _column("supplier_id", "Supplier", width=195, filter=True),
        _column("reason", "Why", width=215, filter=True),
        _column("runner_up", "Runner-up", width=195, filter=True),
        _column("margin", "Ahead by", width=100, kind="number", show=score),
        _column("promised_date", "Promised", width=110),
        *(_column(name, _cost_title(name), width=115, kind="number", show=yuan) for name in costs),
        _column("score", "Score", width=90, kind="number", show=score),
        _column("buyer_id", "Buyer", width=190, filter=True),
        _column("path", "Known through", width=320),
    ]
    return _grid([c for c in columns if c["field"] in shown.columns], shown)


def _cost_title(name: str) -> str:
    return {"cost_fen": "Landed cost"}.get(name, name.removesuffix("_fen").capitalize())


def _reason(code: object) -> str:
    return _REASONS.get(str(code), str(code)) if isinstance(code, str) else ""


def _column(
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
    column: dict[str, Any] = {
        "field": field,
        "headerName": title,
        "width": width,
        "minWidth": 70,
        "tooltipField": field,
    }
    if kind == "number":
        column |= {"type": "rightAligned", "cellStyle": {"fontVariantNumeric": "tabular-nums"}}
    if bold:
        column["cellStyle"] = {"fontWeight": 600, "fontVariantNumeric": "tabular-nums"}
    if show:
        column[":valueFormatter"] = f"params => {show}"
    if flex:
        column |= {"flex": flex, "minWidth": width}
    if wrap:
        column |= {"wrapText": True, "autoHeight": True, "cellClass": "wrap"}
    return column | ({"filter": True, "floatingFilter": False} if filter else {})


def _grid(columns: list[dict[str, Any]], rows: pd.DataFrame) -> dict[str, Any]:
    fields = [column["field"] for column in columns]
    return {
        "columnDefs": columns,
        "rowData": to_rows(rows[fields]),
        "defaultColDef": {"sortable": True, "resizable": True, "suppressHeaderMenuButton": False},
        "rowHeight": 34,
        "headerHeight": 36,
        "suppressCellFocus": True,
        "enableCellTextSelection": True,
    }
