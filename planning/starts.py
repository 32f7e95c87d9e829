"""Where work can start, which operations that brings, and which buckets follow one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planning.problem import Floats, Ints, Modes, PlanProblem

__all__ = ["StartOps", "allowed_starts", "neighbours", "open_buckets", "piece_hours", "possible_starts", "start_ops"]


@dataclass(frozen=True, kw_only=True)
class StartOps:
    """Each possible start of a mode joined to its operations: which start, which operation, in which bucket."""

    start: Ints
    op: Ints
    bucket: Ints


def start_ops(problem: PlanProblem, mode: Ints, bucket: Ints) -> StartOps:
    """Join starts (mode and bucket, shape (S,)) to their operations."""
    m = problem.modes
    count = np.bincount(m.op_mode, minlength=len(m.item))
    first = np.cumsum(count) - count
    n = count[mode]
    start = np.repeat(np.arange(len(mode)), n)
    within = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
    op = first[mode[start]] + within
    return StartOps(start=start, op=op, bucket=bucket[start] + m.op_offset[op])


def possible_starts(problem: PlanProblem) -> tuple[Ints, Ints]:
    """Return (mode, bucket) of every start that can be finished in time on open resources."""
    mode, bucket = np.nonzero(allowed_starts(problem))
    return mode, bucket


def allowed_starts(problem: PlanProblem) -> NDArray[np.bool_]:
    """Return whether a mode may start in a bucket, shape (M, T)."""
    m, n_buckets = problem.modes, problem.shape[2]
    t = np.arange(n_buckets)
    latest = np.minimum(problem.last[m.item], n_buckets - 1) - m.lead
    users = problem.usage.tocoo()
    np.minimum.at(latest, users.col, problem.last[users.row])
    allowed = (t >= problem.known[m.item][:, None]) & (t <= latest[:, None]) & ~problem.closed
    room = problem.capacity + problem.overtime - problem.firm_hours > 1e-9
    when = t + m.op_offset[:, None]
    needs_hours = (m.op_hours + m.op_setup > 0)[:, None]
    open_then = room[m.op_resource[:, None], np.minimum(when, n_buckets - 1)] | ~needs_hours
    np.logical_and.at(allowed, m.op_mode, open_then & (when < n_buckets))
    return np.asarray(allowed)


def piece_hours(modes: Modes) -> Floats:
    """Return the hours that a piece takes of each operation's resource in its bucket, shape (O,).

    Operations of a mode that meet on a resource in one bucket are counted together.
    """
    together = np.stack([modes.op_mode, modes.op_resource, modes.op_offset])
    _, which = np.unique(together, axis=1, return_inverse=True)
    which = which.reshape(-1)
    return np.asarray(np.bincount(which, weights=modes.op_hours)[which])


def open_buckets(problem: PlanProblem) -> np.ndarray:
    """Return whether a resource works in a bucket, shape (R, T)."""
    return np.asarray((problem.capacity + problem.overtime > 0) | (problem.firm_hours > 0))


def neighbours(problem: PlanProblem) -> tuple[Ints, Ints, Ints]:
    """Return (resource, bucket, next open bucket) of consecutive open buckets."""
    r, t = np.nonzero(open_buckets(problem))
    same = r[1:] == r[:-1]
    return r[1:][same], t[:-1][same], t[1:][same]
