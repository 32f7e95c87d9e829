"""What lies in warehouses, who drives where, who alone may deliver, what is made to order: rows for a small net."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulate.census import Census
from simulate.goods import Goods
from simulate.places import REGIONS

__all__ = ["made_to_order", "make_exclusives", "make_lanes", "make_stock", "with_partners"]

_DAYS_TO_MAKE = 28


def make_stock(goods: Goods, census: Census, *, seed: int = 0) -> pd.DataFrame:
    """Return pieces of each sku in one warehouse: a tenth of a usual week, half of the skus a distributor's."""
    rng = np.random.default_rng([seed, 71])
    n, products = len(goods.products), goods.products
    owner = census.ids("distributor", rng.integers(0, census.size("distributor"), n))
    return pd.DataFrame(
        {
            "place_id": census.ids("warehouse", rng.integers(0, census.size("warehouse"), n)),
            "sku_id": products["sku_id"],
            "owner_id": pd.Series(owner, dtype="str").where(rng.random(n) < 0.5),
            "pieces": np.ceil(products["stock_pieces"].to_numpy(float) / 10),
            "unit_cost_fen": np.round(products["unit_cost_fen"] * 1.12).astype(np.int64),
            "minimum_order": 1,
            "simulated": True,
        }
    )


def make_lanes(goods: Goods, census: Census) -> pd.DataFrame:
    """Return a nationwide lane of each carrier, and each distributor's own vans in the regions it delivers to."""
    carriers = census.ids("carrier", np.arange(census.size("carrier")))
    whole = pd.DataFrame({"carrier_id": carriers, "from_region": None, "to_region": None, "transit_days": 2.0})
    whole = whole.assign(fen_per_kg=60.0, fen_per_order=500.0, max_kg=500.0)
    near = goods.supply[goods.supply["territory"].notna()].drop_duplicates("supplier_id")
    vans = near.assign(to_region=near["territory"].str.split("|")).explode("to_region")
    somebody = np.sum(list(census.counts.values()), axis=0) > 0
    vans = vans[vans["to_region"].isin(np.array(REGIONS)[somebody])]
    own = pd.DataFrame({"carrier_id": vans["supplier_id"], "from_region": None, "to_region": vans["to_region"]})
    own = own.assign(transit_days=0.0, fen_per_kg=30.0, fen_per_order=200.0, max_kg=200.0)
    return pd.concat([whole, own], ignore_index=True).assign(simulated=True)


def make_exclusives(goods: Goods, census: Census) -> pd.DataFrame:
    """Return one exclusive territory: the first distributor's own region, for the first category."""
    region = REGIONS[int(census.regions("distributor", 0, 1)[0])]
    return pd.DataFrame(
        {
            "holder_id": census.ids("distributor", np.array([0])),
            "region": region,
            "category": goods.products["category"].iloc[0],
            "simulated": True,
        }
    )


def made_to_order(goods: Goods, orders: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return supply and orders where nobody lists the last sku: it is made in steps, and its orders wait four weeks."""
    sku = goods.products["sku_id"].iloc[-1]
    listed = goods.supply[goods.supply["sku_id"] != sku].reset_index(drop=True)
    waits = pd.to_timedelta(np.where(orders["sku_id"] == sku, _DAYS_TO_MAKE, 0), unit="D")
    return listed, orders.assign(due_date=orders["due_date"] + waits)


def with_partners(relations: pd.DataFrame, routes: pd.DataFrame, today: pd.Timestamp) -> pd.DataFrame:
    """Return the relations, and after them that each workshop supplies the factories of the routes it works on."""
    lines = routes[["item", "resource"]].drop_duplicates()
    both = lines.merge(lines, on="item", suffixes=("_src", "_dst"))
    both = both[both["resource_src"].str.contains("workshop") & both["resource_dst"].str.contains("factory")]
    pairs = pd.MultiIndex.from_frame(both[["resource_src", "resource_dst"]], names=["src", "dst"]).unique()
    known = relations[relations["kind"] == "supplies"]
    new = pairs.difference(pd.MultiIndex.from_frame(known[["src", "dst"]])).to_frame(index=False)
    since = today - pd.Timedelta(days=300)
    new = new.assign(kind="supplies", weight=2.0, first_at=since, last_at=today - pd.Timedelta(days=3), count=10)
    new = new.assign(amount_fen=6_000_000, valid_from=since, valid_to=pd.NaT, simulated=True)
    return pd.concat([relations, new], ignore_index=True)
