"""Totals that agree, against hierarchicalforecast: `python -m benchmarks.reconciliation [--nodes N] [--json]`.

Simulated from a seed: series that sell now and then, six crossing levels above them, forecasts that contradict each
other. Ours and hierarchicalforecast's non-negative MinT (`wls_struct`) solve the same problem; the answer holds CPU
seconds, the largest difference of a forecast and both objectives (lower is nearer to the forecasts given).
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, eye_array, vstack

from forecast.hierarchy import Level, membership
from forecast.reconciliation import reconcile, structural_variances

SHARES = (0.0001, 0.0005, 0.002, 0.01, 0.03, 0.12)


def contradicting(nodes: int, horizon: int, seed: int) -> tuple[np.ndarray, list[Level], list[np.ndarray]]:
    """Return forecasts of series, levels above them and forecasts of their nodes, `nodes` of them in all."""
    rng = np.random.default_rng(seed)
    sizes = [max(1, round(share * nodes)) for share in SHARES]
    n = nodes - sum(sizes)
    levels = [_level(f"level{k}", rng.integers(0, size, n)) for k, size in enumerate(sizes)]
    truth = rng.gamma(0.5, 2, (n, horizon))
    aims = [level.sum(truth) * rng.lognormal(0, 0.3, (len(level.keys), horizon)) for level in levels]
    return np.maximum(truth + 0.5 * rng.standard_normal(truth.shape), 0), levels, aims


def measure(nodes: int, horizon: int, seed: int, *, peer: bool) -> dict[str, Any]:
    """Solve with both."""
    bottom, levels, aims = contradicting(nodes, horizon, seed)
    seconds, ours = _timed(lambda: reconcile(bottom, levels, aims))
    result: dict[str, Any] = {
        "nodes": len(bottom) + sum(len(level.keys) for level in levels),
        "periods": horizon,
        "share_at_zero": round(float((ours == 0).mean()), 3),
        "cpu_seconds": round(seconds, 3),
    }
    if peer:
        _hierarchicalforecast(*contradicting(60, 1, seed))  # imports and compiled loops are not what is measured
        seconds, theirs = _timed(lambda: _hierarchicalforecast(bottom, levels, aims))
        result |= {
            "hierarchicalforecast_cpu_seconds": round(seconds, 2),
            "times_faster": round(seconds / result["cpu_seconds"], 1),
            "largest_difference": float(np.abs(ours - theirs).max()),
            "objective": _objective(ours, bottom, levels, aims),
            "hierarchicalforecast_objective": _objective(theirs, bottom, levels, aims),
        }
    return result


def _level(name: str, group: np.ndarray) -> Level:
    distinct, codes = np.unique(group, return_inverse=True)
    return Level(name=name, keys=tuple(map(str, distinct)), group=codes)


def _hierarchicalforecast(bottom: np.ndarray, levels: list[Level], aims: list[np.ndarray]) -> np.ndarray:
    from hierarchicalforecast.methods import MinTraceSparse

    above = [membership(level.group, len(level.keys)) for level in levels]
    matrix = csr_matrix(vstack([*above, eye_array(len(bottom))]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer = MinTraceSparse("wls_struct", nonnegative=True).fit_predict(matrix, np.concatenate([*aims, bottom]))
    return np.asarray(answer["mean"])[-len(bottom) :]


def _objective(x: np.ndarray, bottom: np.ndarray, levels: list[Level], aims: list[np.ndarray]) -> float:
    own, above = structural_variances(len(bottom), levels)
    total = (((x - bottom) ** 2) / own[:, None]).sum()
    for level, aim, variance in zip(levels, aims, above, strict=True):
        total += ((level.sum(x) - aim) ** 2 / variance[:, None]).sum()
    return float(total)


def _timed(work: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=11_000)
    parser.add_argument("--periods", type=int, default=28)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-peer", action="store_true", help="leave hierarchicalforecast out")
    parser.add_argument("--json", action="store_true", help="print on one line")
    options = parser.parse_args()
    result = measure(options.nodes, options.periods, options.seed, peer=not options.no_peer)
    print(json.dumps(result, indent=None if options.json else 1))


if __name__ == "__main__":
    main()
