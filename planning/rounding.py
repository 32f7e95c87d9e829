"""Whole pieces from a fractional plan, without breaking a capacity."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from planning.problem import Floats, Ints, PlanProblem
from planning.starts import StartOps, start_ops

__all__ = ["whole_pieces"]

_CLOSE = 1e-6


def whole_pieces(problem: PlanProblem, mode: Ints, bucket: Ints, pieces: Floats) -> Floats:
    """Round starts so that each item's cumulative pieces follow the fractional ones.

    Fractions are added up in the order of arrival; whenever they make a piece (an item that may not be late, or for
    which that is dear, gets it at a small fraction, another at the half) it is started there if its resources still
    have room, else at the next start of the item that has.

    Parameters
    ----------
    mode, bucket, pieces
        Shape (S,): the starts.

    Returns
    -------
    whole
        Shape (S,): whole numbers, as floats.
    """
    pieces = np.where(np.abs(pieces - np.rint(pieces)) < _CLOSE, np.rint(pieces), pieces)
    whole = np.floor(np.maximum(pieces, 0.0))
    fraction = np.maximum(pieces, 0.0) - whole
    if not fraction.any():
        return whole
    ops = start_ops(problem, mode, bucket)
    room = _Room(problem, ops, whole, len(mode))
    item, arrival = problem.modes.item[mode], bucket + problem.modes.lead[mode]
    order = np.lexsort((mode, bucket, arrival, item))
    borders = np.flatnonzero(np.diff(item[order], prepend=-1, append=-1))
    share = _share(problem)
    for begin, end in pairwise(borders):
        mine = order[begin:end]
        if fraction[mine].any():
            _round_item(mine, fraction[mine], float(share[item[mine[0]]]), whole, room)
    return whole


def _share(problem: PlanProblem) -> Floats:
    """Part of a piece that may be missing before a whole one is started, shape (P,).

    Where demand is one number it is the newsvendor's b / (b + h); quantiles say it themselves, so there it is a half.
    """
    under = np.nan_to_num(problem.backlog_cost) + problem.lost_cost
    over = problem.holding_cost + problem.leftover_cost
    ratio = np.divide(under, under + over, out=np.full(len(under), 0.5), where=under + over > 0)
    known = (problem.demand.pieces == problem.demand.pieces[:, :1]).all(axis=(1, 2))
    share = np.where(known, np.clip(ratio, 0.5, 1 - _CLOSE), 0.5)
    share[~problem.may_be_late] = 1 - _CLOSE
    share[np.unique(problem.usage.tocoo().row)] = 1 - _CLOSE  # what others are made of must be there
    return np.asarray(share)


class _Room:
    """Hours left on each resource and bucket, and the operations of each start."""

    def __init__(self, problem: PlanProblem, ops: StartOps, whole: Floats, n_starts: int) -> None:
        m = problem.modes
        cell = m.op_resource[ops.op] * problem.shape[2] + ops.bucket
        limit = np.maximum(problem.capacity + problem.overtime, problem.firm_hours)
        self._left = (limit - problem.firm_hours).ravel()
        started = whole[ops.start]
        np.subtract.at(self._left, cell, started * m.op_hours[ops.op] + m.op_setup[ops.op] * (started > 0))
        # steps of one start that meet on a resource in a bucket need their hours together
        pair, together = np.unique(ops.start * self._left.size + cell, return_inverse=True)
        self._cell = pair % self._left.size
        self._hours = np.bincount(together, weights=m.op_hours[ops.op], minlength=len(pair))
        self._first = np.searchsorted(pair // self._left.size, np.arange(n_starts + 1))
        self._in_lot = np.zeros(n_starts, bool)
        self._in_lot[ops.start] = problem.lot_modes[m.op_mode[ops.op]]

    def take(self, start: int, wanted: float, already: float) -> float:
        """Take room for up to `wanted` more pieces of a start; return how many fitted."""
        if already <= 0 and self._in_lot[start]:
            return 0.0
        ops = slice(self._first[start], self._first[start + 1])
        at, hours = self._cell[ops], self._hours[ops]
        left = np.divide(self._left[at] + 1e-9, hours, out=np.full(len(hours), np.inf), where=hours > 0)
        fits = min(wanted, max(0.0, float(np.floor(left.min(initial=np.inf)))))
        self._left[at] -= fits * hours
        return fits


def _round_item(mine: Ints, fraction: Floats, ready: float, whole: Floats, room: _Room) -> None:
    due = np.floor(np.cumsum(fraction) + ready)
    placed = 0.0
    for start, wanted, share in zip(mine, due, fraction, strict=True):
        if wanted > placed and share > 0:
            got = room.take(int(start), wanted - placed, whole[start])
            whole[start] += got
            placed += got
    for start in mine:
        if placed >= due[-1]:
            return
        got = room.take(int(start), due[-1] - placed, whole[start])
        whole[start] += got
        placed += got
