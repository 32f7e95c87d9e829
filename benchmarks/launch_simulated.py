"""Simulated launches and waves: what each input tells, what decisions and choices earn, how good waves are forecast.

``python -m benchmarks.launch_simulated --json`` simulates seasons of 2 000 styles, one hit in ten, and prints

- ``ablation``: attributes, + signals, + graph at each checkpoint: WAPE, coverage of 80 % ranges, hit precision at k
  (k = the number of hits);
- ``regimes``: teaser first, test and chase, commit at launch, never chase, replayed day by day: profit as a share of
  knowing every total, fill rate, leftovers, season by season;
- ``selection``: k of ten candidates before the launch: hits caught, profit against hindsight, and simpler choices;
- ``waves``: forecasts of group orders before a push and while the wave runs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.launch_ablation import ablations
from benchmarks.launch_regimes import compare
from benchmarks.launch_selection import select_tens
from benchmarks.launch_waves import wave_backtest

__all__ = ["PARTS", "measure"]

PARTS = ("ablation", "regimes", "selection", "waves")


def measure(parts: Sequence[str] = PARTS, *, seeds: Sequence[int] = (0, 1, 2), styles: int = 2_000) -> dict[str, Any]:
    """Measure some of the parts."""
    makers: dict[str, Callable[[], dict[str, Any]]] = {
        "ablation": lambda: ablations(seeds, styles=styles),
        "regimes": lambda: compare(seeds, styles=styles),
        "selection": lambda: select_tens(seeds, styles=styles),
        "waves": lambda: wave_backtest(seeds),
    }
    answer = {}
    for part in parts:
        answer[part] = makers[part]()
        print(json.dumps({part: answer[part]}), file=sys.stderr, flush=True)
    return answer


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--styles", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    answer = {"data": "simulated"} | measure(options.parts, seeds=options.seeds, styles=options.styles)
    print(json.dumps(answer) if options.json else json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
