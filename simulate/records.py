"""How suppliers kept their word, what others say of them, and small credit lines of those who order: simulated rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["make_deliveries", "make_evidence", "order_terms"]

_DELIVERIES, _EVIDENCE, _ON_CREDIT = 160, 16, 4
_SOURCES = (
    ("sim-platform", "rating", "on_time"),
    ("sim-platform", "rating", "overall"),
    ("sim-auditor", "audit", "quality"),
    ("sim-laboratory", "composition_test", "composition"),
)


def make_deliveries(
    supply: pd.DataFrame, products: pd.DataFrame, lots: pd.DataFrame, today: pd.Timestamp, *, seed: int = 0
) -> pd.DataFrame:
    """Return what suppliers promised and delivered: each sold lot, and others of those who list skus.

    Suppliers differ: the best is late once in twenty times, the worst every other time.

    Parameters
    ----------
    supply
        ``supplier_id, sku_id``.
    products
        ``sku_id, category``.
    lots
        As `simulate.trades.example_aftersales` makes them: their last step is the sale.
    today
        No delivery is later.
    """
    rng = np.random.default_rng([seed, 74])
    sold = lots.sort_values("step").drop_duplicates("lot_id", keep="last")
    others = supply[supply["sku_id"].notna()].sample(_DELIVERIES, replace=True, random_state=rng)
    promised = today - pd.to_timedelta(rng.integers(12, 300, _DELIVERIES), unit="D")
    rows = pd.DataFrame(
        {
            "delivery_id": [*sold["lot_id"], *(f"sim-delivery-{k:04d}" for k in range(1, _DELIVERIES + 1))],
            "supplier_id": [*sold["party_id"], *others["supplier_id"]],
            "promised_at": [*sold["at"], *promised],
            "ordered_pieces": [*sold["pieces"], *rng.integers(5, 400, _DELIVERIES)],
            "sku_id": [*sold["sku_id"], *others["sku_id"]],
        }
    )
    code, suppliers = pd.factorize(rows["supplier_id"])
    p_late, p_short = rng.uniform(0.05, 0.5, len(suppliers))[code], rng.uniform(0, 0.15, len(suppliers))[code]
    days = np.where(rng.random(len(rows)) < p_late, rng.integers(1, 10, len(rows)), -rng.integers(0, 2, len(rows)))
    arrived = np.where(rng.random(len(rows)) < p_short, 0.9, 1.0)
    rows["delivered_at"] = (rows["promised_at"] + pd.to_timedelta(days, unit="D")).clip(upper=today)
    rows["delivered_pieces"] = np.floor(rows["ordered_pieces"] * arrived).astype(np.int64)
    rows["defective_pieces"] = rng.binomial(rows["delivered_pieces"], 0.002)
    rows["category"] = rows["sku_id"].map(products.set_index("sku_id")["category"])
    return rows.drop(columns="sku_id").assign(simulated=True)


def make_evidence(deliveries: pd.DataFrame, today: pd.Timestamp, *, seed: int = 0) -> pd.DataFrame:
    """Return what a platform, an auditor and a laboratory say of some suppliers, each once."""
    rng = np.random.default_rng([seed, 75])
    suppliers = np.sort(deliveries["supplier_id"].unique())
    about = rng.choice(suppliers, min(_EVIDENCE, len(suppliers)), replace=False)
    source, kind, aspect = (list(column) for column in zip(*_SOURCES, strict=True))
    which = np.arange(len(about)) % len(_SOURCES)
    return pd.DataFrame(
        {
            "party_id": about,
            "at": today - pd.to_timedelta(rng.integers(5, 200, len(about)), unit="D"),
            "source": np.array(source)[which],
            "kind": np.array(kind)[which],
            "aspect": np.array(aspect)[which],
            "value": np.round(rng.beta(6, 2, len(about)), 2),
            "weight": 3,
            "simulated": True,
        }
    )


def order_terms(orders: pd.DataFrame, supply: pd.DataFrame, terms: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Return the terms and, after them, small credit lines of the stores that order most at all who list skus."""
    rng = np.random.default_rng([seed, 76])
    buyers = orders.loc[orders["channel"] == "store", "buyer_id"].value_counts(sort=True).index[:_ON_CREDIT]
    sellers = supply.loc[supply["sku_id"].notna(), "supplier_id"].unique()
    pairs = pd.MultiIndex.from_product([buyers, sellers], names=["buyer_id", "supplier_id"])
    pairs = pairs.difference(pd.MultiIndex.from_frame(terms[["buyer_id", "supplier_id"]]))
    small = pairs.to_frame(index=False).assign(
        limit_fen=rng.integers(1, 8, len(pairs)) * 5_000,
        terms_days=30,
        retained_share=0.0,
        annual_rate=0.06,
        simulated=True,
    )
    return pd.concat([terms, small], ignore_index=True)
