"""What is made and who can make or deliver it: skus, routes of process steps, hours of lines, pieces a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulate.census import Census
from simulate.places import REGIONS, distances_km

__all__ = ["Goods", "make_goods"]

_SIZES = ("small", "medium", "large")
_SIZE_SHARE = np.array([0.25, 0.5, 0.25])
_STEPS = (("prepare", "workshop", 0.008), ("make", "factory", 0.02), ("pack", "workshop", 0.005))
_STYLES_PER_LINE = 5
_RUNNING_FEN_PER_HOUR = 600  # energy and supplies; wages are paid for hours, used or idle
_NEIGHBOURS, _DISTRIBUTORS_PER_REGION = 6, 4
_LINE_SLACK, _DELIVERY_SLACK = 1.28, 1.15


@dataclass(frozen=True)
class Goods:
    """Tables of what is made: `products` (``stock_pieces``: a usual week is on hand), `routes` and `supply`."""

    products: pd.DataFrame
    routes: pd.DataFrame
    supply: pd.DataFrame


def make_goods(styles: pd.DataFrame, census: Census, *, day_pieces: float, seed: int = 0) -> Goods:
    """Give styles their skus, makers and deliverers.

    Parameters
    ----------
    styles
        ``style_id``, ``category``, ``price_fen``, ``weekly_pieces`` (usual sell-through, sizes the lines).
    day_pieces
        Pieces ordered on a usual day over all skus: sizes what distributors and warehouses deliver, with a slack of
        15 %; what factories deliver, in lots only, comes on top.

    Returns
    -------
    Goods
        Three skus a style. Each style passes three steps; each step may be done on two lines where there are two.
        Lines have the hours that usual sell-through takes plus 28 %, and a fifth of that as overtime.
    """
    rng = np.random.default_rng([seed, 31])
    products = _products(styles, rng)
    routes = _routes(styles, census, rng)
    supply = pd.concat([_lines(routes, styles), _deliverers(products, census, day_pieces, rng)])
    return Goods(
        products=products.drop(columns="share"),
        routes=routes,
        supply=supply.reset_index(drop=True),
    )


def sku_share(styles: pd.DataFrame) -> np.ndarray:
    """Return each sku's share of the pieces, in the order of the products table; sums to 1."""
    of_style = styles["weekly_pieces"].to_numpy(float) / styles["weekly_pieces"].sum()
    return np.asarray((of_style[:, None] * _SIZE_SHARE).ravel())


