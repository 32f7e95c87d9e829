"""The plan after what changed: the free part of the horizon planned anew, firm orders as they are."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.errors import NotReadyError
from services.flow.passes import Event, Pass, World, causes_of, event
from services.network_plan import plan_network
from store.outbox_ids import latest_rows
from store.plans import PlanShelf

__all__ = ["revise_plan"]


def revise_plan(world: World, given: Pass) -> Sequence[Event]:
    """Plan anew after forecasts, capacities or progress changed; a network that cannot be planned is left alone."""
    if all(row.topic == "forecast.refreshed" and not row.payload["items"] for row in given.rows):
        return []
    snapshot = world.home.current()
    before = PlanShelf(world.home.root).current()
    try:
        made = plan_network(snapshot, replan=before is not None, seed=world.seed).report
    except NotReadyError:  # it has no routes, or no lines: there is nothing to plan
        return []
    payload = {
        "id": made.summary["plan_id"],
        **causes_of(given, f"network-{snapshot.version}", *_forecast_of(world, snapshot.version)),
        "replaces": None if before is None else before.id,
        "orders": int(made.summary["orders"]),
        "pieces": int(made.summary["pieces"]),
        "status": made.summary["status"],
        "reasons": made.summary["reasons"],
        "network": snapshot.version,
    }
    return [event("plan.revised", "network", payload)]


def _forecast_of(world: World, version: str) -> list[str]:
    """Return the id of the forecast that stands: a plan after another cause is made from it, too."""
    newest = latest_rows(world.database, "forecast.refreshed")
    return [row.payload["id"] for row in newest if row.payload.get("network") == version]
