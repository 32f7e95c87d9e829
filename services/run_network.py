"""Everything that can be computed on the loaded network: forecasts, a level plan, its orders routed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from contracts.errors import EvenflowError
from contracts.progress import Report, silent
from store.home import Home
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["NetworkReport", "run_network"]


@dataclass(frozen=True, kw_only=True)
class NetworkReport:
    """What was computed on a network.

    Parameters
    ----------
    version
        The network.
    summary
        Key figures by stage (``forecast``, ``plan``, ``orders``), plain values; None where a stage could not be done.
    skipped
        Why, by stage.
    """

    version: str
    summary: dict[str, dict[str, Any] | None]
    skipped: dict[str, str]


def run_network(home: Home, *, seed: int = 0, progress: Report = silent) -> NetworkReport:
    """Forecast, plan and route what is loaded, and keep the results for the server.

    A stage that the network has no data for is left out with its reason; the others are done.

    Raises
    ------
    NotReadyError
        If nothing is loaded.
    """
    snapshot = home.current()
    stages: dict[str, Callable[[Snapshot, int, Report], dict[str, Any]]] = {
        "forecast": _forecast,
        "plan": _plan,
        "orders": partial(_orders, PriceShelf(home.root).left()),
    }
    summary: dict[str, dict[str, Any] | None] = {}
    skipped = {}
    for name, stage in stages.items():
        try:
            summary[name] = stage(snapshot, seed, progress)
        except EvenflowError as error:
            summary[name], skipped[name] = None, str(error)
    return NetworkReport(version=snapshot.version, summary=summary, skipped=skipped)


def _forecast(snapshot: Snapshot, seed: int, progress: Report) -> dict[str, Any]:
    from services.network_forecast import forecast_network

    found = forecast_network(snapshot, options={"seed": seed}, progress=progress)
    told = ("series", "first_forecast", "horizon", "expected_pieces", "models", "fallback_reasons", "notes")
    return {
        **{name: found.asked.summary[name] for name in told},
        "items": int(found.weekly.forecast["unique_id"].nunique()),
        "weeks": int(found.weekly.forecast["ds"].nunique()),
    }


def _plan(snapshot: Snapshot, seed: int, progress: Report) -> dict[str, Any]:
    from services.network_plan import plan_network

    told = ("status", "orders", "pieces", "fill_rate", "load_cv", "idle_hours", "overtime_hours", "gap", "reasons")
    summary = plan_network(snapshot, seed=seed, progress=progress).report.summary
    return {name: summary[name] for name in (*told, "items_without_route")}


def _orders(left: Mapping[str, float], snapshot: Snapshot, seed: int, progress: Report) -> dict[str, Any]:
    from services.network_routes import route_network

    told = ("orders", "orders_served", "matched_pieces", "unmatched_pieces", "unmatched_by_reason", "cost_fen", "gap")
    summary = route_network(snapshot, left=left, seed=seed, progress=progress).summary
    return {name: summary[name] for name in told}