def _products(styles: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    n, sizes = len(styles), len(_SIZES)
    price = (styles["price_fen"].to_numpy(float)[:, None] * np.array([0.7, 1.0, 1.5])).ravel()
    margin = rng.uniform(0.45, 0.65, n).repeat(sizes)
    style = styles["style_id"].repeat(sizes).reset_index(drop=True)
    return pd.DataFrame(
        {
            "sku_id": style + "/" + pd.Series(_SIZES * n, dtype="str"),
            "style_id": style,
            "category": styles["category"].repeat(sizes).to_numpy(),
            "unit_cost_fen": np.maximum(1, np.round(price * margin)).astype(np.int64),
            "price_fen": np.maximum(1, np.round(price)).astype(np.int64),
            "weight_kg": np.round((rng.lognormal(-0.7, 0.5, n)[:, None] * np.array([0.6, 1.0, 1.7])).ravel(), 3),
            "repurchase_days": np.round(rng.uniform(7, 60, n)).repeat(sizes),
            "stock_pieces": np.round(styles["weekly_pieces"].to_numpy(float)[:, None] * _SIZE_SHARE).ravel(),
            "simulated": True,
            "share": sku_share(styles),
        }
    )


def _routes(styles: pd.DataFrame, census: Census, rng: np.random.Generator) -> pd.DataFrame:
    wanted = max(2, -(-len(styles) // _STYLES_PER_LINE))
    rows = []
    for step, (work, kind, hours) in enumerate(_STEPS, start=1):
        lines = _some(census, kind, wanted, rng)
        ease = rng.uniform(0.7, 1.3, len(styles))
        rows += [
            (style, "standard", step, line, round(hours * ease[i], 5), work)
            for i, style in enumerate(styles["style_id"])
            for line in dict.fromkeys((lines[i % len(lines)], lines[(i + 1) % len(lines)]))
        ]
    frame = pd.DataFrame(rows, columns=["item", "route", "step", "resource", "hours_per_unit", "process"])
    return frame.assign(cost=(frame["hours_per_unit"] * _RUNNING_FEN_PER_HOUR).round(2), simulated=True)


def _some(census: Census, kind: str, wanted: int, rng: np.random.Generator) -> list[str]:
    size = census.size(kind)
    chosen = rng.choice(size, min(wanted, size), replace=False)
    return [str(party) for party in census.ids(kind, np.sort(chosen))]


def _lines(routes: pd.DataFrame, styles: pd.DataFrame) -> pd.DataFrame:
    """Hours per week of every line: what usual sell-through takes if alternatives share it evenly, plus slack."""
    pieces = styles.set_index("style_id")["weekly_pieces"]
    alternatives = routes.groupby(["item", "step"])["resource"].transform("size")
    hours = routes["hours_per_unit"] * routes["item"].map(pieces) / alternatives
    weekly = (hours.groupby(routes["resource"]).sum() * _LINE_SLACK).round(2)
    return pd.DataFrame(
        {
            "supplier_id": weekly.index,
            "resource": weekly.index,
            "capacity": weekly.to_numpy(),
            "overtime": (0.2 * weekly).round(2).to_numpy(),
            "simulated": True,
        }
    )


@dataclass(frozen=True)
class _Delivery:
    """How a kind of party delivers: skus' carriers, its share of the pieces, fewest pieces, markup, days."""

    kind: str
    carriers: int
    share: float
    minimum: int
    markup: float
    days: tuple[int, int]


_DELIVERIES = (
    _Delivery("distributor", 24, 0.7, 1, 1.10, (1, 4)),
    _Delivery("warehouse", 6, 0.3, 2, 1.06, (1, 3)),
    _Delivery("factory", 4, 0.2, 40, 1.00, (5, 12)),
)


def _deliverers(products: pd.DataFrame, census: Census, day_pieces: float, rng: np.random.Generator) -> pd.DataFrame:
    """Pieces a day of each sku: from distributors near by, warehouses in a few days, factories in lots."""
    return pd.concat([_deliver(how, products, census, day_pieces, rng) for how in _DELIVERIES])


def _deliver(
    how: _Delivery, products: pd.DataFrame, census: Census, day_pieces: float, rng: np.random.Generator
) -> pd.DataFrame:
    size = census.size(how.kind)
    carriers = min(how.carriers, size)
    number = np.concatenate([rng.choice(size, carriers, replace=False) for _ in range(len(products))])
    row = np.arange(len(products)).repeat(carriers)
    pieces = day_pieces * products["share"].to_numpy()[row] * how.share
    split = rng.dirichlet(np.full(carriers, 3.0), len(products)).ravel()
    near = _territories(census.size("distributor"))[census.regions(how.kind)[number]]
    return pd.DataFrame(
        {
            "supplier_id": census.ids(how.kind, number),
            "sku_id": products["sku_id"].to_numpy()[row],
            "capacity": np.ceil(_DELIVERY_SLACK * pieces * split),
            "unit_cost_fen": np.round(how.markup * products["unit_cost_fen"].to_numpy()[row]).astype(np.int64),
            "minimum_order": how.minimum,
            "lead_time_days": rng.integers(how.days[0], how.days[1] + 1, size)[number].astype(float),
            "territory": near if how.kind == "distributor" else None,
            "simulated": True,
        }
    )


def _territories(distributors: int) -> np.ndarray:
    """Each region with its five nearest; more where there are too few distributors to reach every region."""
    reach = max(_NEIGHBOURS, _DISTRIBUTORS_PER_REGION * len(REGIONS) // distributors)
    order = np.argsort(distances_km(), axis=1)[:, :reach]
    return np.array(["|".join(REGIONS[i] for i in sorted(row)) for row in order], dtype=object)
