"""A consumer-goods maker's half year: sales orders as demand, its own production as the capacity it showed.

Two plans are compared with the factory's own days: one that knows the orders, and one that sees only the past.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planning.pace import level_pace, share_out
from planning.params import PlanParams, PlanWeights
from services.plan_production import PlanReport, plan_production

__all__ = ["run_supplygraph"]

Tables = dict[str, pd.DataFrame]

MAKER_WEIGHTS = PlanWeights(idle=0.0, overtime=0.0, load_change=60.0, peak=0.0)
_PRIOR_DAYS = 14
_PARTS = ((0, 90), (60, 181), (90, 181), (120, 181), *((day, day + 40) for day in range(20, 141, 40)))


def supplygraph_frames(folder: Path) -> Tables:
    """Return daily units (days x products) of sales orders, production and deliveries."""
    names = {"sales": "sales_order", "production": "production", "delivered": "delivery_to_distributor"}
    return {
        key: pd.read_csv(folder / "supplygraph" / "unit" / f"{name}.csv", index_col="Date", parse_dates=True)
        for key, name in names.items()
    }


def opening_stock(frames: Tables) -> pd.Series:
    """Return the units of each product that must have been there, for deliveries never to exceed what there was."""
    return np.maximum(0.0, -(frames["production"] - frames["delivered"]).cumsum().min())


def supplygraph_tables(frames: Tables) -> Tables:
    """Turn them into planning tables: one resource whose hours are units, open on the days the factory ran."""
    sales, made = frames["sales"], frames["production"]
    total = made.sum(axis=1)
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
                "initial_stock": opening_stock(frames).reindex(products).to_numpy(),
            }
        ),
    }


def levelness(daily: pd.Series, ran: pd.Series) -> float:
    """Return the coefficient of variation of the daily total over the days the factory ran."""
    worked = daily[ran]
    return float(worked.std(ddof=0) / worked.mean())


def stock_and_backlog(frames: Tables, made: pd.DataFrame, shipped: pd.DataFrame | None = None) -> dict[str, float]:
    """Return mean units in stock and owed per day; without shipments, stock serves orders as they come."""
    supply, ordered = made.cumsum() + opening_stock(frames), frames["sales"].cumsum()
    served = np.minimum(supply, ordered) if shipped is None else shipped.cumsum()
    return {
        "mean_stock": float((supply - served).sum(axis=1).mean()),
        "mean_backlog": float((ordered - served).clip(lower=0).sum(axis=1).mean()),
    }


def produced(report: PlanReport, like: pd.DataFrame) -> pd.DataFrame:
    """Return the plan's pieces as days x products."""
    table = report.orders.pivot_table(index="start", columns="item", values="pieces", aggfunc="sum")
    return table.reindex(index=like.index, columns=like.columns).fillna(0.0)


def run_rolling(frames: Tables) -> dict[str, Any]:
    """Decide every day what to make, knowing only the orders of the days before and the stock at the beginning.

    Before anything is seen the factory is taken to run at half of its largest day, shared as the opening stock is; two
    weeks of orders outweigh that.
    """
    ordered, opening = frames["sales"].to_numpy(), opening_stock(frames).to_numpy()
    total = frames["production"].sum(axis=1)
    prior = 0.5 * total.max() * (opening + 1.0) / (opening + 1.0).sum()
    made, position, pace = np.zeros(ordered.shape), opening.copy(), None
    for today, ran in enumerate(total > 0):
        trust, seen = max(_PRIOR_DAYS - today, 0), ordered[:today]
        days = trust + today
        expected = (trust * prior + seen.sum(axis=0)) / days
        spread = np.sqrt((trust * prior**2 + ((seen - expected) ** 2).sum(axis=0)) / days)
        pace = min(level_pace(pace, expected.sum(), position.sum(), opening.sum()), total.max())
        if ran:
            made[today] = share_out(pace, position, expected, spread)
        position += made[today] - ordered[today]
    like = frames["production"]
    plan = pd.DataFrame(made, index=like.index, columns=like.columns)
    return {"cv": levelness(plan.sum(axis=1), total > 0), **stock_and_backlog(frames, plan)}


def rolling_by_days(frames: Tables) -> dict[str, Any]:
    """Run it afresh on parts of the half year, too, as if the maker's records began there."""
    found = {}
    for begin, end in _PARTS:
        part = {name: frame.iloc[begin:end] for name, frame in frames.items()}
        own = part["production"]
        ran = own.sum(axis=1) > 0
        factory = {"cv": levelness(own.sum(axis=1), ran), **stock_and_backlog(part, own, part["delivered"])}
        found[f"{own.index[0]:%Y-%m-%d}/{own.index[-1]:%Y-%m-%d}"] = {"rolling": run_rolling(part), "factory": factory}
    return found


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
        "rolling_by_days": rolling_by_days(frames),
        "plan": {"cv": levelness(planned.sum(axis=1), ran), **stock_and_backlog(frames, planned)},
        "status": report.summary["status"],
        "fill_rate": report.summary["fill_rate"],
        "gap": report.summary["gap"],
        "seconds": seconds,
    }
