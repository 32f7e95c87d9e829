"""Which orders a viewer of a tenant may ask about, and what it is told of those who could fill them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import TableError
from graph.candidates.filters import Sight
from graph.candidates.supply_book import SupplyBook
from graph.network import SupplyNetwork
from services.viewer import Viewer

__all__ = ["refusals", "require_askable", "sight_of"]

Mask = npt.NDArray[np.bool_]


def sight_of(viewer: Viewer, network: SupplyNetwork) -> Sight | None:
    """Return what the viewer may know of; None for an operator, who sees everything."""
    if viewer.tenant is None:
        return None
    return Sight(viewer.seen(network), lambda src, dst: viewer.sees_between(network, src, dst))


def refusals(demands: pd.DataFrame, book: SupplyBook, viewer: Viewer, sight: Sight | None) -> npt.NDArray[np.object_]:
    """Return per order why it cannot be asked about: an unknown sku, buyer or place; empty = it can.

    Parameters
    ----------
    demands
        Orders with the types of `graph.tables.DEMANDS`.
    sight
        What the viewer may know of (`sight_of`); what it may not is unknown to it.
    """
    why: npt.NDArray[np.object_] = np.full(len(demands), "", dtype=object)
    unknown = book.skus.positions(demands["sku_id"].astype("str")) < 0
    for name, wrong, expected in (
        ("sku_id", unknown, "an sku of the loaded network"),
        ("buyer_id", _foreign(demands, book, viewer, sight), "the id of a known party"),
        ("ship_to", _lost(demands, book, sight), "the id of a known party or a region"),
    ):
        for row in np.flatnonzero(wrong & (why == "")).tolist():
            why[row] = f"{name}: expected {expected}, got {demands[name].iloc[row]!r}"
    return why


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
    _refuse(demands["buyer_id"], _foreign(demands, book, viewer, sight), "the id of a known party")
    if "ship_to" in demands:
        _refuse(demands["ship_to"], _lost(demands, book, sight), "the id of a known party or a region")


def _foreign(demands: pd.DataFrame, book: SupplyBook, viewer: Viewer, sight: Sight | None) -> Mask:
    """Return which buyers are unknown, or not the viewer's own."""
    buyer = book.network.parties.ids.positions(demands["buyer_id"])
    wrong: Mask = buyer < 0
    return wrong if sight is None else wrong | ~viewer.owns(book.network, buyer)


def _lost(demands: pd.DataFrame, book: SupplyBook, sight: Sight | None) -> Mask:
    """Return which places of delivery are unknown, or out of sight."""
    if "ship_to" not in demands:
        return np.zeros(len(demands), np.bool_)
    place = book.network.parties.ids.positions(demands["ship_to"])
    given = demands["ship_to"].notna().to_numpy() & (demands["ship_to"].astype("str") != "").to_numpy()
    wrong: Mask = (place < 0) & (book.regions.positions(demands["ship_to"]) < 0)
    if sight is not None:
        wrong |= (place >= 0) & ~sight.parties[place]
    lost: Mask = given & wrong
    return lost


def _refuse(ids: pd.Series, wrong: np.ndarray, expected: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise TableError("orders", str(ids.name), expected, ids.iloc[row], row=row + 1)
