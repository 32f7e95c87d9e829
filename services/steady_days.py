"""The days of a match: pieces spread so that suppliers work steadily, what that cost, and who envies whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError
from matching.constrained import Constrained
from matching.constraints import Constraints
from matching.fairness import envy
from matching.frames import Instance
from matching.problem import Floats, MatchParams, MatchProblem, MatchResult, relative_gap
from matching.solve import OPTIMAL_GAP
from matching.steadiness import Days, Windows, as_they_come, joint_size, load_cv, steady_days, steady_match, usual_day
from matching.tables import DAYS, MAX_SCORE

__all__ = ["Steadied", "by_day", "fairness_frame", "steadied", "windows_of"]

_MOST_ARCS = 3_000_000


@dataclass(frozen=True, kw_only=True)
class Steadied:
    """A match with its days.

    Parameters
    ----------
    found
        The match; its objective is net of what swings cost.
    days
        Pieces by day.
    before, after
        float64 [M], coefficient of variation of each supplier's days: every order on its first day in the match
        without steadiness, and now.
    summary
        Key figures.
    """

    found: Constrained
    days: Days
    before: Floats
    after: Floats
    summary: dict[str, Any]


def windows_of(orders: pd.DataFrame, source: str = "orders") -> Windows:
    """Return the days on which orders may be made (`matching.tables.DAYS`).

    Raises
    ------
    InputError
        If there is no ``last_day``, or a window ends before it begins.
    """
    table = DAYS.check(orders, source)
    last = table["last_day"].to_numpy(dtype=np.float64)
    if np.isnan(last).all():
        raise InputError(f"{source}: column 'last_day'", "the last day of at least one order", "only empty cells")
    first = table["first_day"].fillna(0) if "first_day" in table else np.zeros(len(table))
    last = np.where(np.isnan(last), np.nanmax(last), last)
    return Windows(first=np.asarray(first, dtype=np.int64), last=last.astype(np.int64))


def steadied(
    made: Instance,
    found: Constrained,
    windows: Windows | None,
    weight: float | None,
    *,
    constraints: Constraints,
    params: MatchParams,
) -> Steadied | None:
    """Spread a match over days: suppliers and days at once where it is a plain network, else the days of its pieces.

    None without windows and a weight.

    Raises
    ------
    InputError
        If the weight is not a number >= 0.
    """
    if windows is None or weight is None:
        return None
    if not 0 <= weight <= MAX_SCORE:
        raise InputError("--steady", f"a number >= 0 and <= {MAX_SCORE:g}", weight)
    problem, first = made.problem, found.result
    joint = _joint(problem, windows, constraints, params)
    if joint:
        pieces, days, bound = steady_match(problem, windows, usual_day(problem, first.pieces, windows.days), weight)
        bound = max(bound, problem.objective(pieces) - days.penalty)
        result = replace(first, pieces=pieces, unserved=problem.unserved(pieces), upper_bound=bound)
        result = replace(result, objective=problem.objective(pieces), method="min_cost_flow+days")
    else:
        days = steady_days(problem, first.pieces, windows, weight)
        note = "steadiness chose the days of this allocation, not its suppliers"
        result = replace(first, method=f"{first.method}+days", notes=(*first.notes, note))
    before = load_cv(problem, as_they_come(problem, first.pieces, windows), windows.days)
    after = load_cv(problem, days, windows.days)
    told = {
        "weight": weight,
        "days": windows.days,
        "suppliers_chosen": joint,
        "cost": first.objective - result.objective,
        "penalty": days.penalty,
        "load_cv_before": _mean(before, usual_day(problem, first.pieces, 1)),
        "load_cv": _mean(after, usual_day(problem, result.pieces, 1)),
    }
    steady = replace(found, result=_net_of(result, days.penalty))
    return Steadied(found=steady, days=days, before=before, after=after, summary=told)


def by_day(made: Instance, allocation: pd.DataFrame, days: Days) -> pd.DataFrame:
    """Return an allocation (`matching.frames.allocation_frame`) with a row and a ``day`` for each day's pieces."""
    rows = made.candidates[["order_id", "supplier_id"]].iloc[days.candidate].reset_index(drop=True)
    rows = rows.assign(day=days.day, made=days.pieces)
    spread = allocation.merge(rows, on=["order_id", "supplier_id"], how="left")
    spread["pieces"] = spread["made"].fillna(spread["pieces"]).astype(np.int64)
    spread["day"] = spread["day"].astype("Int64")
    return spread.drop(columns="made")


def fairness_frame(made: Instance, result: MatchResult, steady: Steadied | None) -> pd.DataFrame:
    """Return per supplier its due and what it received, the envy, and how level its days are.

    Columns: supplier_id, due, received, envied, envy_cost (`matching.fairness.Envy`), load_cv_before, load_cv (empty
    without days).
    """
    report = envy(made.problem, result.pieces)
    none = np.full(made.problem.n_suppliers, np.nan)
    return pd.DataFrame(
        {
            "supplier_id": made.suppliers["supplier_id"],
            "due": report.due,
            "received": report.received,
            "envied": report.envied,
            "envy_cost": report.cost,
            "load_cv_before": none if steady is None else steady.before,
            "load_cv": none if steady is None else steady.after,
        }
    )


def _joint(problem: MatchProblem, windows: Windows, constraints: Constraints, params: MatchParams) -> bool:
    """Whether suppliers and days can be chosen at once, as one network."""
    plain = problem.load is None and problem.credit is None and constraints.empty and not params.unsplit
    exact = params.floor == 0 and params.method in ("auto", "exact")
    return plain and exact and joint_size(problem, windows) <= _MOST_ARCS


def _net_of(result: MatchResult, penalty: float) -> MatchResult:
    """Return the result net of what swings cost."""
    objective = result.objective - penalty
    optimal = relative_gap(objective, result.upper_bound) <= OPTIMAL_GAP
    return replace(result, objective=objective, status="optimal" if optimal else "feasible")


def _mean(cv: Floats, pieces: Floats) -> float | None:
    """Return the mean over suppliers by their pieces; None without any."""
    on = ~np.isnan(cv) & (pieces > 0)
    return float(np.average(cv[on], weights=pieces[on])) if on.any() else None
