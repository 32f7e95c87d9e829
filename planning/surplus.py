"""How much may be left at the end: what rounding up leaves, never pieces that only keep a machine busy."""

from __future__ import annotations

import numpy as np

from planning.problem import Floats, PlanProblem

__all__ = ["allowed_surplus", "smallest_lot"]

_EPS = 1e-9


def smallest_lot(problem: PlanProblem) -> Floats:
    """Pieces that a mode starts at least when it starts any, shape (M,): its lot rules and its resources' runs."""
    m = problem.modes
    limit = problem.capacity + problem.overtime
    run = np.where(problem.min_run <= limit + _EPS, problem.min_run, 0.0).max(axis=1, initial=0.0)
    hours = np.maximum(run[m.op_resource] - m.op_setup, 0.0)
    pieces = np.divide(hours, m.op_hours, out=np.zeros(len(hours)), where=m.op_hours > 0)
    least = np.maximum(m.minimum, 1.0)
    np.maximum.at(least, m.op_mode, pieces)
    return np.asarray(np.ceil(least / m.multiple - _EPS) * m.multiple)


def allowed_surplus(problem: PlanProblem) -> Floats:
    """Return the pieces above the highest demand path that an item may leave at its end, shape (P,).

    An item may be made for what its stock and the firm orders leave open in the worst bucket of its life, so that a
    firm order that comes later than its demand forbids nothing, and on to the end of the last piece, lot or minimum
    run begun for it. Components are made for what their parents take besides.
    """
    end = np.maximum(problem.last, 0)[:, None]
    t = np.arange(problem.shape[2])
    there = problem.initial_stock[:, None] + np.cumsum(problem.firm_supply, axis=1)
    wanted = np.cumsum(problem.demand.pieces[:, -1] + problem.firm_use, axis=1)
    left_open = np.where(t <= problem.last[:, None], np.maximum(wanted - there, 0.0), 0.0)
    need = left_open.max(axis=1, initial=0.0)
    rest = np.take_along_axis(there - wanted, end, axis=1)[:, 0]
    return np.asarray(np.maximum(rest + need + _last_lot(problem, need), 0.0))


def _last_lot(problem: PlanProblem, need: Floats) -> Floats:
    """Pieces beyond the need that come with the last piece, lot or run, shape (P,)."""
    m, n_items = problem.modes, problem.shape[0]
    unit = m.multiple * m.output
    lot, least, most = np.zeros(n_items), np.full(n_items, np.inf), np.zeros(n_items)
    np.maximum.at(lot, m.item, smallest_lot(problem) * m.output)
    np.minimum.at(least, m.item, unit)
    np.maximum.at(most, m.item, unit)
    made = most > 0
    step = np.where(made, most, 1.0)
    exact = np.where(need > _EPS, (np.ceil((lot + need) / step - _EPS) - 1) * step - need, 0.0)
    component = np.bincount(problem.usage.tocoo().row, minlength=n_items) > 0
    open_ended = np.where(_counts_whole(problem), np.ceil(lot - _EPS) - 1, lot * (1 - 1e-6))
    return np.where(made, np.where(component | (most - least > _EPS), open_ended, exact), 0.0)


def _counts_whole(problem: PlanProblem) -> np.ndarray:
    """Whether all that comes and goes of an item is whole, shape (P,)."""
    m = problem.modes
    flows = [problem.initial_stock[:, None], problem.firm_supply, problem.firm_use, problem.demand.pieces[:, -1]]
    whole = np.all(np.concatenate([flow == np.rint(flow) for flow in flows], axis=1), axis=1)
    unit = m.multiple * m.output
    whole[m.item[unit != np.rint(unit)]] = False
    used = problem.usage.tocoo()
    whole[used.row[used.data != np.rint(used.data)]] = False
    return np.asarray(whole)
