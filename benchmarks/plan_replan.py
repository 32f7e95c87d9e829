"""A plan a week later: how many hours of the next four weeks move when one style's demand has changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.plan_scale import scale_tables
from planning.params import HorizonParams, PlanParams
from services.plan_production import plan_production

__all__ = ["hours_touched", "run_replan"]

Tables = dict[str, pd.DataFrame]

_WEEKS, _NEXT_WEEKS = 13, 4
_FACTORS = (1 / 3, 0.5, 1.5, 3.0)
_STYLES = 4


def run_replan(folder: Path, *, n_styles: int = 420, n_factories: int = 6, seed: int = 1) -> dict[str, Any]:
    """Plan, let a week pass, change one style's demand, plan again from the orders; for some styles and changes.

    Everything is as by default. `free` is the plan that may move anything: what stability costs is told against it.
    """
    del folder
    tables = scale_tables(n_styles, n_factories, n_weeks=_WEEKS + 1, seed=seed)
    weeks = pd.DatetimeIndex(tables["resources"]["bucket"].unique()).sort_values()
    orders = plan_production(**_between(tables, weeks[0], weeks[-2])).orders
    later = _week_later(tables, orders, weeks)
    cases = [(style, factor) for style in _by_hours(orders, weeks[1]) for factor in _FACTORS]
    rows = [_replanned(later, orders, weeks[1], style, factor) for style, factor in cases]
    touched = [row["touched"] for row in rows]
    return {"changes": rows, "worst": max(touched), "mean": float(np.mean(touched))}


def hours_touched(before: pd.DataFrame, after: pd.DataFrame, start: pd.Timestamp, style: str) -> dict[str, float]:
    """Return the share of the next four weeks' planned hours that moved, in all and the style's own.

    An hour that goes from one bucket or resource to another counts twice. `share` is how many of the hours were the
    style's before.
    """
    end = start + pd.Timedelta(weeks=_NEXT_WEEKS)
    inside = [orders[orders["start"].between(start, end, inclusive="left")] for orders in (before, after)]
    was, now = (orders.groupby(["item", "resource", "start"])["hours"].sum() for orders in inside)
    moved = now.sub(was, fill_value=0.0).abs()
    parts = {"touched": moved, "own": moved[moved.index.get_level_values("item") == style]}
    parts["share"] = was[was.index.get_level_values("item") == style]
    return {name: float(hours.sum() / was.sum()) for name, hours in parts.items()}


def _replanned(later: Tables, orders: pd.DataFrame, now: pd.Timestamp, style: str, factor: float) -> dict[str, Any]:
    demand = later["demand"].copy()
    levels = [name for name in demand if name.startswith("q")]
    demand.loc[demand["item"] == style, levels] *= factor
    report = plan_production(**(later | {"demand": demand}))
    anything = replace(PlanParams(), horizon=HorizonParams(slushy=0))
    free = plan_production(**(later | {"demand": demand}), params=anything)
    cost = report.summary["cost"]["total"] - report.summary["cost"]["plan_change"]
    return {
        "style": style,
        "factor": factor,
        **hours_touched(orders, report.orders, now, style),
        "free_touched": hours_touched(orders, free.orders, now, style)["touched"],
        "stability_cost": cost / free.summary["cost"]["total"] - 1,
    }


def _between(tables: Tables, start: pd.Timestamp, end: pd.Timestamp) -> Tables:
    inside = {name: tables[name]["bucket"].between(start, end) for name in ("demand", "resources")}
    return tables | {name: tables[name][rows] for name, rows in inside.items()}


def _week_later(tables: Tables, orders: pd.DataFrame, weeks: pd.DatetimeIndex) -> Tables:
    """Return the tables of the next week: the first one's orders are under way, its median demand has been served."""
    later = _between(tables, weeks[1], weeks[-1])
    last_step = orders["step"] == orders.groupby(["item", "route"])["step"].transform("max")
    arrived = orders[last_step & (orders["due"] == weeks[0])].groupby("item")["pieces"].sum()
    sold = tables["demand"].loc[tables["demand"]["bucket"] == weeks[0]].set_index("item")["q0.5"]
    items = tables["items"].copy()
    change = items["item"].map(arrived).fillna(0.0) - items["item"].map(sold).fillna(0.0)
    items["initial_stock"] = np.maximum(np.rint(items["initial_stock"] + change), 0.0)
    begun = orders["start"] == weeks[0]
    under_way = orders[begun & (orders["due"] > weeks[0])].assign(state="released")
    return later | {"items": items, "firm": pd.concat([under_way, orders[~begun]], ignore_index=True)}


def _by_hours(orders: pd.DataFrame, start: pd.Timestamp) -> list[str]:
    """Return styles from the one with the most hours in the next weeks to the median one."""
    soon = orders[orders["start"].between(start, start + pd.Timedelta(weeks=_NEXT_WEEKS), inclusive="left")]
    ranked = soon.groupby("item")["hours"].sum().sort_values(ascending=False).index
    return [str(ranked[at]) for at in np.linspace(0, len(ranked) // 2, _STYLES).astype(int)]
