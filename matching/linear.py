"""Matches whose side constraints break the network form: linear and mixed-integer programs (HiGHS through scipy).

Maximise ``sum (score + penalty) · pieces`` subject to orders, capacities, credit lines and elastic floors: missing a
unit of a floor costs more than any allocation could gain by it, so floors give way only where they contradict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from matching.problem import Floats, Ints, MatchProblem

__all__ = ["LinearForm", "linear_form", "relaxation", "whole_pieces", "with_minimums"]

_FLOOR_COST = 1e3


@dataclass(frozen=True, kw_only=True)
class LinearForm:
    """``max gain · y`` over ``rows · y <= limits, 0 <= y <= upper``.

    One column per kept candidate (pieces, or in an unsplit match the share of the whole order), then one per
    supplier with a floor (units missed), then one per candidate with a minimum (used or not). ``integral`` is 1 for
    columns that count pieces, orders or uses. ``floor_cost`` is what missing a unit of a floor costs.
    """

    rows: object
    limits: Floats
    gain: Floats
    upper: Floats
    kept: Ints
    floored: Ints
    integral: Floats
    size: Floats
    whole: float
    floor_cost: float = 0.0

    @property
    def n_kept(self) -> int:
        """Number of candidate columns."""
        return int(self.kept.size)


def linear_form(problem: MatchProblem, floors: Floats | None, *, unsplit: bool) -> LinearForm:
    """Return the program of a match, leaving out candidates that can hold nothing or are not worth it."""
    from scipy import sparse

    kept = _kept(problem, floors, unsplit=unsplit)
    order, pieces = problem.order[kept], problem.pieces[problem.order[kept]].astype(np.float64)
    size = pieces if unsplit else np.ones(kept.size)
    gain = (problem.score[kept].astype(np.float64) + problem.penalties[order]) * size
    load = (1.0 if problem.load is None else problem.load[kept]) * size
    columns = np.arange(kept.size)
    shape = (problem.n_orders, kept.size)
    blocks = [sparse.csr_matrix((np.ones(kept.size), (order, columns)), shape=shape)]
    limits: list[Floats] = [np.ones(problem.n_orders) if unsplit else problem.pieces.astype(np.float64)]
    shape = (problem.n_suppliers, kept.size)
    loads = sparse.csr_matrix((load, (problem.supplier[kept], columns)), shape=shape)
    blocks.append(loads)
    limits.append(problem.capacity.astype(np.float64))
    if problem.credit is not None:
        blocks.append(_line_rows(problem, kept, size))
        limits.append(problem.credit.limit.astype(np.float64))
    floor_cost = 0.0
    floored = np.zeros(0, np.int64) if floors is None else np.flatnonzero(floors > 0)
    rows = sparse.vstack(blocks)
    if floors is not None and floored.size:
        missed = sparse.identity(floored.size, format="csr")
        rows = sparse.bmat([[rows, None], [-loads[floored], -missed]])
        limits.append(-floors[floored])
        floor_cost = _FLOOR_COST * float(np.abs(gain / load).max(initial=1.0))
        gain = np.append(gain, np.full(floored.size, -floor_cost))
    upper = np.append(np.ones(kept.size) if unsplit else pieces, np.full(floored.size, np.inf))
    return LinearForm(
        rows=rows.tocsr(), limits=np.concatenate(limits), gain=gain, upper=upper, kept=kept, floored=floored,
        integral=np.append(np.ones(kept.size), np.zeros(floored.size)), size=size,
        whole=float(np.dot(problem.penalties, problem.pieces)), floor_cost=floor_cost,
    )  # fmt: skip


def with_minimums(form: LinearForm, minimum: Ints) -> LinearForm:
    """Return the program in which a candidate takes at least its minimum (int [E], pieces) or nothing."""
    from scipy import sparse

    bound = np.flatnonzero(minimum[form.kept] > 1)
    if not bound.size:
        return form
    pick = sparse.csr_matrix((np.ones(bound.size), (np.arange(bound.size), bound)), shape=(bound.size, form.gain.size))
    least = sparse.diags(minimum[form.kept[bound]].astype(np.float64))
    most = sparse.diags(form.upper[bound])
    zeros = np.zeros(bound.size)
    return replace(
        form,
        rows=sparse.bmat([[form.rows, None], [pick, -most], [-pick, least]]).tocsr(),
        limits=np.concatenate([form.limits, zeros, zeros]),
        gain=np.append(form.gain, zeros),
        upper=np.append(form.upper, zeros + 1),
        integral=np.append(form.integral, zeros + 1),
    )


def relaxation(problem: MatchProblem, form: LinearForm) -> tuple[Floats, Floats, Floats]:
    """Solve the linear relaxation.

    Returns
    -------
    pieces
        float64 [E], possibly fractional.
    prices, line_prices
        float64 [M] and [L]; a supplier's price is negative where its floor binds.
    """
    from scipy.optimize import linprog

    n_lines = 0 if problem.credit is None else problem.credit.limit.size
    if form.gain.size == 0:
        return np.zeros(problem.n_candidates), np.zeros(problem.n_suppliers), np.zeros(n_lines)

    bounds = np.column_stack([np.zeros(form.upper.size), form.upper])
    found = linprog(-form.gain, A_ub=form.rows, b_ub=form.limits, bounds=bounds, method="highs")
    pieces = np.zeros(problem.n_candidates)
    pieces[form.kept] = found.x[: form.n_kept] * form.size
    duals = -np.asarray(found.ineqlin.marginals)
    first, last = problem.n_orders, problem.n_orders + problem.n_suppliers
    prices = np.maximum(duals[first:last], 0.0)
    if form.floored.size:
        prices[form.floored] -= np.maximum(duals[last + n_lines :], 0.0)
    return pieces, prices, np.maximum(duals[last : last + n_lines], 0.0)


def whole_pieces(
    problem: MatchProblem, form: LinearForm, *, gap: float, seconds: float
) -> tuple[Ints | None, float, bool]:
    """Solve in whole pieces (or whole orders); None if the time was too short to find an allocation.

    Parameters
    ----------
    gap
        Relative gap at which it may stop; not used with floors, whose cost would hide what the scores leave.
    seconds
        Time at which it stops.

    Returns
    -------
    pieces
        int64 [E].
    upper_bound
        What the branch and bound proved for the objective, floors included as missed units; inf if nothing.
    finished
        Whether it ended by itself, that is within the gap.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    if form.gain.size == 0:
        return np.zeros(problem.n_candidates, np.int64), -form.whole, True

    found = milp(
        -form.gain,
        constraints=LinearConstraint(form.rows, -np.inf, form.limits),
        bounds=Bounds(np.zeros(form.upper.size), form.upper),
        integrality=form.integral,
        options={"time_limit": seconds, "mip_rel_gap": 0.0 if form.floored.size else gap},
    )
    proved = getattr(found, "mip_dual_bound", None)
    bound = np.inf if proved is None else -float(proved) - form.whole
    if found.x is None:
        return None, bound, False
    pieces = np.zeros(problem.n_candidates, np.int64)
    pieces[form.kept] = np.round(np.round(found.x[: form.n_kept]) * form.size).astype(np.int64)
    return pieces, bound, found.status == 0


def _kept(problem: MatchProblem, floors: Floats | None, *, unsplit: bool) -> Ints:
    order = problem.order
    least = problem.pieces[order] if unsplit else 1
    load = 1.0 if problem.load is None else problem.load
    fits = problem.capacity[problem.supplier] >= least * load
    if floors is None:
        fits &= problem.score >= -problem.penalties[order]
    if problem.credit is not None:
        use = 1.0 if problem.credit.use is None else problem.credit.use
        limit = np.append(problem.credit.limit.astype(np.float64), np.inf)[problem.credit.line]
        fits &= limit >= least * use
    return np.flatnonzero(fits)


def _line_rows(problem: MatchProblem, kept: Ints, size: Floats) -> object:
    from scipy import sparse

    credit = problem.credit
    assert credit is not None
    on = np.flatnonzero(credit.line[kept] >= 0)
    use = (1.0 if credit.use is None else credit.use[kept[on]]) * size[on]
    return sparse.csr_matrix((use, (credit.line[kept[on]], on)), shape=(credit.limit.size, kept.size))
