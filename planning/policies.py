"""Release policies for the replay by name: the planner's own, plans without recourse, and rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planning.demand import settle
from planning.pace_policy import PacePolicy
from planning.params import PlanParams, ReplayParams
from planning.plan import solve
from planning.problem import DemandAtoms, Floats
from planning.recourse import can_branch
from planning.recourse_policy import RecoursePolicy
from planning.replay import Policy, ReplayProblem, ReplayState
from planning.rules import RULES, RulePolicy
from planning.stages import Stages
from planning.window import window

__all__ = ["POLICIES", "PlannerPolicy", "make_policy"]

POLICIES = ("ours", "quantiles", "median", "pace", *RULES)


@dataclass(frozen=True, kw_only=True)
class PlannerPolicy:
    """Plan afresh in every bucket as if it were the last time, release the first free bucket.

    Parameters
    ----------
    params
        Weights, firm and slushy buckets, limits.
    settings
        How far is planned.
    median
        Whether to plan for the median only instead of all quantiles.
    """

    params: PlanParams
    settings: ReplayParams
    median: bool = False

    def decide(self, problem: ReplayProblem, state: ReplayState, stages: Stages) -> tuple[Floats, Floats | None]:
        """See `planning.replay.Policy`."""
        base, firm = problem.base, self.params.horizon.firm
        ahead = min(self.settings.look_ahead, base.shape[2] - state.now)
        atoms = _atoms(problem, state, ahead, median=self.median)
        part = window(base, state, stages, atoms, firm).replace(idle_share=self.settings.hour_share(ahead))
        result = solve(part, params=replace(self.params, horizon=replace(self.params.horizon, slushy=0)))
        plan = np.zeros(state.decided.shape)
        plan[result.mode, result.bucket + state.now] = result.pieces
        return plan[:, state.now + firm], plan


def _atoms(problem: ReplayProblem, state: ReplayState, ahead: int, *, median: bool) -> DemandAtoms:
    base, chance = problem.base, problem.forecasts.chance
    pieces = problem.forecasts.known_at(state.now, ahead, base.shape[0])
    if median:
        middle = problem.forecasts.middle
        pieces = np.repeat(pieces[:, middle : middle + 1], len(chance), axis=1)
    pieces[:, :, 0] += state.owed[:, None]
    atoms = DemandAtoms(pieces=pieces, chance=np.tile(chance, (base.shape[0], 1)))
    return settle(atoms, ~base.may_be_late)


def make_policy(name: str, problem: ReplayProblem, params: PlanParams, settings: ReplayParams) -> Policy:
    """Return the policy of a name in `POLICIES`.

    `ours` counts on being revised where forecasts have quantiles and making things is free of lots, minimum runs and
    components; elsewhere it plans on all quantiles. `quantiles` and `median` plan as if there were no revision;
    `pace` looks at no forecast.
    """
    if name in RULES:
        return RulePolicy(rule=RULES[name], chosen=settings.rules[name], params=params, settings=settings)
    if name == "pace":
        return PacePolicy(params=params, settings=settings.pace)
    spread = len(problem.forecasts.levels) > 1 and params.recourse.branches > 1
    if name == "ours" and spread and can_branch(problem.base):
        return RecoursePolicy(params=params, settings=settings)
    return PlannerPolicy(params=params, settings=settings, median=name == "median")
