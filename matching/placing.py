"""From prices to whole pieces under constraints: what is kept of a start, what is filled in, what moves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from matching.constrained_kernel import Rows, Spot, fill, shift, take_off
from matching.constraints import Constraints, Limits, Pools
from matching.problem import CreditLines, Floats, Ints, MatchProblem

__all__ = ["Placing", "joined"]

Mask = npt.NDArray[np.bool_]
_ROUNDS = 30


class Placing:
    """Places pieces of a problem by net score (float [E]) within capacities, credit lines and constraints.

    Floors (float [M], units of load) are not filled, but what holds them does not leave.
    """

    def __init__(
        self, problem: MatchProblem, constraints: Constraints, net: Floats, floors: Floats | None, *, unsplit: bool
    ) -> None:
        self._p, self._c, self._net, self._unsplit = problem, constraints, net, unsplit
        rows = [_capacities(problem)]
        most: list[Floats] = [problem.capacity.astype(np.float64)]
        if problem.credit is not None:
            rows.append(_lines(problem.credit, problem.n_candidates))
            most.append(problem.credit.limit.astype(np.float64))
        if constraints.limits is not None:
            rows.append(constraints.limits.matrix(problem.n_candidates))
            most.append(constraints.limits.most)
        self._plain = _stacked(rows), np.concatenate(most)
        if floors is not None:
            rows.append(-rows[0])
            most.append(-floors)
        self._held = _stacked(rows), np.concatenate(most)

    def kept(self, start: Floats) -> Ints:
        """Return int64 [E], the whole pieces of a start (float [E]) that keep every limit."""
        whole = np.floor(start + 1e-6).astype(np.int64)
        if self._unsplit:
            whole[whole != self._p.pieces[self._p.order]] = 0
        rows, spot = self._spot(*self._plain, whole)
        take_off(rows, spot)
        return spot.pieces

    def improved(self, start: Floats, allowed: Mask, opened: Mask | None = None) -> Ints:
        """Return int64 [E]: a start, filled and moved while that gains, over the allowed candidates (bool [E]).

        `opened` pools (bool [G]) keep their minimum.
        """
        matrix, most = self._held
        pools = self._c.pools
        if pools is not None and opened is not None and opened.any():
            lots = joined(None, pools, np.flatnonzero(opened))
            matrix, most = _stacked([matrix, lots.matrix(self._p.n_candidates)]), np.append(most, lots.most)
        rows, spot = self._spot(matrix, most, self.kept(start))
        ranked = self._ranked(self._net, allowed)
        for _ in range(_ROUNDS):
            if fill(ranked, rows, spot) + self._shift(rows, spot, allowed) == 0:
                break
        return spot.pieces

    def first_come(self, allowed: Mask) -> Ints:
        """Return int64 [E]: orders one after another, each from its best candidates that have room."""
        rows, spot = self._spot(*self._plain, np.zeros(self._p.n_candidates, np.int64))
        ranked = np.lexsort((-self._p.score, self._p.order))
        fill(ranked[allowed[ranked]], rows, spot)
        return spot.pieces

    def _ranked(self, net: Floats, allowed: Mask) -> Ints:
        """Return the allowed candidates from the highest gain over leaving the piece to the lowest."""
        gain = net + self._p.penalties[self._p.order]
        ranked = np.argsort(-gain, kind="stable")
        return ranked[allowed[ranked]]

    def _shift(self, rows: Rows, spot: Spot, allowed: Mask) -> int:
        """Move pieces; candidates that are not allowed take none."""
        if allowed.all():
            return int(shift(rows, spot))
        closed = np.where(allowed, rows.score, -np.inf)
        return int(shift(rows._replace(score=closed), spot))

    def _spot(self, matrix: Any, most: Floats, pieces: Ints) -> tuple[Rows, Spot]:
        p = self._p
        by_candidate = matrix.T.tocsr()
        by_row = matrix.tocsr()
        worst_first = _sorted_by(by_row, self._net)
        rows = Rows(
            starts=by_candidate.indptr.astype(np.int64), row=by_candidate.indices.astype(np.int64),
            use=by_candidate.data.astype(np.float64), of_starts=by_row.indptr.astype(np.int64),
            of_candidate=by_row.indices[worst_first].astype(np.int64),
            of_use=by_row.data[worst_first].astype(np.float64), indptr=p.indptr.astype(np.int64),
            order=p.order.astype(np.int64), score=p.score.astype(np.float64), penalty=p.penalties,
            split_cost=float(self._c.split_cost), unsplit=self._unsplit,
        )  # fmt: skip
        used = pieces > 0
        spot = Spot(
            left=p.unserved(pieces).astype(np.int64),
            pieces=pieces.astype(np.int64),
            suppliers=np.bincount(p.order[used], minlength=p.n_orders).astype(np.int64),
            room=most - by_row @ pieces,
        )
        return rows, spot


def joined(limits: Limits | None, pools: Pools, opened: Ints) -> Limits:
    """Return limits together with the minimum of each open pool (int, pools) as a row of negative uses."""
    at = np.full(pools.minimum.size + 1, -1)
    at[opened] = np.arange(opened.size)
    row = at[pools.pool]
    on = np.flatnonzero(row >= 0)
    lots: list[Any] = [row[on], on, -np.ones(on.size), -pools.minimum[opened].astype(np.float64)]
    code = np.full(opened.size, "below_minimum", dtype=object)
    if limits is not None:
        first = [limits.row, limits.candidate, limits.use, limits.most]
        lots[0] = lots[0] + limits.most.size
        lots = [np.concatenate(pair) for pair in zip(first, lots, strict=True)]
        code = np.concatenate([limits.code, code])
    return Limits(row=lots[0], candidate=lots[1], use=lots[2], most=lots[3], code=code)


def _capacities(problem: MatchProblem) -> Any:
    from scipy import sparse

    load = np.ones(problem.n_candidates) if problem.load is None else problem.load.astype(np.float64)
    shape = (problem.n_suppliers, problem.n_candidates)
    return sparse.csr_matrix((load, (problem.supplier, np.arange(problem.n_candidates))), shape=shape)


def _lines(credit: CreditLines, n_candidates: int) -> Any:
    from scipy import sparse

    on = np.flatnonzero(credit.line >= 0)
    use = np.ones(on.size) if credit.use is None else credit.use[on].astype(np.float64)
    return sparse.csr_matrix((use, (credit.line[on], on)), shape=(credit.limit.size, n_candidates))


def _stacked(rows: list[Any]) -> Any:
    from scipy import sparse

    return sparse.vstack(rows).tocsr() if len(rows) > 1 else rows[0]


def _sorted_by(by_row: Any, key: Floats) -> Ints:
    """Return the order in which each row lists its candidates from the lowest key to the highest."""
    row = np.repeat(np.arange(by_row.shape[0]), np.diff(by_row.indptr))
    return np.lexsort((key[by_row.indices], row))
