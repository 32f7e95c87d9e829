"""Ways of selling new styles on simulated launches: teaser first, test and chase, commit everything, never chase.

Each way is replayed day by day on the styles launched after the cutoff, with forecasts made by the launch forecaster
from what that way looks at; seasons (seeds) are paired. Demand is seen even where it is not served (shoppers ask), and
an order after the first costs 5 % more and takes three to seven days.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.launch_ablation import Split, forecasts_with, split_season
from planning.launch_replay import LaunchOutcome, LaunchReplayProblem, replay_launches

__all__ = ["REGIMES", "REPLAY_CHECKPOINTS", "REPLAY_LEVELS", "compare", "regimes", "replay_problem"]

REPLAY_CHECKPOINTS = ("0h", "24h", "2d", "3d", "5d", "7d", "10d")
REPLAY_LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
_CHASE_COST = 1.05
# What each way looks at, whether it orders again, and whether its orders reckon with the next checkpoint.
REGIMES = {
    "teaser_first": ("graph", True, True),
    "test_and_chase": ("attributes", True, True),
    "teaser_first_shortsighted": ("graph", True, False),
    "test_and_chase_shortsighted": ("attributes", True, False),
    "teaser_never_chase": ("graph", False, False),
    "commit_at_launch": ("attributes", False, False),
}


def replay_problem(split: Split, forecast: pd.DataFrame) -> LaunchReplayProblem:
    """Return the replay of the test styles with forecasts at `REPLAY_CHECKPOINTS`."""
    ids, life = split.test["style_id"], split.season.params.life_days
    daily = split.season.sales.set_index("style_id")["y"]
    terms = split.season.economics.set_index("style_id").loc[ids]
    columns = [f"q{level:g}" for level in REPLAY_LEVELS]
    found = np.stack(
        [
            forecast[forecast["checkpoint"] == name].set_index("style_id").loc[ids, columns].to_numpy(float)
            for name in REPLAY_CHECKPOINTS
        ]
    )
    spread = np.median(np.log1p(found[:, :, -2]) - np.log1p(found[:, :, 1]), axis=1)
    return LaunchReplayProblem(
        demand=daily.loc[ids].to_numpy().reshape(len(ids), life),
        ages=np.array([float(name[:-1]) / (24 if name.endswith("h") else 1) for name in REPLAY_CHECKPOINTS]),
        levels=np.array(REPLAY_LEVELS),
        quantiles=found,
        narrowing=np.append(np.clip(spread[1:] / np.maximum(spread[:-1], 1e-9), 0.05, 1.0), 1.0),
        curve=_curves(split, life),
        price=terms["price_fen"].to_numpy(float),
        unit_cost=terms["unit_cost_fen"].to_numpy(float),
        later_cost=_CHASE_COST * terms["unit_cost_fen"].to_numpy(float),
        salvage=terms["salvage_fen"].to_numpy(float),
        lead_days=terms["lead_time_days"].to_numpy(float),
        minimum=terms["minimum_order"].to_numpy(float),
    )


def _curves(split: Split, life: int) -> np.ndarray:
    """Return each test style's expected curve: the mean of its category's finished styles, shape (n, life)."""
    over = split.past[split.past["total"].notna()]
    daily = split.season.sales.set_index("style_id")["y"].loc[over["style_id"]].to_numpy().reshape(len(over), life)
    share = daily / np.maximum(daily.sum(axis=1, keepdims=True), 1)
    mean = pd.DataFrame(share).groupby(over["category"].to_numpy()).mean()
    curve = mean.loc[split.test["category"]].to_numpy().cumsum(axis=1)
    return np.asarray(curve / curve[:, -1:])


def regimes(split: Split, seed: int) -> dict[str, dict[str, float]]:
    """Replay each way and return its figures, and the profit of knowing every total at launch."""
    forecasts = {
        name: forecasts_with(split, name, checkpoints=REPLAY_CHECKPOINTS, quantiles=REPLAY_LEVELS, seed=seed)
        for name in {told for told, _, _ in REGIMES.values()}
    }
    problems = {name: replay_problem(split, forecast) for name, forecast in forecasts.items()}
    found = {}
    for way, (told, chase, look_ahead) in REGIMES.items():
        outcome = replay_launches(problems[told], chase=chase, look_ahead=look_ahead)
        found[way] = _figures(problems[told], outcome)
    one = next(iter(problems.values()))
    total = one.demand.sum(axis=1)
    found["knowing_the_totals"] = {"profit_fen": float(((one.price - one.unit_cost) * total).sum())}
    return found


def _figures(problem: LaunchReplayProblem, outcome: LaunchOutcome) -> dict[str, float]:
    asked = float(problem.demand.sum())
    return {
        **{name: round(value) for name, value in outcome.figures().items()},
        "fill_rate": round(1 - float(outcome.lost.sum()) / asked, 4),
        "leftover_share": round(float(outcome.leftover.sum() / max(1.0, outcome.ordered.sum())), 4),
    }


def compare(seeds: Sequence[int], *, styles: int = 2_000) -> dict[str, Any]:
    """Replay several seasons: profits as shares of what knowing the totals would earn, and who wins in which season."""
    runs = {seed: regimes(split_season(styles, seed), seed) for seed in seeds}
    best = [run["knowing_the_totals"]["profit_fen"] for run in runs.values()]
    answer: dict[str, Any] = {"seeds": list(seeds)}
    for way in REGIMES:
        share = [run[way]["profit_fen"] / top for run, top in zip(runs.values(), best, strict=True)]
        answer[way] = {
            "profit_share_of_perfect": round(float(np.mean(share)), 4),
            "by_seed": [round(value, 4) for value in share],
            **{
                name: round(float(np.mean([run[way][name] for run in runs.values()])), 4)
                for name in ("fill_rate", "leftover_share")
            },
        }
    for way in list(REGIMES)[1:]:
        ahead = [run["teaser_first"]["profit_fen"] > run[way]["profit_fen"] for run in runs.values()]
        answer[way]["teaser_first_wins"] = f"{sum(ahead)} of {len(ahead)}"
    return answer
