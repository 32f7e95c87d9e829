"""Forecasts of the loaded network's own sales: by series for people, by item and week for the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import NotReadyError
from contracts.progress import Report, silent
from services.champion import Model, forecast_with, trained_options
from services.forecast_demand import ForecastReport, forecast_demand
from services.overview import simulated_rows
from store.forecast_book import ForecastBook
from store.snapshot import Snapshot

__all__ = [
    "DAYS",
    "WEEKS",
    "NetworkForecasts",
    "forecast_network",
    "item_column",
    "item_sales",
    "measured_sales",
    "network_series",
    "own_sales",
    "period_of",
    "sent_tables",
    "series_items",
]

DAYS, WEEKS = 28, 8
_BASE = ["unique_id", "ds", "y"]
_OPTIONAL = ["available", "returned"]
_NO_ATTRIBUTES = {*_BASE, *_OPTIONAL, "simulated"}
_SENT = ("static", "known", "calendar")
_WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True, kw_only=True)
class NetworkForecasts:
    """Forecasts of a loaded network.

    Parameters
    ----------
    asked
        By series, as asked for; by day over four weeks unless asked otherwise.
    weekly
        Sums by item and week over eight weeks: the demand of a plan.
    kept
        Whether `asked` was kept with the network: other periods and buckets are not.
    """

    asked: ForecastReport
    weekly: ForecastReport
    kept: bool


def forecast_network(
    snapshot: Snapshot,
    *,
    tables: Mapping[str, pd.DataFrame] | None = None,
    options: Mapping[str, Any] | None = None,
    champion: Model | None = None,
    progress: Report = silent,
) -> NetworkForecasts:
    """Forecast the sales of a loaded network and keep the results with it.

    Where some sales are marked as simulated and others are not, only the others are forecast. What a series' rows have
    in common (store, region, style) tells series apart, with the category of its style.

    Parameters
    ----------
    tables
        ``static``, ``known``, ``calendar`` of `services.forecast_demand`, as far as there are any.
    options
        Options of `services.forecast_demand`.
    champion
        A trained model that is asked for the series, instead of learning anew; the weeks of each item are learnt.

    Raises
    ------
    NotReadyError
        If the network has no sales.
    InputError
        If the tables or the options are wrong.
    """
    sales = own_sales(snapshot)
    period = period_of(sales)
    own = {} if champion else {"horizon": DAYS if period == "D" else WEEKS, "freq": period}
    given, chosen = dict(tables or {}), {**own, **(options or {})}
    given.setdefault("static", _attributes(sales, snapshot.table("products")))
    asked = _asked(champion, measured_sales(sales), given, chosen, progress)
    country = champion.card["recipe"].get("country") if champion else chosen.get("country")
    weekly = forecast_demand(
        _by_item(sales, item_column(sales, snapshot.table("routes"))),
        horizon=7 * WEEKS if period == "D" else WEEKS,
        freq="D" if period == "D" else "W-MON",
        bucket="W-MON" if period == "D" else None,
        calendar=given.get("calendar"),
        country=country,
        model="auto" if champion else chosen.get("model", "auto"),
        seed=chosen.get("seed", 0),
        progress=_later(progress, "weeks of each item"),
    )
    kept = chosen.get("freq", period) == period and chosen.get("bucket") is None
    if kept:
        _keep(snapshot, asked, str(sales["ds"].max())[:10], given)
    snapshot.write_result("weekly_forecast", weekly.forecast)
    return NetworkForecasts(asked=asked, weekly=weekly, kept=kept)


def _asked(
    champion: Model | None,
    sales: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    options: Mapping[str, Any],
    progress: Report,
) -> ForecastReport:
    given = {**tables, "sources": _own_names(tables), "progress": progress}
    if champion is None:
        return forecast_demand(sales, **given, **options)
    return forecast_with(champion, sales, **given, **trained_options(champion, options))


def _keep(snapshot: Snapshot, asked: ForecastReport, seen_to: str, given: Mapping[str, pd.DataFrame]) -> None:
    """Keep a forecast and the tables sent for it with the network, and the forecast in the book of all."""
    frame = asked.forecast
    nodes = frame["unique_id"].isin([name for ids in asked.levels.values() for name in ids])
    moment = datetime.now(UTC)
    frame.attrs = {
        "run": f"{moment:%Y%m%dT%H%M%S%f}",
        "computed_at": moment.isoformat(timespec="milliseconds"),
        "seen_to": seen_to,
        "model_version": asked.summary.get("model_version"),
        "data_version": snapshot.version,
        "levels": asked.levels,
    }
    series = frame[~nodes].reset_index(drop=True)
    snapshot.write_result("forecast", series)
    snapshot.write_result("forecast_levels", frame[nodes].reset_index(drop=True))
    for name in _SENT:
        snapshot.write_result(f"forecast_{name}", _of_one_type(given.get(name, pd.DataFrame())))
    ForecastBook(snapshot.root.parent.parent).add(frame)


def _of_one_type(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns of numbers among texts are texts, as a forecast reads them."""
    mixed = [name for name in frame if pd.api.types.infer_dtype(frame[name], skipna=True).startswith("mixed")]
    return frame.astype(dict.fromkeys(mixed, "string"))


