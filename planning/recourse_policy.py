"""Plan afresh in every bucket for what may be learnt later, and release the bucket that all branches share."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planning.params import PlanParams, ReplayParams
from planning.problem import DemandAtoms, Floats, Ints, PlanProblem
from planning.recourse import plan_with_recourse
from planning.recourse_outlook import Outlook, outlook
from planning.recourse_plan import branches_of, planning_params, weighted, where_late
from planning.recourse_tree import Branches, Quantiles
from planning.replay import ReplayProblem, ReplayState
from planning.stages import Stages
from planning.window import window

__all__ = ["RecoursePolicy"]

_CHANGE_BUCKETS = 4  # nervousness is counted over as many


@dataclass(frozen=True, kw_only=True)
class RecoursePolicy:
    """The planner's own policy.

    Parameters
    ----------
    params
        Weights, firm buckets, limits and the table `[recourse]`.
    settings
        How far is planned.
    """

    params: PlanParams
    settings: ReplayParams

    def decide(self, problem: ReplayProblem, state: ReplayState, stages: Stages) -> tuple[Floats, Floats | None]:
        """See `planning.replay.Policy`."""
        base, now, firm = problem.base, state.now, self.params.horizon.firm
        ahead = min(self.settings.look_ahead, base.shape[2] - now)
        quantiles = problem.forecasts.known_at(now, ahead, base.shape[0])
        wanted = (quantiles[:, -1].sum(axis=1) + state.owed > 0) & (base.last >= now)
        plan = np.zeros(state.decided.shape)
        if not wanted.any():
            return plan[:, now + firm], plan
        expected = outlook(problem.history, now, ahead, prior_items=self.params.recourse.prior_items)
        expected = _of_items(where_late(expected, base), wanted)
        known = Quantiles(pieces=quantiles[wanted], levels=problem.forecasts.levels)
        branches = self._branches(known, expected, state.owed[wanted])
        nothing = DemandAtoms(pieces=np.zeros((base.shape[0], 1, ahead)), chance=np.ones((base.shape[0], 1)))
        whole = window(base, state, stages, nothing, firm)
        # what nobody has asked for within sight is left, and what is owed by then is lost
        whole = whole.replace(leftover_cost=base.leftover_cost, lost_cost=base.lost_cost)
        made = wanted[base.modes.item]
        part = self._priced(_only(whole, wanted))
        if state.plan is not None:
            part = _compared(part, state.plan[made, now : now + ahead])
        found = plan_with_recourse(part, branches, planning_params(self.params, _CHANGE_BUCKETS))
        plan[made, now : now + ahead] = found.pieces
        return _whole(plan[:, now + firm], base.modes.item), plan

    def _branches(self, quantiles: Quantiles, expected: Outlook, owed: Floats) -> Branches:
        """Branch the items; what is owed comes on top of the first bucket's demand."""
        found = branches_of(quantiles, expected, self.params)
        found.pieces[:, :, :, 0] += owed[:, None, None]
        return found

    def _priced(self, part: PlanProblem) -> PlanProblem:
        """Let late buckets pay less for idle hours and changes; weigh what is left or late as it was asked for."""
        share = self.settings.hour_share(part.shape[2])
        return weighted(part, self.params.recourse).replace(idle_share=share, change_share=share)


def _of_items(expected: Outlook, wanted: np.ndarray) -> Outlook:
    return replace(
        expected, stated=expected.stated[wanted], spread=expected.spread[wanted], factor=expected.factor[wanted]
    )


def _compared(part: PlanProblem, before: Floats) -> PlanProblem:
    """Let changes be counted in hours of whole modes against the plan before, shape (M, T) in pieces."""
    m = part.modes
    hours = np.bincount(m.op_mode, weights=m.op_hours, minlength=len(m.item))
    return part.replace(modes=replace(m, op_row=m.op_mode), previous_hours=hours[:, None] * before)


def _whole(pieces: Floats, item: Ints) -> Floats:
    """Round so that each item's pieces add up to their rounded sum."""
    order = np.argsort(item, kind="stable")
    total = np.cumsum(pieces[order])
    first = np.searchsorted(item[order], item[order])
    before = np.where(first > 0, total[first - 1], 0.0)
    done = np.rint(total - before - 1e-9)
    starts = np.arange(len(order)) == first
    whole = np.empty(len(order))
    whole[order] = np.where(starts, done, np.diff(done, prepend=0.0))
    return whole


def _only(problem: PlanProblem, wanted: np.ndarray) -> PlanProblem:
    """Return the problem of some of the items."""
    made = wanted[problem.modes.item]
    modes = problem.modes.keep(made)
    per_item = ("holding_cost", "backlog_cost", "leftover_cost", "setup_cost", "lost_cost", "initial_stock")
    return problem.replace(
        items=problem.items[wanted],
        demand=DemandAtoms(pieces=problem.demand.pieces[wanted], chance=problem.demand.chance[wanted]),
        modes=replace(modes, item=(np.cumsum(wanted) - 1)[modes.item]),
        usage=problem.usage[np.flatnonzero(wanted)][:, np.flatnonzero(made)],
        **{name: getattr(problem, name)[wanted] for name in (*per_item, "last", "known", "firm_supply", "firm_use")},
    )
