"""What a new day costs a fitted forecaster: ``python -m benchmarks.forecast_update --json``.

A simulated panel (30 000 series, three years) is fitted by a simple model; then one day of sales is appended. The
trees are not asked: an update moves the history on, whatever the model.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.forecaster import FittedForecaster
from forecast.frequency import Frequency
from forecast.panel import Attribute, Panel
from forecast.point import PointModel, PointParams


def simulated(series: int, days: int, horizon: int, seed: int) -> Panel:
    """Return Poisson sales of which one cell in twenty was stocked out, with a price."""
    rng = np.random.default_rng(seed)
    available = rng.random((series, days)) >= 0.05
    y = rng.poisson(rng.gamma(1, 2, (series, 1)), (series, days)).astype(np.float32) * available
    price = np.full((series, days + horizon), 10, dtype=np.float32)
    return Panel(
        ids=np.array([f"item{k:05d}/store" for k in range(series)], dtype=object),
        frequency=Frequency(unit="D"),
        first=19_000,
        y=y,
        available=available,
        born=np.zeros(series, dtype=np.int64),
        horizon=horizon,
        known=(Attribute(name="price", values=price),),
    )


def measure(series: int, days: int, repeat: int, seed: int) -> dict[str, float | int]:
    """Append one day after another and return the CPU seconds of each."""
    panel = simulated(series, days, 28, seed)
    model = PointModel(params=PointParams(model="seasonal_window"), seed=seed, name="seasonal_window")
    fitted = FittedForecaster(panel=panel, model=model, learnt=())
    rng, seconds = np.random.default_rng(seed + 1), []
    for _ in range(repeat):
        day = fitted.panel.dates(fitted.panel.length, fitted.panel.length + 1)[0]
        rows = pd.DataFrame({"unique_id": panel.ids, "ds": pd.Timestamp(day), "y": rng.poisson(2.0, series) * 1.0})
        rows["available"] = rng.random(series) >= 0.05
        started = time.process_time()
        fitted = fitted.update(rows)
        seconds.append(time.process_time() - started)
    return {
        "series": series,
        "periods": fitted.panel.length,
        "update_cpu_seconds": round(float(np.median(seconds)), 3),
        "slowest_cpu_seconds": round(max(seconds), 3),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print one JSON object (or one line per figure)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=30_000)
    parser.add_argument("--days", type=int, default=1_095)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    answer = measure(options.series, options.days, options.repeat, options.seed)
    print(json.dumps(answer) if options.json else json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
