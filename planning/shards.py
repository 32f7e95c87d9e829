"""A large plan in parts: blocks of items that share their factories, each planned exactly in what the others leave.

Prices of hours say first what every block will roughly take of each resource and bucket (`planning.prices`). The blocks
then plan in turns, each against the hours that the others take or are expected to take, with the whole problem's
prices for idle hours, overtime and change; what is free is shared by those whose turn it is. So the parts never exceed
a limit together, and later turns mend what the expectation of earlier ones missed. The bound is that of the prices and
holds for the whole. Over few items the search for prices ends at kinks that depend on the last digit, so there the
linear relaxation of the whole, which is small, gives the bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

import numpy as np
from scipy import sparse

from planning.evaluate import evaluate, load_of
from planning.params import PlanParams
from planning.prices import hour_prices
from planning.problem import DemandAtoms, Floats, Ints, PlanProblem
from planning.runs import mend_runs
from planning.starts import allowed_starts
from planning.whole import Starts, plan_whole, relaxed_bound

__all__ = ["item_blocks", "needs_shards", "plan_shards"]

_TURNS = 12
"""Turns in which the blocks plan: in each, one in twelve does, far from one another."""

_PIECE = 1e-3

_FEW_STARTS = 10_000
"""Up to this many possible starts the relaxation of the whole takes about a second."""

_BY_ITEM = (
    "items",
    "holding_cost",
    "backlog_cost",
    "leftover_cost",
    "setup_cost",
    "lost_cost",
    "initial_stock",
    "last",
    "known",
    "firm_supply",
    "firm_use",
)


def needs_shards(problem: PlanProblem, params: PlanParams) -> bool:
    """Whether the problem is large enough to be planned in parts.

    Items that are parts of others need these in the same model, and so do branches that share their first starts: with
    a bill of materials or branches all is planned whole.
    """
    if problem.usage.nnz or problem.same_start is not None:
        return False
    return int(allowed_starts(problem).sum()) > params.solve.whole_starts


def item_blocks(problem: PlanProblem, size: int) -> tuple[Ints, int]:
    """Return each item's block, shape (P,), and how many blocks there are.

    Neighbours in a block share the first resource of their routes: factory by factory, then in blocks of that many.

    Parameters
    ----------
    size
        Items wanted in a block, >= 1.
    """
    m, n_items = problem.modes, problem.shape[0]
    first = m.op_resource[np.searchsorted(m.op_mode, np.arange(len(m.item)))]
    lowest = np.full(n_items, problem.shape[1])
    np.minimum.at(lowest, m.item, first)
    n_blocks = max(1, round(n_items / size))
    block = np.empty(n_items, np.int64)
    block[np.argsort(lowest, kind="stable")] = np.arange(n_items) * n_blocks // n_items
    return block, n_blocks


def plan_shards(problem: PlanProblem, params: PlanParams, executor: Executor | None = None) -> Starts:
    """Plan the items block by block.

    Parameters
    ----------
    executor
        Where blocks of the same turn are planned; None = one after the other, here. The plan is the same.
    """
    block, n_blocks = item_blocks(problem, params.solve.shard_items)
    prices = hour_prices(problem, params, block, n_blocks)
    load = _within_limits(problem, prices.load)
    bound = max(prices.bound, _relaxed_bound(problem, params))
    found: dict[int, Starts] = {}
    run = map if executor is None else executor.map

    def plan_blocks(numbers: list[int]) -> None:
        for turn in _turns(numbers):
            hours = _hours_for(problem, load, turn)
            parts = [_part(problem, np.flatnonzero(block == b), *mine) for b, mine in zip(turn, hours, strict=True)]
            done = run(partial(plan_whole, params=params), [part for part, _ in parts])
            for b, (_, modes), starts in zip(turn, parts, done, strict=True):
                found[b] = replace(starts, mode=modes[starts.mode])
                load[b] = load_of(problem, found[b].mode, starts.bucket, starts.pieces)

    plan_blocks(list(range(n_blocks)))
    if not problem.may_be_late.all():
        plan_blocks(_late_blocks(problem, params, block, _joined(found, bound)))
    whole = _joined(found, bound)
    return replace(whole, pieces=mend_runs(problem, whole.mode, whole.bucket, whole.pieces))


def _relaxed_bound(problem: PlanProblem, params: PlanParams) -> float:
    """Return the bound of the linear relaxation where there are few starts, -inf where there are many."""
    if int(allowed_starts(problem).sum()) > _FEW_STARTS:
        return -np.inf
    return relaxed_bound(problem, params)


def _late_blocks(problem: PlanProblem, params: PlanParams, block: Ints, starts: Starts) -> list[int]:
    """Blocks with items that are late and may not be: they plan once more, now that the others' hours are known."""
    outcome = evaluate(problem, params, starts.mode, starts.bucket, starts.pieces)
    late = (outcome.short > _PIECE) & ~problem.may_be_late
    return [int(b) for b in np.unique(block[late])]


