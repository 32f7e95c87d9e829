"""Minimum runs hold in whole pieces too, also where there are too many starts to search them."""

import numpy as np
import pandas as pd
import pytest

from planning.build import problem_from_tables
from planning.model import build_model
from planning.params import PlanParams, PlanWeights, SolveParams
from planning.plan import solve
from planning.polish import POLISH_STARTS
from planning.problem import PlanProblem
from planning.rounding import whole_pieces
from planning.runs import broken_runs, mend_runs
from planning.search import search
from planning.starts import possible_starts
from services.plan_production import checked_tables

PARAMS = PlanParams(weights=PlanWeights(idle=0, load_change=0), solve=SolveParams(seconds=1, gap=1e-3))


def problem(seed: int) -> PlanProblem:
    """50 items on one line over 10 weeks: pieces take hours, and a run is 20 hours or none."""
    g = np.random.default_rng(seed)
    names = [f"i{k:02d}" for k in range(50)]
    weeks = pd.date_range("2026-01-05", periods=10, freq="7D")
    y = g.integers(0, 2, (50, 10)) * (g.random((50, 10)) < 0.3)
    frames = (
        pd.DataFrame({"item": np.repeat(names, 10), "bucket": np.tile(weeks, 50), "y": y.ravel()}),
        pd.DataFrame({"resource": "L", "bucket": weeks, "capacity": 60.0, "min_run": 20.0}),
        pd.DataFrame(
            {"item": names, "route": "r", "step": 1, "resource": "L", "hours_per_unit": g.uniform(0.5, 3, 50)}
        ),
    )
    items = pd.DataFrame({"item": names, "holding_cost": 1.0, "backlog_cost": 3.0, "lost_cost": 50.0})
    return problem_from_tables(checked_tables(*frames, {"items": items}, {}))[0]


@pytest.mark.parametrize("seed", range(3))
def test_no_run_is_too_short(seed: int) -> None:
    """What rounding breaks is mended."""
    given = problem(seed)
    assert len(possible_starts(given)[0]) > POLISH_STARTS
    found = solve(given, params=PARAMS)
    assert found.pieces.sum() > 0
    assert not broken_runs(given, found.outcome.load).any()
    assert (found.outcome.load <= given.capacity + 1e-6).all()


def test_mending_moves_pieces_and_makes_none() -> None:
    """Pieces of an item go from the next bucket to the one that lacks an hour."""
    given = problem(0)
    model = build_model(given, PARAMS)
    exact = search(given, model, PARAMS.solve).values[model.start]
    rounded = whole_pieces(given, model.mode, model.bucket, exact)
    rounded[np.argmax(rounded)] -= 1
    mended = mend_runs(given, model.mode, model.bucket, rounded)
    item = given.modes.item[model.mode]
    np.testing.assert_array_equal(np.bincount(item, mended), np.bincount(item, rounded))
    assert (mended >= 0).all()
