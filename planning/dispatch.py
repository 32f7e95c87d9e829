"""Dispatches: steps that workshops are asked to do, and who does one that a workshop rejected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from planning.order_identity import lot_names

__all__ = ["DISPATCH_COLUMNS", "Elsewhere", "dispatch_table", "reassign"]

DISPATCH_COLUMNS = (
    "dispatch_id",
    "workshop",
    "resource",
    "item",
    "route",
    "step",
    "pieces",
    "hours",
    "start",
    "due",
    "earliest",
    "latest",
)
_EPS = 1e-6


def dispatch_table(orders: pd.DataFrame, owner: pd.Series, workshops: set[str]) -> pd.DataFrame:
    """Return the steps that go to workshops, and the buckets between which each may start.

    Parameters
    ----------
    orders
        A plan's orders (`planning.orders.ORDER_COLUMNS`).
    owner
        Workshop by resource; steps of others stay in the central factory.

    Returns
    -------
    dispatches
        `DISPATCH_COLUMNS`; `earliest` is the bucket in which the step before is there, `latest` the one that the next
        step, or the order's due bucket, leaves; without a neighbour they are the step's own start and due.
    """
    rows = orders.assign(lot=lot_names(orders), workshop=orders["resource"].map(owner)).sort_values(["lot", "step"])
    groups = rows.groupby("lot")
    rows["earliest"] = groups["due"].shift(1).fillna(rows["start"])
    after = groups["start"].shift(-1).fillna(rows["due"])
    rows["latest"] = np.maximum(rows["start"], after - (rows["due"] - rows["start"]))
    sent = rows[rows["workshop"].isin(workshops)].rename(columns={"order_id": "dispatch_id"})
    return sent.sort_values(["start", "dispatch_id"], ignore_index=True)[list(DISPATCH_COLUMNS)]


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """Where a rejected step goes: resource and bucket, or None and why nobody can do it in its window."""

    resource: str | None
    start: pd.Timestamp | None
    hours: float
    reasons: tuple[str, ...]


def reassign(
    dispatch: pd.Series, routes: pd.DataFrame, spare: pd.DataFrame, owner: pd.Series, rejected_by: set[str]
) -> Elsewhere:
    """Find another resource for a rejected step, so that the steps before and after it can stay as they are.

    Parameters
    ----------
    dispatch
        A row of `dispatch_table`.
    routes
        Rows that may be used (`planning.workshops.qualified_routes`).
    spare
        `resource, bucket, hours`: hours left, overtime included.
    owner
        Workshop by resource.
    rejected_by
        Workshops that rejected the step.

    Returns
    -------
    elsewhere
        The cheapest way, then the one with the most hours left; each other resource of the step has a reason.
    """
    same = (routes["item"] == dispatch["item"]) & (routes["route"] == dispatch["route"])
    ways = routes[same & (routes["step"] == dispatch["step"])]
    found: list[tuple[float, float, str, pd.Timestamp, float]] = []
    reasons = []
    for way in ways.itertuples():
        shop = owner.get(way.resource, way.resource)
        if shop in rejected_by:
            reasons.append(f"{way.resource}: {shop} rejected it")
            continue
        setup = getattr(way, "setup_hours", 0.0)
        hours = float(dispatch["pieces"] * way.hours_per_unit + (0.0 if pd.isna(setup) else setup))
        room = spare[
            (spare["resource"] == way.resource) & spare["bucket"].between(dispatch["earliest"], dispatch["latest"])
        ]
        fits = room[room["hours"] >= hours - _EPS].sort_values("bucket")
        if fits.empty:
            most = float(room["hours"].max()) if len(room) else 0.0
            reasons.append(f"{way.resource}: {hours:.4g} h wanted, at most {most:.4g} h left in its window")
            continue
        near = fits.iloc[(fits["bucket"] - dispatch["start"]).abs().argsort(kind="stable").iloc[0]]
        cost = getattr(way, "cost", 0.0)
        found.append((0.0 if pd.isna(cost) else cost, -float(near["hours"]), str(way.resource), near["bucket"], hours))
    if not found:
        return Elsewhere(
            resource=None, start=None, hours=0.0, reasons=tuple(reasons or ["no other resource can do it"])
        )
    _, _, resource, start, hours = min(found)
    return Elsewhere(resource=resource, start=start, hours=hours, reasons=tuple(reasons))
