"""The unit form: where every piece weighs the same at a supplier, a match is a transportation network.

A constant load per supplier divides its capacity, a constant use per credit line divides its limit; what is left is
rounded down, because pieces are integers. A problem that has no unit form needs a linear or mixed-integer program.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.problem import CreditLines, Floats, Ints, MatchProblem

__all__ = ["UnitForm", "unit_form"]


@dataclass(frozen=True, kw_only=True)
class UnitForm:
    """A problem whose pieces all weigh one, and how to translate its prices back.

    Parameters
    ----------
    problem
        Without loads and uses; capacities and limits in pieces.
    load
        float64 [M], load of one piece at each supplier.
    use
        float64 [L], what one piece takes of each credit line; 0 = the line limits nothing.
    """

    problem: MatchProblem
    load: Floats
    use: Floats

    def floors_in_pieces(self, floors: Floats) -> Ints:
        """Return int64 [M], the pieces of each floor (as far as the capacity holds)."""
        pieces = np.round(floors / self.load).astype(np.int64)
        return np.minimum(pieces, self.problem.capacity)

    def supplier_prices(self, per_piece: Floats) -> Floats:
        """Return float64 [M], score per unit of load."""
        return np.asarray(per_piece / self.load, dtype=np.float64)

    def credit_prices(self, per_piece: Floats) -> Floats:
        """Return float64 [L], score per unit of each credit line."""
        return np.divide(per_piece, self.use, out=np.zeros(self.use.size), where=self.use > 0)


def unit_form(problem: MatchProblem) -> UnitForm | None:
    """Return the unit form of a problem, None if it has none.

    It has none if loads differ within a supplier, uses within a line, or if a line reaches over several suppliers.
    """
    if problem.load is None and problem.credit is None:
        return UnitForm(problem=problem, load=np.ones(problem.n_suppliers), use=np.zeros(0))
    load = _constant(problem.supplier, problem.load, problem.n_suppliers)
    if load is None:
        return None
    capacity = problem.capacity if problem.load is None else _whole(problem.capacity, load)
    credit = problem.credit
    use: Floats = np.zeros(0)
    if credit is not None:
        known = np.flatnonzero(credit.line >= 0)
        uses = None if credit.use is None else credit.use[known]
        constant = _constant(credit.line[known], uses, credit.limit.size)
        one_supplier = _constant(credit.line[known], problem.supplier[known].astype(np.float64), credit.limit.size)
        if constant is None or one_supplier is None:
            return None
        use = constant
        limit = credit.limit if credit.use is None else _whole(credit.limit, np.where(use > 0, use, 1.0))
        line = np.where((credit.line >= 0) & (np.append(use, 0.0)[credit.line] > 0), credit.line, -1)
        credit = CreditLines(line=line, limit=limit)
    unit = problem.replace(load=None, capacity=capacity, credit=credit)
    return UnitForm(problem=unit, load=load, use=use)


def _constant(group: Ints, values: Floats | None, n_groups: int) -> Floats | None:
    """Return each group's one value (1 for an empty group), None if a group has several."""
    each = np.ones(n_groups)
    if values is None:
        return each
    each[group] = values
    return each if np.array_equal(each[group], values) else None


def _whole(total: Ints, each: Floats) -> Ints:
    """Return how many whole pieces fit; exact although the quotient is rounded."""
    pieces = np.floor(total / each * (1 + 1e-15)).astype(np.int64)
    return pieces - (pieces * each > total)
