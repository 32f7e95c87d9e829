"""Split factories: which workshop may do which step, what its record costs, and what goods take between two of them.

A central factory keeps design, quality and standards and gives steps to workshops that also work for others. Here their
tables become the routes and ways that a plan may use; their other work is the `outside` hours of the calendar.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from contracts.tables import Column, TableSchema, require_known
from planning.problem import Ints, Modes, Reason

__all__ = [
    "OUTSIDE",
    "QUALIFIED",
    "TRANSFERS",
    "WORKSHOPS",
    "DispatchParams",
    "qualified_routes",
    "transfer_buckets",
    "with_outside",
    "with_transfers",
]

WORKSHOPS = TableSchema(
    name="workshops",
    key=("workshop",),
    columns=(
        Column(name="workshop", kind="str", description="the workshop: `factory` of its resources"),
        Column(
            name="otif_low", kind="float", required=False, nullable=True, minimum=0, maximum=1,
            description="share on time and in full that it can be trusted with (`evenflow scorecard`)",
        ),
        Column(
            name="defect_ppm", kind="float", required=False, nullable=True, minimum=0, maximum=999_999,
            description="pieces at fault per million (`evenflow scorecard`)",
        ),
    ),
)  # fmt: skip

QUALIFIED = TableSchema(
    name="qualified",
    columns=(
        Column(name="workshop", kind="str", description="the workshop"),
        Column(name="item", kind="str", required=False, nullable=True, description="what it may work on; empty = all"),
        Column(
            name="step", kind="int", required=False, nullable=True, minimum=0, maximum=1e6,
            description="which step it may do; empty = all",
        ),
    ),
)  # fmt: skip

TRANSFERS = TableSchema(
    name="transfers",
    key=("src", "dst"),
    may_be_empty=True,
    columns=(
        Column(name="src", kind="str", description="workshop that sends"),
        Column(name="dst", kind="str", description="workshop that receives"),
        Column(name="buckets", kind="int", minimum=0, maximum=1000, description="buckets on the way"),
    ),
)

OUTSIDE = TableSchema(
    name="outside",
    key=("resource", "bucket"),
    may_be_empty=True,
    columns=(
        Column(name="resource", kind="str", description="the resource"),
        Column(name="bucket", kind="date", description="the bucket"),
        Column(name="hours", kind="float", minimum=0, maximum=1e9, description="hours that other customers take"),
    ),
)

_PER_MILLION = 1e6


@dataclass(frozen=True, kw_only=True)
class DispatchParams:
    """What a workshop's record is worth.

    Parameters
    ----------
    otif_floor
        Workshops whose `otif_low` lies below get nothing, in [0, 1].
    late_cost
        Money per piece that comes late or short; a piece sent to a workshop costs ``late_cost x (1 - otif_low)`` more.
    """

    otif_floor: float = 0.0
    late_cost: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.otif_floor <= 1:
            raise ValueError(f"Expected otif_floor to be in [0, 1], got {self.otif_floor!r}.")
        if not 0 <= self.late_cost <= 1e9:
            raise ValueError(f"Expected late_cost to be in [0, 1e9], got {self.late_cost!r}.")


def qualified_routes(
    routes: pd.DataFrame,
    owner: pd.Series,
    workshops: pd.DataFrame,
    qualified: pd.DataFrame | None,
    params: DispatchParams,
) -> tuple[pd.DataFrame, list[Reason]]:
    """Return the route rows that may be used, with what the workshops' records cost, and why others may not.

    Rows on resources of no listed workshop are the central factory's own and stay.

    Parameters
    ----------
    routes, workshops, qualified
        Checked. Without `qualified` every workshop may do what the routes name it for.
    owner
        Workshop by resource.
    """
    shop = routes["resource"].map(owner)
    outside = shop.isin(workshops["workshop"])
    may = _may(routes, shop, qualified) | ~outside
    card = workshops.set_index("workshop").reindex(columns=["otif_low", "defect_ppm"]).astype(float)
    otif = shop.map(card["otif_low"])
    trusted = ~(otif < params.otif_floor) | ~outside
    reasons = _refused(routes[~may], shop, "unqualified", "is not qualified for")
    reasons += _refused(routes[may & ~trusted], shop, "scorecard", "is not trusted enough for", otif)
    kept = routes[may & trusted].copy()
    defect = shop.map(card["defect_ppm"]).fillna(0.0)[kept.index].where(outside[kept.index], 0.0)
    risk = (1 - otif.fillna(1.0))[kept.index].where(outside[kept.index], 0.0)
    good = kept["yield"].fillna(1.0) if "yield" in kept else 1.0
    cost = kept["cost"].fillna(0.0) if "cost" in kept else 0.0
    kept["yield"] = good * (1 - defect / _PER_MILLION)
    kept["cost"] = cost + params.late_cost * risk
    return kept.reset_index(drop=True), reasons


def _may(routes: pd.DataFrame, shop: pd.Series, qualified: pd.DataFrame | None) -> pd.Series:
    if qualified is None:
        return pd.Series(data=True, index=routes.index)
    rows = routes.assign(row=routes.index, workshop=shop)[["row", "workshop", "item", "step"]]
    pairs = qualified.reindex(columns=["workshop", "item", "step"])
    both = rows.merge(pairs, on="workshop", suffixes=("", "_may"))
    fits = (both["item_may"].isna() | (both["item_may"] == both["item"])) & (
        both["step_may"].isna() | (both["step_may"] == both["step"])
    )
    return routes.index.to_series().isin(both.loc[fits, "row"])


def _refused(rows: pd.DataFrame, shop: pd.Series, code: str, words: str, otif: pd.Series | None = None) -> list[Reason]:
    found = rows.assign(workshop=shop[rows.index]).drop_duplicates(["item", "step", "workshop"])
    return [
        Reason(
            code,
            f"workshop {row.workshop} {words} step {row.step} of item {row.item}"
            + ("" if otif is None else f" (otif_low {otif[row.Index]:.3g})"),
            item=str(row.item),
            resource=str(row.resource),
        )
        for row in found.itertuples()
    ]


def with_outside(resources: pd.DataFrame, outside: pd.DataFrame, *, source: str = "outside") -> pd.DataFrame:
    """Return the calendar with the hours of other customers added to its `outside` column.

    Raises
    ------
    TableError
        A row of a resource that the calendar does not know.
    """
    require_known(outside, "resource", resources["resource"].unique(), source=source, kind="resource")
    found = resources.merge(outside, on=["resource", "bucket"], how="left")
    own = found["outside"].fillna(0.0) if "outside" in found else 0.0
    return found.assign(outside=own + found["hours"].fillna(0.0)).drop(columns="hours")


def transfer_buckets(transfers: pd.DataFrame, owner: pd.Series, resources: np.ndarray) -> Ints:
    """Return the buckets that goods take from each resource to each other one, shape (R, R); 0 if no row says."""
    shop = pd.Series(resources, dtype=object).map(owner).fillna("")
    known = transfers.set_index(["src", "dst"])["buckets"].to_dict()
    pairs = [[int(known.get((a, b), 0)) for b in shop] for a in shop]
    return np.array(pairs, np.int64).reshape(len(shop), len(shop))


def with_transfers(modes: Modes, buckets: Ints) -> Modes:
    """Return ways of making whose steps wait for the goods of the step before.

    Parameters
    ----------
    buckets
        Shape (R, R): from resource to resource.

    Notes
    -----
    What leaves the last step is available where it is: a way home is a step of its own.
    """
    follows = np.append(modes.op_mode[1:] == modes.op_mode[:-1], False) if len(modes.op_mode) else np.zeros(0, bool)
    way = np.zeros(len(modes.op_mode), np.int64)
    here = np.flatnonzero(follows)
    way[here] = buckets[modes.op_resource[here], modes.op_resource[here + 1]]
    lead = modes.op_lead + way
    ends = np.cumsum(lead)
    first = np.searchsorted(modes.op_mode, modes.op_mode)
    offset = ends - lead - (ends[first] - lead[first]) if len(lead) else lead
    total = np.bincount(modes.op_mode, weights=lead, minlength=len(modes.item)).astype(np.int64)
    return replace(modes, op_lead=lead, op_offset=offset, lead=total)
