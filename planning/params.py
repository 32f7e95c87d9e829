"""Every number of a plan that may be tuned, with its unit and range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.errors import InputError
from contracts.params import params_from

__all__ = ["HorizonParams", "PlanParams", "PlanWeights", "RecourseParams", "ReplayParams", "RuleParams", "SolveParams"]


_MOST_BUCKETS = 1_000_000


def _require_number(name: str, value: float, low: float, high: float = math.inf) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high or math.isinf(value):
        limit = "a number" + (f" in [{low:g}, {high:g}]" if math.isfinite(high) else f" >= {low:g}")
        raise ValueError(f"Expected {name} to be {limit}, got {value!r}.")


@dataclass(frozen=True, kw_only=True)
class PlanWeights:
    """Prices of an uneven load, in money per hour, each in [0, 1e9]; 0 switches a term off.

    Parameters
    ----------
    idle
        Per hour of capacity that is not used.
    overtime
        Per hour above capacity.
    load_change
        Per hour by which a resource's load differs from that of its previous open bucket.
    large_change
        The same on top for what exceeds `small_change`, so that a load follows a trend in small steps.
    small_change
        Share of a resource's capacity, in [0, 1]; the only number here that is no price.
    peak
        Per hour of a resource's largest load.
    plan_change
        Per hour moved against the previous plan inside the slushy horizon, taken out or put in: by default as an idle
        hour, so that one item's news moves few hours of the others.
    promise
        Per hour by which a resource gets less work than it was promised.
    chase
        Per hour of work not known yet that finds no hours held for it.
    """

    idle: float = 25.0
    overtime: float = 37.5
    load_change: float = 10.0
    large_change: float = 0.0
    small_change: float = 0.02
    peak: float = 0.0
    plan_change: float = 25.0
    promise: float = 50.0
    chase: float = 100.0

    def __post_init__(self) -> None:
        for item in fields(self):
            _require_number(item.name, getattr(self, item.name), 0, 1 if item.name == "small_change" else 1e9)


def _require_whole(name: str, value: int, low: int, high: int = _MOST_BUCKETS) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"Expected {name} to be a whole number in [{low}, {high}], got {value!r}.")


@dataclass(frozen=True, kw_only=True)
class HorizonParams:
    """How far the plan is fixed.

    Parameters
    ----------
    firm
        Buckets from the start whose orders are firm; with a previous plan they stay exactly as they are.
    slushy
        Buckets after those in which a change against the previous plan is charged; without one nothing is.
    """

    firm: int = 0
    slushy: int = 4

    def __post_init__(self) -> None:
        for item in fields(self):
            _require_whole(item.name, getattr(self, item.name), 0)


@dataclass(frozen=True, kw_only=True)
class SolveParams:
    """When to stop.

    Parameters
    ----------
    seconds
        Wall time for the search, > 0: of the whole, or of each part of a plan in parts.
    gap
        Relative distance between cost and bound that is good enough, in [0, 1].
    whole_starts
        Possible starts (ways of making an item x buckets) up to which all is planned at once; with more, in parts.
    shard_items
        Items wanted in a part, >= 1; from about 400 on a part's own load is even enough.
    workers
        Processes that plan parts at the same time; 0 = as many as there are processors. The plan does not depend on it.
    """

    seconds: float = 60.0
    gap: float = 1e-4
    whole_starts: int = 60_000
    shard_items: int = 400
    workers: int = 0

    def __post_init__(self) -> None:
        _require_number("seconds", self.seconds, 1e-3)
        _require_number("gap", self.gap, 0, 1)
        for name, low in (("whole_starts", 0), ("shard_items", 1), ("workers", 0)):
            _require_whole(name, getattr(self, name), low)


@dataclass(frozen=True, kw_only=True)
class RuleParams:
    """A table `[replay.rules.NAME]`: what a release rule was tuned to.

    Parameters
    ----------
    smoothing
        Buckets over which the rule averages or closes a gap, >= 1.
    cover
        Buckets of demand covered beyond those until a release arrives, >= 0.
    safety
        Part of the way from expected demand to its highest quantile that is covered, in [-1, 10].
    """

    smoothing: int = 4
    cover: int = 0
    safety: float = 0.0

    def __post_init__(self) -> None:
        _require_whole("smoothing", self.smoothing, 1)
        _require_whole("cover", self.cover, 0)
        _require_number("safety", self.safety, -1, 10)


_TUNED = {
    "chase": RuleParams(smoothing=1, cover=4, safety=-0.6),
    "level": RuleParams(smoothing=1, cover=2, safety=-0.3),
    "moving_average": RuleParams(smoothing=4, cover=3, safety=-0.6),
    "order_up_to": RuleParams(smoothing=2, cover=2, safety=-0.45),
    "heijunka_rule": RuleParams(smoothing=4, cover=1, safety=0.3),
}


@dataclass(frozen=True, kw_only=True)
class PaceParams:
    """The table `[replay.pace]`: one pace for a whole factory from past orders alone.

    Parameters
    ----------
    reach
        Buckets within which the stock, net of what is owed, is to be back in its band, >= 1: more is more level.
    band
        How far it may stray either way, as a share of the opening stock, >= 0.
    cover
        Buckets of orders that an item's stock is to cover, >= 1.
    prior
        Buckets of orders after which the first belief, half of the hours there are, is forgotten, >= 1.
    """

    reach: int = 42
    band: float = 0.2
    cover: int = 3
    prior: int = 14

    def __post_init__(self) -> None:
        for name in ("reach", "cover", "prior"):
            _require_whole(name, getattr(self, name), 1)
        _require_number("band", self.band, 0, 1e6)


@dataclass(frozen=True, kw_only=True)
class ReplayParams:
    """The table `[replay]` of `replay.toml`, in buckets.

    Parameters
    ----------
    look_ahead
        Buckets planned or looked at from now on, >= 1.
    score_from, score_to
        First bucket that counts (0 = the first there is), and the one after the last, before which the replay stops
        (0 = to the end).
    smoothing
        The `smoothing` of rules that have no table of their own; 0 = as tuned.
    known_buckets
        Buckets after which the plans' prices of idle hours and load changes fade, over as many again, because work
        that is not known yet will fill those hours; 0 = they never fade.
    rules
        Parameters of the rules, by name; those left out are as tuned in `benchmarks.planning`.
    pace
        Parameters of the policy `pace`.
    """

    look_ahead: int = 14
    score_from: int = 0
    score_to: int = 0
    smoothing: int = 0
    known_buckets: int = 3
    rules: Mapping[str, Any] = field(default_factory=dict)
    pace: Any = field(default_factory=PaceParams)

    def __post_init__(self) -> None:
        if isinstance(self.pace, Mapping):
            object.__setattr__(self, "pace", params_from(self.pace, PaceParams, where="[replay.pace]"))
        lowest = {"look_ahead": 1, "score_from": 0, "score_to": 0, "smoothing": 0, "known_buckets": 0}
        for name, low in lowest.items():
            _require_whole(name, getattr(self, name), low)
        for name in self.rules:
            if name not in _TUNED:
                raise ValueError(f"Expected rules among {', '.join(_TUNED)}, got {name!r}.")
        given = {name: _rule(name, table) for name, table in self.rules.items()}
        smooth = {"smoothing": self.smoothing} if self.smoothing else {}
        tuned = {name: replace(rule, **smooth) for name, rule in _TUNED.items()}
        object.__setattr__(self, "rules", {**tuned, **given})

    def hour_share(self, ahead: int) -> NDArray[np.float64] | None:
        """Return the share of the prices of hours that each of the next buckets bears; None = all of it."""
        known = self.known_buckets
        return np.clip(2 - np.arange(ahead) / known, 0.0, 1.0) if known else None


def _rule(name: str, given: RuleParams | Mapping[str, Any]) -> RuleParams:
    return given if isinstance(given, RuleParams) else params_from(given, RuleParams, where=f"[replay.rules.{name}]")


@dataclass(frozen=True, kw_only=True)
class RecourseParams:
    """How a plan counts on being revised.

    Parameters
    ----------
    branches
        What an item's next forecast update may say, in as many equally likely ways, in [1, 9]; 1 = plan as if it
        were never revised.
    paths
        Paths of demand within a branch, in [1, 9].
    market_branches
        Moves of the market that are told apart where items were revised together, in [1, 3].
    leftover_factor
        How many times its price a piece left at the end of a life counts in the plan, in [1, 100]: the plan sees one
        more update of each item, not the later ones in which it could stop making more.
    late_factor
        How many times its price a late piece counts in the plan, in [0.01, 100].
    late_by_piece
        How far late pieces count alike, in [0, 1], because service is counted in pieces: 0 = each by its own price, 1 =
        as if each lost piece were worth the same, so that only what is more urgent than its worth tells counts more.
    lost_factor, lost_buckets
        How many times its price a piece still owed at the end of a life counts in the plan, in [0, 100], and how many
        buckets before the end it begins to: before that, plans that know more can still make what is missing.
    idle_factor, overtime_factor, load_change_factor
        How many times its price an idle hour, an hour of overtime or a change of load counts in the plan, in [0, 100].
    plan_change
        Money per hour by which a replay's plan moves within its next four free buckets, in [0, 1e9]; `evenflow plan`
        takes the one in the weights.
    prior_items
        Settled items without a revision that the drift of forecasts is learnt from at first, in [0.1, 1e6].
    """

    branches: int = 3
    paths: int = 5
    market_branches: int = 2
    leftover_factor: float = 1.5
    late_factor: float = 1.1
    late_by_piece: float = 1.0
    lost_factor: float = 0.5
    lost_buckets: int = 4
    idle_factor: float = 1.2
    overtime_factor: float = 0.8
    load_change_factor: float = 2.0
    plan_change: float = 1.0
    prior_items: float = 60.0

    def __post_init__(self) -> None:
        for name, high in (("branches", 9), ("paths", 9), ("market_branches", 3)):
            _require_whole(name, getattr(self, name), 1, high)
        _require_number("leftover_factor", self.leftover_factor, 1, 100)
        _require_number("late_factor", self.late_factor, 0.01, 100)
        _require_number("late_by_piece", self.late_by_piece, 0, 1)
        _require_whole("lost_buckets", self.lost_buckets, 0, 1000)
        for name in ("lost_factor", "idle_factor", "overtime_factor", "load_change_factor"):
            _require_number(name, getattr(self, name), 0, 100)
        _require_number("plan_change", self.plan_change, 0, 1e9)
        _require_number("prior_items", self.prior_items, 0.1, 1e6)


@dataclass(frozen=True, kw_only=True)
class PlanParams:
    """The tables of `plan.toml`.

    Examples
    --------
    >>> PlanParams.from_tables({"weights": {"idle": 0}, "horizon": {"firm": 2}}).horizon
    HorizonParams(firm=2, slushy=4)
    """

    weights: PlanWeights = field(default_factory=PlanWeights)
    horizon: HorizonParams = field(default_factory=HorizonParams)
    solve: SolveParams = field(default_factory=SolveParams)
    recourse: RecourseParams = field(default_factory=RecourseParams)

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], *, where: str = "plan.toml") -> PlanParams:
        """Build the parameters from a TOML file's tables.

        Raises
        ------
        InputError
            Naming the table and the value that is unknown or out of range.
        """
        kinds = {"weights": PlanWeights, "horizon": HorizonParams, "solve": SolveParams, "recourse": RecourseParams}
        for name, table in tables.items():
            if name not in kinds:
                raise InputError(where, f"only the tables {', '.join(kinds)}", name)
            if not isinstance(table, Mapping):
                raise InputError(f"{where} [{name}]", "a table", table)
        return cls(**{n: params_from(t, kinds[n], where=f"{where} [{n}]") for n, t in tables.items()})
