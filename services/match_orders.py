"""Match orders with suppliers: tables in, allocation, prices and a certificate out."""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from contracts.errors import InputError
from contracts.progress import Report, silent
from matching.frames import Instance, allocation_frame, instance, price_frame
from matching.problem import MatchParams, MatchResult, Method
from matching.score import ScoreWeights
from matching.solve import solve
from matching.tables import CANDIDATES, CREDIT, ORDERS, SUPPLIERS
from matching.words import Language, told

__all__ = ["MatchReport", "match_orders", "summarise"]


@dataclass(frozen=True, kw_only=True)
class MatchReport:
    """What a match gives back.

    Parameters
    ----------
    allocation
        order_id, supplier_id (empty = unserved), pieces, score, price, reason and the candidates' other columns.
    summary
        Key figures, plain values.
    prices
        supplier_id, price (score per unit of capacity: what one more unit is worth), capacity, used.
    told
        The match in words (`matching.words.told`), None unless a language was asked for.
    """

    allocation: pd.DataFrame
    summary: dict[str, Any]
    prices: pd.DataFrame
    told: pd.DataFrame | None = None


def match_orders(
    orders: pd.DataFrame,
    suppliers: pd.DataFrame,
    candidates: pd.DataFrame,
    *,
    weights: ScoreWeights | None = None,
    credit: pd.DataFrame | None = None,
    unsplit: bool = False,
    floor: float = 0.0,
    method: Method = "auto",
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
    unsplit
        One supplier serves the whole order or nobody does.
    floor
        Share of its capacity-proportional part of the demand that each supplier is guaranteed, in [0, 1].
    method
        ``auto``, ``auction``, ``exact`` or ``greedy``.
    seed
        Of the parts in which uneven whole orders are improved; all else is deterministic.
    language
        ``en`` or ``zh``: tell every candidate, supplier and unserved order in words (`MatchReport.told`).
    sources
        File name per table (``orders``, ``suppliers``, ``candidates``, ``credit``) for messages.

    Raises
    ------
    InputError
        If a table or an option is wrong; names the file, the column and the row.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    names = dict(sources or {})
    params = _params(method, floor, unsplit=unsplit)
    progress("checking tables", 0, 3)
    made = instance(
        ORDERS.check(orders, names.get("orders")),
        SUPPLIERS.check(suppliers, names.get("suppliers")),
        CANDIDATES.check(candidates, names.get("candidates")),
        weights=weights,
        credit=None if credit is None else CREDIT.check(credit, names.get("credit")),
        sources=names,
    )
    progress("matching", 1, 3)
    result = solve(made.problem, params=params, seed=seed)
    progress("writing down", 2, 3)
    allocation = allocation_frame(made, result, unsplit=unsplit)
    summary = summarise(made, result, allocation) | _fairness(made, result, params, seed)
    summary |= {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    progress("writing down", 3, 3)
    return MatchReport(
        allocation=allocation,
        summary=summary,
        prices=price_frame(made, result),
        told=None if language is None else told(made, result, unsplit=unsplit, language=language),
    )


def _params(method: Method, floor: float, *, unsplit: bool) -> MatchParams:
    try:
        return MatchParams(method=method, unsplit=unsplit, floor=floor)
    except ValueError as error:
        raise InputError("match", "options in range", str(error)) from None


def _fairness(made: Instance, result: MatchResult, params: MatchParams, seed: int) -> dict[str, float]:
    """Return what guaranteed shares cost: the objective without them less that with them, and as a share of it."""
    if params.floor <= 0 or params.method == "greedy":
        return {}
    free = solve(made.problem, params=replace(params, floor=0.0), seed=seed)
    cost = free.objective - result.objective
    return {"fairness_cost": cost, "fairness_cost_share": cost / max(abs(free.objective), 1e-12)}


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
