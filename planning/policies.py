"""Release policies for the replay: the planner's own, and the rules it is measured against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planning.demand import settle
from planning.params import PlanParams, ReplayParams
from planning.plan import solve
from planning.problem import DemandAtoms, Floats, PlanProblem
from planning.replay import Policy, ReplayProblem, ReplayState
from planning.stages import Stages

__all__ = ["POLICIES", "PlannerPolicy", "RulePolicy", "make_policy"]


@dataclass(frozen=True, kw_only=True)
class PlannerPolicy:
    """Plan afresh in every bucket with what is known, release the first free bucket.

    Parameters
    ----------
    params
        Weights, firm and slushy buckets, limits.
    settings
        How far is planned, and how far work is known.
    median
        Whether to plan for the median only instead of all quantiles.
    """

    params: PlanParams
    settings: ReplayParams
    median: bool = False

    def decide(self, problem: ReplayProblem, state: ReplayState, stages: Stages) -> tuple[Floats, Floats | None]:
        """See `Policy`."""
        base, firm = problem.base, self.params.horizon.firm
        ahead = min(self.settings.look_ahead, base.shape[2] - state.now)
        atoms = _atoms(problem, state, ahead, median=self.median)
        window = _window(base, state, stages, atoms, firm).replace(idle_share=self._idle_share(ahead))
        result = solve(window, params=replace(self.params, horizon=replace(self.params.horizon, slushy=0)))
        plan = np.zeros(state.decided.shape)
        plan[result.mode, result.bucket + state.now] = result.pieces
        return plan[:, state.now + firm], plan

    def _idle_share(self, ahead: int) -> Floats | None:
        known = self.settings.known_buckets
        return np.clip(2 - np.arange(ahead) / known, 0.0, 1.0) if known else None


def _atoms(problem: ReplayProblem, state: ReplayState, ahead: int, *, median: bool) -> DemandAtoms:
    base, chance = problem.base, problem.forecasts.chance
    pieces = problem.forecasts.known_at(state.now, ahead, base.shape[0])
    if median:
        middle = int((np.cumsum(chance) - chance < 0.5).sum()) - 1
        pieces = np.repeat(pieces[:, middle : middle + 1], len(chance), axis=1)
    pieces[:, :, 0] += state.owed[:, None]
    atoms = DemandAtoms(pieces=pieces, chance=np.tile(chance, (base.shape[0], 1)))
    return settle(atoms, ~base.may_be_late)


def _window(base: PlanProblem, state: ReplayState, stages: Stages, atoms: DemandAtoms, firm: int) -> PlanProblem:
    """Cut the buckets that are planned now, with the work under way as firm."""
    now, ahead = state.now, atoms.pieces.shape[2]
    span = slice(now, now + ahead)
    goes_on = base.last >= now + ahead
    hours, supply = _under_way(base, state, stages, ahead, firm)
    return base.replace(
        buckets=base.buckets[span],
        demand=atoms,
        capacity=base.capacity[:, span],
        overtime=base.overtime[:, span],
        min_run=base.min_run[:, span],
        leftover_cost=np.where(goes_on, 0.0, base.leftover_cost),
        lost_cost=np.where(goes_on, 0.0, base.lost_cost),
        initial_stock=state.stock,
        last=np.clip(base.last - now, -1, ahead - 1),
        known=np.maximum(base.known - now, 0),
        firm_hours=hours,
        firm_supply=supply,
        firm_use=np.zeros_like(supply),
        closed=np.arange(ahead) < firm,
        previous_hours=None,
        previous_load=state.load,
        notes=(),
    )


def _under_way(base: PlanProblem, state: ReplayState, stages: Stages, ahead: int, firm: int) -> tuple[Floats, Floats]:
    """Hours (R, ahead) and good pieces (P, ahead) expected from queues, transits and releases already fixed."""
    m, now = base.modes, state.now
    starts = np.zeros((len(stages.mode), ahead))
    known = state.incoming[:, now : now + ahead]
    starts[:, : known.shape[1]] += known
    starts[:, 0] += state.queue
    fixed = min(firm, ahead)
    starts[stages.first, :fixed] += state.decided[:, now : now + fixed]
    hours = np.zeros((base.shape[1], ahead))
    for stage, bucket in zip(*np.nonzero(starts), strict=True):
        mode = stages.mode[stage]
        ops = np.flatnonzero((m.op_mode == mode) & (m.op_offset >= stages.offset[stage]))
        when = bucket + m.op_offset[ops] - stages.offset[stage]
        inside = when < ahead
        np.add.at(hours, (m.op_resource[ops][inside], when[inside]), starts[stage, bucket] * m.op_hours[ops][inside])
    supply = np.zeros((base.shape[0], ahead))
    finishing = state.finishing[:, now : now + ahead]
    np.add.at(supply[:, : finishing.shape[1]], m.item, finishing * m.output[:, None])
    stage, bucket = np.nonzero(starts)
    arrival = bucket + m.lead[stages.mode[stage]] - stages.offset[stage]
    inside = arrival < ahead
    good = starts[stage, bucket] * m.output[stages.mode[stage]]
    np.add.at(supply, (m.item[stages.mode[stage]][inside], arrival[inside]), good[inside])
    return _spill(hours, base.capacity[:, now : now + ahead] + base.overtime[:, now : now + ahead]), supply


def _spill(hours: Floats, limit: Floats) -> Floats:
    """Pass hours above the limit on to the next bucket."""
    spilled = hours.copy()
    for t in range(hours.shape[1] - 1):
        over = np.maximum(spilled[:, t] - limit[:, t], 0.0)
        spilled[:, t] -= over
        spilled[:, t + 1] += over
    return spilled


@dataclass(frozen=True, kw_only=True)
class Position:
    """What a rule knows of each item.

    Parameters
    ----------
    forecast
        Shape (P, ahead): expected demand from now on.
    reach
        Shape (P,): buckets until a release decided now can be used.
    position
        Shape (P,): stock and work under way minus what is owed.
    recent
        Shape (P,): mean demand of the last buckets.
    high
        Shape (P, ahead): the high quantile of demand.
    """

    forecast: Floats
    reach: Floats
    position: Floats
    recent: Floats
    high: Floats

    def until(self, extra: int, *, high: bool = False) -> Floats:
        """Demand up to `extra` buckets after a release decided now can be used, shape (P,)."""
        source = self.high if high else self.forecast
        total = np.concatenate([np.zeros((len(source), 1)), np.cumsum(source, axis=1)], axis=1)
        end = np.minimum(self.reach + 1 + extra, source.shape[1]).astype(int)
        return np.asarray(total[np.arange(len(source)), end])


@dataclass(frozen=True, kw_only=True)
class RulePolicy:
    """Release what a rule asks for per item, in equal parts over the item's modes.

    Parameters
    ----------
    rule
        Pieces wanted per item, from its `Position` and the smoothing.
    smoothing
        Buckets over which a gap is closed, or averages are taken, >= 1.
    """

    rule: Callable[[Position, int], Floats]
    params: PlanParams
    settings: ReplayParams

    def decide(self, problem: ReplayProblem, state: ReplayState, stages: Stages) -> tuple[Floats, Floats | None]:
        """See `Policy`."""
        base, m = problem.base, problem.base.modes
        release_at = state.now + self.params.horizon.firm
        wanted = self.rule(self._position(problem, state, stages), self.settings.smoothing)
        can = (base.last[m.item] >= release_at + m.lead) & (base.known[m.item] <= state.now)
        ways = np.bincount(m.item, weights=can * m.output, minlength=base.shape[0])
        each = np.divide(np.maximum(wanted, 0.0), ways, out=np.zeros(base.shape[0]), where=ways > 0)
        return np.rint(each[m.item] * can), None

    def _position(self, problem: ReplayProblem, state: ReplayState, stages: Stages) -> Position:
        base, now = problem.base, state.now
        ahead = min(self.settings.look_ahead, base.shape[2] - now)
        quantiles = problem.forecasts.known_at(now, ahead, base.shape[0])
        m = base.modes
        inside = np.bincount(
            stages.mode, weights=state.queue + state.incoming[:, now:].sum(axis=1), minlength=len(m.item)
        )
        inside += state.finishing[:, now:].sum(axis=1) + state.decided[:, now:].sum(axis=1)
        under_way = np.bincount(m.item, weights=inside * m.output, minlength=base.shape[0])
        lead = np.zeros(base.shape[0])
        np.maximum.at(lead, m.item, m.lead)
        past = state.seen[:, max(0, now - self.settings.smoothing) : now]
        return Position(
            forecast=np.einsum("pkt,k->pt", quantiles, problem.forecasts.chance),
            reach=lead + self.params.horizon.firm,
            position=state.stock + under_way - state.owed,
            recent=past.mean(axis=1) if past.shape[1] else np.zeros(base.shape[0]),
            high=quantiles[:, -1],
        )


def _chase(p: Position, smoothing: int) -> Floats:
    """Cover expected demand until the release arrives, no more."""
    del smoothing
    return p.until(0) - p.position


def _level(p: Position, smoothing: int) -> Floats:
    """Spread all that is still expected evenly over the buckets that still have demand."""
    del smoothing
    buckets = np.maximum((np.cumsum(p.forecast[:, ::-1], axis=1) > 0).sum(axis=1) - p.reach, 1.0)
    return np.asarray((p.forecast.sum(axis=1) - p.position) / buckets)


def _moving_average(p: Position, smoothing: int) -> Floats:
    """Make what was sold lately, and close the gap to that pace's pipeline over the smoothing."""
    return p.recent + (p.recent * (p.reach + 1) - p.position) / smoothing


def _order_up_to(p: Position, smoothing: int) -> Floats:
    """Order up to the high quantile of demand until the next release arrives."""
    del smoothing
    return p.until(1, high=True) - p.position


def _heijunka_rule(p: Position, smoothing: int) -> Floats:
    """Make an even part of what the next buckets need."""
    return (p.until(smoothing - 1) - p.position) / smoothing


_RULES: dict[str, Callable[[Position, int], Floats]] = {
    "chase": _chase,
    "level": _level,
    "moving_average": _moving_average,
    "order_up_to": _order_up_to,
    "heijunka_rule": _heijunka_rule,
}
POLICIES = ("ours", "median", *_RULES)


def make_policy(name: str, params: PlanParams, settings: ReplayParams) -> Policy:
    """Return the policy of a name in `POLICIES`: `ours` plans on all quantiles, `median` on the middle one."""
    if name in ("ours", "median"):
        return PlannerPolicy(params=params, settings=settings, median=name == "median")
    return RulePolicy(rule=_RULES[name], params=params, settings=settings)