def sent_tables(snapshot: Snapshot) -> dict[str, pd.DataFrame]:
    """Return the tables that the kept forecast was made with, beside the sales, by name; those that were none, not."""
    found = {name: snapshot.result(f"forecast_{name}") for name in _SENT}
    return {name: frame for name, frame in found.items() if isinstance(frame, pd.DataFrame) and len(frame.columns)}


def network_series(snapshot: Snapshot) -> dict[str, pd.DataFrame]:
    """Return the sales of a loaded network and the attributes of their series: what it is forecast from.

    Raises
    ------
    NotReadyError
        If the network has no sales.
    """
    sales = own_sales(snapshot)
    return {"sales": measured_sales(sales), "static": _attributes(sales, snapshot.table("products"))}


def period_of(sales: pd.DataFrame) -> str:
    """Return ``W`` if all sales are whole weeks apart (on three dates at least), else ``D``.

    Examples
    --------
    >>> period_of(pd.DataFrame({"ds": pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-29"])}))
    'W'
    """
    apart = np.diff(np.unique(sales["ds"].to_numpy(dtype="datetime64[D]")))
    weekly = len(apart) > 1 and bool((apart % _WEEK == np.timedelta64(0, "D")).all())
    return "W" if weekly else "D"


def series_items(snapshot: Snapshot) -> pd.Series:
    """Return the item that a plan makes, by series."""
    sales = own_sales(snapshot)
    column = item_column(sales, snapshot.table("routes"))
    named = sales.assign(item=sales[column].fillna(sales["unique_id"]))
    return named.drop_duplicates("unique_id").set_index("unique_id")["item"]


def own_sales(snapshot: Snapshot) -> pd.DataFrame:
    """Return the sales of a loaded network, without the simulated ones if there are others.

    Raises
    ------
    NotReadyError
        If there are none.
    """
    sales = snapshot.table("sales")
    if sales.empty:
        raise NotReadyError("the loaded network has no sales: add sales.csv and load again with `evenflow load DIR`")
    return sales[~_set_apart(sales)]


def _set_apart(sales: pd.DataFrame) -> pd.Series:
    """Return which rows to leave out: the simulated ones, if there are others."""
    simulated = simulated_rows(sales)
    return simulated & (not simulated.all())


def item_column(sales: pd.DataFrame, routes: pd.DataFrame) -> str:
    """Return the column of the sales that names what is made: the first whose values have a route.

    Examples
    --------
    >>> sales = pd.DataFrame({"unique_id": ["north/soap"], "sku_id": ["soap/s"], "style_id": ["soap"]})
    >>> item_column(sales, pd.DataFrame({"item": ["soap"]}))
    'style_id'
    >>> item_column(sales[["unique_id"]], pd.DataFrame({"item": ["soap"]}))
    'unique_id'
    """
    named = [name for name in ("item", "style_id", "sku_id", "unique_id") if name in sales]
    made = [name for name in named if sales[name].isin(routes["item"]).any()]
    return (made or named)[0]


def measured_sales(sales: pd.DataFrame) -> pd.DataFrame:
    """Return what was measured: series, day, pieces, and what is known of stock-outs and returns."""
    return sales[[*_BASE, *(name for name in _OPTIONAL if name in sales)]]


def item_sales(snapshot: Snapshot, sales: pd.DataFrame) -> pd.DataFrame:
    """Return sales of a loaded network summed by the item that a plan makes; its series' columns beside them."""
    return _by_item(sales, item_column(own_sales(snapshot), snapshot.table("routes")))


def _by_item(sales: pd.DataFrame, column: str) -> pd.DataFrame:
    """Sum the series of each item; a day on which most of them were stocked out counts as stocked out."""
    rows = measured_sales(sales).assign(unique_id=sales[column].fillna(sales["unique_id"]))
    if "available" in rows:
        rows["available"] = rows["available"].fillna(True).astype(float)
    how = {"y": "sum", "available": "mean", "returned": "sum"}
    sums = {name: rule for name, rule in how.items() if name in rows}
    summed = rows.groupby(["unique_id", "ds"], as_index=False).agg(sums)
    return summed.assign(available=summed["available"] >= 0.5) if "available" in summed else summed


def _attributes(sales: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """Return one row per series: the columns that never change within one, and the category of its style."""
    names = [name for name in sales if name not in _NO_ATTRIBUTES]
    groups = sales.groupby("unique_id", sort=False)
    most = groups[names].nunique().max()
    steady = [name for name in names if most[name] <= 1]
    static = groups[steady].first().reset_index()
    key = next((name for name in ("sku_id", "style_id") if name in steady and name in products), None)
    if key is not None and "category" in products and "category" not in static:
        static["category"] = static[key].map(products.drop_duplicates(key).set_index(key)["category"])
    return static


def _own_names(tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    return {"sales": "sales of the network", **{name: name for name in tables}}


def _later(progress: Report, what: str) -> Report:
    def report(stage: str, done: int, total: int) -> None:
        progress(f"{what}: {stage}", done, total)

    return report
