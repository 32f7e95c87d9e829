"""Numbers of the planner: `python -m benchmarks.planning --json`, or one of them with `--data`.

Without `--data` all run but the tuning, the choice of a pace, the frontier, the made-up lots and the two largest
markets (`--data scale`), lot-sizing instances for ten seconds each (`--data trigeiro`: sixty).

`supplygraph` takes a consumer-goods maker's sales orders as demand and its own production as the capacity it showed,
and compares the days of two plans, one that knows the orders and one that sees only the past, with the factory's own;
`pace-choice` chooses the latter's parameters on the first half of the days.
`trigeiro` solves lot-sizing instances, `lots` larger made-up ones. `scale` plans markets of 1 000 to 100 000 styles,
from files to files; `replan` plans again a week later, with one style's demand changed.
`replay` runs release policies in made-up worlds (`benchmarks.plan_world`), `replay-tuning` tunes the rules on other
worlds, `frontier` shows what service, level loads and firm weeks cost.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.plan_lots import run_made_up, run_trigeiro
from benchmarks.plan_replan import run_replan
from benchmarks.plan_replay import run_frontier, run_replay, run_tuning
from benchmarks.plan_scale import SMALL_SIZES, run_scale
from benchmarks.plan_supplygraph import run_pace_choice, run_supplygraph

_SHORT_SECONDS = 10.0


def data_dir() -> Path:
    """Return the development data's folder."""
    default = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
    return Path(os.environ.get("EVENFLOW_DATA", default))


def run_default(folder: Path) -> dict[str, Any]:
    """Run every benchmark that takes minutes at most."""
    return {
        "supplygraph": run_supplygraph(folder),
        "trigeiro": run_trigeiro(folder, seconds=_SHORT_SECONDS),
        "replan": run_replan(folder),
        "scale": run_scale(folder, sizes=SMALL_SIZES),
        "replay": run_replay(),
    }


def main() -> None:
    """Run one benchmark, or those of the default, and print the figures."""
    runs: dict[str, Callable[[Path], dict[str, Any]]] = {
        "default": run_default,
        "supplygraph": run_supplygraph,
        "pace-choice": run_pace_choice,
        "trigeiro": run_trigeiro,
        "lots": run_made_up,
        "replan": run_replan,
        "scale": run_scale,
        "replay": lambda _: run_replay(),
        "replay-tuning": lambda _: run_tuning(),
        "frontier": lambda _: run_frontier(),
    }
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=sorted(runs), default="default")
    parser.add_argument("--json", action="store_true", help="one line instead of an indented object")
    options = parser.parse_args()
    result = {"benchmark": f"planning {options.data}", **runs[options.data](data_dir())}
    print(json.dumps(result, indent=None if options.json else 2))


if __name__ == "__main__":
    main()
