"""Monthly volumes of a brewer's agencies, the last six months held out: `python -m benchmarks.stallion [--json]`.

Reads the development data (EVENFLOW_DATA). Ours sees what a planner knows ahead: public holidays and events, and with
`--prices` the list price and discount planned for each month; never the weather or the market's volume. Beside it the
seasonal naive (the same months a year earlier). Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.development_data import data_dir
from services.forecast_demand import forecast_demand

MONTHS = 6
EVENTS = [
    "easter_day", "good_friday", "new_year", "christmas", "labor_day", "independence_day",
    "revolution_day_memorial", "regional_games", "fifa_u_17_world_cup", "football_gold_cup", "beer_capital",
    "music_fest",
]  # fmt: skip


def read_stallion(folder: Path) -> pd.DataFrame:
    """Return the rows with ``unique_id`` (agency and sku), ``ds`` and ``y`` (hectolitres)."""
    rows = pd.read_parquet(folder / "stallion" / "stallion.parquet")
    return rows.assign(unique_id=rows["agency"] + "/" + rows["sku"]).rename(columns={"date": "ds", "volume": "y"})


def measure(rows: pd.DataFrame, *, prices: bool, seed: int = 0) -> dict[str, Any]:
    """Forecast the last six months with ours and the simple rules; WAPE of each."""
    cut = rows["ds"].max() - pd.DateOffset(months=MONTHS)
    past, future = rows[rows["ds"] <= cut], rows[rows["ds"] > cut]
    static = past.drop_duplicates("unique_id")[["unique_id", "agency", "sku", "avg_population_2017"]]
    calendar = rows.drop_duplicates("ds")[["ds", *EVENTS]]
    known = rows[["unique_id", "ds", "price_regular", "discount_in_percent"]] if prices else None
    started = time.process_time()
    report = forecast_demand(
        past[["unique_id", "ds", "y"]],
        static=static,
        known=known,
        calendar=calendar,
        horizon=MONTHS,
        freq="M",
        seed=seed,
    )
    seconds = time.process_time() - started
    ours = report.forecast[["unique_id", "ds", "mean", "q0.025", "q0.975"]]
    joined = future[["unique_id", "ds", "y"]].merge(ours, on=["unique_id", "ds"], how="left", validate="1:1")
    joined["year_before"] = _year_before(past, joined)
    inside = (joined["y"] >= joined["q0.025"]) & (joined["y"] <= joined["q0.975"])
    volume = joined["y"].sum()
    error = {name: float((joined[name] - joined["y"]).abs().sum() / volume) for name in ("mean", "year_before")}
    return {
        "series": int(joined["unique_id"].nunique()),
        "months": MONTHS,
        "wape": round(error["mean"], 4),
        "seasonal_naive_wape": round(error["year_before"], 4),
        "ratio": round(error["mean"] / error["year_before"], 4),
        "bias": round(float(joined["mean"].sum() / volume - 1), 4),
        "coverage_95": round(float(inside.mean()), 3),
        "cpu_seconds": round(seconds, 1),
    }


def _year_before(past: pd.DataFrame, wanted: pd.DataFrame) -> pd.Series:
    """Return each row's volume of the same month a year earlier, 0 where there was none."""
    known = past.set_index(["unique_id", "ds"])["y"]
    keys = pd.MultiIndex.from_arrays([wanted["unique_id"], wanted["ds"] - pd.DateOffset(years=1)])
    return pd.Series(known.reindex(keys).fillna(0.0).to_numpy(), index=wanted.index)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=data_dir())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print on one line")
    options = parser.parse_args()
    rows = read_stallion(options.folder)
    answer = {
        name: measure(rows, prices=prices, seed=options.seed)
        for name, prices in (("calendar_only", False), ("with_planned_prices", True))
    }
    print(json.dumps(answer, indent=None if options.json else 1))


if __name__ == "__main__":
    main()
