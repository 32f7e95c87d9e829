"""A plan that knows it will be revised: what must be decided now is decided for all branches, the rest per branch.

Each branch of an item becomes an item of its own whose hours and money count by its probability, so that the plan's
linear model bounds and prices the expected load. Starts before an update are one decision for the branches it parts.
Items are taken to branch independently of each other; only the market's move, which they share, has loads of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from contracts.errors import InputError
from planning.model import build_model
from planning.params import PlanParams
from planning.problem import DemandAtoms, Floats, Modes, PlanProblem
from planning.recourse_tree import Branches

__all__ = ["RecoursePlan", "can_branch", "expand", "plan_with_recourse"]

_PRICES = ("holding_cost", "backlog_cost", "leftover_cost", "setup_cost", "lost_cost")


@dataclass(frozen=True, kw_only=True)
class RecoursePlan:
    """What is best before it is known which branch comes.

    Parameters
    ----------
    pieces
        Shape (M, T): expected pieces started per mode and bucket. Those before an item's first update are decisions,
        the same on all branches; later ones are averages.
    cost, bound
        Expected cost over the branches at the prices planned with, and the one that no plan for them can beat.
    """

    pieces: Floats
    cost: float
    bound: float


def can_branch(problem: PlanProblem) -> bool:
    """Whether the problem is without lots, minimum runs and components, which a plan with recourse does not know."""
    return not (problem.lot_modes.any() or problem.min_run.any() or problem.usage.nnz)


def expand(problem: PlanProblem, branches: Branches) -> PlanProblem:
    """Return the problem whose items are the branches; item p on branch l is number l P + p, modes alike.

    Resources are doubled for each move of the market, with their hours times its probability.
    """
    n_items, n_leaves, n_paths, n_buckets = branches.pieces.shape
    weight = branches.chance.T.ravel()
    worlds = branches.market_chance
    many = n_items * n_leaves

    def money(price: Floats) -> Floats:
        return np.asarray(np.tile(price, n_leaves) * weight)

    def hours(per_resource: Floats) -> Floats:
        return np.concatenate([per_resource * chance for chance in worlds])

    previous = problem.previous_load
    return problem.replace(
        items=np.tile(problem.items, n_leaves),
        resources=np.tile(problem.resources, len(worlds)),
        demand=DemandAtoms(
            pieces=branches.pieces.transpose(1, 0, 2, 3).reshape(many, n_paths, n_buckets),
            chance=np.tile(branches.path_chance, (many, 1)),
        ),
        modes=_branch_modes(problem, branches),
        **{name: hours(getattr(problem, name)) for name in ("capacity", "overtime", "min_run", "firm_hours")},
        **{name: money(getattr(problem, name)) for name in _PRICES},
        initial_stock=np.tile(problem.initial_stock, n_leaves),
        last=np.where(weight > 0, np.tile(problem.last, n_leaves), -1),
        known=np.tile(problem.known, n_leaves),
        usage=sparse.csr_array((many, len(problem.modes.item) * n_leaves)),
        firm_supply=np.tile(problem.firm_supply, (n_leaves, 1)),
        firm_use=np.tile(problem.firm_use, (n_leaves, 1)),
        previous_load=None if previous is None else hours(previous),
        promised_load=None,
        same_start=_same_start(problem, branches),
    )


def _branch_modes(problem: PlanProblem, branches: Branches) -> Modes:
    m, n_leaves = problem.modes, branches.chance.shape[1]
    n_items, n_resources, _ = problem.shape
    n_modes, n_ops = len(m.item), len(m.op_mode)
    parts = {name: np.tile(values, n_leaves) for name, values in vars(m).items()}
    leaf, op_leaf = np.repeat(np.arange(n_leaves), n_modes), np.repeat(np.arange(n_leaves), n_ops)
    item = parts["item"]
    parts["item"] = item + leaf * n_items
    parts["cost"] = parts["cost"] * branches.chance[item, leaf]
    parts["op_hours"] = parts["op_hours"] * branches.chance[item[parts["op_mode"]], op_leaf]
    parts["op_mode"] = parts["op_mode"] + op_leaf * n_modes
    parts["op_resource"] = parts["op_resource"] + branches.market[op_leaf] * n_resources
    return Modes(**parts)


def _same_start(problem: PlanProblem, branches: Branches) -> np.ndarray:
    """First mode whose start is one decision with a branch's mode's, shape (L M, T)."""
    n_modes = len(problem.modes.item)
    twin = branches.same_as[problem.modes.item] * n_modes + np.arange(n_modes)[:, None, None]
    return np.asarray(twin.transpose(1, 0, 2).reshape(-1, problem.shape[2]))


def plan_with_recourse(problem: PlanProblem, branches: Branches, params: PlanParams) -> RecoursePlan:
    """Plan for all branches at once.

    Parameters
    ----------
    problem
        Without lots, minimum runs and components (`can_branch`); its demand is not looked at.

    Raises
    ------
    InputError
        If the solver found nothing in the time it was given.
    """
    model = build_model(expand(problem, branches), params)
    found = model.linear.solve(seconds=params.solve.seconds, gap=params.solve.gap)
    if found.values is None:
        raise InputError("[solve] seconds", "enough time to find a plan", params.solve.seconds)
    n_modes, n_buckets = len(problem.modes.item), problem.shape[2]
    mode, leaf = model.mode % n_modes, model.mode // n_modes
    chance = branches.chance[problem.modes.item[mode], leaf]
    expected = np.zeros((n_modes, n_buckets))
    np.add.at(expected, (mode, model.bucket), np.maximum(found.values[model.start], 0.0) * chance)
    return RecoursePlan(pieces=expected, cost=found.objective, bound=found.bound)
