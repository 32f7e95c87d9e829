"""A consumer-goods maker's half year: sales orders as demand, its own production as the capacity it showed.

Two plans are compared with the factory's own days: one that knows the orders, and one that sees only the past.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from planning.params import PlanParams, PlanWeights, ReplayParams
from services.plan_production import PlanReport, plan_production
from services.replay_policies import replay_policies

__all__ = ["run_supplygraph"]

Tables = dict[str, pd.DataFrame]

MAKER_WEIGHTS = PlanWeights(idle=0.0, overtime=0.0, load_change=60.0, peak=0.0)
ROLLING_WEIGHTS = PlanWeights(idle=0.0, overtime=0.0, load_change=60.0, large_change=5000.0, small_change=0.0075)
"""Day by day the load moves by at most 0.75 % of capacity, unless much is at stake."""

_WINDOW = 28
_LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
_PRIOR_DAYS = 14
_PRIOR_SPREAD, _PRIOR_MISSES = 0.2, 4


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


def supplygraph_paths(frames: Tables, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Return the orders with what was known of them every morning: the pace of the last four weeks and its spread.

    Before anything is seen the factory is taken to run at half of its largest day, shared as the opening stock is; two
    weeks of orders outweigh that. How far the pace of four weeks misses the next four is learnt as the days go by.

    Parameters
    ----------
    days
        The calendar; it goes on for four weeks after the last order, so that no day is planned as if it were the last.
    """
    sales = frames["sales"]
    ordered = sales.to_numpy()
    n_days, n_items = ordered.shape
    after = np.tile(ordered[-_WINDOW:].mean(axis=0), (len(days) - n_days, 1))
    happened = np.concatenate([ordered, after])
    stock = opening_stock(frames).to_numpy() + 1.0
    prior = 0.5 * frames["production"].sum(axis=1).max() * stock / stock.sum()
    runs = []
    for today in range(n_days):
        seen = ordered[max(0, today - _WINDOW) : today]
        trust = max(_PRIOR_DAYS - today, 0)
        pace = (trust * prior + seen.sum(axis=0)) / (trust + len(seen))
        factors = np.exp(_spread(ordered[:today].sum(axis=1)) * norm.ppf(_LEVELS))
        run = {
            "path": "maker",
            "item": np.repeat(sales.columns, _WINDOW),
            "bucket": np.tile(days[today : today + _WINDOW], n_items),
            "y": happened[today : today + _WINDOW].T.ravel(),
            "as_of": days[today],
        }
        run |= {f"q{level}": np.repeat(pace * factor, _WINDOW) for level, factor in zip(_LEVELS, factors, strict=True)}
        runs.append(pd.DataFrame(run))
    return pd.concat(runs, ignore_index=True)


def _spread(total: np.ndarray) -> float:
    """Return the standard deviation of log(next four weeks / last four weeks), from days seen and a first guess."""
    sums = np.convolve(total, np.ones(_WINDOW), mode="valid") if len(total) >= _WINDOW else np.zeros(0)
    before, then = sums[:-_WINDOW:7], sums[_WINDOW::7]
    miss = np.log(np.maximum(then, 1.0) / np.maximum(before, 1.0))
    return float(np.sqrt((_PRIOR_MISSES * _PRIOR_SPREAD**2 + (miss**2).sum()) / (_PRIOR_MISSES + len(miss))))


def run_rolling(frames: Tables) -> dict[str, float]:
    """Re-plan the maker's half year every day, knowing only the orders of the days before (and the calendar)."""
    tables = supplygraph_tables(frames)
    items = tables["items"].drop(columns="lost_cost").assign(backlog_cost=1.5)
    known = frames["sales"].index
    days = known.append(pd.date_range(known[-1] + pd.Timedelta(days=1), periods=_WINDOW))
    largest = tables["resources"]["capacity"].max()
    later = pd.DataFrame({"resource": "factory", "bucket": days[len(known) :], "capacity": largest})
    report = replay_policies(
        supplygraph_paths(frames, days),
        pd.concat([tables["resources"], later], ignore_index=True),
        tables["routes"],
        items=items,
        params=PlanParams(weights=ROLLING_WEIGHTS),
        settings=ReplayParams(look_ahead=_WINDOW, known_buckets=0),
        policies=["ours"],
    )
    buckets = report.buckets.set_index("bucket").loc[: known[-1]]
    ran = frames["production"].sum(axis=1) > 0
    return {
        "cv": levelness(buckets["hours"], ran),
        "mean_stock": float((buckets["holding"] / items["holding_cost"].iloc[0]).mean()),
        "mean_backlog": float((buckets["backlog"] / items["backlog_cost"].iloc[0]).mean()),
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
