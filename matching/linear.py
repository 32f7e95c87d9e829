"""Matches whose side constraints break the network form: linear and mixed-integer programs (HiGHS through scipy).

Maximise ``sum (score + penalty) · pieces`` subject to orders, capacities, credit lines and elastic floors: missing a
unit of a floor costs more than any allocation could gain by it, so floors give way only where they contradict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from contracts.errors import EvenflowError
from matching.constraints import Limits
from matching.problem import Floats, Ints, MatchProblem

__all__ = [
    "LinearForm",
    "linear_form",
    "lp_stopped",
    "relaxed",
    "whole_pieces",
    "with_limits",
    "with_pools",
    "with_splits",
]

_FLOOR_COST = 1e3
_OUT_OF_TIME = 1  # of scipy's statuses


@dataclass(frozen=True, kw_only=True)
class LinearForm:
    """``max gain · y`` over ``rows · y <= limits, 0 <= y <= upper``.

    One column per kept candidate (pieces, or in an unsplit match the share of the whole order), then one per
    supplier with a floor (units missed), then those of pools and splits (in use or not). ``integral`` is 1 for
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


def linear_form(problem: MatchProblem, floors: Floats | None, *, unsplit: bool, losing: bool = False) -> LinearForm:
    """Return the program of a match, leaving out candidates that can hold nothing or are not worth it.

    `losing` keeps those that are not worth it: floors, minimum lots and shares may want them.
    """
    from scipy import sparse

    kept = _kept(problem, unsplit=unsplit, losing=losing or floors is not None)
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


def with_limits(form: LinearForm, limits: Limits, n_candidates: int) -> LinearForm:
    """Return the program with limits on what is served together."""
    from scipy import sparse

    uses = limits.matrix(n_candidates)[:, form.kept] @ sparse.diags(form.size, shape=(form.n_kept, form.n_kept))
    rest = sparse.csr_matrix((limits.most.size, form.gain.size - form.n_kept))
    rows = sparse.vstack([form.rows, sparse.hstack([uses, rest])]).tocsr()
    return replace(form, rows=rows, limits=np.concatenate([form.limits, limits.most]))


def with_pools(form: LinearForm, pool: Ints, minimum: Ints) -> LinearForm:
    """Return the program in which a pool gets at least its minimum or nothing.

    Parameters
    ----------
    pool
        int [E], the pool of each candidate, -1 = none.
    minimum
        int [G], pieces; a pool whose minimum is at most one piece is not bound.
    """
    from scipy import sparse

    bound = np.append(minimum > 1, False)
    on = np.flatnonzero(bound[pool[form.kept]])
    if not on.size:
        return form
    pools, at = np.unique(pool[form.kept[on]], return_inverse=True)
    shape = (on.size, form.gain.size)
    pick = sparse.csr_matrix((np.ones(on.size), (np.arange(on.size), on)), shape=shape)
    uses = sparse.csr_matrix((-form.upper[on], (np.arange(on.size), at)), shape=(on.size, pools.size))
    total = sparse.csr_matrix((-form.size[on], (at, on)), shape=(pools.size, form.gain.size))
    rows = sparse.bmat([[form.rows, None], [pick, uses], [total, sparse.diags(minimum[pools].astype(np.float64))]])
    return _with_uses(form, rows, on.size + pools.size, np.zeros(pools.size), np.ones(pools.size))


def with_splits(form: LinearForm, order: Ints, cost: float) -> LinearForm:
    """Return the program in which every supplier of an order (int [E]) beyond its first costs so much score."""
    from scipy import sparse

    several = np.bincount(order[form.kept], minlength=int(order.max(initial=-1)) + 1) > 1
    on = np.flatnonzero(several[order[form.kept]])
    if not on.size or cost == 0:
        return form
    split, at = np.unique(order[form.kept[on]], return_inverse=True)
    each = np.arange(on.size)
    pick = sparse.csr_matrix((np.ones(on.size), (each, on)), shape=(on.size, form.gain.size))
    suppliers = sparse.csr_matrix((np.ones(on.size), (at, each)), shape=(split.size, on.size))
    beyond = -sparse.identity(split.size)
    rows = sparse.bmat(
        [[form.rows, None, None], [pick, -sparse.diags(form.upper[on]), None], [None, suppliers, beyond]]
    )
    gain = np.append(np.zeros(on.size), np.full(split.size, -cost))
    upper = np.append(np.ones(on.size), np.full(split.size, np.inf))
    wider = _with_uses(form, rows, on.size, gain, upper, whole=on.size)
    return replace(wider, limits=np.append(wider.limits, np.ones(split.size)))


def _with_uses(
    form: LinearForm, rows: object, n_rows: int, gain: Floats, upper: Floats, *, whole: int | None = None
) -> LinearForm:
    """Return the program over further columns, the first `whole` of them integral, and rows at most zero."""
    integral = np.arange(gain.size) < (gain.size if whole is None else whole)
    return replace(
        form,
        rows=rows.tocsr(),  # type: ignore[attr-defined]
        limits=np.append(form.limits, np.zeros(n_rows)),
        gain=np.append(form.gain, gain),
        upper=np.append(form.upper, upper),
        integral=np.append(form.integral, integral),
    )


def relaxed(problem: MatchProblem, form: LinearForm, *, seconds: float) -> tuple[Floats, Floats, Floats, Floats] | None:
    """Solve the linear relaxation; None if so many wall seconds will not do.

    Returns
    -------
    pieces
        float64 [E], possibly fractional.
    prices, line_prices
        float64 [M] and [L]; a supplier's price is negative where its floor binds.
    rest
        float64, prices of the rows after those (`with_limits`).

    Raises
    ------
    EvenflowError
        If the program has no solution.
    """
    from scipy.optimize import linprog

    n_lines = 0 if problem.credit is None else problem.credit.limit.size
    first, last = problem.n_orders, problem.n_orders + problem.n_suppliers
    further = last + n_lines + form.floored.size
    if form.gain.size == 0:
        none = np.zeros(form.limits.size - further)
        return np.zeros(problem.n_candidates), np.zeros(problem.n_suppliers), np.zeros(n_lines), none
    if seconds <= 0:
        return None

    bounds = np.column_stack([np.zeros(form.upper.size), form.upper])
    options = {"time_limit": seconds} if np.isfinite(seconds) else {}
    found = linprog(-form.gain, A_ub=form.rows, b_ub=form.limits, bounds=bounds, method="highs", options=options)
    if found.status == _OUT_OF_TIME:
        return None
    if found.x is None:
        raise EvenflowError(f"match: the linear program has no solution: {found.message}")
    pieces = np.zeros(problem.n_candidates)
    pieces[form.kept] = found.x[: form.n_kept] * form.size
    duals = np.maximum(-np.asarray(found.ineqlin.marginals), 0.0)
    prices = duals[first:last]
    if form.floored.size:
        prices[form.floored] -= duals[last + n_lines : further]
    return pieces, prices, duals[last : last + n_lines], duals[further:]


def lp_stopped(seconds: float) -> str:
    """Return the note about linear programs that so many seconds would not do for."""
    return f"the linear program was stopped after {seconds:g} s: prices come from the smoothed dual"


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


def _kept(problem: MatchProblem, *, unsplit: bool, losing: bool) -> Ints:
    order = problem.order
    least = problem.pieces[order] if unsplit else 1
    load = 1.0 if problem.load is None else problem.load
    fits = problem.capacity[problem.supplier] >= least * load
    if not losing:
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
