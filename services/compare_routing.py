"""Routing policies compared on past orders: what each would have served, at what cost, how soon and how fairly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError, TableError
from contracts.progress import Report, silent
from matching.frames import Instance, instance
from matching.online import RouterParams
from matching.policies import RULES, at_prices, by_rule, fewest_splits, key_of
from matching.problem import Floats, Ints, MatchParams, MatchProblem, of_orders
from matching.refresh import learnt_prices
from matching.score import ScoreWeights
from matching.solve import solve
from matching.sums import sum_by
from matching.tables import CANDIDATES, ORDERS, SUPPLIERS
from services.routing_variants import Variant, varied

__all__ = ["POLICIES", "RoutingReport", "compare_routing"]

POLICIES = ("batch", "floors", "online", *RULES)
_FLOOR = 0.75


@dataclass(frozen=True, kw_only=True)
class RoutingReport:
    """What every policy would have done.

    Parameters
    ----------
    policies
        One row per policy and variant: objective, regret, fill, cost_fen, due_hits, splits, suppliers_used, fairness.
    summary
        The bound that no policy can exceed, pieces, orders, and the same figures by policy.
    """

    policies: pd.DataFrame
    summary: dict[str, Any]


def compare_routing(
    orders: pd.DataFrame,
    suppliers: pd.DataFrame,
    candidates: pd.DataFrame,
    *,
    policies: Sequence[str] = POLICIES,
    variants: Mapping[str, Variant] | None = None,
    weights: ScoreWeights | None = None,
    seed: int = 0,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> RoutingReport:
    """Route past orders by every policy, in the order in which they came.

    Parameters
    ----------
    orders, suppliers, candidates
        Raw tables as for `services.match_orders`; ``due_days`` of orders with ``lead_time_days`` of candidates tells
        who was on time, ``distance_km`` (else lead time) who is near, ``cost_fen`` who is cheap.
    policies
        Names in `POLICIES`: ``batch`` is the certified optimum, ``floors`` the same with three quarters of its
        proportional share for every supplier, ``online`` one order at a time at prices learnt from every other order.
    variants
        What-ifs by name: a policy under other weights, floors or capacities, compared beside `policies`. Scores,
        regret and bound of a variant are its own.

    Raises
    ------
    InputError
        An unknown policy, or a variant with the name of one.
    TableError
        If a table is wrong or lacks what a policy goes by; names the file, the column and the row.
    """
    names, what_ifs = dict(sources or {}), dict(variants or {})
    _require_names(policies, what_ifs)
    made = instance(
        ORDERS.check(orders, names.get("orders")),
        SUPPLIERS.check(suppliers, names.get("suppliers")),
        CANDIDATES.check(candidates, names.get("candidates")),
        weights=weights,
        sources=names,
    )
    best = solve(made.problem, seed=seed)
    rows = []
    for done, name in enumerate([*policies, *what_ifs]):
        if name in what_ifs:
            rows.append({"policy": name, **_what_if(made, what_ifs[name], seed)})
        else:
            pieces = best.pieces if name == "batch" else _routed(name, made, seed)
            rows.append({"policy": name, **_figures(made, pieces, best.upper_bound)})
        progress("comparing policies", done + 1, len(policies) + len(what_ifs))
    table = pd.DataFrame(rows)
    plain = table.astype(object).where(table.notna(), None).to_dict("records")
    summary = {
        "orders": made.problem.n_orders,
        "pieces": made.problem.demand,
        "upper_bound": best.upper_bound,
        "policies": {row.pop("policy"): row for row in plain},
        "notes": [*made.notes],
    }
    return RoutingReport(policies=table, summary=summary)


def _require_names(policies: Sequence[str], variants: Mapping[str, Variant]) -> None:
    if unknown := [name for name in policies if name not in POLICIES]:
        raise InputError("policies", f"names among {', '.join(POLICIES)}", unknown[0])
    if unknown := [one.policy for one in variants.values() if one.policy not in POLICIES]:
        raise InputError("variants: policy", f"a name among {', '.join(POLICIES)}", unknown[0])
    if taken := [name for name in variants if name in policies]:
        raise InputError("variants", "names that no compared policy has", taken[0])
    if not policies and not variants:
        raise InputError("policies", "at least one name", "none")


def _what_if(made: Instance, variant: Variant, seed: int) -> dict[str, Any]:
    """Return the figures of a policy under other assumptions, against the bound under the same ones."""
    other = varied(made, variant)
    best = solve(other.problem, params=MatchParams(floor=variant.floor), seed=seed)
    pieces = best.pieces if variant.policy == "batch" else _routed(variant.policy, other, seed)
    return _figures(other, pieces, best.upper_bound)


def _routed(name: str, made: Instance, seed: int) -> Ints:
    problem = made.problem
    if name == "floors":
        return solve(problem, params=MatchParams(floor=_FLOOR), seed=seed).pieces
    if name == "online":
        return _at_learnt_prices(problem)
    if name == "fewest_splits":
        return fewest_splits(problem)
    parts = {"distance": _column(made, "distance_km", "lead_time_days"), "cost": _column(made, "cost_fen")}
    missing = {"nearest": "distance", "cheapest": "cost"}.get(name)
    if missing and parts[missing] is None:
        wanted = "distance_km or lead_time_days" if missing == "distance" else "cost_fen"
        raise TableError("candidates", wanted, f"this column, which the policy {name} goes by", "no such column")
    known = {part: values for part, values in parts.items() if values is not None}
    return by_rule(problem, key_of(name, problem, known))


def _at_learnt_prices(problem: MatchProblem) -> Ints:
    """Return what the online rule serves: even orders at prices learnt from the odd ones, and the other way round."""
    even = np.arange(problem.n_orders) % 2 == 0
    prices = np.zeros((2, problem.n_suppliers))
    for k, learnt in enumerate((~even, even)):
        if learnt.any():
            part = of_orders(problem, learnt)
            share = part.demand / problem.demand
            part = part.replace(capacity=np.floor(problem.capacity * share).astype(np.int64))
            prices[k] = learnt_prices(part, np.zeros(problem.n_suppliers))
    paid = prices[problem.order % 2, problem.supplier]
    if problem.load is not None:
        paid = paid * problem.load
    return at_prices(problem, paid, margin=RouterParams().margin)


def _column(made: Instance, *names: str) -> Floats | None:
    for name in names:
        if name in made.candidates:
            values = pd.to_numeric(made.candidates[name], errors="coerce").to_numpy(np.float64)
            return np.where(np.isnan(values), np.inf, values)
    return None


def _figures(made: Instance, pieces: Ints, bound: float) -> dict[str, Any]:
    problem = made.problem
    used = np.flatnonzero(pieces)
    objective = problem.objective(pieces)
    loads = sum_by(
        problem.supplier[used],
        pieces[used] * (1.0 if problem.load is None else problem.load[used]),
        problem.n_suppliers,
    )
    cost = _column(made, "cost_fen")
    served = int(pieces.sum())
    orders_served = np.unique(problem.order[used]).size
    return {
        "objective": objective,
        "regret": (bound - objective) / max(abs(bound), 1e-12),
        "fill": served / problem.demand,
        "cost_fen": None if cost is None else float(np.dot(cost[used], pieces[used])),
        "due_hits": _due_hits(made, pieces),
        "splits": used.size / orders_served - 1 if orders_served else 0.0,
        "suppliers_used": int((loads > 0).sum()),
        "fairness": _fairness(loads, problem.capacity),
    }


def _due_hits(made: Instance, pieces: Ints) -> float | None:
    """Return the share of all pieces that come by their due day; None where that is not known."""
    if "due_days" not in made.orders or "lead_time_days" not in made.candidates:
        return None
    due = pd.to_numeric(made.orders["due_days"], errors="coerce").to_numpy(np.float64)[made.problem.order]
    lead = pd.to_numeric(made.candidates["lead_time_days"], errors="coerce").to_numpy(np.float64)
    on_time = ~(lead > due)
    return float(pieces[on_time].sum() / made.problem.demand)


def _fairness(loads: Floats, capacity: Ints) -> float:
    """Return Jain's index of utilisation over suppliers with capacity: 1 = all equally, 1/M = one alone."""
    some = capacity > 0
    use = loads[some] / capacity[some]
    return float(use.sum() ** 2 / (use.size * np.square(use).sum())) if use.any() else 1.0
