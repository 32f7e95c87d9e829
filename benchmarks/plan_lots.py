"""Capacitated lot sizing with set-up times: the instances of Trigeiro, Thomas and McClain, and made-up larger ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planning.params import PlanParams, PlanWeights, SolveParams
from services.plan_production import plan_production

__all__ = ["lot_sizing_params", "made_up_lots", "read_trigeiro", "run_made_up", "run_trigeiro"]

Tables = dict[str, pd.DataFrame]


def read_trigeiro(path: Path) -> Tables:
    """Read a capacitated lot-sizing instance (format of Trigeiro, Thomas & McClain, *Management Science* 35, 1989)."""
    rows = [line.split() for line in path.read_text().splitlines()]
    n_items, n_buckets = int(rows[0][0]), int(rows[0][1])
    terms = np.array([[float(cell) for cell in row[:4]] for row in rows[3 : 3 + n_items]])
    first = 3 + n_items
    demand = np.array([[float(cell) for cell in row[:n_items]] for row in rows[first : first + n_buckets]])
    return _lot_tables(
        demand,
        capacity=float(rows[2][0]),
        hours=terms[:, 0],
        holding=terms[:, 1],
        setup_hours=terms[:, 2],
        setup_cost=terms[:, 3],
    )


def _lot_tables(
    demand: np.ndarray,
    *,
    capacity: float,
    holding: np.ndarray,
    setup_hours: np.ndarray,
    setup_cost: np.ndarray,
    hours: np.ndarray | float = 1.0,
) -> Tables:
    """Return planning tables for demand of shape (buckets, items)."""
    n_buckets, n_items = demand.shape
    names = [f"item{i:02d}" for i in range(n_items)]
    weeks = pd.date_range("2024-01-01", periods=n_buckets, freq="7D")
    route = {"item": names, "route": "only", "step": 1, "resource": "machine"}
    return {
        "demand": pd.DataFrame(
            {"item": np.tile(names, n_buckets), "bucket": np.repeat(weeks, n_items), "y": demand.ravel()}
        ),
        "resources": pd.DataFrame({"resource": "machine", "bucket": weeks, "capacity": capacity}),
        "routes": pd.DataFrame({**route, "hours_per_unit": hours, "setup_hours": setup_hours}),
        "items": pd.DataFrame({"item": names, "holding_cost": holding, "setup_cost": setup_cost}),
    }


def lot_sizing_params(seconds: float) -> PlanParams:
    """Return parameters under which a plan is the classical capacitated lot-sizing problem."""
    off = PlanWeights(idle=0.0, overtime=0.0, load_change=0.0, peak=0.0, plan_change=0.0)
    return PlanParams(weights=off, solve=SolveParams(seconds=seconds, gap=1e-4))


def run_trigeiro(folder: Path, *, seconds: float = 60.0) -> dict[str, Any]:
    """Solve every instance of the folder."""
    paths = sorted((folder / "trigeiro").glob("*.DAT"))
    found = {path.stem: _figures(read_trigeiro(path), seconds) for path in paths}
    return {"instances": found, "worst_gap": max(v["gap"] for v in found.values())}


def made_up_lots(n_items: int, n_buckets: int, *, seed: int, spread: bool = False) -> Tables:
    """Draw an instance like those of class F, of any size.

    Demand is 75 to 125 pieces with a quarter of zeros in the first four buckets; hours for about 93 % of what
    making every demand in its own bucket would take.

    Parameters
    ----------
    spread
        Whether set-up times differ much (10 to 50) or little (26 to 34).
    """
    g = np.random.default_rng(seed)
    demand = g.integers(75, 126, (n_buckets, n_items)) * (g.random((n_buckets, n_items)) > 0.25)
    demand[4:] = g.integers(75, 126, (n_buckets - 4, n_items))
    setup = g.integers(1, 6, n_items) * 10.0 if spread else g.integers(13, 18, n_items) * 2.0
    return _lot_tables(
        demand,
        capacity=round(728 * n_items / 6),
        holding=g.integers(1, 6, n_items),
        setup_hours=setup,
        setup_cost=g.integers(1, 6, n_items) * 200.0,
    )


def run_made_up(folder: Path, *, seconds: float = 60.0, seeds: tuple[int, ...] = (1,)) -> dict[str, Any]:
    """Solve larger instances like those of class F: items x buckets."""
    del folder
    found = {}
    for n_items, n_buckets in ((12, 15), (24, 15), (12, 30), (24, 30)):
        for seed in seeds:
            tables = made_up_lots(n_items, n_buckets, seed=seed)
            found[f"{n_items}x{n_buckets} seed {seed}"] = _figures(tables, seconds)
    return {"instances": found, "worst_gap": max(v["gap"] for v in found.values())}


def _figures(tables: Tables, seconds: float) -> dict[str, Any]:
    summary = plan_production(**tables, params=lot_sizing_params(seconds)).summary
    return {"cost": summary["cost"]["total"]} | {k: summary[k] for k in ("bound", "gap", "status", "seconds")}
