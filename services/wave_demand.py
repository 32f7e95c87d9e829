"""What running waves of group orders ask for, on top of the weekly forecast that knows nothing of them."""

from __future__ import annotations

import pandas as pd

from store.snapshot import Snapshot

__all__ = ["with_waves"]


def with_waves(snapshot: Snapshot, weekly: pd.DataFrame) -> pd.DataFrame:
    """Return the weekly demand with the pieces of waves that are running added to the week of their push.

    Once a wave is over its pieces are sales like others, told by the shops: the forecast learns of them from there.

    Parameters
    ----------
    weekly
        ``unique_id, ds`` (first day of each week), ``mean`` and quantiles, pieces.
    """
    waves = snapshot.result("wave_items")
    if not isinstance(waves, pd.DataFrame) or waves.empty or weekly.empty:
        return weekly
    known = set(weekly["unique_id"])
    weeks = pd.DatetimeIndex(sorted(weekly["ds"].unique()))
    at = weeks.searchsorted(pd.to_datetime(waves["ds"]), side="right") - 1
    inside = (at >= 0) & (pd.to_datetime(waves["ds"]) < weeks[-1] + pd.Timedelta(days=7)).to_numpy()
    rows = waves.assign(item=_items(snapshot, waves["sku_id"], known), week=weeks[at.clip(0)])[inside]
    more = rows[rows["item"].notna()].groupby(["item", "week"])["pieces"].sum()
    added = pd.MultiIndex.from_frame(weekly[["unique_id", "ds"]]).map(more).fillna(0.0).to_numpy(float)
    columns = [name for name in weekly if name == "mean" or str(name).startswith("q0.")]
    return weekly.assign(**{name: weekly[name] + added for name in columns})


def _items(snapshot: Snapshot, skus: pd.Series, known: set[str]) -> pd.Series:
    """Return the item that a plan makes of each sku: itself or its style; nothing if it makes neither."""
    products = snapshot.table("products")
    style = products.drop_duplicates("sku_id").set_index("sku_id")["style_id"] if "style_id" in products else None
    own = skus.where(skus.isin(known))
    if style is None:
        return own
    of_style = skus.map(style)
    return own.fillna(of_style.where(of_style.isin(known)))
