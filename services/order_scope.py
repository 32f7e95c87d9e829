"""Which orders a viewer of a tenant may ask about, and what it is told of those who could fill them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from contracts.errors import TableError
from graph.candidates.filters import Sight
from graph.candidates.supply_book import SupplyBook
from graph.network import SupplyNetwork
from services.viewer import Viewer

__all__ = ["require_askable", "sight_of"]


def sight_of(viewer: Viewer, network: SupplyNetwork) -> Sight | None:
    """Return what the viewer may know of; None for an operator, who sees everything."""
    if viewer.tenant is None:
        return None
    return Sight(viewer.seen(network), lambda src, dst: viewer.sees_between(network, src, dst))


def require_askable(demands: pd.DataFrame, book: SupplyBook, viewer: Viewer, sight: Sight | None) -> None:
    """Refuse buyers that are not the viewer's own and places of delivery that it may not know of.

    Parameters
    ----------
    demands
        Orders with the types of `graph.tables.DEMANDS`.
    sight
        What the viewer may know of (`sight_of`).

    Raises
    ------
    TableError
        As for an unknown id: the answer does not tell which. An operator's unknown ids are left to the search.
    """
    if sight is None:
        return
    ids = book.network.parties.ids
    buyer = ids.positions(demands["buyer_id"])
    _refuse(demands["buyer_id"], (buyer < 0) | ~viewer.owns(book.network, buyer), "the id of a known party")
    if "ship_to" in demands:
        place = ids.positions(demands["ship_to"])
        given = demands["ship_to"].notna().to_numpy() & (demands["ship_to"].astype("str") != "").to_numpy()
        unknown = (place < 0) & (book.regions.positions(demands["ship_to"]) < 0)
        hidden = (place >= 0) & ~sight.parties[place]
        _refuse(demands["ship_to"], given & (unknown | hidden), "the id of a known party or a region")


def _refuse(ids: pd.Series, wrong: np.ndarray, expected: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise TableError("orders", str(ids.name), expected, ids.iloc[row], row=row + 1)
