"""The M5 data as a panel, with the competition's levels and weights.

Zeros before an item's first sale in a store are days on which it was not offered: they are no history.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from forecast.frequency import Frequency
from forecast.hierarchy import Level, level_from, total_of
from forecast.panel import LOOKAHEAD, Attribute, Panel, carry_forward
from forecast.weighted import wrmsse

LEVELS = (
    "state_id",
    "store_id",
    "cat_id",
    "dept_id",
    "state_id+cat_id",
    "state_id+dept_id",
    "store_id+cat_id",
    "store_id+dept_id",
    "item_id",
    "item_id+state_id",
)
REPORTED = ("cat_id", "dept_id", "store_id", "store_id+cat_id", "store_id+dept_id")
"""Levels a user of these data would ask for (state and store are one here)."""

_ATTRIBUTES = ("item_id", "dept_id", "cat_id", "store_id", "state_id")


def read_m5(folder: Path, *, horizon: int = 28) -> Panel:
    """Read the whole of the M5 folder; weekly prices and benefit (SNAP) days are known ahead, events are calendar."""
    sales = pd.read_parquet(folder / "sales.parquet")
    calendar = pd.read_csv(folder / "calendar.csv", parse_dates=["date"])
    y = sales[[name for name in sales.columns if name.startswith("d_")]].to_numpy(np.float32)
    length = y.shape[1]
    born = np.where(y.any(axis=1), (y > 0).argmax(axis=1), length)
    first = int(calendar["date"].to_numpy("datetime64[D]")[0].astype(int))
    return Panel(
        ids=sales["id"].to_numpy(dtype=object),
        frequency=Frequency(unit="D"),
        first=first,
        y=y,
        available=np.arange(length) >= born[:, None],
        born=born,
        horizon=horizon,
        static=tuple(_coded(sales[name], name) for name in _ATTRIBUTES),
        known=(
            Attribute(name="price", values=_prices(folder, sales, calendar, length + horizon)),
            Attribute(name="snap", values=_snap(sales, calendar, length + horizon)),
        ),
        calendar=tuple(
            _event(calendar[name], length + horizon + LOOKAHEAD, name) for name in ("event_name_1", "event_type_1")
        ),
    )


def m5_levels(panel: Panel) -> tuple[Level, ...]:
    """Return the total and the `REPORTED` levels."""
    return (total_of(panel), *(level_from(panel, name) for name in REPORTED))


def m5_weights(panel: Panel) -> np.ndarray:
    """Return what each series sold for in its last 28 days."""
    price = next(a.values for a in panel.known if a.name == "price")[:, panel.length - 28 : panel.length]
    return np.asarray(np.nansum(panel.y[:, -28:] * price, axis=1))


def competition_levels(panel: Panel) -> list[Level]:
    """Return the twelve levels of the competition, from the total to the series."""
    own = Level(name="id", keys=tuple(panel.ids), group=np.arange(panel.n))
    return [total_of(panel), *(level_from(panel, name) for name in LEVELS), own]


def m5_wrmsse(panel: Panel, truth: np.ndarray, mean: np.ndarray) -> float:
    """Return the competition's measure; scales and weights come from the panel's history alone."""
    return wrmsse(competition_levels(panel), truth, mean, history=panel.y, value=m5_weights(panel))


def _coded(column: pd.Series, name: str) -> Attribute:
    codes, categories = pd.factorize(column, sort=True)
    return Attribute(name=name, values=codes.astype(np.float32), categories=tuple(categories))


def _prices(folder: Path, sales: pd.DataFrame, calendar: pd.DataFrame, periods: int) -> np.ndarray:
    prices = pd.read_parquet(folder / "sell_prices.parquet")
    rows = pd.MultiIndex.from_frame(sales[["store_id", "item_id"]])
    weeks = np.unique(calendar["wm_yr_wk"])
    table = np.full((len(sales), len(weeks)), np.nan, dtype=np.float32)
    row = rows.get_indexer(pd.MultiIndex.from_frame(prices[["store_id", "item_id"]]))
    column = np.searchsorted(weeks, prices["wm_yr_wk"])
    table[row[row >= 0], column[row >= 0]] = prices["sell_price"].to_numpy()[row >= 0]
    carry_forward(table)  # the stored prices end before the horizon does
    return table[:, np.searchsorted(weeks, calendar["wm_yr_wk"].to_numpy()[:periods])]


def _snap(sales: pd.DataFrame, calendar: pd.DataFrame, periods: int) -> np.ndarray:
    out = np.zeros((len(sales), periods), dtype=np.float32)
    for state in np.unique(sales["state_id"]):
        out[(sales["state_id"] == state).to_numpy()] = calendar[f"snap_{state}"].to_numpy()[:periods]
    return out


def _event(column: pd.Series, periods: int, name: str) -> Attribute:
    codes, categories = pd.factorize(column, sort=True)
    values = np.where(codes < 0, np.nan, codes).astype(np.float32)
    padded = np.full(periods, np.nan, dtype=np.float32)
    padded[: len(values)] = values[:periods]
    return Attribute(name=name, values=padded, categories=tuple(categories))
