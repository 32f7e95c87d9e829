"""Key figures of a replay's trace, over the buckets that count."""

from __future__ import annotations

from typing import Any

import numpy as np

from planning.problem import Floats
from planning.replay import ReplayProblem, Trace

__all__ = ["trace_figures"]


def trace_figures(problem: ReplayProblem, trace: Trace, scored: slice) -> dict[str, Any]:
    """Return cost by part, fill rate, levelness, bullwhip and nervousness.

    Parameters
    ----------
    scored
        The buckets that count.

    Returns
    -------
    figures
        `load_cv` and `peak_to_mean` are means over the factories that worked: resources that work on exactly the same
        routes are steps of one factory, whose hours are added; a workshop that makes nothing alone is left out.
        `load_cv_resources` is the mean over each resource by itself. `bullwhip` is CV^2 of released hours / CV^2 of
        demand's hours; `nervousness` is hours moved within the next four free buckets / hours planned there, None for
        policies without a plan. Ratios to zero are None.
    """
    cost = {part: float(values[scored].sum()) for part, values in trace.cost.items()}
    load, capacity = trace.load[:, scored], problem.base.capacity[:, scored]
    is_open = capacity + problem.base.overtime[:, scored] > 0
    worked = [row[o] for row, o in zip(load, is_open, strict=True) if row[o].sum() > 0]
    factories = [row[o] for row, o in _by_factory(problem, load, is_open) if row[o].sum() > 0]
    total_capacity = float(capacity.sum())
    return {
        "cost": {**cost, "total": sum(cost.values())},
        "fill_rate": _ratio(trace.on_time[scored].sum(), trace.demanded[scored].sum()),
        "load_cv": float(np.mean([row.std() / row.mean() for row in factories])) if factories else None,
        "load_cv_resources": float(np.mean([row.std() / row.mean() for row in worked])) if worked else None,
        "peak_to_mean": float(np.mean([row.max() / row.mean() for row in factories])) if factories else None,
        "idle_share": _ratio(np.maximum(capacity - load, 0.0).sum(), total_capacity),
        "overtime_share": _ratio(np.maximum(load - capacity, 0.0).sum(), total_capacity),
        "bullwhip": _ratio(_cv2(trace.released[:, scored].sum(axis=0)), _cv2(_demand_hours(problem)[scored])),
        "nervousness": _ratio(trace.moved[scored].sum(), trace.planned[scored].sum()),
    }


def _by_factory(problem: ReplayProblem, load: Floats, is_open: np.ndarray) -> list[tuple[Floats, np.ndarray]]:
    """Hours of each factory and whether any of its resources is open, bucket by bucket.

    Who makes nothing alone, such as an outside workshop that does one step for several factories, is none of them;
    where nobody makes anything alone, all count.
    """
    m = problem.base.modes
    works = np.zeros((len(load), len(m.item)), bool)
    works[m.op_resource, m.op_mode] = True
    groups, factory = np.unique(works, axis=0, return_inverse=True)
    alone = (groups & (groups.sum(axis=0) == 1)).any(axis=1)
    counted = np.flatnonzero(alone) if alone.any() else np.arange(len(groups))
    return [(load[factory == f].sum(axis=0), is_open[factory == f].any(axis=0)) for f in counted]


def _demand_hours(problem: ReplayProblem) -> Floats:
    """Hours that the demand of each bucket takes, by the mean of each item's modes, shape (T,)."""
    m, n_items = problem.base.modes, problem.base.shape[0]
    per_mode = np.bincount(m.op_mode, weights=m.op_hours, minlength=len(m.item)) / m.output
    ways = np.maximum(np.bincount(m.item, minlength=n_items), 1)
    hours: Floats = np.bincount(m.item, weights=per_mode, minlength=n_items) / ways
    return hours @ problem.demand


def _cv2(values: Floats) -> float:
    mean = float(values.mean()) if len(values) else 0.0
    return float(values.var()) / mean**2 if mean > 0 else 0.0


def _ratio(part: float, whole: float) -> float | None:
    return float(part) / float(whole) if whole > 0 else None
