"""Small sellers of an example net, and what became of offers to them."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["example_promotions"]

_SELLERS = ("kol", "guide", "group_leader", "community")
_DAYS = 180


def example_promotions(
    parties: pd.DataFrame, products: pd.DataFrame, today: pd.Timestamp, *, shown: int = 8, seed: int = 0
) -> dict[str, pd.DataFrame]:
    """Return the tables ``sellers`` and ``promotions`` of a net.

    Parameters
    ----------
    parties, products
        Of the net: its KOLs, guides, group leaders and communities promote its products' styles.
    shown
        Offers each was shown in the half year before `today`.

    Examples
    --------
    >>> parties = pd.DataFrame({"id": ["K", "S"], "kind": ["kol", "store"]})
    >>> products = pd.DataFrame({"sku_id": ["a"], "style_id": ["A"], "category": ["food"], "price_fen": [900]})
    >>> made = example_promotions(parties, products, pd.Timestamp("2025-03-03"))
    >>> len(made["sellers"]), len(made["promotions"])
    (1, 8)
    """
    rng = np.random.default_rng([seed, 66])
    ids = parties.loc[parties["kind"].isin(_SELLERS), "id"].astype("str").to_numpy()
    goods = products.dropna(subset=["style_id", "category", "price_fen"]).drop_duplicates("style_id")
    audience, skill = np.round(rng.lognormal(6.5, 0.8, len(ids))).astype(np.int64), rng.gamma(3, 1 / 3, len(ids))
    who, what = np.repeat(np.arange(len(ids)), shown), rng.integers(len(goods), size=len(ids) * shown)
    accepted = rng.random(len(who)) < 0.6
    pieces = rng.poisson(audience[who] * 0.006 * skill[who]) * accepted
    columns = [name for name in ("style_id", "category", "brand", "price_fen") if name in goods]
    return {
        "sellers": pd.DataFrame({"seller_id": ids, "audience": audience, "simulated": True}),
        "promotions": goods[columns]
        .iloc[what]
        .reset_index(drop=True)
        .rename(columns={"brand": "brand_id"})
        .assign(
            seller_id=ids[who],
            shown_on=today - pd.to_timedelta(rng.integers(1, _DAYS, len(who)), unit="D"),
            hour=rng.choice([12, 20], len(who)),
            accepted=accepted,
            pieces=pieces,
            returned=rng.binomial(pieces, 0.1),
            income_fen=pieces * 300,
            simulated=True,
        ),
    }
