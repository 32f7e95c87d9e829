"""Posts and their reposts, forecast at 0, 1, 6 and 24 hours: `python -m benchmarks.launch [--json]`.

Reads the development data (EVENFLOW_DATA). A post is a style, its publication the launch, each repost a signal; the
total is the number of repost rows. Posts are split by time, several times over: the totals of the earlier ones count
as known at the split, the later ones are forecast by the same service as `evenflow launch`. Beside it a log-linear
model on author and post features and the logarithm of the count so far (also floored at it, which makes it stronger),
the count so far times the median multiplier, and "nothing more comes". Likes, comments and reposts in the events file
are final values and no features. Also measures one style's incremental update. Prints one JSON object.

With ``--data simulated``: the seasons of `benchmarks.launch_simulated` from `--seed` on, three of them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.development_data import data_dir
from benchmarks.launch_simulated import measure as simulated
from forecast.launch.forecaster import LaunchForecaster
from services.forecast_launches import forecast_launches

__all__ = ["SPLITS", "Posts", "measure", "read_posts", "update_milliseconds"]

HOURS = (0, 1, 6, 24)
SPLITS = ((0.5, 0.7), (0.6, 0.8), (0.7, 0.9), (0.8, 1.0))
_AUTHOR = ("followers", "friends", "messages", "verified", "verified_type", "gender")
_POST = ("pics", "has_url", "text_len", "n_hashtag", "n_at")
_UPDATES = 50


@dataclass(frozen=True)
class Posts:
    """Posts as styles with all totals, and reposts as signals."""

    styles: pd.DataFrame
    signals: pd.DataFrame


def read_posts(folder: Path) -> Posts:
    """Read the posts in the order of time."""
    events = pd.read_parquet(folder / "weibo" / "events.parquet").sort_values("t0", kind="stable")
    reposts = pd.read_parquet(folder / "weibo" / "reposts.parquet")
    reposts = reposts[reposts["event_id"].isin(events["event_id"])]
    ids, published = events["event_id"].astype("str"), events.set_index("event_id")["t0"]
    totals = reposts.groupby("event_id").size().reindex(events["event_id"], fill_value=0)
    styles = events[[*_AUTHOR, *_POST]].assign(
        style_id=ids, launch_at=_stamps(events["t0"]), total=totals.to_numpy(float)
    )
    moment = _stamps(reposts["event_id"].map(published) + reposts["dt_s"])
    signals = pd.DataFrame(
        {
            "style_id": reposts["event_id"].astype("str"),
            "signal_time": moment,
            "observed_at": moment,
            "kind": "repost",
            "count": 1.0,
        }
    )
    return Posts(styles.reset_index(drop=True), signals)


def measure(posts: Posts, *, splits: Sequence[tuple[float, float]] = SPLITS, seed: int = 0) -> dict[str, Any]:
    """Return the scores of each split and checkpoint, and their means over the splits."""
    found = [_split(posts, split, seed) for split in splits]
    scores = {
        f"{hours}h": {
            name: round(float(np.mean([one[f"{hours}h"][name] for one in found])), 4)
            for name in found[0][f"{hours}h"]
            if name != "method"
        }
        for hours in HOURS
    }
    return {"posts": len(posts.styles), "splits": list(splits), "mean_of_splits": scores, "by_split": found}


def update_milliseconds(posts: Posts, *, seed: int = 0) -> dict[str, float]:
    """Return how long it takes to see one more repost of a post and to estimate it anew."""
    styles, history = posts.styles, int(0.8 * len(posts.styles))
    past, new = styles[:history], styles[history : history + 1]
    old = posts.signals[posts.signals["style_id"].isin(past["style_id"])]
    own = posts.signals[posts.signals["style_id"].isin(new["style_id"])]
    fitted = LaunchForecaster(seed=seed).fit(past, old, checkpoints=["0h", "1h", "6h", "24h"])
    track = fitted.joined(new, own).follow(new["style_id"].iloc[0])
    taken = []
    for k in range(_UPDATES):
        moment = new["launch_at"].iloc[0] + pd.Timedelta(minutes=5 + 10 * k)
        started, cpu = time.perf_counter(), time.process_time()
        track = track.seen("repost", 1, signal_time=moment, observed_at=moment)
        track.estimate(moment)
        taken.append((time.process_time() - cpu, time.perf_counter() - started))
    cpu_ms, wall_ms = 1000 * np.median(taken, axis=0)
    return {"median_cpu_ms": round(float(cpu_ms), 2), "median_ms": round(float(wall_ms), 2)}


def _stamps(seconds: pd.Series) -> pd.Series:
    return pd.to_datetime(seconds, unit="s", utc=True).dt.tz_convert("Asia/Shanghai")


def _split(posts: Posts, split: tuple[float, float], seed: int) -> dict[str, Any]:
    """Forecast the posts of one test period."""
    start, end = (int(share * len(posts.styles)) for share in split)
    known, total = posts.styles[:end], posts.styles["total"].to_numpy()[:end]
    moment = known["launch_at"].iloc[start]
    given = known.assign(total=np.where(np.arange(end) < start, total, np.nan), final_at=moment)
    signals = posts.signals[posts.signals["style_id"].isin(known["style_id"])]
    started = time.process_time()
    report = forecast_launches(given, signals, checkpoints=[f"{hours}h" for hours in HOURS], seed=seed)
    answer: dict[str, Any] = {"train": start, "test": end - start}
    answer["cpu_seconds"] = round(time.process_time() - started, 1)
    age = (
        signals["signal_time"] - signals["style_id"].map(known.set_index("style_id")["launch_at"])
    ).dt.total_seconds()
    for hours in HOURS:
        seen = signals["style_id"][age <= 3600 * hours].value_counts()
        so_far = known["style_id"].map(seen).fillna(0).to_numpy(float)
        rows = report.forecast[report.forecast["checkpoint"] == f"{hours}h"].reset_index(drop=True)
        answer[f"{hours}h"] = _scores(rows, total, so_far, start, _log_linear(known, so_far, start, counted=hours > 0))
        answer[f"{hours}h"]["method"] = report.summary["checkpoints"][f"{hours}h"]["method"]
    return answer


def _scores(
    rows: pd.DataFrame, total: np.ndarray, so_far: np.ndarray, start: int, log_linear: np.ndarray
) -> dict[str, Any]:
    y, had = total[start:], so_far[start:]
    multiplier = np.median(np.maximum(total[:start], 1) / np.maximum(so_far[:start], 1))
    plain, floored = _wape(log_linear, y), _wape(np.maximum(log_linear, had), y)
    ours, mean = rows["q0.5"].to_numpy(), rows["mean"].to_numpy()
    to_come = max(float((y - had).sum()), 1.0)
    return {
        "wape": _wape(ours, y),
        "ratio_to_log_linear": _wape(ours, y) / plain,
        "ratio_to_floored_log_linear": _wape(ours, y) / floored,
        "ratio_of_mean": _wape(mean, y) / plain,
        "log_linear": plain,
        "multiplier": _wape(np.maximum(had * multiplier, had), y),
        "nothing_more": _wape(had, y),
        "coverage_80": float(((rows["q0.1"] <= y) & (y <= rows["q0.9"])).mean()),
        "wape_of_remainder": float(np.abs(ours - y).sum() / to_come),
        "msle": float(np.mean((np.log1p(ours) - np.log1p(y)) ** 2)),
        "bias_of_mean": float(mean.sum() / y.sum() - 1),
    }


def _wape(said: np.ndarray, y: np.ndarray) -> float:
    return float(np.abs(said - y).sum() / y.sum())


def _log_linear(styles: pd.DataFrame, so_far: np.ndarray, start: int, *, counted: bool) -> np.ndarray:
    """Return least squares on logarithms of author and post features and, after the launch, of the count so far."""
    numbers = [styles[name].astype(float) for name in (*_AUTHOR[:3], *_POST)]
    filled = np.column_stack([np.log1p(column.fillna(column.median())) for column in numbers])
    flags = np.column_stack([styles["verified"], styles["gender"] == "m", styles["followers"].isna()]).astype(float)
    design = np.column_stack([np.ones(len(styles)), filled, flags, *([np.log1p(so_far)] if counted else [])])
    weight = np.linalg.lstsq(design[:start], np.log1p(styles["total"].to_numpy()[:start]), rcond=None)[0]
    return np.asarray(np.expm1(design[start:] @ weight))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=["weibo", "simulated"], default="weibo", help="posts, or simulated launches")
    parser.add_argument("--folder", type=Path, default=data_dir())
    parser.add_argument("--splits", type=int, default=len(SPLITS), help="the last so many of the splits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print on one line")
    options = parser.parse_args()
    print(json.dumps(_answer(options), indent=None if options.json else 1))


def _answer(options: argparse.Namespace) -> dict[str, Any]:
    if options.data == "simulated":
        return {"simulated": simulated(seeds=range(options.seed, options.seed + 3))}
    posts = read_posts(options.folder)
    return {
        "weibo": measure(posts, splits=SPLITS[-options.splits :], seed=options.seed),
        "update": update_milliseconds(posts, seed=options.seed),
    }


if __name__ == "__main__":
    main()
