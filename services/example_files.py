"""Example input files for every batch command, written where the user asks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from contracts.errors import InputError
from services.files import write_table
from simulate.areas import example_areas
from simulate.delivery import made_to_order, make_exclusives, make_lanes, make_stock, with_partners
from simulate.example_promotions import example_promotions
from simulate.examples import example_matching, example_planning, example_sales
from simulate.judgements import example_judgements
from simulate.market import evergreen_sales, evergreen_styles, simulate_market
from simulate.params import MarketParams
from simulate.records import make_deliveries, make_evidence, order_terms
from simulate.trades import example_aftersales, example_credit

__all__ = ["write_examples"]

_PLAN_TOML = """\
# Money per hour of each kind; 0 switches a term off.
[weights]
idle = 20.0
overtime = 45.0
load_change = 6.0
peak = 4.0
plan_change = 2.0

[horizon]
firm = 0
slushy = 2

[solve]
seconds = 20.0
gap = 0.01
"""

_WEIGHTS_TOML = """\
# Score of a candidate = base + sum of (+ higher is better, - lower is better) weight * value / scale.
base = 1.4

[parts.cost_fen]
weight = 0.3
scale = 1000.0
direction = "lower"

[parts.lead_time_days]
weight = 0.2
scale = 7.0
direction = "lower"

[parts.trust]
weight = 0.25
direction = "higher"
"""

_README = """\
SIMULATED EXAMPLE FILES

Everything in this folder was drawn from a seeded random generator by `evenflow demo --files`. It describes no real
company, product, price or person. Tables carry a column `simulated` = True, except static.csv, known.csv and
calendar.csv, where every further column would be read as something to learn from.

sales.csv static.csv known.csv calendar.csv                   for `evenflow forecast`
orders.csv suppliers.csv candidates.csv credit.csv            for `evenflow match`
candidates_unscored.csv weights.toml                          the same without a score: computed from its parts
demand.csv resources.csv routes.csv items.csv bom.csv
firm.csv plan.toml                                            for `evenflow plan`
net/                                                          for `evenflow load`
"""


def write_examples(directory: Path, *, seed: int = 0) -> dict[str, int]:
    """Write the example files and return the number of rows of each.

    Parameters
    ----------
    directory
        Made if it is not there; files of the same names are replaced.

    Raises
    ------
    InputError
        If the folder cannot be made.

    Examples
    --------
    >>> import tempfile
    >>> rows = write_examples(Path(tempfile.mkdtemp()))
    >>> rows["sales.csv"], rows["orders.csv"]
    (2400, 60)
    """
    _make(directory / "net")
    tables = {**example_sales(seed=seed), **example_matching(seed=seed), **example_planning(seed=seed)}
    rows = _write_all(directory, tables)
    net = _network(seed)
    rows |= {f"net/{name}": count for name, count in _write_all(directory / "net", net).items()}
    for name, text in (("plan.toml", _PLAN_TOML), ("weights.toml", _WEIGHTS_TOML), ("README.txt", _README)):
        (directory / name).write_text(text, encoding="utf-8")
    return rows


def _network(seed: int) -> dict[str, pd.DataFrame]:
    """Return a net of 120 parties: 5 styles in 3 regions, 10 launches, a day of orders, terms, records."""
    today, days = pd.Timestamp("2025-03-03"), 200
    styles = evergreen_styles(5, seed=seed)
    market = simulate_market(MarketParams(parties=120, styles=10), styles, today, seed=seed, history_days=days)
    evergreen = evergreen_sales(styles, today - pd.Timedelta(days=days), days, seed=seed)
    supply, orders = made_to_order(market.goods, market.orders)
    credit = example_credit(market.relations(), today, seed=seed)
    aftersales = example_aftersales(market.parties(), market.goods.products, credit["terms"], today, seed=seed)
    deliveries = make_deliveries(supply, market.goods.products, aftersales["lots"], today, seed=seed)
    return {
        "parties": market.parties(),
        "relations": with_partners(market.relations(), market.goods.routes, today),
        "products": market.goods.products,
        "routes": market.goods.routes,
        "sales": pd.concat([evergreen, market.launch_sales], ignore_index=True),
        "signals": market.signals,
        "styles": market.styles(),
        "supply": supply,
        "stock": make_stock(market.goods, market.census, seed=seed),
        "lanes": make_lanes(market.goods, market.census),
        "exclusives": make_exclusives(market.goods, market.census),
        "orders": orders,
        "areas": example_areas(market.parties(), seed=seed),
        "judgements": example_judgements(market.relations(), today, seed=seed),
        "ledger": credit["ledger"],
        "terms": order_terms(orders, supply, credit["terms"], seed=seed),
        **aftersales,
        "deliveries": deliveries,
        "evidence": make_evidence(deliveries, today, seed=seed),
        **example_promotions(market.parties(), market.goods.products, today, seed=seed),
    }


def _write_all(directory: Path, tables: Mapping[str, pd.DataFrame]) -> dict[str, int]:
    for name, frame in tables.items():
        write_table(frame, directory / f"{name}.csv")
    return {f"{name}.csv": len(frame) for name, frame in tables.items()}


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(str(directory), "a folder that can be made", str(error)) from None
