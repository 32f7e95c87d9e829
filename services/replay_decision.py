"""Compute a decision again from what was kept with it."""

from __future__ import annotations

from typing import Any

import orjson

from services.hold_decision import decide
from services.viewer import Viewer
from store.booking.lookup import find_decision
from store.database import Database

__all__ = ["replay_decision"]


def replay_decision(database: Database, decision_id: str, *, viewer: Viewer) -> dict[str, Any]:
    """Return a decision, its inputs, and what comes out when it is computed again.

    Parameters
    ----------
    decision_id
        The decision's id, or that of the reservation it led to.

    Returns
    -------
    dict
        ``id, same`` (whether the answer is the one that was given), ``chosen`` (the candidate, None if there was none),
        ``inputs``, ``outcome`` (as given) and ``replayed``.

    Raises
    ------
    UnknownIdError
        If there is none, or it is not the viewer's.
    """
    kept = find_decision(database, decision_id, tenant=viewer.tenant, party=viewer.party)
    inputs, outcome = orjson.loads(kept.inputs), orjson.loads(kept.outcome)
    replayed = decide(inputs)
    chosen = None if replayed["chosen"] is None else inputs["candidates"][replayed["chosen"]]
    return {
        "id": kept.id,
        "same": replayed == outcome,
        "chosen": chosen,
        "inputs": inputs,
        "outcome": outcome,
        "replayed": replayed,
    }
