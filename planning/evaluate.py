"""What a plan costs and does, counted from its pieces and not from the solver's columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from planning.params import PlanParams, PlanWeights
from planning.problem import Floats, Ints, PlanProblem
from planning.starts import StartOps, neighbours, open_buckets, start_ops

__all__ = ["Outcome", "evaluate", "hours_by_row", "load_figures", "load_of", "operation_hours"]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What follows from the pieces started.

    Parameters
    ----------
    load
        Shape (R, T): hours, firm work included.
    position
        Shape (P, T): cumulative supply minus what components were taken.
    late
        Shape (P, T): expected pieces owed at the end of a bucket.
    on_time
        Expected pieces served in their bucket.
    demanded
        Expected pieces demanded.
    short
        Pieces still owed at the end, or owed at any time by items that may not be late, shape (P,).
    cost
        Money by part.
    """

    load: Floats
    position: Floats
    late: Floats
    on_time: float
    demanded: float
    short: Floats
    cost: dict[str, float]

    @property
    def total_cost(self) -> float:
        """Sum of the cost's parts."""
        return float(sum(self.cost.values()))


def evaluate(problem: PlanProblem, params: PlanParams, mode: Ints, bucket: Ints, pieces: Floats) -> Outcome:
    """Count loads, stocks, lateness and costs of starts (mode, bucket, pieces), each of shape (S,)."""
    ops = start_ops(problem, mode, bucket)
    hours = operation_hours(problem, ops, pieces)
    load = problem.firm_hours + load_of(problem, mode, bucket, pieces)
    position = _position(problem, mode, bucket, pieces)
    flows = _flows(problem, position)
    made = pieces > 0
    cost = {
        **flows.cost,
        "production": float(problem.modes.cost[mode] @ pieces),
        "setup": float(problem.setup_cost[problem.modes.item[mode]] @ made),
        **_load_cost(problem, params, load, ops, hours),
    }
    return Outcome(
        load=load,
        position=position,
        late=flows.late,
        on_time=flows.on_time,
        demanded=float(problem.demand.mean.sum()),
        short=flows.short,
        cost=cost,
    )


def load_of(problem: PlanProblem, mode: Ints, bucket: Ints, pieces: Floats) -> Floats:
    """Return the hours of starts (mode, bucket, pieces), each of shape (S,), by resource and bucket."""
    ops = start_ops(problem, mode, bucket)
    load = np.zeros(problem.capacity.shape)
    np.add.at(load, (problem.modes.op_resource[ops.op], ops.bucket), operation_hours(problem, ops, pieces))
    return load


def operation_hours(problem: PlanProblem, ops: StartOps, pieces: Floats) -> Floats:
    """Return the hours of each operation of each start."""
    started = pieces[ops.start]
    return np.asarray(started * problem.modes.op_hours[ops.op] + (started > 0) * problem.modes.op_setup[ops.op])


def _position(problem: PlanProblem, mode: Ints, bucket: Ints, pieces: Floats) -> Floats:
    m = problem.modes
    flow = problem.firm_supply - problem.firm_use
    np.add.at(flow, (m.item[mode], bucket + m.lead[mode]), pieces * m.output[mode])
    used = problem.usage[:, mode].tocoo()
    np.subtract.at(flow, (used.row, bucket[used.col]), used.data * pieces[used.col])
    return np.asarray(problem.initial_stock[:, None] + np.cumsum(flow, axis=1))


@dataclass(frozen=True)
class _Flows:
    late: Floats
    on_time: float
    short: Floats
    cost: dict[str, float]


def _flows(problem: PlanProblem, position: Floats) -> _Flows:
    n_items, n_paths, n_buckets = problem.demand.pieces.shape
    t = np.arange(n_buckets)
    alive, ends = t <= problem.last[:, None], t == problem.last[:, None]
    stock, late, missed = np.zeros((3, n_items, n_buckets))
    for k in range(n_paths):
        demand = problem.demand.pieces[:, k]
        gap = position - np.cumsum(demand, axis=1)
        chance = problem.demand.chance[:, k, None] * alive
        stock += chance * np.maximum(gap, 0.0)
        late += chance * np.maximum(-gap, 0.0)
        missed += chance * np.clip(-gap, 0.0, demand)
    forbidden = ~problem.may_be_late
    short = np.where(forbidden, late.max(axis=1, initial=0.0), (late * ends).sum(axis=1))
    cost = {
        "holding": float(problem.holding_cost @ stock.sum(axis=1)),
        "backlog": float(np.nan_to_num(problem.backlog_cost) @ late.sum(axis=1)),
        "leftover": float(problem.leftover_cost @ (stock * ends).sum(axis=1)),
        "lost": float(problem.lost_cost @ (late * ends).sum(axis=1)),
    }
    on_time = float(problem.demand.mean.sum() - missed.sum())
    return _Flows(late, on_time, short, cost)


