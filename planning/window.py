"""The buckets that are planned now, in the middle of a replay: what is under way counts as firm."""

from __future__ import annotations

import numpy as np

from planning.problem import DemandAtoms, Floats, PlanProblem
from planning.replay import ReplayState
from planning.stages import Stages

__all__ = ["window"]


def window(base: PlanProblem, state: ReplayState, stages: Stages, atoms: DemandAtoms, firm: int) -> PlanProblem:
    """Cut the buckets from now on out of a replay's problem.

    Parameters
    ----------
    atoms
        Demand of the buckets to plan, shape (P, K, ahead).
    firm
        Buckets whose releases are fixed already.
    """
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
