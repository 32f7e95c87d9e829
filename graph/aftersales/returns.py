"""What came back: pieces returned by sku and day, and sales net of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["net_demand", "returned_pieces"]

Floats = npt.NDArray[np.float64]


def returned_pieces(claims: pd.DataFrame, lots: pd.DataFrame) -> pd.DataFrame:
    """Return the pieces that came back, by sku and day.

    Parameters
    ----------
    claims, lots
        Frames with the types of `graph.aftersales.tables`. Only claims of the kind ``return`` count: goods at fault are
        replaced, and the shopper still wanted them. The sku is the claim's, else its lot's; those without one are left
        out.

    Returns
    -------
    DataFrame
        ``sku_id, ds, pieces``.
    """
    back = claims[claims["kind"] == "return"]
    sku = back["sku_id"] if "sku_id" in back else pd.Series(pd.NA, index=back.index, dtype="str")
    if "sku_id" in lots:
        of_lot = lots.dropna(subset="sku_id").sort_values(["lot_id", "step"]).drop_duplicates("lot_id")
        sku = sku.fillna(back["lot_id"].map(of_lot.set_index("lot_id")["sku_id"]))
    rows = pd.DataFrame({"sku_id": sku.astype("str"), "ds": back["at"], "pieces": back["pieces"]}).dropna()
    return rows.groupby(["sku_id", "ds"], as_index=False)["pieces"].sum()


def net_demand(sales: pd.DataFrame, returned: pd.DataFrame) -> pd.DataFrame:
    """Return sales less returns: each return takes back the latest sales of its sku up to its day.

    Parameters
    ----------
    sales
        ``sku_id, ds, y`` (pieces, >= 0), one row per sku and day.
    returned
        ``sku_id, ds, pieces``, from `returned_pieces`.

    Returns
    -------
    DataFrame
        ``sku_id, ds, y, returned`` (taken off that day's sales) and ``net`` (their difference, never negative), one row
        per row of `sales`, by sku and day. Returns that exceed all sales up to their day take nothing off.

    Examples
    --------
    >>> days = pd.to_datetime(["2026-03-01", "2026-03-02", "2026-03-03"])
    >>> sales = pd.DataFrame({"sku_id": ["a"] * 3, "ds": days, "y": [5.0, 1.0, 4.0]})
    >>> net_demand(sales, pd.DataFrame({"sku_id": ["a"], "ds": days[1:2], "pieces": [3]}))["net"].tolist()
    [3.0, 0.0, 4.0]
    """
    keys = ["sku_id", "ds"]
    both = sales.assign(sold=True).merge(returned, how="outer", on=keys).sort_values(keys, ignore_index=True)
    sold, back = (both[name].fillna(0.0).to_numpy(np.float64) for name in ("y", "pieces"))
    # Walking back in time, what could not be taken off a day is carried to the one before.
    group = pd.factorize(both["sku_id"])[0][::-1]
    carried = _reflected(group, (back - sold)[::-1])[::-1]
    later = np.append(carried[1:], 0.0)
    later[np.append(np.diff(group[::-1]) != 0, [True])] = 0.0
    taken = np.minimum(sold, back + later)
    out = both.assign(returned=taken, net=sold - taken)[both["sold"].notna()]
    return out[[*keys, "y", "returned", "net"]].reset_index(drop=True)


def _reflected(group: npt.NDArray[np.int64], step: Floats) -> Floats:
    """Return the walk max(0, w + step), started at 0 in each run of equal groups."""
    frame = pd.Series(step)
    total = frame.groupby(group, sort=False).cumsum()
    lowest = total.groupby(group, sort=False).cummin().clip(upper=0.0)
    walk: Floats = (total - lowest).to_numpy(np.float64)
    return walk
