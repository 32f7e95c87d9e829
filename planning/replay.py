"""Replay: policies release work bucket by bucket against demand as it unfolded, with the forecasts of the time.

One bucket: what the policy decided `firm` buckets ago is released and joins the queues; every resource works at most
its capacity and overtime, all jobs on an overloaded one shrink in proportion and the rest queues; finished work
arrives after its lead; demand arrives, backlog is served first; an item that ends leaves its stock and its debts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from planning.forecasts import Forecasts
from planning.params import PlanParams
from planning.problem import Floats, PlanProblem
from planning.recourse_history import ForecastHistory, history_of
from planning.stages import Stages, stages_of

__all__ = ["Policy", "ReplayProblem", "ReplayState", "Trace", "held_position", "replay"]


@dataclass(frozen=True, kw_only=True)
class ReplayProblem:
    """What happened on one path, and what was forecast.

    Parameters
    ----------
    base
        Items, modes, resources and calendar over all buckets; its demand is not looked at.
    demand
        Shape (P, T): pieces demanded.
    forecasts
        What was known when.
    """

    base: PlanProblem
    demand: Floats
    forecasts: Forecasts

    @cached_property
    def history(self) -> ForecastHistory:
        """What each run of forecasts said, to be cut at the present with `until`."""
        return history_of(self.forecasts, self.demand)


@dataclass
class ReplayState:
    """Where things are at the start of a bucket.

    Parameters
    ----------
    now
        The bucket.
    stock, owed
        Shape (P,): pieces on hand and pieces late.
    queue
        Shape (S,): pieces waiting at each stage, counted as started pieces.
    incoming
        Shape (S, T + longest lead): pieces on their way to a stage.
    finishing
        Shape (M, T + longest lead): pieces that can be used from a bucket on.
    decided
        Shape (M, T): releases fixed so far.
    load
        Shape (R,): hours worked in the last bucket it was open; NaN before the first.
    seen
        Shape (P, T): demand of past buckets.
    plan
        Shape (M, T): the plan behind the last decision; None if there was none.
    """

    now: int
    stock: Floats
    owed: Floats
    queue: Floats
    incoming: Floats
    finishing: Floats
    decided: Floats
    load: Floats
    seen: Floats
    plan: Floats | None = None


class Policy(Protocol):
    """Decides what to release."""

    def decide(self, problem: ReplayProblem, state: ReplayState, stages: Stages) -> tuple[Floats, Floats | None]:
        """Return pieces per mode to release `firm` buckets from now, and the plan (M, T) behind them, if any."""


@dataclass(frozen=True, kw_only=True)
class Trace:
    """What a policy did, bucket by bucket; costs are money.

    Parameters
    ----------
    load, released
        Shape (R, T): hours worked, and hours of the work released.
    on_time, demanded
        Shape (T,): pieces served in their bucket, and demanded.
    cost
        Part -> shape (T,).
    moved, planned
        Shape (T,): hours that the plan moved within its next four free buckets, and hours planned there before.
    """

    load: Floats
    released: Floats
    on_time: Floats
    demanded: Floats
    cost: dict[str, Floats] = field(default_factory=dict)
    moved: Floats
    planned: Floats


_PARTS = ("holding", "backlog", "leftover", "lost", "production", "idle", "overtime", "load_change")
_NEXT_BUCKETS = 4


def replay(problem: ReplayProblem, policy: Policy, params: PlanParams, *, until: int | None = None) -> Trace:
    """Run one policy over one path.

    Parameters
    ----------
    params
        Weights price the hours; `horizon.firm` is how many buckets ahead releases are fixed.
    until
        Bucket to stop before; what is traced of later ones is 0. None = to the end.
    """
    base = problem.base
    n_buckets, firm = base.shape[2], params.horizon.firm
    stages = stages_of(base.modes)
    state = _opening(base, stages)
    trace = _empty_trace(base)
    for now in range(n_buckets if until is None else until):
        state.now = now
        if now + firm < n_buckets:
            release, plan = policy.decide(problem, state, stages)
            state.decided[:, now + firm] = release
            _note_change(trace, base, now, firm, (state.plan, plan))
            state.plan = plan
        _work(base, state, stages, trace)
        _sell(base, state, problem.demand[:, now], stages, trace)
        _price_hours(base, params, state, trace)
    return trace


def held_position(base: PlanProblem, state: ReplayState, stages: Stages) -> Floats:
    """Return good pieces on hand, under way and decided, minus what is owed, shape (P,)."""
    m, now = base.modes, state.now
    inside = np.bincount(stages.mode, weights=state.queue + state.incoming[:, now:].sum(axis=1), minlength=len(m.item))
    inside += state.finishing[:, now:].sum(axis=1) + state.decided[:, now:].sum(axis=1)
    under_way = np.bincount(m.item, weights=inside * m.output, minlength=base.shape[0])
    return np.asarray(state.stock + under_way - state.owed)


def _opening(base: PlanProblem, stages: Stages) -> ReplayState:
    n_items, n_resources, n_buckets = base.shape
    n_modes = len(base.modes.item)
    end = n_buckets + int(base.modes.lead.max(initial=0)) + 1
    return ReplayState(
        now=0,
        stock=base.initial_stock.copy(),
        owed=np.zeros(n_items),
        queue=np.zeros(len(stages.mode)),
        incoming=np.zeros((len(stages.mode), end)),
        finishing=np.zeros((n_modes, end)),
        decided=np.zeros((n_modes, n_buckets)),
        load=np.full(n_resources, np.nan),
        seen=np.zeros((n_items, n_buckets)),
    )


def _empty_trace(base: PlanProblem) -> Trace:
    n_resources, n_buckets = base.capacity.shape
    return Trace(
        load=np.zeros((n_resources, n_buckets)),
        released=np.zeros((n_resources, n_buckets)),
        on_time=np.zeros(n_buckets),
        demanded=np.zeros(n_buckets),
        cost={part: np.zeros(n_buckets) for part in _PARTS},
        moved=np.zeros(n_buckets),
        planned=np.zeros(n_buckets),
    )


def _work(base: PlanProblem, state: ReplayState, stages: Stages, trace: Trace) -> None:
    """Release, work what the hours allow, pass finished stages on."""
    now, modes = state.now, base.modes
    released = state.decided[:, now]
    state.queue += state.incoming[:, now]
    np.add.at(state.queue, stages.first, released)
    np.add.at(trace.released[:, now], modes.op_resource, released[modes.op_mode] * modes.op_hours)
    wanted = np.bincount(
        modes.op_resource, weights=state.queue[stages.of_op] * modes.op_hours, minlength=len(base.capacity)
    )
    limit = base.capacity[:, now] + base.overtime[:, now]
    share = np.divide(limit, wanted, out=np.ones(len(limit)), where=wanted > limit)
    able = np.ones(len(state.queue))
    np.minimum.at(able, stages.of_op, np.where(modes.op_hours > 0, share[modes.op_resource], 1.0))
    done = state.queue * able
    state.queue -= done
    np.add.at(trace.load[:, now], modes.op_resource, done[stages.of_op] * modes.op_hours)
    works = base.capacity[:, now] + base.overtime[:, now] > 0
    state.load = np.where(works, trace.load[:, now], state.load)
    trace.cost["production"][now] = released @ modes.cost
    goes_on = stages.following >= 0
    after = now + stages.wait
    np.add.at(state.incoming, (stages.following[goes_on], after[goes_on]), done[goes_on])
    np.add.at(state.finishing, (stages.mode[~goes_on], after[~goes_on]), done[~goes_on])


def _sell(base: PlanProblem, state: ReplayState, demand: Floats, stages: Stages, trace: Trace) -> None:
    """Let arrivals and demand in, serve the backlog first, close items that end."""
    now = state.now
    np.add.at(state.stock, base.modes.item, state.finishing[:, now] * base.modes.output)
    alive = base.last >= now
    served_late = np.minimum(state.owed, state.stock)
    served = np.minimum(state.stock - served_late, demand * alive)
    state.stock -= served_late + served
    state.owed += demand * alive - served - served_late
    state.seen[:, now] = demand
    trace.on_time[now], trace.demanded[now] = served.sum(), (demand * alive).sum()
    trace.cost["holding"][now] = base.holding_cost @ state.stock
    trace.cost["backlog"][now] = np.nan_to_num(base.backlog_cost) @ state.owed
    ends = base.last == now
    if ends.any():
        left = state.stock + _in_process(base, state, stages)
        trace.cost["leftover"][now] = (base.leftover_cost * left)[ends].sum()
        trace.cost["lost"][now] = (base.lost_cost * state.owed)[ends].sum()
        _close(base, state, stages, ends)


def _in_process(base: PlanProblem, state: ReplayState, stages: Stages) -> Floats:
    """Good pieces per item that are queued or on their way."""
    m, now = base.modes, state.now
    inside = np.bincount(
        stages.mode, weights=state.queue + state.incoming[:, now + 1 :].sum(axis=1), minlength=len(m.item)
    )
    inside += state.finishing[:, now + 1 :].sum(axis=1)
    return np.bincount(m.item, weights=inside * m.output, minlength=base.shape[0]).astype(float)


def _close(base: PlanProblem, state: ReplayState, stages: Stages, ends: np.ndarray) -> None:
    state.stock[ends] = 0.0
    state.owed[ends] = 0.0
    gone = ends[base.modes.item]
    state.queue[gone[stages.mode]] = 0.0
    state.incoming[gone[stages.mode]] = 0.0
    state.finishing[gone] = 0.0
    state.decided[gone, state.now + 1 :] = 0.0


def _price_hours(base: PlanProblem, params: PlanParams, state: ReplayState, trace: Trace) -> None:
    now, w = state.now, params.weights
    capacity, load = base.capacity[:, now], trace.load[:, now]
    trace.cost["idle"][now] = w.idle * np.maximum(capacity - load, 0.0).sum()
    trace.cost["overtime"][now] = w.overtime * np.maximum(load - capacity, 0.0).sum()
    if now > 0:
        worked = (base.capacity[:, now] > 0) & (base.capacity[:, now - 1] > 0)
        change = np.abs(load - trace.load[:, now - 1])
        trace.cost["load_change"][now] = w.load_change * change[worked].sum()


def _note_change(
    trace: Trace, base: PlanProblem, now: int, firm: int, plans: tuple[Floats | None, Floats | None]
) -> None:
    before, plan = plans
    if before is None or plan is None:
        return
    hours = np.bincount(base.modes.op_mode, weights=base.modes.op_hours, minlength=len(base.modes.item))
    window = slice(now + firm, now + firm + _NEXT_BUCKETS)
    trace.moved[now] = (np.abs(plan[:, window] - before[:, window]).sum(axis=1) * hours).sum()
    trace.planned[now] = (before[:, window].sum(axis=1) * hours).sum()
