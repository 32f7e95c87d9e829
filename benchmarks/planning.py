"""Numbers of the planner: `python -m benchmarks.planning --data supplygraph --json`.

`supplygraph` takes a consumer-goods maker's sales orders as demand and its own production as the capacity it showed,
and compares the days of two plans, one that knows the orders and one that sees only the past, with the factory's own.
`trigeiro` solves lot-sizing instances. `scale` plans markets of 1 000 to 100 000 styles, from files to files.
`replay` runs release policies in made-up worlds (`benchmarks.plan_world`).
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.plan_lots import run_trigeiro
from benchmarks.plan_scale import run_scale
from benchmarks.plan_supplygraph import run_supplygraph
from benchmarks.plan_world import FIRM, LOOK_AHEAD, SCORED, make_world, world_tables
from planning.params import HorizonParams, PlanParams, ReplayParams
from planning.policies import POLICIES
from services.replay_policies import replay_policies


def data_dir() -> Path:
    """Return the development data's folder."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    return Path(os.environ.get("EVENFLOW_DATA", default))


def run_replay(folder: Path, *, seeds: tuple[int, ...] = (0, 1, 2, 3)) -> dict[str, Any]:
    """Replay every policy in the worlds of some seeds, each on the same demand and forecasts."""
    del folder
    began = time.perf_counter()
    params = PlanParams(horizon=HorizonParams(firm=FIRM))
    settings = ReplayParams(look_ahead=LOOK_AHEAD, score_from=SCORED[0], score_to=SCORED[1])
    worlds: dict[str, list[dict[str, Any]]] = {name: [] for name in POLICIES}
    for seed in seeds:
        tables = world_tables(make_world(seed), path=str(seed))
        paths = tables.pop("demand")
        report = replay_policies(paths, **tables, params=params, settings=settings, policies=POLICIES)
        for name, found in report.summary["policies"].items():
            worlds[name].append(found["mean"])
    mean = {name: pd.DataFrame(found).astype(float).mean().to_dict() for name, found in worlds.items()}
    cost = {name: [one["cost"] for one in found] for name, found in worlds.items()}
    return {"seeds": list(seeds), "policies": mean, "cost_per_seed": cost, "seconds": time.perf_counter() - began}


def main() -> None:
    """Run one benchmark and print its figures."""
    runs = {"supplygraph": run_supplygraph, "trigeiro": run_trigeiro, "scale": run_scale, "replay": run_replay}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=sorted(runs), default="supplygraph")
    parser.add_argument("--json", action="store_true", help="one line instead of an indented object")
    options = parser.parse_args()
    result = {"benchmark": f"planning {options.data}", **runs[options.data](data_dir())}
    print(json.dumps(result, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
