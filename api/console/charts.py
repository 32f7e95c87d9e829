"""The charts as ECharts options: plain data in, plain data out."""

from __future__ import annotations

from typing import Any

import pandas as pd

__all__ = ["band_levels", "cost_chart", "forecast_chart", "frontier_chart", "load_chart"]

PARTS = ("#0f766e", "#5cb3aa", "#d97706", "#b42318", "#6b7280", "#1d4ed8", "#7c3aed", "#a16207", "#be185d", "#4d7c0f")
INK, MUTED, GRID = "#1f2a37", "#6b7280", "#e5e9ef"
TEAL, TEAL_SOFT, TEAL_FAINT, AMBER, RED = "#0f766e", "#5cb3aa", "#bfe3df", "#d97706", "#b42318"
_TEXT = {"fontFamily": "inherit", "color": INK}


def band_levels(columns: list[str]) -> list[tuple[str, str]]:
    """Return the pairs of quantile columns to draw as ranges, the wider first: about 95 % and about 50 %.

    Examples
    --------
    >>> band_levels(["mean", "q0.025", "q0.25", "q0.5", "q0.75", "q0.975"])
    [('q0.025', 'q0.975'), ('q0.25', 'q0.75')]
    >>> band_levels(["mean", "q0.1", "q0.5", "q0.9"])
    [('q0.1', 'q0.9')]
    """
    levels = {float(name[1:]): name for name in columns if name.startswith("q0.")}
    pairs = [(low, round(1 - low, 6)) for low in levels if low < 0.5 and round(1 - low, 6) in levels]
    chosen = []
    for wanted in (0.95, 0.5):
        pair = min(pairs, key=lambda p: abs(p[1] - p[0] - wanted), default=None)
        if pair is not None and pair not in chosen:
            chosen.append(pair)
    return [(levels[low], levels[high]) for low, high in sorted(chosen)]


def forecast_chart(history: pd.DataFrame, forecast: pd.DataFrame) -> dict[str, Any]:
    """Return one series: what was sold (`ds`, `y`), what is expected (`ds`, `mean`, quantiles) and its ranges."""
    past, ahead = _days(history["ds"]), _days(forecast["ds"])
    blank = [None] * len(past)
    series = []
    for (low, high), colour in zip(band_levels(list(forecast.columns)), (TEAL_FAINT, TEAL_SOFT), strict=False):
        floor, width = forecast[low], forecast[high] - forecast[low]
        series += _band(
            f"{float(high[1:]) - float(low[1:]):.0%} range", blank + _values(floor), blank + _values(width), colour
        )
    series.append(_line("expected", blank + _values(forecast["mean"]), TEAL, width=2.5))
    series.append(_line("sold", _values(history["y"]) + [None] * len(ahead), INK, width=1.5))
    shown = [s["name"] for s in series if not s["name"].startswith("floor")]
    options = _frame(past + ahead, "pieces a day", list(reversed(shown)))
    return options | {"series": series}


def load_chart(load: pd.DataFrame, unlevelled: pd.DataFrame | None) -> dict[str, Any]:
    """Return one resource: hours planned against capacity, and what following demand would take."""
    regular = (load["hours"] - load["overtime"]).clip(lower=0)
    series = [
        _bar("planned", _values(regular), TEAL),
        _bar("overtime", _values(load["overtime"]), AMBER),
        _line("capacity", _values(load["capacity"]), INK, width=1.5, step="middle"),
    ]
    if unlevelled is not None and len(unlevelled):
        hours = unlevelled.set_index("bucket")["hours"].reindex(load["bucket"]).fillna(0.0)
        series.append(_line("if made week by week", _values(hours), RED, width=1.5, dashed=True))
    return _frame(_days(load["bucket"]), "hours", [s["name"] for s in series]) | {"series": series}


def cost_chart(table: pd.DataFrame) -> dict[str, Any]:
    """Return scenarios side by side: a bar each, made of the parts of its cost."""
    parts = [name for name in table.columns if name.startswith("cost_") and name != "cost_change"]
    parts = [name for name in parts if table[name].abs().max() > 0]
    titles = [name.removeprefix("cost_").replace("_", " ") for name in parts]
    series = [
        _bar(title, _values(table[name]), PARTS[k % len(PARTS)])
        for k, (name, title) in enumerate(zip(parts, titles, strict=True))
    ]
    return _frame([str(name) for name in table["scenario"]], "cost", titles) | {"series": series}


