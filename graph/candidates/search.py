"""The suppliers that could fill an order: who they are, by which path, from what, and why not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from contracts.errors import InputError
from graph.arrays import Array
from graph.candidates.filters import EVERYBODY, Filters, Sight
from graph.candidates.frame import COLUMNS, candidate_frame
from graph.candidates.kernel import REASONS, search
from graph.candidates.layout import Case, Trade
from graph.candidates.orders import OrderArrays
from graph.candidates.reach import trade_around
from graph.candidates.scratch import Scratch, room
from graph.candidates.supply_book import SupplyBook
from graph.network import SupplyNetwork

__all__ = ["COLUMNS", "REASONS", "find", "gather", "gather_from", "trade_of"]


def gather(
    network: SupplyNetwork,
    supply: pd.DataFrame,
    products: pd.DataFrame,
    demands: pd.DataFrame,
    *,
    stock: pd.DataFrame | None = None,
    routes: pd.DataFrame | None = None,
    lanes: pd.DataFrame | None = None,
    exclusives: pd.DataFrame | None = None,
    top: int = 20,
    today: pd.Timestamp | None = None,
    filters: Filters = EVERYBODY,
) -> pd.DataFrame:
    """Return the candidate suppliers of each order, the best `top` of each.

    Indexes what is offered first; keep a `SupplyBook` and call `gather_from` where many batches use the same.

    Parameters
    ----------
    network
        The net.
    supply, products, demands, stock, lanes, exclusives
        Frames with the types of `graph.tables`; ``routes`` of planning's.
    top
        Most candidates per order, >= 1.
    today
        The day from which lead times count and on which relations must hold; without it nobody is late, and
        relations count that have ended.
    filters
        Which candidates are wanted.

    Returns
    -------
    DataFrame
        Per candidate:

        - ``order_id, supplier_id, from_id`` (where the goods leave), ``basis``: ``stock`` (on hand), ``sku`` (supply
          lists it), ``route`` (a factory makes it in steps), ``workshop`` (so, with steps done by others), ``category``
          (the supplier makes the category on request);
        - ``capacity`` (pieces a day; of stock, pieces on hand), ``unit_cost_fen`` (NaN unknown), ``minimum_order``;
        - ``lead_time_days`` (until delivery), of which ``transit_days`` with ``carrier_id`` for ``freight_fen`` (of the
          whole order; NaN and empty without lanes), ``distance_km`` (great circle to the place of delivery, NaN
          unknown);
        - ``hops`` (1 direct, 2 via somebody, 0 a stranger), ``tie_strength`` (weakest tie on the path, 0 for
          strangers), ``path`` (``W1 + W2 > F > D > S``: workshops, supplier, middleman, buyer; empty for strangers)
          and ``workshops`` (``W1 + W2``);
        - ``eligible``, ``reason`` (empty if eligible, else the first that applies of ``out_of_territory, exclusive,
          no_delivery, below_minimum, late, full``) and ``violated_id`` (who holds the exclusive territory).

        Orders in the given order; of each, eligible candidates first, then direct before via a middleman before
        strangers, then stronger ties, those who list the sku before those who make its category, stock, lower cost,
        more capacity. An order that nobody offers has no row.

    Raises
    ------
    TableError
        If a supplier, a carrier, a holder, a buyer or a place of delivery is unknown; names the row.
    InputError
        If `top` is below 1.
    """
    tables = {"stock": stock, "routes": routes, "lanes": lanes, "exclusives": exclusives}
    book = SupplyBook.of(network, supply, products, today=today, **tables)
    return gather_from(book, demands, top=top, today=today, filters=filters)


def gather_from(
    book: SupplyBook,
    demands: pd.DataFrame,
    *,
    top: int = 20,
    today: pd.Timestamp | None = None,
    filters: Filters = EVERYBODY,
    sight: Sight | None = None,
) -> pd.DataFrame:
    """Return what `gather` returns, from a book that is already there; `sight` limits what is told of others."""
    orders = OrderArrays.of(book, demands, today)
    found = find(book, orders, top=top, filters=filters, sight=sight)
    return candidate_frame(book, orders, demands["order_id"], found, sight)


def find(
    book: SupplyBook,
    orders: OrderArrays,
    *,
    top: int = 20,
    filters: Filters = EVERYBODY,
    sight: Sight | None = None,
) -> Array:
    """Return the best `top` candidates of each order as rows with the fields `graph.candidates.layout.CANDIDATE`.

    All offers known through relations are looked at; of strangers the 512 cheapest of each good (stock first).

    Returns
    -------
    array
        ``demand, offer, lane``: rows of the order, the offer and the lane taken (-1 none); ``middle, holder``:
        positions of the middleman and of who holds the exclusive territory that is violated (-1 nobody); ``hops``: 1
        direct, 2 via a middleman, 3 strangers; ``reason``: code into `REASONS`; ``strength`` of the weakest tie;
        ``days`` until delivery; ``km`` from where the goods leave.

    Raises
    ------
    InputError
        If `top` is below 1.
    """
    if top < 1:
        raise InputError("top", "at least 1", top)
    near, far = trade_of(book, orders.rows["buyer"], sight)
    out = room(len(orders.rows) * top)
    scratch = Scratch.of(_most_offers(book, orders), len(book.exclusives.rows), top)
    wanted = filters.on(book, sight)
    case = Case(book.offers, orders.rows, near, far, book.territories, book.lanes, book.exclusives, wanted)
    n = search(case, scratch, out, top)
    return out[:n]


def trade_of(book: SupplyBook, buyer: Array, sight: Sight | None) -> tuple[Trade, Trade]:
    """Return the suppliers of each order's buyer, and the suppliers of those."""
    if sight is None and len(buyer) == 1:
        return book.around(int(buyer[0]))
    return trade_around(book.network, buyer, None if sight is None else sight.between, book.day)


def _most_offers(book: SupplyBook, orders: OrderArrays) -> int:
    """Return the most offers that any good asked for has."""
    goods = np.concatenate((orders.rows["sku"], orders.rows["category"]))
    goods = goods[goods >= 0]
    return int((book.offers.start[goods + 1] - book.offers.start[goods]).max(initial=0))
