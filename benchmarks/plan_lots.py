"""Capacitated lot sizing with set-up times: the instances of Trigeiro, Thomas and McClain, and made-up larger ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planning.params import PlanParams, PlanWeights, SolveParams
from services.plan_production import plan_production

__all__ = ["lot_sizing_params", "read_trigeiro", "run_trigeiro"]

Tables = dict[str, pd.DataFrame]


def read_trigeiro(path: Path) -> Tables:
    """Read a capacitated lot-sizing instance (format of Trigeiro, Thomas & McClain, *Management Science* 35, 1989)."""
    rows = [line.split() for line in path.read_text().splitlines()]
    n_items, n_buckets = int(rows[0][0]), int(rows[0][1])
    terms = np.array([[float(cell) for cell in row[:4]] for row in rows[3 : 3 + n_items]])
    first = 3 + n_items
    demand = np.array([[float(cell) for cell in row[:n_items]] for row in rows[first : first + n_buckets]])
    names = [f"item{i:02d}" for i in range(n_items)]
    weeks = pd.date_range("2024-01-01", periods=n_buckets, freq="7D")
    return {
        "demand": pd.DataFrame(
            {"item": np.tile(names, n_buckets), "bucket": np.repeat(weeks, n_items), "y": demand.ravel()}
        ),
        "resources": pd.DataFrame({"resource": "machine", "bucket": weeks, "capacity": float(rows[2][0])}),
        "routes": pd.DataFrame(
            {
                "item": names,
                "route": "only",
                "step": 1,
                "resource": "machine",
                "hours_per_unit": terms[:, 0],
                "setup_hours": terms[:, 2],
            }
        ),
        "items": pd.DataFrame({"item": names, "holding_cost": terms[:, 1], "setup_cost": terms[:, 3]}),
    }


def lot_sizing_params(seconds: float) -> PlanParams:
    """Return parameters under which a plan is the classical capacitated lot-sizing problem."""
    off = PlanWeights(idle=0.0, overtime=0.0, load_change=0.0, peak=0.0, plan_change=0.0)
    return PlanParams(weights=off, solve=SolveParams(seconds=seconds, gap=1e-4))


def run_trigeiro(folder: Path, *, seconds: float = 60.0) -> dict[str, Any]:
    """Solve every instance of the folder."""
    found = {}
    for path in sorted((folder / "trigeiro").glob("*.DAT")):
        summary = plan_production(**read_trigeiro(path), params=lot_sizing_params(seconds)).summary
        cost = summary["cost"]["total"]
        found[path.stem] = {"cost": cost} | {k: summary[k] for k in ("bound", "gap", "status", "seconds")}
    return {"instances": found, "worst_gap": max(v["gap"] for v in found.values())}
