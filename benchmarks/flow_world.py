"""A net for measuring the flow: communities that buy, factories that supply, styles that are sold and planned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from store.home import TABLES, Home

__all__ = ["COUPON_SKUS", "publish_world", "wave_orders"]

COUPON_SKUS = 20
_DAYS = 120
_REGIONS = ("Ningbo", "Foshan", "Hangzhou", "Wenzhou")


def publish_world(root: Path, *, communities: int, styles: int, pieces: int, seed: int = 0) -> None:
    """Publish a net: every style has a year's third of daily sales and a route, the first ones a coupon.

    Parameters
    ----------
    communities, styles
        How many buy, and are sold.
    pieces
        Pieces that all factories together offer of the coupon's skus in a day.
    seed
        Of the sales.
    """
    rng = np.random.default_rng(seed)
    factories = [f"factory-{n}" for n in range(40)]
    skus = [f"sku-{n}" for n in range(styles)]
    kinds = {"factory": factories, "community": [f"community-{n}" for n in range(communities)]}
    parties = [
        {"id": name, "kind": kind, "region": _REGIONS[n % 4]}
        for kind, ids in kinds.items()
        for n, name in enumerate(ids)
    ]
    offers = [
        {
            "supplier_id": factory,
            "sku_id": sku,
            "capacity": pieces // (COUPON_SKUS * 10),
            "unit_cost_fen": int(rng.integers(400, 600)),
            "lead_time_days": int(rng.integers(1, 5)),
        }
        for n, sku in enumerate(skus[:COUPON_SKUS])
        for factory in factories[n % 4 :: 4]
    ]
    lines = [{"supplier_id": f"factory-{n}", "resource": f"line-{n}", "capacity": 4.0 * styles} for n in range(10)]
    routes = [
        {"item": sku, "route": "main", "step": 1, "resource": f"line-{n % 10}", "hours_per_unit": 0.05}
        for n, sku in enumerate(skus)
    ]
    days = pd.date_range("2026-01-05", periods=_DAYS)
    level = rng.lognormal(1.5, 0.8, styles)
    sold = rng.poisson(level[:, None] * (1 + 0.4 * (days.weekday.to_numpy() >= 5)), (styles, _DAYS))
    sales = pd.DataFrame({"unique_id": np.repeat(skus, _DAYS), "ds": np.tile(days, styles), "y": sold.ravel()})
    raw = {
        "parties": pd.DataFrame(parties),
        "products": pd.DataFrame({"sku_id": skus, "price_fen": 900, "unit_cost_fen": 500, "weight_kg": 0.2}),
        "supply": pd.DataFrame(offers + lines),
        "routes": pd.DataFrame(routes),
        "sales": sales.assign(sku_id=sales["unique_id"]),
    }
    Home(root).publish({name: TABLES[name].check(frame) for name, frame in raw.items()})


def wave_orders(orders: int, communities: int, *, seed: int = 0) -> list[tuple[float, dict[str, object]]]:
    """Return orders with the share of the hour at which each comes: half in the first ten minutes, a thin tail.

    Each order is a fact without its moments; 1 to 5 pieces of a coupon's sku.
    """
    rng = np.random.default_rng(seed)
    share = np.sort(np.minimum(rng.exponential(0.24, orders), 1.0))
    rows = zip(share, rng.integers(0, communities, orders), rng.integers(0, COUPON_SKUS, orders), strict=True)
    pieces = rng.integers(1, 6, orders)
    return [
        (
            float(at),
            {
                "key": f"wave-{n}",
                "kind": "order",
                "order_id": f"wave-{n}",
                "sku_id": f"sku-{sku}",
                "buyer_id": f"community-{community}",
                "pieces": int(pieces[n]),
            },
        )
        for n, (at, community, sku) in enumerate(rows)
    ]
