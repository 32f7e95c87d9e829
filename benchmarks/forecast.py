"""Forecast accuracy and cost on public data, peers in the same run.

``python -m benchmarks.forecast --data m5 --json`` forecasts 28 days at four origins, 28 days apart, with ours and with
the peers, each in a process of its own with one thread. It prints

- per run: CPU and wall seconds, peak memory, WRMSSE, WAPE, bias; with quantiles WSPL of the series, quantile loss,
  coverage, crossings, and the worst calibration miss: how far tau is outside share(y < q) ... share(y <= q), over all
  quantiles, for all series and for each third by volume;
- over the origins: mean WRMSSE, WSPL and CPU by model, ours over each peer, ours over the best peer of each origin
  (mean and worst).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.development_data import data_dir
from benchmarks.m5 import m5_levels, m5_weights, m5_wrmsse, read_m5
from benchmarks.peers import EMPIRICAL, PEERS, POINT_PEERS, empirical_quantiles, mlforecast
from forecast.conformal import DEFAULT_QUANTILES
from forecast.forecaster import ForecastProblem, forecast
from forecast.hierarchy import Level
from forecast.metrics import bias, calibration, coverage, quantile_loss, wape
from forecast.panel import Panel
from forecast.point import PointParams, point_forecast
from forecast.weighted import wspl

ORIGINS = (1913, 1885, 1857, 1829)
OURS = "evenflow"
_VOLUME_DAYS = 182


def measure(folder: Path, origin: int, name: str, seed: int, *, with_ranges: bool = True) -> dict[str, Any]:
    """Forecast one origin with one forecaster and score it."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = "1"
    full = read_m5(folder)
    panel, truth = full.cut(origin), full.y[:, origin : origin + full.horizon].astype(float)
    del full
    cpu, wall = time.process_time(), time.perf_counter()
    mean, quantiles = _forecast(panel, name, seed, with_ranges=with_ranges)
    score = {
        "model": name,
        "origin": origin,
        "cpu_seconds": round(time.process_time() - cpu, 1),
        "seconds": round(time.perf_counter() - wall, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "wrmsse": round(m5_wrmsse(panel, truth, mean), 4),
        "wape": round(wape(truth, mean), 4),
        "bias": round(bias(truth, mean), 4),
    }
    if quantiles is not None:
        score["wspl"] = round(_wspl(panel, truth, quantiles), 4)
        score |= _range_scores(truth, quantiles, panel.y[:, -_VOLUME_DAYS:].sum(axis=1))
    return score


def _wspl(panel: Panel, truth: np.ndarray, quantiles: np.ndarray) -> float:
    """Weighted scaled pinball loss of the series themselves (the competition's lowest level)."""
    own = Level(name="id", keys=tuple(panel.ids), group=np.arange(panel.n))
    return wspl([own], truth, [quantiles], DEFAULT_QUANTILES, history=panel.y, value=m5_weights(panel))


def _forecast(panel: Panel, name: str, seed: int, *, with_ranges: bool) -> tuple[np.ndarray, np.ndarray | None]:
    if name == OURS and with_ranges:
        problem = ForecastProblem(panel=panel, levels=m5_levels(panel))
        result = forecast(problem, seed=seed)
        return result.series.mean, result.series.quantiles
    if name == OURS:
        return point_forecast(panel, params=PointParams(), levels=m5_levels(panel), seed=seed).mean, None
    if name.startswith("mlforecast"):
        return mlforecast(panel, name, seed=seed, taus=DEFAULT_QUANTILES)
    if name == EMPIRICAL:
        ranges = empirical_quantiles(panel, DEFAULT_QUANTILES, days=56)
        return panel.y[:, -56:].mean(axis=1, keepdims=True).repeat(panel.horizon, axis=1), ranges
    return point_forecast(panel, params=PointParams(model=name), seed=seed).mean, None


def _range_scores(truth: np.ndarray, quantiles: np.ndarray, volume: np.ndarray) -> dict[str, Any]:
    third = np.argsort(np.argsort(volume, kind="stable")) * 3 // len(truth)
    shares = [calibration(truth, quantiles, DEFAULT_QUANTILES)]
    shares += [calibration(truth[third == k], quantiles[third == k], DEFAULT_QUANTILES) for k in range(3)]
    misses = [
        max(below - float(level), float(level) - at_most, 0.0)
        for share in shares
        for level, (below, at_most) in share.items()
    ]
    return {
        "quantile_loss": round(quantile_loss(truth, quantiles, DEFAULT_QUANTILES), 4),
        "coverage": {level: round(share, 3) for level, share in coverage(truth, quantiles, DEFAULT_QUANTILES).items()},
        "worst_calibration_miss": round(max(misses), 4),
        "crossings": int((np.diff(quantiles, axis=2) < 0).sum()),
    }


def summarise(scores: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Mean WRMSSE and CPU by model, and ours against each peer."""
    names = list(dict.fromkeys(s["model"] for s in scores))
    mean = {name: float(np.mean([s["wrmsse"] for s in scores if s["model"] == name])) for name in names}
    cpu = {name: float(np.mean([s["cpu_seconds"] for s in scores if s["model"] == name])) for name in names}
    out: dict[str, Any] = {
        "mean_wrmsse": {name: round(value, 4) for name, value in mean.items()},
        "mean_cpu_seconds": {name: round(value, 1) for name, value in cpu.items()},
    }
    peers = [name for name in names if name in POINT_PEERS]
    ranged = {name: [s["wspl"] for s in scores if s["model"] == name and "wspl" in s] for name in names}
    loss = {name: float(np.mean(values)) for name, values in ranged.items() if values}
    out["mean_wspl"] = {name: round(value, 4) for name, value in loss.items()}
    if OURS in loss:
        out["ours_over_peer_wspl"] = {n: round(loss[OURS] / v, 3) for n, v in loss.items() if n != OURS}
    if OURS in mean and peers:
        out["ours_over_peer"] = {name: round(mean[OURS] / mean[name], 3) for name in peers}
        out |= _against_the_best(scores, peers)
    return out


def _against_the_best(scores: Sequence[dict[str, Any]], peers: Sequence[str]) -> dict[str, Any]:
    ours = {s["origin"]: s["wrmsse"] for s in scores if s["model"] == OURS}
    best = {o: min(s["wrmsse"] for s in scores if s["model"] in peers and s["origin"] == o) for o in ours}
    return {
        "ours_over_best_per_origin": round(float(np.mean(list(ours.values())) / np.mean(list(best.values()))), 3),
        "worst_origin_over_best": round(max(ours[o] / best[o] for o in ours), 3),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print one JSON object (or one line per figure)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=["m5"], default="m5")
    parser.add_argument("--folder", type=Path, default=data_dir())
    parser.add_argument("--origins", type=int, nargs="+", default=list(ORIGINS))
    parser.add_argument("--models", nargs="+", choices=[OURS, *PEERS], default=[OURS, *PEERS])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    scores = []
    for origin in options.origins:
        for name in options.models:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                scores.append(pool.submit(measure, options.folder / options.data, origin, name, options.seed).result())
            print(json.dumps(scores[-1]), file=sys.stderr, flush=True)
    answer = {"data": options.data, "runs": scores} | summarise(scores)
    print(json.dumps(answer) if options.json else json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
