"""A release policy without forecasts: one pace per factory from past orders alone (`planning.pace`)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from planning.pace import level_pace, share_out
from planning.params import PaceParams, PlanParams
from planning.problem import Floats, Ints, PlanProblem
from planning.replay import ReplayProblem, ReplayState, held_position
from planning.stages import Stages

__all__ = ["PacePolicy"]

_FIRST_USE = 0.5  # share of its hours at which a factory is taken to run before anything is seen


@dataclass(kw_only=True)
class PacePolicy:
    """Release the hours of each factory's pace, for the items that need them most.

    Items that share resources are made by one factory; an item's ways are used in equal parts.

    Parameters
    ----------
    params
        Firm buckets.
    settings
        How slowly the pace follows, and how far the stock may stray.
    """

    params: PlanParams
    settings: PaceParams
    _last: dict[int, float] = field(default_factory=dict)

    def decide(self, problem: ReplayProblem, state: ReplayState, stages: Stages) -> tuple[Floats, Floats | None]:
        """See `planning.replay.Policy`."""
        base, at = problem.base, state.now + self.params.horizon.firm
        hours, factory = _hours_per_piece(base), _factory(base)
        position = held_position(base, state, stages) * hours
        opening = base.initial_stock * hours
        made = np.zeros(base.shape[0])
        for number in np.unique(factory[hours > 0]):
            mine = (factory == number) & (hours > 0)
            expected, spread = self._orders(base, state, opening, hours, mine)
            shared = np.zeros(base.shape[0])
            shared[mine] = share_out(1.0, np.zeros(mine.sum()), expected, spread, self.settings.cover) / hours[mine]
            most = _most(base, shared)
            pace = level_pace(
                self._last.get(number),
                expected.sum(),
                position[mine].sum(),
                opening[mine].sum(),
                self.settings,
                open_share=max(float((most[max(0, at - self.settings.reach) : at + 1] > 0).mean()), 1e-3),
            )
            self._last[number] = min(pace, float(most.max()))
            room = min(self._last[number], float(most[at]))
            made[mine] = share_out(room, position[mine], expected, spread, self.settings.cover) / hours[mine]
        return _in_whole_pieces(_by_mode(base, made)), None

    def _orders(
        self, base: PlanProblem, state: ReplayState, opening: Floats, hours: Floats, mine: np.ndarray
    ) -> tuple[Floats, Floats]:
        """Return mean and spread of the hours ordered per bucket, of some items; the first buckets lean on a belief.

        That is half of the hours there are, shared as the opening stock is.
        """
        share = (opening[mine] + hours[mine]) / (opening[mine] + hours[mine]).sum()
        pieces = np.zeros(base.shape[0])
        pieces[mine] = share / hours[mine]
        believed = share * _FIRST_USE * _most(base, pieces).max()
        trust, seen = max(self.settings.prior - state.now, 0), state.seen[mine, : state.now].T * hours[mine]
        count = max(trust + state.now, 1)
        expected = (trust * believed + seen.sum(axis=0)) / count
        variance = (trust * believed**2 + ((seen - expected) ** 2).sum(axis=0)) / count
        return expected, np.sqrt(variance)


def _hours_per_piece(base: PlanProblem) -> Floats:
    """Hours of all steps for a good piece, a mean of the item's ways, shape (P,); 0 where there is none."""
    m = base.modes
    hours = np.bincount(m.op_mode, weights=m.op_hours, minlength=len(m.item)) / m.output
    ways = np.bincount(m.item, minlength=base.shape[0])
    return np.bincount(m.item, weights=hours, minlength=base.shape[0]) / np.maximum(ways, 1)


def _factory(base: PlanProblem) -> Ints:
    """Return each item's factory by number, shape (P,): items meet where they use a resource in common."""
    m, (n_items, n_resources, _) = base.modes, base.shape
    links = sparse.coo_array(
        (np.ones(len(m.op_mode)), (m.item[m.op_mode], n_items + m.op_resource)), shape=(n_items + n_resources,) * 2
    )
    return np.asarray(connected_components(links, directed=False)[1][:n_items])


def _by_mode(base: PlanProblem, pieces: Floats) -> Floats:
    """Good pieces of items as starts of their ways in equal parts, shape (M,)."""
    m = base.modes
    ways = np.bincount(m.item, minlength=base.shape[0])
    return np.asarray(pieces[m.item] / ways[m.item] / m.output)


def _most(base: PlanProblem, pieces: Floats) -> Floats:
    """How many times the pieces (P,) fit in the hours of each bucket, overtime included, shape (T,)."""
    m = base.modes
    load = np.bincount(m.op_resource, weights=_by_mode(base, pieces)[m.op_mode] * m.op_hours, minlength=base.shape[1])
    used, hours = load > 0, base.capacity + base.overtime
    return np.asarray((hours[used] / load[used, None]).min(axis=0))


def _in_whole_pieces(started: Floats) -> Floats:
    """Round so that the sum stays as near as it can."""
    return np.diff(np.rint(np.cumsum(started)), prepend=0.0)