def _load_cost(
    problem: PlanProblem, params: PlanParams, load: Floats, ops: StartOps, hours: Floats
) -> dict[str, float]:
    w = params.weights
    idle = 1.0 if problem.idle_share is None else problem.idle_share
    return {
        "idle": w.idle * float((np.maximum(problem.capacity - load, 0.0) * idle).sum()),
        "overtime": w.overtime * float(np.maximum(load - problem.capacity, 0.0).sum()),
        "load_change": _change_cost(problem, w, load),
        "peak": w.peak * float(load.max(axis=1, initial=0.0).sum()),
        "plan_change": w.plan_change * _moved(problem, params, ops, hours),
        "promise": w.promise * _broken_promises(problem, load),
    }


def _change_cost(problem: PlanProblem, weights: PlanWeights, load: Floats) -> float:
    r, before, after = neighbours(problem)
    change = [np.abs(load[r, after] - load[r, before])]
    cells = [(r, after)]
    if problem.previous_load is not None:
        known = np.flatnonzero(~np.isnan(problem.previous_load) & open_buckets(problem)[:, 0])
        change.append(np.abs(load[known, 0] - problem.previous_load[known]))
        cells.append((known, np.zeros_like(known)))
    share = np.ones(problem.shape[2]) if problem.change_share is None else problem.change_share
    total = 0.0
    for hours, at in zip(change, cells, strict=True):
        large = np.maximum(hours - weights.small_change * problem.capacity[at], 0.0)
        total += float(((weights.load_change * hours + weights.large_change * large) * share[at[1]]).sum())
    return total


def _broken_promises(problem: PlanProblem, load: Floats) -> float:
    if problem.promised_load is None:
        return 0.0
    return float(np.maximum((problem.promised_load - load).sum(axis=1), 0.0).sum())


def _moved(problem: PlanProblem, params: PlanParams, ops: StartOps, hours: Floats) -> float:
    first, slushy = params.horizon.firm, params.horizon.slushy
    if problem.previous_hours is None:
        return 0.0
    now = hours_by_row(problem, ops, hours)
    return float(np.abs(now - problem.previous_hours)[:, first : first + slushy].sum())


def hours_by_row(problem: PlanProblem, ops: StartOps, hours: Floats) -> Floats:
    """Sum operations' hours by row of the routes table and bucket, the shape of `previous_hours`."""
    assert problem.previous_hours is not None
    now = np.zeros(problem.previous_hours.shape)
    np.add.at(now, (problem.modes.op_row[ops.op], ops.bucket), hours)
    return now


def load_figures(problem: PlanProblem, load: Floats) -> dict[str, dict[str, Any]]:
    """Return each resource's levelness over its open buckets.

    Returns
    -------
    figures
        Per resource `load_cv` (standard deviation / mean), `peak_to_mean`, `idle_hours`, `overtime_hours`,
        `utilisation` (hours / capacity); a ratio to zero is None.
    """
    is_open = open_buckets(problem)
    figures = {}
    for i, name in enumerate(problem.resources):
        hours, capacity = load[i, is_open[i]], problem.capacity[i]
        mean = float(hours.mean()) if len(hours) else 0.0
        total = float(capacity.sum())
        figures[str(name)] = {
            "load_cv": float(hours.std()) / mean if mean > 0 else None,
            "peak_to_mean": float(hours.max()) / mean if mean > 0 else None,
            "idle_hours": float(np.maximum(capacity - load[i], 0.0).sum()),
            "overtime_hours": float(np.maximum(load[i] - capacity, 0.0).sum()),
            "utilisation": float(load[i].sum()) / total if total > 0 else None,
        }
    return figures
