"""A consumer-goods maker's half year: sales orders as demand, its own production as the capacity it showed.

Two plans are compared with the factory's own days: one that knows the orders, and one that sees only the past.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planning.params import PlanParams, PlanWeights
from services.plan_production import PlanReport, plan_production
from services.replay_policies import replay_policies

__all__ = ["run_supplygraph"]

Tables = dict[str, pd.DataFrame]

MAKER_WEIGHTS = PlanWeights(idle=0.0, overtime=0.0, load_change=60.0, peak=0.0)


def supplygraph_frames(folder: Path) -> Tables:
    """Return daily units (days x products) of sales orders, production and deliveries."""
    names = {"sales": "sales_order", "production": "production", "delivered": "delivery_to_distributor"}
    return {
        key: pd.read_csv(folder / "supplygraph" / "unit" / f"{name}.csv", index_col="Date", parse_dates=True)
        for key, name in names.items()
    }


def supplygraph_tables(frames: Tables) -> Tables:
    """Turn them into planning tables: one resource whose hours are units, open on the days the factory ran."""
    sales, made = frames["sales"], frames["production"]
    total = made.sum(axis=1)
    opening = np.maximum(0.0, -(made - frames["delivered"]).cumsum().min())
    demand = sales.rename_axis("bucket").reset_index().melt(id_vars="bucket", var_name="item", value_name="y")
    products = list(sales.columns)
    return {
        "demand": demand,
        "resources": pd.DataFrame(
            {"resource": "factory", "bucket": total.index, "capacity": np.where(total > 0, total.max(), 0.0)}
        ),
        "routes": pd.DataFrame(
            {"item": products, "route": "own", "step": 1, "resource": "factory", "hours_per_unit": 1.0}
        ),
        "items": pd.DataFrame(
            {
                "item": products,
                "holding_cost": 1.0,
                "backlog_cost": 2.0,
                "lost_cost": 20.0,
                "initial_stock": opening.reindex(products).to_numpy(),
            }
        ),
    }


def levelness(daily: pd.Series, ran: pd.Series) -> float:
    """Return the coefficient of variation of the daily total over the days the factory ran."""
    worked = daily[ran]
    return float(worked.std(ddof=0) / worked.mean())


def stock_and_backlog(frames: Tables, made: pd.DataFrame, shipped: pd.DataFrame | None = None) -> dict[str, float]:
    """Return mean units in stock and owed per day; without shipments, stock serves orders as they come."""
    opening = np.maximum(0.0, -(frames["production"] - frames["delivered"]).cumsum().min())
    supply, ordered = made.cumsum() + opening, frames["sales"].cumsum()
    served = np.minimum(supply, ordered) if shipped is None else shipped.cumsum()
    return {
        "mean_stock": float((supply - served).sum(axis=1).mean()),
        "mean_backlog": float((ordered - served).clip(lower=0).sum(axis=1).mean()),
    }


def produced(report: PlanReport, like: pd.DataFrame) -> pd.DataFrame:
    """Return the plan's pieces as days x products."""
    table = report.orders.pivot_table(index="start", columns="item", values="pieces", aggfunc="sum")
    return table.reindex(index=like.index, columns=like.columns).fillna(0.0)


def supplygraph_paths(sales: pd.DataFrame, *, look_ahead: int = 14, window: int = 28) -> pd.DataFrame:
    """Return the orders with, for every day, the mean of the four weeks before as its forecast of the next two."""
    days, ordered = sales.index, sales.to_numpy()
    runs = []
    for today in range(len(days)):
        ahead = min(look_ahead, len(days) - today)
        pace = ordered[max(0, today - window) : today].mean(axis=0) if today else np.zeros(ordered.shape[1])
        run = {
            "path": "maker",
            "item": np.repeat(sales.columns, ahead),
            "bucket": np.tile(days[today : today + ahead], ordered.shape[1]),
            "y": ordered[today : today + ahead].T.ravel(),
            "as_of": days[today],
            "q0.5": np.repeat(pace, ahead),
        }
        runs.append(pd.DataFrame(run))
    return pd.concat(runs, ignore_index=True)


def run_rolling(frames: Tables) -> dict[str, float]:
    """Re-plan the maker's half year every day, knowing only the orders of the days before (and the calendar)."""
    tables = supplygraph_tables(frames)
    items = tables["items"].drop(columns="lost_cost")
    report = replay_policies(
        supplygraph_paths(frames["sales"]),
        tables["resources"],
        tables["routes"],
        items=items,
        params=PlanParams(weights=MAKER_WEIGHTS),
        policies=["ours"],
    )
    days = report.buckets.set_index("bucket")
    ran = frames["production"].sum(axis=1) > 0
    return {
        "cv": levelness(days["hours"], ran),
        "mean_stock": float((days["holding"] / items["holding_cost"].iloc[0]).mean()),
        "mean_backlog": float((days["backlog"] / items["backlog_cost"].iloc[0]).mean()),
    }


def run_supplygraph(folder: Path) -> dict[str, Any]:
    """Plan the maker's half year: once knowing its orders, once day by day without, and compare with its own days."""
    frames = supplygraph_frames(folder)
    began = time.perf_counter()
    report = plan_production(**supplygraph_tables(frames), params=PlanParams(weights=MAKER_WEIGHTS))
    seconds = time.perf_counter() - began
    own = frames["production"]
    ran = own.sum(axis=1) > 0
    planned = produced(report, own)
    return {
        "products": own.shape[1],
        "days": len(own),
        "orders_cv": float(frames["sales"].sum(axis=1).std(ddof=0) / frames["sales"].sum(axis=1).mean()),
        "factory": {"cv": levelness(own.sum(axis=1), ran), **stock_and_backlog(frames, own, frames["delivered"])},
        "rolling": run_rolling(frames),
        "plan": {"cv": levelness(planned.sum(axis=1), ran), **stock_and_backlog(frames, planned)},
        "status": report.summary["status"],
        "fill_rate": report.summary["fill_rate"],
        "gap": report.summary["gap"],
        "seconds": seconds,
    }
