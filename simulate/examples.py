"""Small example tables for the batch commands: every value is drawn from a seed, none is data about anyone.

The shapes are those a new user can check by eye: 12 series over 200 days that include the autumn shopping festivals
and Spring Festival, 60 orders for 8 suppliers, and 6 items over 8 weeks on 4 resources.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["example_matching", "example_planning", "example_sales"]

FIRST_DAY = pd.Timestamp("2024-08-01")
DAYS, HORIZON = 200, 28
STORES = ("sim-store-a", "sim-store-b", "sim-store-c")
ITEMS = ("sim-soap", "sim-cream", "sim-tissue", "sim-vitamin")
NEW_SERIES = ("sim-store-a", "sim-serum")

_NATIONAL_DAYS = pd.date_range("2024-10-01", "2024-10-07")
_SPRING_DAYS = pd.date_range("2025-01-28", "2025-02-04")
_MAKEUP_DAYS = pd.to_datetime(["2024-09-14", "2024-09-29", "2024-10-12", "2025-01-26", "2025-02-08"])
_SHOPPING_DAYS = pd.to_datetime(["2024-09-09", "2024-11-11", "2024-12-12", "2025-03-08"])


def example_sales(*, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Return the four tables of ``evenflow forecast``.

    Returns
    -------
    dict
        ``sales`` (2 400 rows, a few censored days), ``static`` (13 rows: one series has no history yet), ``known``
        (price and promotion, history and horizon) and ``calendar``.

    Examples
    --------
    >>> {name: len(frame) for name, frame in example_sales().items()}
    {'sales': 2400, 'static': 13, 'known': 2964, 'calendar': 228}
    """
    rng = np.random.default_rng([seed, 1])
    days = pd.date_range(FIRST_DAY, periods=DAYS + HORIZON)
    calendar = _calendar(days)
    static = _static()
    n = len(static)
    promotion = (rng.random((n, len(days) // 7 + 1)) < 0.12).repeat(7, axis=1)[:, : len(days)]
    price = np.round(rng.uniform(9, 60, n)[:, None] * np.where(promotion, 0.8, 1.0), 2)
    known = pd.DataFrame(
        {
            "unique_id": static["unique_id"].to_numpy().repeat(len(days)),
            "ds": np.tile(days, n),
            "price": price.ravel(),
            "promotion": promotion.astype(int).ravel(),
        }
    )
    sales = _sales(rng, static["unique_id"].to_numpy()[: n - 1], days, promotion, calendar)
    return {"sales": sales, "static": static, "known": known, "calendar": calendar}


def example_matching(*, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Return the tables of ``evenflow match``: 60 orders, 8 suppliers, about 5 candidates an order, credit lines.

    ``candidates`` carries a score; ``candidates_unscored`` has the parts only, for ``--weights``.
    """
    rng = np.random.default_rng([seed, 2])
    n_orders, n_suppliers = 60, 8
    orders = pd.DataFrame(
        {
            "order_id": [f"sim-order-{i:03d}" for i in range(1, n_orders + 1)],
            "pieces": rng.integers(5, 80, n_orders),
            "unmatched_penalty": np.round(rng.uniform(0.8, 1.6, n_orders), 2),
            "buyer_id": [f"sim-buyer-{i:02d}" for i in rng.integers(1, 13, n_orders)],
            "simulated": True,
        }
    )
    total = int(orders["pieces"].sum())
    share = rng.dirichlet(np.full(n_suppliers, 6.0))
    suppliers = pd.DataFrame(
        {
            "supplier_id": [f"sim-supplier-{j}" for j in range(1, n_suppliers + 1)],
            "capacity": np.ceil(share * total * 1.2).astype(int),
            "simulated": True,
        }
    )
    unscored = _candidates(rng, orders, suppliers)
    gain = 1.6 - unscored["cost_fen"] / 4000 - 0.03 * unscored["lead_time_days"]
    scored = unscored.assign(score=gain.clip(lower=0.01).round(4))
    return {
        "orders": orders,
        "suppliers": suppliers,
        "candidates": scored,
        "candidates_unscored": unscored,
        "credit": _credit(rng, orders, suppliers),
    }


def example_planning(*, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Return the tables of ``evenflow plan``: 6 items, 8 weeks, cutting, two sewing lines and finishing."""
    rng = np.random.default_rng([seed, 3])
    weeks = pd.date_range("2025-03-03", periods=8, freq="W-MON")
    items = [f"sim-item-{i}" for i in range(1, 7)]
    demand = _weekly_demand(rng, items, weeks)
    demand = demand[(demand["item"] != items[4]) | (demand["bucket"] <= weeks[5])]  # an item that ends early
    own = demand["q0.5"].sum() / len(weeks)
    trimmed = demand.loc[demand["item"] == items[0], "q0.5"].mean()
    return {
        "demand": demand,
        "resources": _resources(weeks, own + trimmed),
        "routes": _routes(rng, items),
        "items": _items(rng, items, weeks),
        "bom": pd.DataFrame({"parent": [items[0]], "component": items[5], "quantity": 1.0, "simulated": True}),
        "firm": _firm(items[0], weeks[0]),
    }


def _calendar(days: pd.DatetimeIndex) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "ds": days,
            "national_day": days.isin(_NATIONAL_DAYS).astype(int),
            "spring_festival": days.isin(_SPRING_DAYS).astype(int),
            "makeup_workday": days.isin(_MAKEUP_DAYS).astype(int),
            "shopping_festival": days.isin(_SHOPPING_DAYS).astype(int),
        }
    )


def _static() -> pd.DataFrame:
    pairs = [(store, item) for store in STORES for item in ITEMS] + [NEW_SERIES]
    frame = pd.DataFrame(pairs, columns=["store_id", "item_id"])
    frame.insert(0, "unique_id", frame["store_id"] + "/" + frame["item_id"])
    care = {"sim-soap", "sim-cream", "sim-serum"}
    frame["dept_id"] = np.where(frame["item_id"].isin(care), "sim-care", "sim-household")
    return frame


def _sales(
    rng: np.random.Generator,
    series: np.ndarray,
    days: pd.DatetimeIndex,
    promotion: np.ndarray,
    calendar: pd.DataFrame,
) -> pd.DataFrame:
    n, past = len(series), days[:DAYS]
    level = rng.lognormal(2.3, 0.6, n)[:, None]
    weekday = np.array([0.9, 0.85, 0.9, 1.0, 1.1, 1.3, 1.15])[past.day_of_week]
    festive = 1.0 + 1.4 * calendar["shopping_festival"].to_numpy()[:DAYS]
    quiet = 1.0 - 0.5 * calendar["spring_festival"].to_numpy()[:DAYS]
    mean = level * weekday * festive * quiet * np.where(promotion[:n, :DAYS], 1.5, 1.0)
    pieces = rng.poisson(rng.gamma(4.0, mean / 4.0))
    available = rng.random((n, DAYS)) >= 0.01
    return pd.DataFrame(
        {
            "unique_id": series.repeat(DAYS),
            "ds": np.tile(past, n),
            "y": np.where(available, pieces, 0).ravel(),
            "available": available.ravel(),
            "simulated": True,
        }
    )


def _candidates(rng: np.random.Generator, orders: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    n_orders, n_suppliers = len(orders), len(suppliers)
    order, supplier = np.nonzero(rng.random((n_orders, n_suppliers)) < 0.6)
    n = len(order)
    goods = rng.integers(900, 1400, n_suppliers)[supplier]
    freight = rng.integers(40, 400, n)
    channel = rng.integers(0, 150, n)
    return pd.DataFrame(
        {
            "order_id": orders["order_id"].to_numpy()[order],
            "supplier_id": suppliers["supplier_id"].to_numpy()[supplier],
            "lead_time_days": rng.integers(1, 10, n_suppliers)[supplier],
            "goods_fen": goods,
            "operating_fen": freight,
            "channel_fen": channel,
            "cost_fen": goods + freight + channel,
            "trust": np.round(rng.beta(6, 2, n), 3),
            "simulated": True,
        }
    )


def _credit(rng: np.random.Generator, orders: pd.DataFrame, suppliers: pd.DataFrame) -> pd.DataFrame:
    buyers = np.sort(orders["buyer_id"].unique())[:4]
    return pd.DataFrame(
        {
            "buyer_id": buyers.repeat(len(suppliers)),
            "supplier_id": np.tile(suppliers["supplier_id"], len(buyers)),
            "limit": rng.integers(20, 120, len(buyers) * len(suppliers)),
            "simulated": True,
        }
    )


def _weekly_demand(rng: np.random.Generator, items: list[str], weeks: pd.DatetimeIndex) -> pd.DataFrame:
    level = rng.uniform(150, 420, len(items))[:, None]
    median = level * rng.lognormal(0.0, 0.35, (len(items), len(weeks)))
    return pd.DataFrame(
        {
            "item": np.repeat(items, len(weeks)),
            "bucket": np.tile(weeks, len(items)),
            "q0.1": np.round(0.72 * median).ravel(),
            "q0.5": np.round(median).ravel(),
            "q0.9": np.round(1.4 * median).ravel(),
            "simulated": True,
        }
    )


def _resources(weeks: pd.DatetimeIndex, pieces: float) -> pd.DataFrame:
    """Hours for the pieces of a usual week and some more."""
    shares = {"sim-cutting": 0.072, "sim-sewing-1": 0.14, "sim-sewing-2": 0.13, "sim-finishing": 0.096}
    hours = {resource: float(np.ceil(share * pieces)) for resource, share in shares.items()}
    return pd.DataFrame(
        {
            "resource": np.repeat(list(hours), len(weeks)),
            "bucket": np.tile(weeks, len(hours)),
            "capacity": np.repeat(list(hours.values()), len(weeks)),
            "overtime": np.repeat([np.ceil(0.2 * h) for h in hours.values()], len(weeks)),
            "simulated": True,
        }
    )


def _routes(rng: np.random.Generator, items: list[str]) -> pd.DataFrame:
    steps = ((1, "sim-cutting", 0.06), (2, "sim-sewing-1", 0.22), (2, "sim-sewing-2", 0.25), (3, "sim-finishing", 0.08))
    ease = rng.uniform(0.8, 1.2, len(items))
    rows = [
        {
            "item": item,
            "route": "standard",
            "step": step,
            "resource": resource,
            "hours_per_unit": round(hours * factor, 4),
            "cost": round(40 * hours * factor, 2),
            "lead_buckets": 0,
            "yield": 0.99 if step == 2 else 1.0,
            "simulated": True,
        }
        for item, factor in zip(items, ease, strict=True)
        for step, resource, hours in steps
    ]
    return pd.DataFrame(rows)


def _items(rng: np.random.Generator, items: list[str], weeks: pd.DatetimeIndex) -> pd.DataFrame:
    n = len(items)
    last = [weeks[5] if i == 4 else weeks[-1] for i in range(n)]
    return pd.DataFrame(
        {
            "item": items,
            "holding_cost": 0.2,
            "backlog_cost": np.round(rng.uniform(2, 5, n), 2),
            "leftover_cost": 4.0,
            "lost_cost": 45.0,
            "initial_stock": rng.integers(200, 450, n),
            "first_bucket": weeks[0],
            "last_bucket": last,
            "simulated": True,
        }
    )


def _firm(item: str, week: pd.Timestamp) -> pd.DataFrame:
    steps = ((1, "sim-cutting", 6.0), (2, "sim-sewing-1", 22.0), (3, "sim-finishing", 8.0))
    return pd.DataFrame(
        [
            {
                "order_id": f"sim-firm-{step}",
                "item": item,
                "route": "standard",
                "step": step,
                "resource": resource,
                "pieces": 100,
                "hours": hours,
                "start": week,
                "due": week,
                "state": "firm",
                "reason": "agreed last week",
                "simulated": True,
            }
            for step, resource, hours in steps
        ]
    )
