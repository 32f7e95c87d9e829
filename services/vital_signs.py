"""Figures that say how a server is, measured when somebody looks."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from contracts.errors import EvenflowError
from services.flow.lag import stage_lags
from store.database import Database
from store.home import Home
from store.stages import parked_work
from store.vital_signs import database_signs

__all__ = ["free_bytes", "vital_signs"]

_MEANINGS = {
    "database_up": "Whether the database answers and is up to date.",
    "database_seconds": "Time the database took to answer.",
    "outbox_position": "Position of the newest event.",
    "holds_overdue": "Holds that are due but not expired yet.",
    "webhook_deliveries_waiting": "Events that webhooks were not told of yet.",
    "webhook_deliveries_dead": "Events that receivers did not take.",
    "webhook_lag_seconds": "How long the oldest of the waiting ones waits.",
    "parked_work": "Ranges that stages of the flow gave up on.",
    "snapshot_age_seconds": "Time since the loaded network was published.",
    "disk_free_bytes": "Room on the disk of the home.",
}


def vital_signs(home: Path, database: Database, *, now_ms: int) -> Mapping[str, tuple[str, float]]:
    """Return each figure's meaning and value by its name; what cannot be measured now is left out.

    Parameters
    ----------
    home
        The home folder.
    now_ms
        Milliseconds since 1970.
    """
    figures = {"disk_free_bytes": float(free_bytes(home)), "database_up": 0.0}
    published_ms = Home(home).published_at_ms()
    if published_ms is not None:
        figures["snapshot_age_seconds"] = max(now_ms - published_ms, 0) / 1000
    if not database.made:
        return _told(dict.fromkeys(_MEANINGS.keys() - {"snapshot_age_seconds"}, 0.0) | figures | {"database_up": 1.0})
    try:
        signs = database_signs(database, now_ms=now_ms)
    except EvenflowError:
        return _told(figures)
    since_ms = signs.deliveries_since_ms
    figures |= {
        "database_up": 1.0,
        "database_seconds": signs.seconds,
        "outbox_position": float(signs.outbox_position),
        "holds_overdue": float(signs.holds_overdue),
        "webhook_deliveries_waiting": float(signs.deliveries_waiting),
        "webhook_deliveries_dead": float(signs.deliveries_dead),
        "webhook_lag_seconds": 0.0 if since_ms is None else max(now_ms - since_ms, 0) / 1000,
    }
    figures["parked_work"] = float(len(parked_work(database)))
    return {**_told(figures), **_lags(database, now_ms)}


def _lags(database: Database, now_ms: int) -> dict[str, tuple[str, float]]:
    """Return, by stage of the flow, how long its oldest input waits."""
    return {
        f"flow_{lag['name']}_lag_seconds": (
            f"How long the oldest input of the stage {lag['name']} waits.",
            lag["lag_seconds"],
        )
        for lag in stage_lags(database, now_ms=now_ms)
    }


def free_bytes(home: Path) -> int:
    """Return the room on the disk of a folder that may not be there yet."""
    place = next(path for path in (home.absolute(), *home.absolute().parents) if path.exists())
    return shutil.disk_usage(place).free


def _told(figures: Mapping[str, float]) -> Mapping[str, tuple[str, float]]:
    return {name: (_MEANINGS[name], value) for name, value in figures.items()}
