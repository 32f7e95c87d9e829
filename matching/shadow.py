"""Shadow prices of a min-cost flow, exact in integers.

OR-tools returns flows without potentials. What one more piece of capacity at a supplier would gain is a longest path
in the residual network: take a piece into it, free that piece's present place, whose value is again a price. The
values rise from zero in label-correcting rounds over the orders that changed (Ahuja, Magnanti and Orlin, *Network
Flows*, sections 5.4 and 9.3), and the least fixed point is the marginal value itself.
"""

from __future__ import annotations

import numpy as np

from matching.flow import FlowSolution, rows_of
from matching.problem import Floats, Ints, MatchProblem
from matching.sums import sum_by

__all__ = ["shadow_prices"]

_NEVER = -(2**61)


def shadow_prices(
    problem: MatchProblem, flow: FlowSolution, floors: Ints | None = None, *, raised: bool = False
) -> tuple[Floats, Floats]:
    """Return float64 [M] prices per piece of capacity and float64 [L] prices per piece of credit.

    Parameters
    ----------
    floors
        int64 [M], the floors that the flow was given.
    raised
        Whether a price that only a floor holds down, which proves most where it is lowest, is raised to what serving
        one piece less would gain.
    """
    values = _Values(problem, flow, floors)
    values.settle()
    if raised:
        values.raise_floor_prices()
    line_prices = (values.line - values.supplier[values.line_supplier]) / flow.scale
    return values.supplier / flow.scale, np.maximum(line_prices, 0.0)


class _Values:
    def __init__(self, problem: MatchProblem, flow: FlowSolution, floors: Ints | None) -> None:
        self._p, self._flow = problem, flow
        self._used = np.flatnonzero(flow.pieces)
        self._waiting = np.where(problem.unserved(flow.pieces) > 0, flow.penalties, _NEVER)
        taken = sum_by(problem.supplier, flow.pieces, problem.n_suppliers)
        self.supplier: Ints = np.zeros(problem.n_suppliers, np.int64)
        self._at_floor = np.zeros(0, np.int64)
        self._full = taken >= problem.capacity
        if floors is not None:
            self._at_floor = np.flatnonzero((floors > 0) & (taken <= floors))
            self.supplier[self._at_floor] = -flow.reward
        self._set_lines()

    def _set_lines(self) -> None:
        credit = self._p.credit
        n_lines = 0 if credit is None else credit.limit.size
        self.line_supplier = np.zeros(n_lines, np.int64)
        self._line = np.full(self._p.n_candidates, -1) if credit is None else credit.line
        known = np.flatnonzero(self._line >= 0)
        self.line_supplier[self._line[known]] = self._p.supplier[known]
        drawn = sum_by(self._line[known], self._flow.pieces[known], n_lines)
        line_full = drawn >= (credit.limit if credit is not None else 0)
        self._through_full = (self._line >= 0) & np.append(line_full, False)[self._line]
        self.line: Ints = self.supplier[self.line_supplier]

    def settle(self) -> None:
        """Raise the values to their least fixed point."""
        worth = np.full(self._p.n_orders, _NEVER)
        limit = 4 * (self._p.n_suppliers + self.line.size) + 8
        for _ in range(limit):
            freed = self._freed()
            changed = np.flatnonzero(freed > worth)
            if not changed.size:
                return
            worth = freed
            rows = rows_of(self._p.indptr, changed)
            self._offer(rows, self._flow.scores[rows] + worth[self._p.order[rows]])

    def _freed(self) -> Ints:
        """Return what releasing one piece of each order from its dearest place would free."""
        used = self._used
        freed = self._waiting.copy()
        np.maximum.at(freed, self._p.order[used], self._value(used) - self._flow.scores[used])
        return freed

    def _value(self, rows: Ints) -> Ints:
        line = self._line[rows]
        through = self._through_full[rows]
        of_supplier = self.supplier[self._p.supplier[rows]]
        if not through.any():
            return of_supplier
        return np.where(through, self.line[line], of_supplier)

    def _offer(self, rows: Ints, offered: Ints) -> None:
        through = self._through_full[rows]
        np.maximum.at(self.supplier, self._p.supplier[rows[~through]], offered[~through])
        if self.line.size:
            np.maximum.at(self.line, self._line[rows[through]], offered[through])
            self.line = np.maximum(self.line, self.supplier[self.line_supplier])

    def raise_floor_prices(self) -> None:
        """Raise what only a floor holds down to the gain of serving one piece less: the greatest dual there."""
        for j in self._at_floor[self.supplier[self._at_floor] < 0]:
            held = self._used[self._p.supplier[self._used] == j]
            slack = [self._margin(int(e)) for e in held]
            raised = min(slack, default=0)
            if not self._full[j]:
                raised = min(raised, 0)
            self.supplier[j] = max(self.supplier[j], raised)
            self.line = np.maximum(self.line, self.supplier[self.line_supplier])

    def _margin(self, e: int) -> int:
        """Return the highest price at which a used candidate stays its order's best choice."""
        i = int(self._p.order[e])
        rows = np.arange(self._p.indptr[i], self._p.indptr[i + 1])
        rows = rows[rows != e]
        others = self._flow.scores[rows] - self._value(rows)
        best = max(int(others.max(initial=_NEVER)), -int(self._flow.penalties[i]))
        return int(self._flow.scores[e]) - best
