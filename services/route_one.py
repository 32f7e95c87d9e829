"""One order decided at published prices in a fraction of a millisecond, without a frame; holds and keeps nothing.

The decision is `matching.online`'s: the highest score less price that has room. `taken` is the door for holds: what
of each pool is promised already. Whoever holds pieces passes it in; the decision itself changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from contracts.errors import InputError, TableError
from graph.arrays import Array
from graph.candidates.filters import Sight
from graph.candidates.kernel import REASONS as LIMITS
from graph.candidates.orders import OrderArrays
from graph.candidates.search import trade_of
from graph.candidates.supply_book import SupplyBook
from matching.landed import DEFAULT_WEIGHTS, PARTS, LandedParams
from matching.online import REASONS, Decision, OnlineOrder, RouterParams
from matching.problem import Floats, Ints
from matching.score import ScoreWeights
from services.market import Market
from services.one_order_kernel import decide_one
from services.route_orders import Known

__all__ = ["OneOrder", "Routed", "counting", "route_one"]

_LIMITS = np.array([REASONS.index(name) if name else -1 for name in LIMITS])
_NONE: Ints = np.zeros(0, np.int64)


class OneOrder(NamedTuple):
    """One order of the loaded network.

    Parameters
    ----------
    ship_to
        Party or region the goods go to; the buyer's place if empty.
    days_left
        Days until the due date, infinite without one.
    max_price_fen
        Most the buyer pays per piece, infinite without a limit.
    penalty
        Score lost per unserved piece.
    """

    order_id: str
    sku_id: str
    pieces: int
    buyer_id: str
    ship_to: str = ""
    days_left: float = np.inf
    max_price_fen: float = np.inf
    penalty: float = 1.0


class Routed(NamedTuple):
    """A decision and the candidates behind it.

    Parameters
    ----------
    decision
        Codes, net scores and pieces per candidate; its suppliers are pools.
    orders, found
        The order and its candidates as the search gave them (`graph.candidates.search.find`).
    numbers
        float64 [9 + weighted parts, K]: costs and score parts per piece (`matching.landed.PARTS`), then what each
        weighted part adds to the score; `names` says which row is which.
    room, minimum, line
        int64 [K], pieces that each candidate's pool has left, fewest pieces it takes, its credit line (-1 = none).
    """

    decision: Decision
    orders: OrderArrays
    found: Array
    numbers: Floats
    names: Sequence[str]
    room: Ints
    minimum: Ints
    line: Ints


def route_one(
    known: Known,
    market: Market,
    order: OneOrder,
    *,
    top: int = 20,
    rejected_by: Sequence[str] = (),
    weights: ScoreWeights = DEFAULT_WEIGHTS,
    params: RouterParams | None = None,
    sight: Sight | None = None,
    taken: Ints | None = None,
) -> Routed:
    """Decide who serves an order; the same answer again until prices, offers or what is taken change.

    Parameters
    ----------
    top
        Candidates looked at, >= 1.
    rejected_by
        Suppliers that have refused it: they keep their row with the reason ``rejected``.
    taken
        int64 [pools], pieces of each pool that are promised already; None = nothing.

    Raises
    ------
    InputError
        If `top` is below 1, or a supplier that rejected is not known.
    TableError
        If the sku, the buyer or the place of delivery is unknown.
    """
    if top < 1:
        raise InputError("top", "at least 1", top)
    book, params = known.book, params or _USUAL
    orders = OrderArrays.one(
        book, order.sku_id, order.pieces, order.buyer_id, ship_to=order.ship_to, days=order.days_left
    )
    if orders.rows["sku"][0] < 0:
        raise TableError("orders", "sku_id", "an sku of the loaded network", order.sku_id, row=1)
    near, far = trade_of(book, orders.rows["buyer"], sight)
    left = market.room if taken is None else np.maximum(market.room - taken, 0)
    given: tuple[Any, ...] = (
        orders.rows, *market.offered, *near, *far, _seen(book, sight), _positions(book, rejected_by, sight), _LIMITS,
        market.pool, left, market.price, market.down, market.terms_key, market.terms_row, market.terms_share,
        market.terms_limit, market.rated, market.reliability, market.goods, _RATES, *counting(weights), weights.base,
        top, order.penalty, order.max_price_fen, params.margin, params.split_cost, params.unsplit,
    )  # fmt: skip
    found, told, score, rank, pieces, code = decide_one(*given)
    numbers, names = told.numbers, [*PARTS, *weights.parts]
    asked = OnlineOrder(order.order_id, told.pool, score, order.pieces, order.penalty, told.limit)
    decision = Decision(asked, rank, pieces, code, numbers[-1], order.pieces - int(pieces.sum()), market.version)
    return Routed(decision, orders, found, numbers[:-2], names, told.left, told.minimum, told.line)


def _seen(book: SupplyBook, sight: Sight | None) -> Array:
    """Return which offers may be known; nothing if all may."""
    return _ALL if sight is None else sight.parties[book.offers.rows["supplier"]]


def _positions(book: SupplyBook, suppliers: Sequence[str], sight: Sight | None) -> Ints:
    """Return the positions of suppliers; one that is not known, or may not be, is refused: its name may be mistyped."""
    if not suppliers:
        return _NONE
    found: Ints = book.network.parties.ids.positions(pd.Series(suppliers, dtype="str")).astype(np.int64)
    known = found >= 0 if sight is None else (found >= 0) & sight.parties[found]
    if not known.all():
        raise InputError("rejected_by", "ids of parties of the loaded network", suppliers[int(np.argmin(known))])
    return found


def counting(weights: ScoreWeights) -> tuple[Ints, Floats]:
    """Return the positions in `PARTS` of the parts that count, and the score that a unit of each adds."""
    if weights is DEFAULT_WEIGHTS:
        return _DEFAULT
    which = np.array([PARTS.index(name) for name in weights.parts], dtype=np.int64)
    return which, np.array([part.coefficient for part in weights.parts.values()], dtype=np.float64)


_ALL = np.zeros(0, np.bool_)
_RATES = LandedParams().rates()
_DEFAULT = counting(replace(DEFAULT_WEIGHTS))
_USUAL = RouterParams()
