"""Release rules that look at one item at a time: what the planner is measured against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from planning.params import PlanParams, ReplayParams, RuleParams
from planning.problem import Floats
from planning.replay import ReplayProblem, ReplayState, held_position
from planning.stages import Stages

__all__ = ["RULES", "Position", "RulePolicy"]


@dataclass(frozen=True, kw_only=True)
class Position:
    """What a rule knows of each item.

    Parameters
    ----------
    forecast
        Shape (P, ahead): expected demand from now on, and the rule's `safety` times the way to the high quantile.
    reach
        Shape (P,): buckets until a release decided now can be used.
    position
        Shape (P,): stock and work under way minus what is owed.
    recent
        Shape (P,): mean demand of the last `smoothing` buckets; in place of those before an item's first demand stands
        what is expected of the buckets from its release's arrival on.
    """

    forecast: Floats
    reach: Floats
    position: Floats
    recent: Floats

    def until(self, extra: int) -> Floats:
        """Demand up to `extra` buckets after a release decided now can be used, shape (P,)."""
        total = np.concatenate([np.zeros((len(self.forecast), 1)), np.cumsum(self.forecast, axis=1)], axis=1)
        end = np.minimum(self.reach + 1 + extra, self.forecast.shape[1]).astype(int)
        return np.asarray(total[np.arange(len(total)), end])


@dataclass(frozen=True, kw_only=True)
class RulePolicy:
    """Release what a rule asks for per item, in equal parts over the item's modes.

    Parameters
    ----------
    rule
        Pieces wanted per item, from its `Position` and the rule's parameters.
    chosen
        The rule's parameters.
    """

    rule: Callable[[Position, RuleParams], Floats]
    chosen: RuleParams
    params: PlanParams
    settings: ReplayParams

    def decide(self, problem: ReplayProblem, state: ReplayState, stages: Stages) -> tuple[Floats, Floats | None]:
        """See `planning.replay.Policy`."""
        base, m = problem.base, problem.base.modes
        release_at = state.now + self.params.horizon.firm
        wanted = self.rule(self._position(problem, state, stages), self.chosen)
        can = (base.last[m.item] >= release_at + m.lead) & (base.known[m.item] <= state.now)
        ways = np.bincount(m.item, weights=can * m.output, minlength=base.shape[0])
        each = np.divide(np.maximum(wanted, 0.0), ways, out=np.zeros(base.shape[0]), where=ways > 0)
        return np.rint(each[m.item] * can), None

    def _position(self, problem: ReplayProblem, state: ReplayState, stages: Stages) -> Position:
        base, now = problem.base, state.now
        ahead = min(self.settings.look_ahead, base.shape[2] - now)
        quantiles = problem.forecasts.known_at(now, ahead, base.shape[0])
        mean = np.einsum("pkt,k->pt", quantiles, problem.forecasts.chance)
        m = base.modes
        lead = np.zeros(base.shape[0])
        np.maximum.at(lead, m.item, m.lead)
        reach, forecast = lead + self.params.horizon.firm, mean + self.chosen.safety * (quantiles[:, -1] - mean)
        return Position(
            forecast=forecast,
            reach=reach,
            position=held_position(base, state, stages),
            recent=_recent(state.seen[:, :now], forecast, reach, self.chosen.smoothing),
        )


def _recent(seen: Floats, forecast: Floats, reach: Floats, smoothing: int) -> Floats:
    """Mean demand of the last buckets, shape (P,); an item's missing ones are filled with what is expected soon."""
    n_items, now = seen.shape
    begun = (np.cumsum(seen, axis=1) > 0).sum(axis=1)
    known = np.minimum(begun, smoothing)
    told = np.concatenate([np.zeros((n_items, 1)), np.cumsum(forecast, axis=1)], axis=1)
    row, last = np.arange(n_items), forecast.shape[1]
    start = np.minimum(reach, last).astype(int)
    expected = told[row, np.minimum(start + smoothing - known, last)] - told[row, start]
    return np.asarray((seen[:, max(0, now - smoothing) :].sum(axis=1) + expected) / smoothing)


def _chase(p: Position, chosen: RuleParams) -> Floats:
    """Cover demand until the release arrives and `cover` buckets on, closing the gap over the smoothing."""
    return (p.until(chosen.cover) - p.position) / chosen.smoothing


def _level(p: Position, chosen: RuleParams) -> Floats:
    """Spread all that is still expected evenly over the buckets that still have demand, `cover` fewer of them."""
    buckets = (np.cumsum(p.forecast[:, ::-1], axis=1) > 0).sum(axis=1) - p.reach - chosen.cover
    return np.asarray((p.forecast.sum(axis=1) - p.position) / np.maximum(buckets, 1.0))


def _moving_average(p: Position, chosen: RuleParams) -> Floats:
    """Make what was sold lately, close the gap to that pace's pipeline over the smoothing, no more than is expected."""
    wanted = p.recent + (p.recent * (p.reach + 1 + chosen.cover) - p.position) / chosen.smoothing
    return np.asarray(np.minimum(wanted, p.forecast.sum(axis=1) - p.position))


def _order_up_to(p: Position, chosen: RuleParams) -> Floats:
    """Order the next bucket's demand and a part of the gap to the target (APIOBPCS with equal gains).

    John, Naim & Towill, *International Journal of Manufacturing System Design* 1 (1994): one gain for stock and for
    work under way keeps the rule stable (Deziel & Eilon, *Production Engineer* 46, 1967).
    """
    target = p.until(chosen.cover)
    pace = p.until(chosen.cover + 1) - target
    return np.asarray(pace + (target - p.position) / chosen.smoothing)


def _heijunka_rule(p: Position, chosen: RuleParams) -> Floats:
    """Make an even part of what the next `smoothing` buckets need."""
    return (p.until(chosen.smoothing - 1 + chosen.cover) - p.position) / chosen.smoothing


RULES: dict[str, Callable[[Position, RuleParams], Floats]] = {
    "chase": _chase,
    "level": _level,
    "moving_average": _moving_average,
    "order_up_to": _order_up_to,
    "heijunka_rule": _heijunka_rule,
}
