"""What there is to plan, as arrays: items, ways of making them, resources, demand and what is fixed already."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy import sparse

__all__ = ["DemandAtoms", "Modes", "PlanProblem", "Reason"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Reason:
    """Why something could not be planned as asked.

    Parameters
    ----------
    code
        Short stable name (`no_capacity`, `no_route`, `calendar_hole`, ...).
    detail
        One sentence for people, naming the culprit.
    """

    code: str
    detail: str
    item: str | None = None
    resource: str | None = None
    bucket: str | None = None
    pieces: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what is known of it, for JSON."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class DemandAtoms:
    """Uncertain demand as K paths that move together, from the lowest to the highest.

    Parameters
    ----------
    pieces
        Shape (P, K, T): demand of an item in a bucket on a path, >= 0; non-decreasing over K.
    chance
        Shape (P, K): probability of a path; rows sum to 1.
    """

    pieces: Floats
    chance: Floats

    @property
    def mean(self) -> Floats:
        """Expected demand, shape (P, T)."""
        mean: Floats = np.einsum("pk,pkt->pt", self.chance, self.pieces)
        return mean


@dataclass(frozen=True, kw_only=True)
class Modes:
    """Ways of making an item: a route with one resource chosen for each step. M modes, O operations (steps of modes).

    Parameters
    ----------
    item, route
        Shape (M,): item index and route name.
    lead
        Shape (M,): buckets from the start of the first step until the pieces can be used.
    output
        Shape (M,): good pieces per piece started (product of the yields).
    cost
        Shape (M,): money per piece started.
    minimum, multiple
        Shape (M,): least pieces of a lot (0 = none) and what they are a multiple of (1 = none).
    op_mode, op_row, op_resource, op_step, op_offset, op_lead
        Shape (O,): the mode, the row of the routes table, the resource, the step's number in the file, buckets after
        the start of the first step and until its output can be used. Operations are sorted by mode, then step.
    op_hours, op_setup
        Shape (O,): hours per piece started at the mode's first step, and hours per lot.
    op_share
        Shape (O,): pieces that start the step per piece that started the first one (yields so far).
    """

    item: Ints
    route: NDArray[np.object_]
    lead: Ints
    output: Floats
    cost: Floats
    minimum: Floats
    multiple: Ints
    op_mode: Ints
    op_row: Ints
    op_resource: Ints
    op_step: Ints
    op_offset: Ints
    op_lead: Ints
    op_hours: Floats
    op_setup: Floats
    op_share: Floats

    def keep(self, wanted: NDArray[np.bool_]) -> Modes:
        """Return only the wanted modes."""
        new_index = np.cumsum(wanted) - 1
        ops = wanted[self.op_mode]
        parts = {n: v[ops if n.startswith("op_") else wanted] for n, v in vars(self).items()}
        parts["op_mode"] = new_index[parts["op_mode"]]
        return Modes(**parts)


@dataclass(frozen=True, kw_only=True)
class PlanProblem:
    """A validated planning problem over P items, M modes, R resources and T buckets.

    Parameters
    ----------
    items, resources, buckets
        Names, sorted; buckets as datetime64[D].
    demand
        Demand paths; for an item that may not be late there is one path.
    modes
        Ways of making the items.
    capacity, overtime, min_run
        Shape (R, T): regular hours, hours that may be added, hours it runs at least if at all.
    holding_cost, backlog_cost, leftover_cost, setup_cost, lost_cost, initial_stock
        Shape (P,): money per piece (and bucket); `backlog_cost` is NaN where being late is forbidden.
    last, known
        Shape (P,): last bucket of the item's life, and first bucket in which an order for it may start.
    usage
        Shape (P, M), sparse: pieces of a component taken per piece started.
    firm_hours
        Shape (R, T): hours of fixed orders and of other customers.
    firm_supply, firm_use
        Shape (P, T): pieces that fixed orders deliver, and components they take, in a bucket.
    closed
        Shape (T,): no new order may start in this bucket (it is firm and was decided before).
    previous_hours
        Shape (rows of the routes table, T): hours of the previous plan's proposed orders; None = no previous plan.
    previous_load
        Shape (R,): load in the bucket before the horizon; NaN = unknown.
    promised_load
        Shape (R, T): hours, those of other customers included, whose sum over the buckets each resource should reach;
        None = nothing was promised.
    idle_share, change_share
        Shape (T,): share of the prices of idle hours and of load changes that a bucket bears, in [0, 1]: late buckets
        less where work that is not known yet will fill them; None = all of it.
    same_start
        Shape (M, T), whole numbers: the first mode whose start in a bucket is one decision with this mode's; None =
        each is its own.
    notes
        Reasons found while the problem was built.
    """

    items: NDArray[np.object_]
    resources: NDArray[np.object_]
    buckets: NDArray[np.datetime64]
    demand: DemandAtoms
    modes: Modes
    capacity: Floats
    overtime: Floats
    min_run: Floats
    holding_cost: Floats
    backlog_cost: Floats
    leftover_cost: Floats
    setup_cost: Floats
    lost_cost: Floats
    initial_stock: Floats
    last: Ints
    known: Ints
    usage: sparse.csr_array
    firm_hours: Floats
    firm_supply: Floats
    firm_use: Floats
    closed: NDArray[np.bool_]
    previous_hours: Floats | None = None
    previous_load: Floats | None = None
    promised_load: Floats | None = None
    idle_share: Floats | None = None
    change_share: Floats | None = None
    same_start: NDArray[Any] | None = None
    notes: tuple[Reason, ...] = ()

    def __post_init__(self) -> None:
        p, r, t = self.shape
        expected = {
            "capacity": (r, t),
            "overtime": (r, t),
            "min_run": (r, t),
            "firm_hours": (r, t),
            "firm_supply": (p, t),
            "firm_use": (p, t),
            "closed": (t,),
            "usage": (p, len(self.modes.item)),
            "initial_stock": (p,),
            "last": (p,),
            "known": (p,),
        }
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"Expected {name} of shape {shape}, got {getattr(self, name).shape}.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Numbers of items, resources and buckets."""
        return len(self.items), len(self.resources), len(self.buckets)

    @property
    def may_be_late(self) -> NDArray[np.bool_]:
        """Whether an item has a price for being late, shape (P,)."""
        return ~np.isnan(self.backlog_cost)

    @property
    def lot_modes(self) -> NDArray[np.bool_]:
        """Modes whose lots cost a set-up or have a size rule, shape (M,)."""
        m = self.modes
        setup = np.bincount(m.op_mode, weights=m.op_setup, minlength=len(m.item)) > 0
        priced = (self.setup_cost > 0)[m.item]
        return np.asarray(setup | priced | (m.minimum > 0) | (m.multiple > 1))

    def replace(self, **changes: Any) -> PlanProblem:
        """Return a copy with some fields changed."""
        return replace(self, **changes)
