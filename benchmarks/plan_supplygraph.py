"""A consumer-goods maker's half year: sales orders as demand, its own production as the capacity it showed.

Two plans are compared with the factory's own days: one that knows the orders, and one that sees only the past.
"""

from __future__ import annotations

import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planning.params import PaceParams, PlanParams, PlanWeights, ReplayParams
from services.plan_production import PlanReport, plan_production
from services.replay_policies import replay_policies

__all__ = ["run_pace_choice", "run_supplygraph"]

Tables = dict[str, pd.DataFrame]

MAKER_WEIGHTS = PlanWeights(idle=0.0, overtime=0.0, load_change=60.0, peak=0.0)
HOLDING_COST, BACKLOG_COST = 1.0, 2.0
PACE = PaceParams()
CV_BAR = 0.2
HALF = 90
REACHES, BANDS = (14, 21, 28, 42, 63), (0.1, 0.2, 0.5)
CHOSEN_ON = ((0, 90), (0, 45), (20, 60), (30, 90), (45, 90))
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
                "holding_cost": HOLDING_COST,
                "backlog_cost": BACKLOG_COST,
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


def run_rolling(frames: Tables, pace: PaceParams = PACE) -> dict[str, Any]:
    """Replay the policy `pace`, which decides every day what to make from the orders of the days before.

    Its capacity is the largest day that the maker showed.
    """
    tables = supplygraph_tables(frames)
    report = replay_policies(
        tables["demand"].assign(path="maker"),
        tables["resources"],
        tables["routes"],
        items=tables["items"],
        params=PlanParams(weights=MAKER_WEIGHTS),
        settings=ReplayParams(pace=pace),
        policies=["pace"],
    )
    days = report.buckets.set_index("bucket")
    ran = frames["production"].sum(axis=1) > 0
    stock, backlog = days["holding"] / HOLDING_COST, days["backlog"] / BACKLOG_COST
    return {
        "cv": levelness(days["hours"], ran),
        "mean_stock": float(stock.mean()),
        "mean_backlog": float(backlog.mean()),
    }


def run_pace_choice(folder: Path) -> dict[str, Any]:
    """Choose the pace's parameters on the first half of the maker's days."""
    return choose_pace(supplygraph_frames(folder))


def choose_pace(frames: Tables) -> dict[str, Any]:
    """Choose the pace's reach and band on the first half of the days, and say what they do on the second.

    The choice keeps all three bars (CV, stock, backlog) on as many parts of the first half as can be, and of those
    settings it is the one that is furthest from them where it is nearest.
    """
    settings = [PaceParams(reach=reach, band=band) for reach, band in product(REACHES, BANDS)]
    parts = [_days(frames, begin, end) for begin, end in CHOSEN_ON]
    worst = {one: [_worst_ratio(run_rolling(part, one), own_figures(part)) for part in parts] for one in settings}
    kept = {one: [ratio for ratio in ratios if ratio <= 1] for one, ratios in worst.items()}
    best = min(settings, key=lambda one: (-len(kept[one]), max(kept[one], default=np.inf)))
    rest = _days(frames, HALF, None)
    return {
        "chosen": {"reach": best.reach, "band": best.band},
        "worst_ratio_on_first_half": worst[best],
        "on_second_half": {"rolling": run_rolling(rest, best), "factory": own_figures(rest)},
    }


def _worst_ratio(rolling: dict[str, Any], own: dict[str, float]) -> float:
    """How near the nearest of the three bars is: above 1 it is missed."""
    others = (float(rolling[name]) / own[name] for name in ("mean_stock", "mean_backlog"))
    return max(float(rolling["cv"]) / CV_BAR, *others)


def own_figures(frames: Tables) -> dict[str, float]:
    """Return what the factory itself did."""
    own = frames["production"]
    cv = levelness(own.sum(axis=1), own.sum(axis=1) > 0)
    return {"cv": cv, **stock_and_backlog(frames, own, frames["delivered"])}


def _days(frames: Tables, begin: int, end: int | None) -> Tables:
    return {name: frame.iloc[begin:end] for name, frame in frames.items()}


def rolling_by_days(frames: Tables) -> dict[str, Any]:
    """Run it afresh on parts of the half year, too, as if the maker's records began there."""
    found = {}
    for begin, end in _PARTS:
        part = _days(frames, begin, end)
        days = part["production"].index
        found[f"{days[0]:%Y-%m-%d}/{days[-1]:%Y-%m-%d}"] = {"rolling": run_rolling(part), "factory": own_figures(part)}
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
        "factory": own_figures(frames),
        "rolling": run_rolling(frames),
        "rolling_by_days": rolling_by_days(frames),
        "plan": {"cv": levelness(planned.sum(axis=1), ran), **stock_and_backlog(frames, planned)},
        "status": report.summary["status"],
        "fill_rate": report.summary["fill_rate"],
        "gap": report.summary["gap"],
        "seconds": seconds,
    }
