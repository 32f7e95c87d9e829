"""Every number of a plan that may be tuned, with its unit and range."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from contracts.errors import InputError
from contracts.params import params_from

__all__ = ["HorizonParams", "PlanParams", "PlanWeights", "ReplayParams", "SolveParams"]


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
    peak
        Per hour of a resource's largest load.
    plan_change
        Per hour moved against the previous plan inside the slushy horizon.
    promise
        Per hour by which a resource gets less work than it was promised.
    """

    idle: float = 25.0
    overtime: float = 37.5
    load_change: float = 10.0
    peak: float = 0.0
    plan_change: float = 5.0
    promise: float = 50.0

    def __post_init__(self) -> None:
        for item in fields(self):
            _require_number(item.name, getattr(self, item.name), 0, 1e9)


def _require_whole(name: str, value: int, low: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= _MOST_BUCKETS:
        raise ValueError(f"Expected {name} to be a whole number in [{low}, {_MOST_BUCKETS}], got {value!r}.")


@dataclass(frozen=True, kw_only=True)
class HorizonParams:
    """How far the plan is fixed.

    Parameters
    ----------
    firm
        Buckets from the start whose orders are firm; with a previous plan they stay exactly as they are.
    slushy
        Buckets after those in which a change against the previous plan is charged.
    """

    firm: int = 0
    slushy: int = 0

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
class ReplayParams:
    """The table `[replay]` of `replay.toml`, all in buckets.

    Parameters
    ----------
    look_ahead
        Buckets planned or looked at from now on, >= 1.
    score_from, score_to
        First bucket that counts (0 = the first there is), and the one after the last (0 = to the end).
    smoothing
        Buckets over which the rules average or close a gap, >= 1.
    known_buckets
        Buckets after which the plans' price of idle hours fades, over as many again, because work that is not known
        yet will fill them; 0 = it never fades.
    """

    look_ahead: int = 14
    score_from: int = 0
    score_to: int = 0
    smoothing: int = 4
    known_buckets: int = 4

    def __post_init__(self) -> None:
        lowest = {"look_ahead": 1, "score_from": 0, "score_to": 0, "smoothing": 1, "known_buckets": 0}
        for name, low in lowest.items():
            _require_whole(name, getattr(self, name), low)


@dataclass(frozen=True, kw_only=True)
class PlanParams:
    """The tables of `plan.toml`.

    Examples
    --------
    >>> PlanParams.from_tables({"weights": {"idle": 0}, "horizon": {"firm": 2}}).horizon
    HorizonParams(firm=2, slushy=0)
    """

    weights: PlanWeights = field(default_factory=PlanWeights)
    horizon: HorizonParams = field(default_factory=HorizonParams)
    solve: SolveParams = field(default_factory=SolveParams)

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], *, where: str = "plan.toml") -> PlanParams:
        """Build the parameters from a TOML file's tables.

        Raises
        ------
        InputError
            Naming the table and the value that is unknown or out of range.
        """
        kinds = {"weights": PlanWeights, "horizon": HorizonParams, "solve": SolveParams}
        for name, table in tables.items():
            if name not in kinds:
                raise InputError(where, f"only the tables {', '.join(kinds)}", name)
            if not isinstance(table, Mapping):
                raise InputError(f"{where} [{name}]", "a table", table)
        return cls(**{n: params_from(t, kinds[n], where=f"{where} [{n}]") for n, t in tables.items()})
