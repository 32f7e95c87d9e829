"""Prices for problems too large for a linear program: minimise a smoothed dual.

The Lagrangian bound is convex in the prices but kinked; replacing each order's maximum by ``T·log sum exp(·/T)``
makes it smooth (Nesterov, *Smooth minimization of non-smooth functions*, 2005), and L-BFGS-B follows it down while T
shrinks. Any prices prove a bound, so an early stop costs sharpness, never truth.
"""

from __future__ import annotations

import numpy as np

from matching.bound import lagrangian_bound, net_scores
from matching.constraints import Limits
from matching.problem import Floats, MatchProblem
from matching.sums import sum_by

__all__ = ["expected_loads", "smoothed_limit_prices", "smoothed_prices"]

_TEMPERATURES = (0.05, 0.01, 0.003)
_ITERATIONS = 40


def smoothed_prices(problem: MatchProblem, floors: Floats | None = None) -> tuple[Floats, Floats]:
    """Return float64 [M] supplier prices (negative where a floor binds) and float64 [L] credit-line prices."""
    return smoothed_limit_prices(problem, floors, None)[:2]


def smoothed_limit_prices(
    problem: MatchProblem, floors: Floats | None, limits: Limits | None
) -> tuple[Floats, Floats, Floats]:
    """Return `smoothed_prices` and float64 [R], the prices of limits on what is served together."""
    from scipy.optimize import minimize

    dual = _Dual(problem, floors, limits)
    spread = float(np.ptp(problem.score)) if problem.n_candidates else 0.0
    at = np.zeros(dual.size)
    best, best_bound = at, dual.bound(at)
    for temperature in _TEMPERATURES:
        found = minimize(
            dual.value_and_slope,
            at,
            args=(max(temperature * spread, 1e-12),),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, None)] * dual.size,
            options={"maxiter": _ITERATIONS},
        )
        at = np.asarray(found.x)
        bound = dual.bound(at)
        if bound < best_bound:
            best, best_bound = at, bound
    return dual.prices(best)


def expected_loads(problem: MatchProblem, prices: Floats, temperature: float) -> Floats:
    """Return float64 [M], the load of each supplier if orders choose by score less price, softly.

    An order's pieces divide over its candidates (and staying unserved) in proportion to ``exp(net score /
    temperature)``, which is how the smoothed dual's slope counts them.
    """
    dual = _Dual(problem, None, None)
    at = np.concatenate([prices, np.zeros(dual.size - prices.size)])
    return problem.capacity - dual.value_and_slope(at, temperature)[1][: prices.size]


class _Dual:
    """The smoothed bound over (capacity prices, floor prices, line prices), all >= 0."""

    def __init__(self, problem: MatchProblem, floors: Floats | None, limits: Limits | None) -> None:
        self._p = problem
        self._uses = None if limits is None else limits.matrix(problem.n_candidates)
        most = np.zeros(0) if limits is None else limits.most.astype(np.float64)
        self._floors = np.zeros(problem.n_suppliers) if floors is None else floors
        limit = np.zeros(0) if problem.credit is None else problem.credit.limit.astype(np.float64)
        self._constant = np.concatenate([problem.capacity.astype(np.float64), -self._floors, limit, most])
        self._rest = self._constant.size - most.size
        self._has_floors = floors is not None
        self.size = self._constant.size
        self._starts = problem.indptr[:-1][np.diff(problem.indptr) > 0]
        self._some = np.diff(problem.indptr) > 0

    def prices(self, at: Floats) -> tuple[Floats, Floats, Floats]:
        m = self._p.n_suppliers
        floor_prices = at[m : 2 * m] if self._has_floors else 0.0
        return at[:m] - floor_prices, at[2 * m : self._rest], at[self._rest :]

    def bound(self, at: Floats) -> float:
        prices, line_prices, limit_prices = self.prices(at)
        floors = self._floors if self._has_floors else None
        paid = float(np.dot(self._constant[self._rest :], limit_prices))
        return lagrangian_bound(self._tolled(limit_prices), prices, line_prices, floors) + paid

    def _tolled(self, limit_prices: Floats) -> MatchProblem:
        """Return the problem in which every candidate has paid for the limits."""
        if self._uses is None:
            return self._p
        return self._p.replace(score=self._p.score - self._uses.T @ limit_prices)

    def value_and_slope(self, at: Floats, temperature: float) -> tuple[float, Floats]:
        p = self._p
        prices, line_prices, limit_prices = self.prices(at)
        net = net_scores(self._tolled(limit_prices), prices, line_prices) / temperature
        top = -p.penalties / temperature
        top[self._some] = np.maximum(top[self._some], np.maximum.reduceat(net, self._starts))
        weight = np.exp(net - np.repeat(top, np.diff(p.indptr)))
        total = np.exp(-p.penalties / temperature - top)
        total[self._some] += np.add.reduceat(weight, self._starts)
        value = float(np.dot(self._constant, at)) + temperature * float(np.dot(p.pieces, top + np.log(total)))
        flow = weight * np.repeat(p.pieces / total, np.diff(p.indptr))
        return value, self._constant - self._used(flow)

    def _used(self, flow: Floats) -> Floats:
        p = self._p
        loads = flow if p.load is None else flow * p.load
        by_supplier = sum_by(p.supplier, loads, p.n_suppliers)
        by_line: Floats = np.zeros(0)
        if p.credit is not None:
            on = p.credit.line >= 0
            uses = flow[on] if p.credit.use is None else flow[on] * p.credit.use[on]
            by_line = sum_by(p.credit.line[on], uses, p.credit.limit.size)
        floor_side = -by_supplier if self._has_floors else np.zeros(p.n_suppliers)
        by_limit: Floats = np.zeros(0) if self._uses is None else self._uses @ flow
        return np.concatenate([by_supplier, floor_side, by_line, by_limit])
