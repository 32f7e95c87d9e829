"""The demo's key figures for people: grouped by stage, money in yuan, shares in percent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["demo_table"]


def demo_table(figures: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the figures of `services.run_demo.run_demo` as rows of text by stage; --json has them all."""
    return {
        "Market": _market(figures),
        "Forecast": _forecast(figures),
        "Plan": _plan(figures),
        "Orders of a day": _orders(figures),
        "Seconds": {name: f"{seconds:,.1f}" for name, seconds in figures["seconds"].items()},
    }


def _market(figures: Mapping[str, Any]) -> dict[str, str]:
    names = {"parties": "parties", "relations": "relations", "sales_rows": "rows of sales", "series": "series forecast"}
    return {label: f"{figures[name]:,}" for name, label in names.items()}


def _forecast(figures: Mapping[str, Any]) -> dict[str, str]:
    best = str(figures["baseline"]).replace("_", " ")
    return {
        "error on four held-out weeks (WAPE)": _percent(figures["forecast_wape"]),
        f"best simple rule ({best})": _percent(figures["baseline_wape"]),
        "days inside the 95 % range": _percent(figures["interval_coverage"]),
    }


def _plan(figures: Mapping[str, Any]) -> dict[str, str]:
    return {
        "load varies between weeks by": _percent(figures["load_cv"]),
        "if made week by week": _percent(figures["unlevelled_load_cv"]),
        "expected demand made in time": _percent(figures["plan_fill_rate"]),
        "idle hours": f"{figures['idle_hours']:,.0f}",
        "overtime hours": f"{figures['overtime_hours']:,.0f}",
        "cost": _yuan(figures["plan_cost_fen"]),
        "at most above the least cost": _percent(figures["plan_gap"]),
    }


def _orders(figures: Mapping[str, Any]) -> dict[str, str]:
    days = figures["mean_promised_days"]
    return {
        "orders": f"{figures['orders']:,}",
        "pieces with a supplier": _percent(figures["fill_rate"]),
        "at most below the best match": _percent(figures["match_gap"]),
        "days until the promise, on average": "-" if days is None else f"{days:.1f}",
        **{f"{name} cost": _yuan(fen) for name, fen in figures["cost_parts_fen"].items()},
        **{f"margin of the {role.replace('_', ' ')}": _yuan(fen) for role, fen in figures["shares_fen"].items()},
    }


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"


def _yuan(fen: float | None) -> str:
    return "-" if fen is None else f"¥{fen / 100:,.0f}"
