"""A plan a week later: how many hours of the next four weeks move when one style's demand has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.plan_scale import scale_tables
from planning.params import HorizonParams, PlanParams
from services.plan_production import plan_production

__all__ = ["run_replan"]

Tables = dict[str, pd.DataFrame]

_WEEKS = 13
_FACTORS = (0.5, 1.3, 3.0)
_STYLES = 5


def run_replan(folder: Path, *, n_styles: int = 420, n_factories: int = 6, seed: int = 0) -> dict[str, Any]:
    """Plan, let a week pass, change one style's demand, plan again from the orders; for some styles and changes."""
    del folder
    tables = scale_tables(n_styles, n_factories, n_weeks=_WEEKS + 1, seed=seed)
    weeks = pd.DatetimeIndex(tables["resources"]["bucket"].unique()).sort_values()
    params = PlanParams(horizon=HorizonParams(firm=1, slushy=8))
    first = plan_production(**_between(tables, weeks[0], weeks[-2]), params=params)
    later = _week_later(tables, first.orders, weeks)
    styles = _largest(later["demand"])
    moved: dict[str, list[float]] = {}
    for factor in (1.0, *_FACTORS):
        for style in styles[: 1 if factor == 1.0 else None]:
            changed = later["demand"].copy()
            rows = changed["item"] == style
            levels = [name for name in changed if name.startswith("q")]
            changed.loc[rows, levels] *= factor
            summary = plan_production(**(later | {"demand": changed}), params=params).summary
            moved.setdefault(str(factor), []).append(float(summary["nervousness"]))
    changes = [share for factor in _FACTORS for share in moved[str(factor)]]
    return {"styles": styles, "moved_by_factor": moved, "worst": max(changes), "mean": float(np.mean(changes))}


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


def _largest(demand: pd.DataFrame) -> list[str]:
    """Return styles from the largest to the median one."""
    ranked = demand.groupby("item")["q0.5"].sum().sort_values(ascending=False).index
    return [str(ranked[at]) for at in np.linspace(0, len(ranked) // 2, _STYLES).astype(int)]
