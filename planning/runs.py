"""Minimum runs that rounding broke: pieces of the same item are moved to where an hour is missing."""

from __future__ import annotations

import numpy as np

from planning.evaluate import load_of
from planning.problem import Floats, Ints, PlanProblem
from planning.starts import start_ops
from planning.surplus import allowed_surplus

__all__ = ["broken_runs", "mend_runs"]

_EPS = 1e-6


def broken_runs(problem: PlanProblem, load: Floats) -> np.ndarray:
    """Whether a resource runs, other than by firm orders alone, for less than its minimum; shape (R, T)."""
    return np.asarray((load > problem.firm_hours + _EPS) & (load < problem.min_run - _EPS))


def mend_runs(problem: PlanProblem, mode: Ints, bucket: Ints, pieces: Floats) -> Floats:
    """Move whole pieces between starts of an item until every run that can be mended is long enough.

    Where nothing can be moved pieces are added, as many as an item may leave. Neither breaks another run or a limit,
    makes late what may not be, or opens a lot.

    Parameters
    ----------
    mode, bucket, pieces
        Shape (S,): the starts.
    """
    load = problem.firm_hours + load_of(problem, mode, bucket, pieces)
    broken = broken_runs(problem, load)
    if not broken.any():
        return pieces
    runs = _Runs(problem, mode, bucket, pieces.copy(), load)
    for r, t in zip(*np.nonzero(broken), strict=True):
        runs.mend(int(r), int(t))
    return runs.pieces


class _Runs:
    """The starts, their hours by cell and the loads they make."""

    def __init__(self, problem: PlanProblem, mode: Ints, bucket: Ints, pieces: Floats, load: Floats) -> None:
        m = problem.modes
        ops = start_ops(problem, mode, bucket)
        self._problem, self.pieces, self._load = problem, pieces, load
        self._item, self._arrival = m.item[mode], bucket + m.lead[mode]
        self._unit = m.output[mode]
        self._first = np.searchsorted(ops.start, np.arange(len(mode) + 1))
        self._cell = (m.op_resource[ops.op], ops.bucket)
        self._hours = m.op_hours[ops.op]
        self._single = (m.multiple[mode] == 1) & ~problem.lot_modes[mode]
        self._limit = np.maximum(problem.capacity + problem.overtime, problem.firm_hours)
        self._left = _left(problem) - np.bincount(self._item, weights=pieces * self._unit, minlength=problem.shape[0])

    def mend(self, r: int, t: int) -> None:
        """Fill one run up, piece by piece from the nearest starts of the same items."""
        here = np.flatnonzero((self._cell[0] == r) & (self._cell[1] == t) & (self._hours > 0))
        starts = np.searchsorted(self._first, here, side="right") - 1
        for op, start in zip(here, starts, strict=True):
            if not self._single[start]:
                continue
            for donor in self._donors(int(start)):
                lacking = self._problem.min_run[r, t] - self._load[r, t]
                if lacking <= _EPS:
                    return
                wanted = np.ceil(lacking / self._hours[op] - _EPS)
                self._move(int(start), float(min(wanted, self.pieces[donor])), int(donor))
        for op, start in zip(here, starts, strict=True):
            lacking = self._problem.min_run[r, t] - self._load[r, t]
            if self._single[start] and lacking > _EPS:
                wanted = np.ceil(lacking / self._hours[op] - _EPS)
                most = np.floor(self._left[self._item[start]] / self._unit[start] + _EPS)
                self._move(int(start), float(max(min(wanted, most), 0.0)))

    def _donors(self, start: int) -> Ints:
        late = self._problem.may_be_late[self._item[start]]
        able = (self._item == self._item[start]) & self._single & (self.pieces > 0) & (self._unit == self._unit[start])
        able &= (self._arrival >= self._arrival[start]) | late
        able[start] = False
        found = np.flatnonzero(able)
        return np.asarray(found[np.argsort(np.abs(self._arrival[found] - self._arrival[start]), kind="stable")])

    def _move(self, start: int, pieces: float, donor: int | None = None) -> None:
        """Move or add pieces, unless that exceeds a limit or breaks a run that was whole."""
        load = self._load.copy()
        for which, amount in ((start, pieces), (donor, -pieces)):
            if which is not None:
                ops = slice(self._first[which], self._first[which + 1])
                np.add.at(load, (self._cell[0][ops], self._cell[1][ops]), amount * self._hours[ops])
        was, now = broken_runs(self._problem, self._load), broken_runs(self._problem, load)
        if (load > np.maximum(self._limit, self._load) + _EPS).any() or (now & ~was).any():
            return
        self._load = load
        self.pieces[start] += pieces
        if donor is None:
            self._left[self._item[start]] -= pieces * self._unit[start]
        else:
            self.pieces[donor] -= pieces


def _left(problem: PlanProblem) -> Floats:
    """Good pieces that new orders of an item may deliver in all, shape (P,)."""
    end = np.maximum(problem.last, 0)[:, None]
    given = problem.initial_stock[:, None] + np.cumsum(problem.firm_supply - problem.firm_use, axis=1)
    wanted = np.cumsum(problem.demand.pieces[:, -1], axis=1)
    return np.take_along_axis(wanted - given, end, axis=1)[:, 0] + allowed_surplus(problem)
