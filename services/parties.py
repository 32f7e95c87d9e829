"""What is known of one party."""

from __future__ import annotations

from typing import Any

import pandas as pd

from contracts.errors import UnknownIdError
from services.party_ties import party_neighbours
from services.viewer import Viewer
from store.snapshot import Snapshot

__all__ = ["party_card"]

NEIGHBOURS, OFFERS = 10, 20
_EVERYTHING = Viewer()


def party_card(snapshot: Snapshot, party_id: str, viewer: Viewer = _EVERYTHING) -> dict[str, Any]:
    """Return a party's own data, its relations and its supply, as plain values.

    Parameters
    ----------
    snapshot
        A loaded network.
    party_id
        The party.
    viewer
        Who asks: relations it may not know of are neither listed nor counted.

    Returns
    -------
    dict
        ``id, kind, name, region, lat, lon, tenant, capacity_per_day, lead_time_days`` (None where not given),
        ``categories`` (list), ``attributes`` (the file's further columns), ``relations`` (per relation kind how many
        lead ``out`` of and ``in`` to the party), ``neighbours`` (the 10 strongest ties), ``supply`` (``offers``: how
        many rows it has, ``rows``: the first 20).

    Raises
    ------
    UnknownIdError
        If no party has the id, or the viewer may not know of it.
    """
    ties = party_neighbours(snapshot.network(), party_id, viewer=viewer)
    own = snapshot.rows("parties", "id", party_id)
    if own.empty:
        raise UnknownIdError("party", party_id)
    row = _plain(own)[0]
    names = ("id", "kind", "name", "region", "lat", "lon", "tenant", "capacity_per_day", "lead_time_days")
    categories = row.pop("categories", None)
    card = {name: row.pop(name, None) for name in names}
    offers = snapshot.rows("supply", "supplier_id", party_id).drop(columns="supplier_id")
    return card | {
        "categories": [word.strip() for word in str(categories).split("|")] if categories else [],
        "attributes": row,
        "relations": _counts(ties),
        "neighbours": ties.head(NEIGHBOURS).to_dict("records"),
        "supply": {"offers": len(offers), "rows": _plain(offers.head(OFFERS))},
    }


def _counts(ties: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return how many relations of each kind lead out of and in to the party."""
    counts = pd.crosstab(ties["relation"], ties["direction"]).reindex(columns=["out", "in"], fill_value=0)
    return {str(kind): {"out": int(row["out"]), "in": int(row["in"])} for kind, row in counts.iterrows()}


def _plain(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as plain values: None for empty cells, ISO texts for dates."""
    return [{str(name): _value(cell) for name, cell in row.items()} for row in frame.to_dict("records")]


def _value(cell: Any) -> Any:
    if pd.isna(cell):
        return None
    if isinstance(cell, pd.Timestamp):
        return cell.date().isoformat() if cell == cell.normalize() and cell.tz is None else cell.isoformat()
    return cell.item() if hasattr(cell, "item") else cell
