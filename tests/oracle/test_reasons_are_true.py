"""What a reason says binds, binds: once it is relaxed, the best plan gets cheaper or does what it could not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from planning.build import problem_from_tables
from planning.model import build_model
from planning.params import PlanParams, PlanWeights, SolveParams
from planning.plan import PlanResult, solve
from planning.problem import PlanProblem
from planning.starts import piece_hours
from services.plan_production import checked_tables

WEEKS = pd.date_range("2026-01-05", periods=5, freq="7D")
PARAMS = PlanParams(weights=PlanWeights(idle=3, overtime=6, load_change=1), solve=SolveParams(gap=1e-6))
MUCH = 1e3


def market(seed: int) -> PlanProblem:
    """Draw up to five items of two steps on up to three resources, some with too few hours, some with too many."""
    g = np.random.default_rng(seed)
    n, n_lines = int(g.integers(1, 6)), int(g.integers(1, 4))
    items, lines = [f"i{k}" for k in range(n)], [f"L{k}" for k in range(n_lines)]
    y, hours = g.integers(0, 40, (n, 5)), g.uniform(0.2, 2, (n, 2)).round(2)
    steps = [
        (item, "r", step, lines[int(g.integers(n_lines))], hours[k, step], int(g.integers(0, 2)) * (1 - step))
        for k, item in enumerate(items)
        for step in range(2)
    ]
    work = g.uniform(0.4, 1.6) * (y.sum(1) * hours.sum(1)).sum() / 5 / n_lines
    capacity = (work * g.uniform(0.6, 1.4, n_lines * 5)).round(1)
    calendar = {"resource": np.repeat(lines, 5), "bucket": np.tile(WEEKS, n_lines)}
    levels = {"q0.1": y.ravel() * 0.6, "q0.5": y.ravel() * 1.0, "q0.9": y.ravel() * 1.5}
    ranges = {"holding_cost": (0.1, 2), "backlog_cost": (2, 20), "lost_cost": (1, 200), "leftover_cost": (1, 30)}
    tables = checked_tables(
        pd.DataFrame({"item": np.repeat(items, 5), "bucket": np.tile(WEEKS, n), **levels}),
        pd.DataFrame(calendar | {"capacity": capacity, "overtime": (capacity * 0.2).round(1)}),
        pd.DataFrame(steps, columns=["item", "route", "step", "resource", "hours_per_unit", "lead_buckets"]),
        {"items": pd.DataFrame({"item": items, **{name: g.uniform(*of, n) for name, of in ranges.items()}})},
        {},
    )
    return problem_from_tables(tables)[0]


def more_hours(problem: PlanProblem, resource: str, hours: float) -> PlanProblem:
    """Give a resource hours of overtime."""
    overtime = problem.overtime.copy()
    overtime[list(problem.resources).index(resource)] += hours
    return problem.replace(overtime=overtime)


def dear_to_lack(problem: PlanProblem) -> PlanProblem:
    """Make pieces that are short dear and pieces that are left free."""
    return problem.replace(
        backlog_cost=problem.backlog_cost * MUCH,
        lost_cost=problem.lost_cost * MUCH,
        leftover_cost=problem.leftover_cost * 0,
        holding_cost=problem.holding_cost * 0,
    )


def more_wanted(problem: PlanProblem, r: int) -> PlanProblem:
    """Let more be wanted of whatever a resource works on."""
    m, pieces = problem.modes, problem.demand.pieces.copy()
    pieces[np.unique(m.item[m.op_mode[m.op_resource == r]]), -1] += MUCH
    return dear_to_lack(problem.replace(demand=replace(problem.demand, pieces=pieces)))


def best(problem: PlanProblem, params: PlanParams = PARAMS) -> float:
    """Return what the best plan costs before pieces are made whole."""
    found = build_model(problem, params).linear.solve(seconds=60, gap=1e-9)
    assert found.objective is not None
    return found.objective


def works_more(problem: PlanProblem, plan: PlanResult, r: int) -> bool:
    """Whether the best plan of a problem uses a resource for longer than another plan."""
    return solve(problem, params=PARAMS).outcome.load[r].sum() > plan.outcome.load[r].sum() + 1e-6


def earlier_hours_help(problem: PlanProblem, plan: PlanResult, r: int, t: int) -> bool:
    """Whether regular hours up to a bucket would make the plan cheaper, where hours cost nothing as such."""
    free = replace(PARAMS, weights=replace(PARAMS.weights, load_change=0.0, idle=0.0))
    capacity = problem.capacity.copy()
    capacity[r, : t + 1] += min(5.0, plan.outcome.load[r, t] - problem.capacity[r, t])
    return best(problem.replace(capacity=capacity), free) < best(problem, free) - 1e-6


def holds(problem: PlanProblem, plan: PlanResult, r: int, t: int, code: str) -> bool:
    """Whether a reason is true of a cell."""
    kind, _, culprit = code.partition(": ")
    if kind == "blocked":
        return best(more_hours(problem, culprit, MUCH)) < best(problem) - 1e-6
    if kind == "level":
        unlevelled = replace(PARAMS, weights=replace(PARAMS.weights, load_change=0.0))
        return best(problem, unlevelled) < best(problem) - 1e-6
    if kind == "priced_out":
        return works_more(dear_to_lack(problem), plan, r)
    if kind == "no_demand":
        return works_more(more_wanted(problem, r), plan, r)
    if kind == "full_before":
        return earlier_hours_help(problem, plan, r, t)
    m = problem.modes
    mine = problem.capacity[r, t] - plan.outcome.load[r, t]
    if kind == "rounding":
        piece = piece_hours(m)[m.op_resource == r]
        return bool(-piece.min() < mine < piece.max())
    return kind in ("no_start", "late_work")


@pytest.mark.parametrize("seed", range(14))
def test_each_hour_has_a_true_reason(seed: int) -> None:
    """Every idle hour and hour of overtime of a small market says why, and relaxing that changes the best plan."""
    problem = market(seed)
    plan = solve(problem, params=PARAMS)
    off = plan.outcome.load - problem.capacity
    assert (plan.hours_why[np.abs(off) <= 1e-6] == "").all()
    told: dict[tuple[int, str], int] = {}
    for r, t in zip(*np.nonzero(np.abs(off) > 1e-6), strict=True):
        assert plan.hours_why[r, t], (r, t)
        told.setdefault((int(r), str(plan.hours_why[r, t])), int(t))
    for (r, code), t in told.items():
        assert holds(problem, plan, r, t, code), (seed, r, t, code)


@pytest.mark.parametrize("seed", range(14, 24))
def test_each_late_item_has_a_true_reason(seed: int) -> None:
    """Where hours are short more of them help; where being short is cheap, dearer lateness has more made."""
    problem = market(seed)
    plan = solve(problem, params=PARAMS)
    for reason in plan.reasons:
        if reason.code == "no_capacity":
            assert best(more_hours(problem, reason.resource, MUCH)) < best(problem) - 1e-6, reason
        elif reason.code == "priced_out":
            p = int(np.searchsorted(problem.items, reason.item))
            dear = problem.backlog_cost.copy()
            dear[p] *= MUCH
            again = solve(problem.replace(backlog_cost=dear), params=PARAMS)
            assert again.outcome.late[p].sum() < plan.outcome.late[p].sum(), reason
