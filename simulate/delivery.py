"""What lies in warehouses, who drives where, and who alone may deliver: simulated rows for a small net."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simulate.census import Census
from simulate.goods import Goods
from simulate.places import REGIONS

__all__ = ["make_exclusives", "make_lanes", "make_stock"]


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