def _turns(blocks: list[int]) -> list[list[int]]:
    n_turns = min(_TURNS, len(blocks))
    return [blocks[turn::n_turns] for turn in range(n_turns)]


def _within_limits(problem: PlanProblem, load: Floats) -> Floats:
    """Shrink expected loads that exceed what firm work leaves, shape (B, R, T)."""
    room = np.maximum(problem.capacity + problem.overtime - problem.firm_hours, 0.0)
    total = load.sum(axis=0)
    share = np.divide(room, total, out=np.ones(room.shape), where=total > room)
    return np.asarray(load * share)


def _hours_for(problem: PlanProblem, load: Floats, turn: list[int]) -> Iterator[tuple[Floats, Floats]]:
    """Yield, for each block of a turn, the hours of all others and its limit, both of shape (R, T).

    Firm work above a resource's hours is among the others' and raises the limit, so that it leaves nothing and
    forbids nothing.
    """
    total = problem.firm_hours + load.sum(axis=0)
    limit = np.maximum(problem.capacity + problem.overtime, total)
    taken = load[turn].sum(axis=2)
    sums = taken.sum(axis=0)
    share = np.divide(taken, sums, out=np.full(taken.shape, 1 / len(turn)), where=sums > 0)
    for b, part in zip(turn, share, strict=True):
        yield total - load[b], total + part[:, None] * (limit - total)


def _part(problem: PlanProblem, items: Ints, others: Floats, limit: Floats) -> tuple[PlanProblem, Ints]:
    """Cut out some items with the resources they use; return also the modes' numbers in the whole."""
    position = np.full(problem.shape[0], -1)
    position[items] = np.arange(len(items))
    wanted = position[problem.modes.item] >= 0
    modes = problem.modes.keep(wanted)
    used, op_resource = np.unique(modes.op_resource, return_inverse=True)
    rows, op_row = np.unique(modes.op_row, return_inverse=True)
    previous, load, promised = problem.previous_hours, problem.previous_load, problem.promised_load
    part = problem.replace(
        **{name: getattr(problem, name)[items] for name in _BY_ITEM},
        resources=problem.resources[used],
        demand=DemandAtoms(pieces=problem.demand.pieces[items], chance=problem.demand.chance[items]),
        modes=replace(modes, item=position[modes.item], op_resource=op_resource, op_row=op_row),
        usage=sparse.csr_array((len(items), len(modes.item))),
        capacity=np.minimum(problem.capacity, limit)[used],
        overtime=np.maximum(limit - problem.capacity, 0.0)[used],
        min_run=problem.min_run[used],
        firm_hours=others[used],
        previous_hours=None if previous is None else previous[rows],
        previous_load=None if load is None else load[used],
        promised_load=None if promised is None else promised[used],
        notes=(),
    )
    return part, np.flatnonzero(wanted)


def _joined(found: dict[int, Starts], bound: float) -> Starts:
    parts = [found[b] for b in sorted(found)]
    whole = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in ("mode", "bucket", "exact", "pieces")
    }
    return Starts(
        **whole,
        bound=bound,
        proven=all(part.proven for part in parts),
        any_plan=all(part.any_plan for part in parts),
        shards=len(parts),
    )
