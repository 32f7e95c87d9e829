"""Make a loaded network ready to answer: compile the loops that matches use, index what is offered today."""

from __future__ import annotations

import pandas as pd

from contracts.errors import EvenflowError
from services.find_candidates import find_candidates
from services.hold_decision import Candidate, Order, decide, inputs_of
from services.match_at_once import match_at_once
from services.network_router import route_now
from services.network_routes import route_on
from store.booking.capacity import Room
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["warm_up"]


def warm_up(snapshot: Snapshot) -> bool:
    """Search, match, route and place one order and forget the answers; return whether there was anything to do so with.

    What a first request would wait for (compiled code, the index of today's offers, scorecards) is there afterwards.
    """
    _place_one()
    skus, parties = (snapshot.table(name)[column] for name, column in (("supply", "sku_id"), ("parties", "id")))
    if not skus.notna().any():
        return False
    order = {"order_id": "warm-up", "sku_id": skus.dropna().iloc[0], "pieces": 1, "buyer_id": parties.iloc[0]}
    try:
        find_candidates(snapshot, pd.DataFrame([order]))
        route_on(snapshot, pd.DataFrame([order]))
        shelf = PriceShelf(snapshot.root.parent.parent)
        route_now(snapshot, shelf, order)
        match_at_once(snapshot, shelf, order)
    except EvenflowError:
        return False  # a request will be told why
    return True


def _place_one() -> None:
    order = Order(order_id="warm-up", buyer_id="", sku_id="", pieces=1)
    candidate = Candidate(supplier_id="", good="")
    decide(inputs_of(order, [candidate], Room({candidate.place: 1}, {}), excluded=[], versions={}))
