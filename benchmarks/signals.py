"""Signals at size: `python -m benchmarks.signals [--json]`.

A million raw rows as platforms tell them (four spellings of moments, counts as texts, ids to be looked up, some rows of
no use, some told twice or corrected, in random order) become typed rows, increments and arrivals, and are kept in a log
and read back. What comes out is checked against the truth. Prints CPU seconds and one JSON object.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.meter import peak_mb, timed
from forecast.signal_intake import sift
from forecast.signals import arrivals, as_known, increments
from forecast.tables import SIGNALS, STYLE_MAP
from services.ingest import Inlet
from services.post_signals import post_signals
from store.facts import Facts

_KINDS = ("view", "like", "comment", "repost")
_FIRST = pd.Timestamp("2026-01-01", tz="Asia/Shanghai")
_HOURS = 24 * 21
_POSTS = 200


def raw_signals(rows: int, *, styles: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    """Return raw rows, the map of their posts to styles, and the last total of each style.

    Each post's counters are read every few hours; totals only grow. Rows come in random order, a twentieth of them
    twice.
    """
    rng = np.random.default_rng(seed)
    posts = styles * 4
    looks = max(2, math.ceil(rows / 1.05 / (posts * len(_KINDS))))
    hours = np.linspace(1, _HOURS, looks).astype(int)
    totals = rng.poisson(3.0, (posts, len(_KINDS), looks)).cumsum(axis=2)
    post, kind, look = (index.ravel() for index in np.indices(totals.shape))
    moment = _FIRST + pd.to_timedelta(hours, unit="h")
    frame = pd.DataFrame(
        {
            "external_id": pd.Series(pd.Index([f"post-{n}" for n in range(posts)]).take(post), dtype="str"),
            "source": "weibo",
            "kind": pd.Series(pd.Index(_KINDS).take(kind), dtype="str"),
            "count": pd.Series(totals.ravel()).astype("str"),
            "signal_time": _spelled(moment, rng)[look],
            "observed_at": _spelled(moment, rng)[look],
            "cumulative": True,
        }
    )
    frame["content_id"] = frame["external_id"]
    again = frame.sample(frac=0.05, random_state=seed)
    told = pd.concat([frame, again]).sample(frac=1, random_state=seed).reset_index(drop=True)
    names = [f"style-{n % styles}" for n in range(posts)]
    style_map = STYLE_MAP.check(
        pd.DataFrame({"external_id": [f"post-{n}" for n in range(posts)], "style_id": names, "source": "weibo"})
    )
    last = pd.Series(totals[:, :, -1].sum(axis=1), index=names).groupby(level=0).sum()
    return told, style_map, {str(name): float(total) for name, total in last.items()}


def _spelled(moments: pd.DatetimeIndex, rng: np.random.Generator) -> np.ndarray:
    """Return moments as texts, each in one of four spellings."""
    spellings = np.array(
        [
            moments.strftime("%a %b %d %H:%M:%S +0800 %Y"),
            moments.strftime("%Y-%m-%d %H:%M:%S"),
            moments.strftime("%Y-%m-%dT%H:%M:%S+08:00"),
            (moments.tz_convert("UTC").as_unit("s").astype("int64")).astype("str"),
        ],
        dtype=object,
    )
    chosen: np.ndarray = spellings[rng.integers(len(spellings), size=len(moments)), np.arange(len(moments))]
    return chosen


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Normalise, keep and read; check that the totals are the true ones."""
    told, style_map, last = raw_signals(options.rows, styles=options.styles, seed=options.seed)
    lost = int(len(told) * 0.01)
    told.loc[: lost - 1, "external_id"] = "nobody's"
    told.loc[: lost - 1, "content_id"] = "nobody's"
    sifting, (good, bad) = timed(lambda: sift(told, SIGNALS, styles=style_map))
    settling, counted = timed(lambda: increments(good))
    arriving, came = timed(lambda: arrivals(good))
    half = _FIRST + pd.Timedelta(hours=_HOURS // 2)
    looking, _ = timed(lambda: as_known(good, half))
    if len(bad) != lost or not (came["count"].sum() <= sum(last.values()) * (1 + 1e-9)):
        raise RuntimeError("rows were lost or counted twice")
    if abs(counted["count"].sum() - came["count"].sum()) > 1e-6:
        raise RuntimeError("increments and arrivals differ")
    with tempfile.TemporaryDirectory() as place:
        kept = _kept(Path(place), good)
    return {
        "rows": len(told),
        "quarantined": len(bad),
        "increments": len(counted),
        "sift_cpu_seconds": sifting,
        "increments_cpu_seconds": settling,
        "normalise_cpu_seconds": sifting + settling,
        "arrivals_cpu_seconds": arriving,
        "as_known_cpu_seconds": looking,
        **kept,
    }


def _kept(home: Path, good: pd.DataFrame) -> dict[str, Any]:
    log, style = Facts(home).signals, str(good["style_id"].iloc[0])
    adding, added = timed(lambda: log.add(good))
    again, repeated = timed(lambda: log.add(good))
    if repeated.applied or added.applied + added.known != len(good):
        raise RuntimeError("a row was kept twice")
    reading, _ = timed(lambda: log.read(style))
    inlet = Inlet.of(home)
    row = {"style_id": style, "kind": "like", "count": 1, "signal_time": "2026-02-01T00:00:00+08:00"}
    posts, _ = timed(
        lambda: [
            post_signals([{**row, "content_id": f"live-{n}", "observed_at": "2026-02-01T00:00:00+08:00"}], inlet)
            for n in range(_POSTS)
        ]
    )
    return {
        "add_cpu_seconds": adding,
        "add_again_cpu_seconds": again,
        "read_style_cpu_ms": 1000 * reading,
        "post_cpu_ms": 1000 * posts / _POSTS,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--styles", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print on one line")
    options = parser.parse_args()
    result = measure(options) | {"peak_mb": peak_mb()}
    print(json.dumps(result, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