def frontier_chart(table: pd.DataFrame) -> dict[str, Any]:
    """Return the frontier's points: fill (per cent) against cost; those that no other beats are joined."""
    label = {"show": True, "formatter": "{@[2]}", "position": "top", "color": MUTED}
    shown = table.sort_values("cost")
    groups = {"efficient": shown[shown["efficient"]], "beaten": shown[~shown["efficient"]]}
    series = [
        {
            "type": "line" if name == "efficient" else "scatter",
            "name": name,
            "data": [[float(p.cost), round(100 * float(p.fill_rate), 2), f"×{p.late:g}"] for p in points.itertuples()],
            "symbolSize": 10,
            "itemStyle": {"color": TEAL if name == "efficient" else MUTED},
            "label": label,
        }
        for name, points in groups.items()
    ]
    frame = _frame([], "fill, %", list(groups))
    axis = {**frame["xAxis"], "type": "value", "name": "cost", "scale": True, "nameLocation": "end"}
    axis.pop("data")
    return frame | {
        "xAxis": axis,
        "yAxis": {**frame["yAxis"], "scale": True},
        "tooltip": {"trigger": "item", "confine": True},
        "series": series,
    }


def _frame(categories: list[str], unit: str, names: list[str]) -> dict[str, Any]:
    axis = {"axisLine": {"lineStyle": {"color": GRID}}, "axisTick": {"show": False}, "axisLabel": {"color": MUTED}}
    return {
        "animation": False,
        "textStyle": _TEXT,
        "grid": {"left": 8, "right": 16, "top": 62, "bottom": 4, "containLabel": True},
        "legend": {
            "type": "scroll",  # one line at any width: wrapped lines would run into the axis' title
            "data": names,
            "top": 0,
            "left": 0,
            "itemHeight": 8,
            "itemWidth": 16,
            "textStyle": {"color": MUTED},
        },
        "tooltip": {"trigger": "axis", "confine": True, ":valueFormatter": "v => v == null ? '–' : (+v).toFixed(1)"},
        "xAxis": {"type": "category", "data": categories, **axis},
        "yAxis": {
            "type": "value",
            "name": unit,
            "nameGap": 12,
            "nameTextStyle": {"color": MUTED, "align": "left", "padding": [0, 0, 0, -24]},
            "splitLine": {"lineStyle": {"color": GRID}},
            "axisLabel": {"color": MUTED},
        },
    }


def _band(name: str, floor: list[Any], width: list[Any], colour: str) -> list[dict[str, Any]]:
    """Draw a range: an invisible line with a filled one stacked on it."""
    bare = {"type": "line", "stack": name, "symbol": "none", "lineStyle": {"opacity": 0}, "silent": True}
    return [
        {**bare, "name": f"floor of {name}", "data": floor, "tooltip": {"show": False}},
        {
            **bare,
            "name": name,
            "data": width,
            "areaStyle": {"color": colour, "opacity": 0.55},
            "itemStyle": {"color": colour},
            "tooltip": {"show": False},
        },
    ]


def _line(
    name: str, data: list[Any], colour: str, *, width: float, dashed: bool = False, step: str | None = None
) -> dict[str, Any]:
    style = {"color": colour, "width": width, "type": "dashed" if dashed else "solid"}
    line = {"type": "line", "name": name, "data": data, "symbol": "none", "lineStyle": style}
    return line | {"itemStyle": {"color": colour}} | ({"step": step} if step else {})


def _bar(name: str, data: list[Any], colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "stack": "load",
        "data": data,
        "itemStyle": {"color": colour},
        "barMaxWidth": 46,
    }


def _days(column: pd.Series) -> list[str]:
    return [str(day) for day in pd.to_datetime(column).dt.strftime("%Y-%m-%d")]


def _values(column: pd.Series) -> list[Any]:
    return [None if value != value else round(float(value), 3) for value in column]  # noqa: PLR0124 (NaN)
