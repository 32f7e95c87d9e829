"""Release policies in made-up worlds: rules tuned on seeds of their own, then all paired on the seeds that count."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from benchmarks.plan_world import FIRM, LOOK_AHEAD, SCORED, make_world, world_tables
from planning.params import HorizonParams, PlanParams, ReplayParams, RuleParams
from planning.policies import POLICIES
from planning.replay_paired import mean_figures, paired_with_first
from planning.rules import RULES
from services.replay_policies import replay_policies

__all__ = ["frontier", "run_frontier", "run_replay", "run_tuning", "tune"]

JUDGED = (0, 1, 2, 3, 4, 5, 6, 7)
TRAINING = (100, 101, 102)
GRIDS: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[float, ...]]] = {
    "chase": ((1, 2), (3, 4, 5), (-0.75, -0.6, -0.45, -0.3)),
    "level": ((1,), (0, 1, 2, 3), (-0.6, -0.45, -0.3, -0.15, 0.0)),
    "moving_average": ((1, 2, 3, 4, 6), (0, 1, 2, 3), (-0.6, -0.3, 0.0)),
    "order_up_to": ((2, 3), (2, 3, 4, 5), (-0.6, -0.45, -0.3, 0.0)),
    "heijunka_rule": ((4,), (0, 1, 2), (-0.6, -0.3, 0.0, 0.3, 0.6)),
}
"""Smoothing, cover and safety tried: a rule that smooths over one bucket is `chase`, so the others do not."""
FRONTIER: tuple[dict[str, float], ...] = (
    {},
    {"late_factor": 1.0},
    {"late_factor": 2.0},
    {"load_change_factor": 0.0},
    {"load_change_factor": 12.0},
    {"firm": 2},
    {"firm": 3},
)

PARAMS = PlanParams(horizon=HorizonParams(firm=FIRM))
SETTINGS = ReplayParams(look_ahead=LOOK_AHEAD, score_from=SCORED[0], score_to=SCORED[1])


def figures(
    seeds: Iterable[int], policies: Sequence[str], *, params: PlanParams = PARAMS, settings: ReplayParams = SETTINGS
) -> dict[str, list[dict[str, Any]]]:
    """Return each policy's figures in the world of each seed, with the CPU seconds they took."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in policies}
    for seed in seeds:
        tables = world_tables(make_world(seed), path=str(seed))
        paths = tables.pop("demand")
        for name in policies:
            began = time.process_time()
            report = replay_policies(paths, **tables, params=params, settings=settings, policies=[name])
            row = report.summary["policies"][name]["paths"][str(seed)]
            found[name].append(row | {"cpu_seconds": time.process_time() - began})
    return found


def tune(rule: str, seeds: Sequence[int] = TRAINING) -> dict[str, Any]:
    """Try every combination of a rule's parameters and return the one of least mean cost.

    Parameters
    ----------
    rule
        A name in `planning.rules.RULES`.
    seeds
        Worlds to tune on; not those that are judged.
    """
    tables = [world_tables(make_world(seed), path=str(seed)) for seed in seeds]
    paths = [one.pop("demand") for one in tables]
    tried = []
    for smoothing, cover, safety in product(*GRIDS[rule]):
        chosen = RuleParams(smoothing=smoothing, cover=cover, safety=safety)
        settings = replace(SETTINGS, rules={rule: chosen})
        reports = [
            replay_policies(demand, **one, params=PARAMS, settings=settings, policies=[rule])
            for demand, one in zip(paths, tables, strict=True)
        ]
        costs = [report.summary["policies"][rule]["mean"]["cost"] for report in reports]
        tried.append((sum(costs) / len(costs), chosen))
    cost, best = min(tried, key=lambda pair: pair[0])
    return {"cost": cost, "rule": best}


def run_tuning() -> dict[str, Any]:
    """Tune every rule on the training seeds."""
    found = {name: tune(name) for name in RULES}
    return {
        "seeds": list(TRAINING),
        "rules": {name: {"cost": one["cost"], **vars(one["rule"])} for name, one in found.items()},
    }


def run_replay(*, seeds: Sequence[int] = JUDGED, policies: Sequence[str] = POLICIES) -> dict[str, Any]:
    """Replay every policy in the worlds of some seeds, each on the same demand and forecasts."""
    began = time.perf_counter()
    found = figures(seeds, policies)
    cost = {name: [row["cost"]["total"] for row in rows] for name, rows in found.items()}
    return {
        "seeds": list(seeds),
        "policies": {name: mean_figures(rows) for name, rows in found.items()},
        "paired": paired_with_first(found),
        "best_rule": min((sum(costs), name) for name, costs in cost.items() if name in RULES)[1],
        "cost_per_seed": cost,
        "seconds": time.perf_counter() - began,
    }


def frontier(seeds: Sequence[int], points: Iterable[Mapping[str, float]]) -> list[dict[str, Any]]:
    """Return cost, fill, levelness and nervousness of the planner for other weights and other firm buckets.

    Parameters
    ----------
    points
        What each point changes: `firm` buckets, and numbers of `[recourse]` by name.

    Returns
    -------
    rows
        Each point's `late_factor`, `load_change_factor` and `firm`, with its mean figures over the seeds.
    """
    rows = []
    for point in points:
        given: dict[str, Any] = dict(point)
        firm = int(given.pop("firm", FIRM))
        recourse = replace(PARAMS.recourse, **given)
        params = replace(PARAMS, recourse=recourse, horizon=HorizonParams(firm=firm))
        mean = mean_figures(figures(seeds, ["ours"], params=params)["ours"])
        shown = ("cost", "fill_rate", "leftover", "load_cv", "overtime_share", "bullwhip", "nervousness")
        asked = {"late_factor": recourse.late_factor, "load_change_factor": recourse.load_change_factor, "firm": firm}
        rows.append({**asked, **{name: mean[name] for name in shown}})
    return rows


def run_frontier(*, seeds: Sequence[int] = (0, 1)) -> dict[str, Any]:
    """Run the planner at its defaults, for other weights of late pieces and load changes, and for more firm weeks."""
    began = time.perf_counter()
    points = frontier(seeds, FRONTIER)
    return {"seeds": list(seeds), "points": points, "seconds": time.perf_counter() - began}
