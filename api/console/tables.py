"""The console's tables: columns for AG Grid and the rows that go into them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from api.console.grid import NUMBER, ONE_ROW, PERCENT, column, grid

__all__ = ["attention_grid", "match_grid", "resource_grid", "series_grid"]

_MAX_ROWS = 500
_YUAN = "'¥' + Math.round(params.value).toLocaleString('en-US')"
_COSTS = ("cost_fen", "goods_fen", "operating_fen", "channel_fen", "terms_fen")
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
        column("stake", "At stake", width=120, kind="number", show=_YUAN, bold=True),
        column("kind", "What", width=130, filter=True),
        column("subject", "Which", width=175, filter=True),
        column("amount", "How much", width=105, kind="number", show=NUMBER),
        column("unit", "", width=75),
        column("place", "Where", width=175, filter=True),
        column("when", "When", width=105),
        column("why", "Why", flex=3, width=240, wrap=True),
        column("remedy", "What helps", flex=2, width=190, wrap=True),
        column("id", "", width=70) | {"hide": True},
    ]
    return grid(columns, shown)


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
        column("resource", "Resource", flex=1, width=150, filter=True),
        column("used", "Used", width=90, kind="number", show=PERCENT),
        column("variation", "Varies by", width=105, kind="number", show=PERCENT),
        column("idle", "Idle h", width=90, kind="number", show=NUMBER),
        column("overtime", "Over h", width=90, kind="number", show=NUMBER),
    ]
    return grid(columns, frame.sort_values("used", ascending=False)) | ONE_ROW


def series_grid(forecast: pd.DataFrame) -> dict[str, Any]:
    """Return each series: its expected pieces over the horizon and on its best day."""
    groups = forecast.groupby("unique_id")["mean"]
    frame = pd.DataFrame({"total": groups.sum(), "best": groups.max()}).reset_index()
    columns = [
        column("unique_id", "Series", flex=1, width=150, filter=True),
        column("total", "Expected", width=115, kind="number", show=NUMBER),
        column("best", "Best day", width=110, kind="number", show=NUMBER),
    ]
    return grid(columns, frame.sort_values("total", ascending=False).head(_MAX_ROWS)) | ONE_ROW


def match_grid(matches: pd.DataFrame) -> dict[str, Any]:
    """Return the day's matches with their reason and runner-up, the largest orders first."""
    rows = matches.sort_values("pieces", ascending=False, kind="stable").head(_MAX_ROWS)
    costs = [name for name in _COSTS if name in rows]
    shown = rows.drop(columns=costs).assign(**{name: rows[name] / 100 for name in costs})
    shown["reason"] = shown["reason"].map(_reason) if "reason" in shown else ""
    score = "params.value == null ? '' : (Math.round(1000 * params.value) / 1000 + 0).toFixed(3)"  # no -0.000
    yuan = "params.value == null ? '' : '¥' + params.value.toFixed(2)"
    columns = [
        column("order_id", "Order", width=160, filter=True),
        column("sku_id", "Sku", width=200, filter=True),
        column("pieces", "Pieces", width=85, kind="number", show=NUMBER),
        column("supplier_id", "Supplier", width=195, filter=True),
        column("reason", "Why", width=215, filter=True),
        column("runner_up", "Runner-up", width=195, filter=True),
        column("margin", "Ahead by", width=100, kind="number", show=score),
        column("promised_date", "Promised", width=110),
        *(column(name, _cost_title(name), width=115, kind="number", show=yuan) for name in costs),
        column("score", "Score", width=90, kind="number", show=score),
        column("buyer_id", "Buyer", width=190, filter=True),
        column("path", "Known through", width=320),
    ]
    return grid([c for c in columns if c["field"] in shown.columns], shown)


def _cost_title(name: str) -> str:
    return {"cost_fen": "Landed cost"}.get(name, name.removesuffix("_fen").capitalize())


def _reason(code: object) -> str:
    return _REASONS.get(str(code), str(code)) if isinstance(code, str) else ""
