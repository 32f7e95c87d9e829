"""Match orders with suppliers: tables in, allocation, prices and a certificate out."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from contracts.errors import InputError
from contracts.progress import Report, silent
from matching.constrained import Constrained, solve_constrained
from matching.constraint_frames import Constrainer, constrain, constraint_frame
from matching.constraints import Constraints
from matching.frames import Instance, allocation_frame, instance, price_frame
from matching.preferences import PREFERENCES, with_preferences
from matching.problem import MatchParams, MatchResult, Method
from matching.score import ScoreWeights
from matching.tables import CANDIDATES, CREDIT, LIMITS, ORDERS, SUPPLIERS
from matching.words import Language, told
from services.steady_days import Steadied, by_day, fairness_frame, steadied, windows_of

__all__ = ["MatchReport", "MatchTerms", "match_orders", "summarise"]

_DEAREST = 20


@dataclass(frozen=True, kw_only=True)
class MatchTerms:
    """What a match keeps to and counts beside capacities, credit lines and floors.

    Parameters
    ----------
    limits
        Raw table (`matching.tables.LIMITS`): ceilings, exposure caps, mixes, credit over several suppliers.
    pool_by
        Columns whose equal values let orders be made together to reach a supplier's ``minimum_order``.
    split_cost
        Score per supplier of an order beyond its first, >= 0.
    preferences
        Raw table (`matching.preferences.PREFERENCES`): what suppliers would rather make.
    preference_weight
        Score per unit of that, >= 0; weights that have the part ``supplier_preference`` keep theirs.
    steady
        Spread pieces over the days of their orders (`matching.tables.DAYS`): score per piece that an idle day lacks,
        >= 0; None = no days.
    fairness
        Whether to report what each supplier is due, got and could envy (`MatchReport.fairness`).
    """

    limits: pd.DataFrame | None = None
    pool_by: Sequence[str] = ()
    split_cost: float = 0.0
    preferences: pd.DataFrame | None = None
    preference_weight: float = 0.1
    steady: float | None = None
    fairness: bool = False


@dataclass(frozen=True, kw_only=True)
class MatchReport:
    """What a match gives back.

    Parameters
    ----------
    allocation
        order_id, supplier_id (empty = unserved), pieces, score, price, reason and the candidates' other columns; with
        steadiness a row and a ``day`` for each day's pieces.
    summary
        Key figures, plain values.
    prices
        supplier_id, price (score per unit of capacity: what one more unit is worth), capacity, used.
    constraints
        about (limit, pool), limit_id, group, bound, used, price, reason (`matching.constraint_frames`); empty without.
    fairness
        Per supplier: due, received, envied, envy_cost, load_cv_before, load_cv (`services.steady_days.fairness_frame`);
        None unless asked for.
    told
        The match in words (`matching.words.told`), None unless a language was asked for.
    """

    allocation: pd.DataFrame
    summary: dict[str, Any]
    prices: pd.DataFrame
    constraints: pd.DataFrame
    fairness: pd.DataFrame | None = None
    told: pd.DataFrame | None = None


def match_orders(
    orders: pd.DataFrame,
    suppliers: pd.DataFrame,
    candidates: pd.DataFrame,
    *,
    weights: ScoreWeights | None = None,
    credit: pd.DataFrame | None = None,
    terms: MatchTerms | None = None,
    unsplit: bool = False,
    floor: float = 0.0,
    method: Method = "auto",
    seconds: float = 5.0,
    polish_seconds: float = 20.0,
    seed: int = 0,
    language: Language | None = None,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> MatchReport:
    """Allocate the pieces of orders to suppliers for the highest score, with a proof of how near that is.

    Parameters
    ----------
    orders, suppliers, candidates, credit
        Raw tables, see `matching.tables`.
    weights
        Computes the score from its parts where candidates have no score column.
    terms
        Further limits, pools, the price of splits, suppliers' preferences.
    unsplit
        One supplier serves the whole order or nobody does.
    floor
        Share of its capacity-proportional part of the demand that each supplier is guaranteed, in [0, 1].
    method
        ``auto``, ``auction``, ``exact`` or ``greedy``.
    seconds, polish_seconds
        When a mixed-integer program stops, and how long uneven whole orders are improved (`MatchParams`).
    seed
        Of the parts in which uneven whole orders are improved; all else is deterministic.
    language
        ``en`` or ``zh``: tell every candidate, supplier and unserved order in words (`MatchReport.told`).
    sources
        File name per table (``orders``, ``suppliers``, ``candidates``, ``credit``, ``limits``, ``preferences``), for
        messages.

    Raises
    ------
    InputError
        If a table or an option is wrong; names the file, the column and the row.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    names, terms = dict(sources or {}), terms or MatchTerms()
    params = _params(method=method, floor=floor, unsplit=unsplit, seconds=seconds, polish_seconds=polish_seconds)
    progress("checking tables", 0, 3)
    tables = _checked(orders, suppliers, candidates, terms.preferences, names)
    lines = None if credit is None else CREDIT.check(credit, names.get("credit"))
    windows = None if terms.steady is None else windows_of(orders, names.get("orders", "orders"))
    made, named = _instance(tables, weights, lines, terms, names)
    progress("matching", 1, 3)
    free = solve_constrained(made.problem, named.constraints, params=params, seed=seed)
    steady = steadied(made, free, windows, terms.steady, constraints=named.constraints, params=params)
    progress("writing down", 2, 3)
    found = free if steady is None else steady.found
    report = _report(made, named, found, steady, unsplit=unsplit)
    report.summary.update(_costs(made, free.result, params, seed, named))
    report.summary.update(seconds=time.perf_counter() - wall, cpu_seconds=time.process_time() - cpu)
    progress("writing down", 3, 3)
    return replace(
        report,
        fairness=fairness_frame(made, found.result, steady) if terms.fairness else None,
        told=None if language is None else told(made, found.result, named, unsplit=unsplit, language=language),
    )


