"""Lots: set-ups, smallest sizes, multiples and runs, all of them decisions of yes or no."""

from __future__ import annotations

import numpy as np

from planning.linear import LinearModel
from planning.problem import Floats, Ints, PlanProblem
from planning.starts import start_ops
from planning.surplus import smallest_lot

__all__ = ["add_lots", "add_minimum_run", "largest_lot", "put_load"]


def put_load(linear: LinearModel, rows: Ints, idle: Ints, over: Ints, sign: float) -> None:
    """Put sign x (load - capacity) = sign x (over - idle)."""
    linear.put(rows, over, sign)
    linear.put(rows, idle, -sign)


def add_lots(linear: LinearModel, problem: PlanProblem, starts: tuple[Ints, Ints, Ints]) -> tuple[Ints, Ints]:
    """Add the lots of the starts (mode, bucket, column) that have set-ups or size rules; return their columns.

    Returns
    -------
    lot, whole
        Shape (S,): column of the lot, and of the number of multiples; -1 = none.
    """
    mode, bucket, start = starts
    m = problem.modes
    lot, whole = np.full(len(mode), -1, np.int64), np.full(len(mode), -1, np.int64)
    priced = np.flatnonzero(problem.lot_modes[mode])
    if not len(priced):
        return lot, whole
    most = largest_lot(problem, mode[priced], bucket[priced])
    fits = (most > 0) & (most >= m.minimum[mode[priced]])
    lot[priced] = linear.add_columns(
        len(priced), cost=problem.setup_cost[m.item[mode[priced]]], upper=fits.astype(float), integer=True
    )
    rows = linear.add_rows(len(priced), lower=-np.inf, upper=0.0)
    linear.put(rows, start[priced], 1.0)
    linear.put(rows, lot[priced], -most)
    sized = priced[m.minimum[mode[priced]] > 0]
    rows = linear.add_rows(len(sized), lower=0.0, upper=np.inf)
    linear.put(rows, start[sized], 1.0)
    linear.put(rows, lot[sized], -m.minimum[mode[sized]])
    counted = priced[m.multiple[mode[priced]] > 1]
    whole[counted] = linear.add_columns(len(counted), integer=True)
    rows = linear.add_rows(len(counted), lower=0.0, upper=0.0)
    linear.put(rows, start[counted], 1.0)
    linear.put(rows, whole[counted], -m.multiple[mode[counted]])
    return lot, whole


def add_minimum_run(linear: LinearModel, problem: PlanProblem, idle: Ints, over: Ints) -> Ints:
    """Let resources with a minimum run work at least that long in a bucket, or not at all.

    Where firm orders run already, nothing is added short of the minimum run.

    Returns
    -------
    forced
        Columns of the runs that firm orders begin: 1 = filled up to the minimum run.
    """
    limit, firm = problem.capacity + problem.overtime, problem.firm_hours
    r, t = np.nonzero((problem.min_run > 0) & (firm < np.minimum(problem.min_run, limit)))
    runs = linear.add_columns(len(r), upper=1.0, integer=True)
    capacity, begun = problem.capacity[r, t], firm[r, t]
    for most, lower, upper in (
        (problem.min_run[r, t] - begun, begun - capacity, np.inf),
        (limit[r, t] - begun, -np.inf, begun - capacity),
    ):
        rows = linear.add_rows(len(r), lower=lower, upper=upper)
        put_load(linear, rows, idle[r, t], over[r, t], 1.0)
        linear.put(rows, runs, -most)
    return runs[(begun > 0) & (problem.min_run[r, t] <= limit[r, t])]


def largest_lot(problem: PlanProblem, mode: Ints, bucket: Ints) -> Floats:
    """Return the most pieces that are worth starting at once, shape of `mode`: what fits and what is still needed."""
    m = problem.modes
    ops = start_ops(problem, mode, bucket)
    limit = problem.capacity + problem.overtime - problem.firm_hours
    room = limit[m.op_resource[ops.op], ops.bucket] - m.op_setup[ops.op]
    hours = m.op_hours[ops.op]
    fits = np.full(len(mode), np.inf)
    pieces = np.divide(np.maximum(room, 0.0), hours, out=np.where(room >= 0, np.inf, 0.0), where=hours > 0)
    np.minimum.at(fits, ops.start, pieces)
    needed = _needed(problem)[m.item[mode], bucket + m.lead[mode]] / m.output[mode]
    needed = np.maximum(np.ceil(needed / m.multiple[mode] - 1e-9) * m.multiple[mode], smallest_lot(problem)[mode])
    return np.asarray(np.minimum(fits, needed))


def _needed(problem: PlanProblem) -> Floats:
    """Pieces of an item that can still be needed from a bucket on, shape (P, T)."""
    top = problem.demand.pieces[:, -1]
    total = top.sum(axis=1) + problem.firm_use.sum(axis=1)
    rest = total[:, None] - np.where(problem.may_be_late[:, None], 0.0, np.cumsum(top, axis=1) - top)
    m = problem.modes
    if not problem.usage.nnz:
        return np.asarray(rest)
    used = problem.usage.tocoo()
    per_good = used.data / m.output[used.col]
    spare = np.zeros(len(total))
    np.maximum.at(spare, m.item, smallest_lot(problem) * m.output)
    need = total.copy()
    for _ in range(len(total)):  # one level of the bill of materials per pass; it has no cycle
        taken = np.zeros(len(total))
        np.add.at(taken, used.row, per_good * (need + spare)[m.item[used.col]])
        if np.array_equal(need, total + taken):
            break
        need = total + taken
    component = np.bincount(used.row, minlength=len(total)) > 0
    return np.asarray(np.where(component[:, None], need[:, None], rest))