def _report(
    made: Instance, named: Constrainer, found: Constrained, steady: Steadied | None, *, unsplit: bool
) -> MatchReport:
    allocation = allocation_frame(made, found.result, unsplit=unsplit)
    constraints = constraint_frame(made, named, found)
    summary = summarise(made, found.result, allocation) | _constrained(named, found, constraints)
    return MatchReport(
        allocation=allocation if steady is None else by_day(made, allocation, steady.days),
        summary=summary if steady is None else summary | {"steadiness": steady.summary},
        prices=price_frame(made, found.result),
        constraints=constraints,
    )


def _params(**options: Any) -> MatchParams:
    try:
        return MatchParams(**options)
    except ValueError as error:
        raise InputError("match", "options in range", str(error)) from None


def _checked(
    orders: pd.DataFrame,
    suppliers: pd.DataFrame,
    candidates: pd.DataFrame,
    preferences: pd.DataFrame | None,
    names: Mapping[str, str],
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the checked tables, candidates with what suppliers prefer."""
    orders, suppliers = ORDERS.check(orders, names.get("orders")), SUPPLIERS.check(suppliers, names.get("suppliers"))
    candidates = CANDIDATES.check(candidates, names.get("candidates"))
    if preferences is None:
        return orders, suppliers, candidates
    source = names.get("preferences", "preferences")
    rules = PREFERENCES.check(preferences, source)
    return orders, suppliers, with_preferences(candidates, orders, suppliers, rules, source=source)


def _instance(
    tables: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    weights: ScoreWeights | None,
    credit: pd.DataFrame | None,
    terms: MatchTerms,
    names: Mapping[str, str],
) -> tuple[Instance, Constrainer]:
    """Return what is matched, and what it keeps to."""
    weight = 0.0 if terms.preferences is None else terms.preference_weight
    made = instance(*tables, weights=weights, credit=credit, preference_weight=weight, sources=names)
    source = names.get("limits", "limits")
    limits = None if terms.limits is None else LIMITS.check(terms.limits, source)
    named = constrain(made, limits=limits, pool_by=terms.pool_by, split_cost=terms.split_cost, source=source)
    return replace(made, candidates=named.with_pools(made.candidates)), named


def _costs(made: Instance, result: MatchResult, params: MatchParams, seed: int, named: Constrainer) -> dict[str, float]:
    """Return what guaranteed shares, and limits, pools and splits cost: the objective without them less that with."""
    if params.method == "greedy":
        return {}
    costs: dict[str, float] = {}
    if params.floor > 0:
        no_floor = replace(params, floor=0.0)
        free = solve_constrained(made.problem, named.constraints, params=no_floor, seed=seed).result.objective
        cost = free - result.objective
        costs |= {"fairness_cost": cost, "fairness_cost_share": cost / max(abs(free), 1e-12)}
    if not named.constraints.empty:
        free = solve_constrained(made.problem, Constraints(), params=params, seed=seed).result.objective
        costs["constraint_cost"] = free - result.objective
    return costs


def _constrained(named: Constrainer, found: Constrained, table: pd.DataFrame) -> dict[str, Any]:
    """Return the key figures of limits, pools and splits, as far as there are any."""
    if named.constraints.empty:
        return {}
    binding = table[table["price"] > 0].sort_values("price", ascending=False, kind="stable")
    pools = table[table["about"] == "pool"]
    told: dict[str, Any] = {
        "splits": found.splits,
        "split_cost": named.constraints.split_cost * found.splits,
        "binding": len(binding),
        "dearest": binding.head(_DEAREST).drop(columns="reason").to_dict("records"),
    }
    if len(pools):
        told["pools"] = {"open": int((pools["used"] > 0).sum()), "closed": int((pools["reason"] != "").sum())}
    return told


def summarise(made: Instance, result: MatchResult, allocation: pd.DataFrame) -> dict[str, Any]:
    """Return the key figures of a match."""
    unserved = allocation[allocation["supplier_id"].isna()]
    suppliers = made.suppliers["supplier_id"]
    return {
        "objective": result.objective,
        "upper_bound": result.upper_bound,
        "gap": result.gap,
        "matched_pieces": int(made.problem.demand - result.unserved.sum()),
        "unmatched_pieces": int(result.unserved.sum()),
        "unmatched_by_reason": {str(k): int(v) for k, v in unserved.groupby("reason")["pieces"].sum().items()},
        "method": result.method,
        "status": result.status,
        "orders": made.problem.n_orders,
        "suppliers": made.problem.n_suppliers,
        "candidates": made.problem.n_candidates,
        "relaxed_floors": [
            {"supplier_id": suppliers.iloc[j], "floor": floor, "reached": reached}
            for j, floor, reached in result.relaxed_floors
        ],
        "notes": [*made.notes, *result.notes],
        "solve_seconds": result.seconds,
        "solve_cpu_seconds": result.cpu_seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
