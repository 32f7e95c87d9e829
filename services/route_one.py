"""One order decided at published prices in a fraction of a millisecond, without a frame; holds and keeps nothing.

The decision is `matching.online`'s: the highest score less price that has room. `taken` is the door for holds: what
of each pool is promised already. Whoever holds pieces passes it in; the decision itself changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import TableError
from graph.arrays import Array
from graph.candidates.filters import Sight
from graph.candidates.kernel import REASONS as LIMITS
from graph.candidates.orders import OrderArrays
from graph.candidates.search import find
from matching.landed import DEFAULT_WEIGHTS, landed_numbers
from matching.online import REASONS, Decision, OnlineOrder, RouterParams
from matching.online_kernel import DOWN, OUTSCORED, REJECTED, decide
from matching.problem import Floats, Ints
from matching.score import ScoreWeights
from services.market import Market
from services.route_orders import Known
from services.route_terms import price_of_lines

__all__ = ["OneOrder", "Routed", "route_one"]

_LIMITS = np.array([REASONS.index(name) if name else -1 for name in LIMITS])
_UNQUALIFIED, _OVER_PRICE = REASONS.index("unqualified"), REASONS.index("over_price")
_NONE: Ints = np.zeros(0, np.int64)
_NO_SUMS: Floats = np.zeros(0)


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


@dataclass(frozen=True, eq=False)
class Routed:
    """A decision and the candidates behind it.

    Parameters
    ----------
    decision
        Codes, net scores and pieces per candidate; its suppliers are pools.
    orders, found
        The order and its candidates as the search gave them (`graph.candidates.search.find`).
    parts
        Costs and score parts per candidate (`matching.landed.landed_numbers`).
    added
        What each weighted part adds to the score.
    room
        int64 [K], pieces that each candidate's pool has left.
    """

    decision: Decision
    orders: OrderArrays
    found: Array
    parts: dict[str, Floats]
    added: dict[str, Floats]
    room: Ints


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
    TableError
        If the sku, the buyer or the place of delivery is unknown.
    """
    book, params = known.book, params or RouterParams()
    orders = OrderArrays.one(
        book, order.sku_id, order.pieces, order.buyer_id, ship_to=order.ship_to, days=order.days_left
    )
    if orders.rows["sku"][0] < 0:
        raise TableError("orders", "sku_id", "an sku of the loaded network", order.sku_id, row=1)
    found = find(book, orders, top=top, sight=sight)
    pool = market.pool[found["offer"]]
    room = market.room if taken is None else np.maximum(market.room - taken, 0)
    parts, terms = _parts(known, market, orders, found, order)
    added = {name: parts[name] * part.coefficient for name, part in weights.parts.items()}
    score = weights.base + sum(added.values(), start=np.zeros(len(found)))
    limit = _limits(parts["cost_fen"], found, order, market.down[pool])
    limit = _once(pool, score, _without(limit, known, found, rejected_by))
    asked = OnlineOrder(order.order_id, pool, np.where(np.isnan(score), 0.0, score), order.pieces, order.penalty, limit)
    asked, credit = _with_credit(asked, known, terms, parts["goods_fen"], book.offers.rows["minimum"][found["offer"]])
    decided = decide(
        market.price, room, credit, asked.supplier, asked.score, asked.limit, asked.line, asked.use, asked.minimum,
        asked.pieces, asked.penalty, params.margin, params.split_cost, params.unsplit,
    )  # fmt: skip
    rank, pieces, code, net = decided
    decision = Decision(asked, rank, pieces, code, net, order.pieces - int(pieces.sum()), market.version)
    return Routed(decision, orders, found, parts, added, room[pool])


def _parts(
    known: Known, market: Market, orders: OrderArrays, found: Array, order: OneOrder
) -> tuple[dict[str, Floats], Array]:
    """Return cost and score parts of the candidates, and the row of the terms that the buyer has with each (-1)."""
    book, n, sku = known.book, len(found), int(orders.rows["sku"][0])
    own = book.offers.rows[found["offer"]]
    cost = np.where(np.isnan(own["unit_cost"]), book.sku["cost"][sku], own["unit_cost"])
    supplier = own["supplier"].astype(np.int64)
    key = int(orders.rows["buyer"][0]) * book.network.n_parties + supplier
    terms = _at(market.terms_key, key, market.terms_row, -1)
    columns = {
        "pieces": np.full(n, float(order.pieces)),
        "unit_cost_fen": cost,
        "weight_kg": np.full(n, market.sku_weight[sku]),
        "price_fen": np.full(n, market.sku_price[sku]),
        "distance_km": found["km"],
        "tie_strength": found["strength"],
        "hops": np.where(found["hops"] == 3, 0, found["hops"]),
        "lead_time_days": found["days"],
        "days_left": np.full(n, order.days_left if np.isfinite(order.days_left) else np.nan),
        "terms_fen": price_of_lines(cost, known.standing.terms, terms),
        "reliability": _at(market.rated, supplier, market.reliability, 0.0),
    }
    if (lane := found["lane"]).size and (lane >= 0).any():
        rows = book.lanes.rows[lane]
        freight = rows["per_order"] + rows["per_kg"] * orders.rows["kg"][0]
        columns["freight_fen"] = np.where(lane >= 0, np.rint(freight), np.nan)
    return {**landed_numbers(columns)}, terms


def _at(keys: Ints, wanted: Ints, values: Array, otherwise: float) -> Array:
    """Return the value of each key wanted, something else where there is none; keys are ascending."""
    if not keys.size:
        return np.full(wanted.size, otherwise, values.dtype)
    place = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
    return np.where(keys[place] == wanted, values[place], np.asarray(otherwise, values.dtype))


def _limits(cost: Floats, found: Array, order: OneOrder, down: npt.NDArray[np.bool_]) -> Ints:
    """Return the position in `REASONS` of what excludes each candidate, -1 = nothing."""
    limit: Ints = _LIMITS[found["reason"]]
    for excluded, code in ((np.isnan(cost), _UNQUALIFIED), (cost > order.max_price_fen, _OVER_PRICE), (down, DOWN)):
        limit = np.where((limit < 0) & excluded, code, limit)
    return limit.astype(np.int64)


def _without(limit: Ints, known: Known, found: Array, rejected_by: Sequence[str]) -> Ints:
    """Exclude those who refused the order."""
    if not rejected_by:
        return limit
    gone = known.book.network.parties.ids.positions(pd.Series(rejected_by, dtype="str"))
    supplier = known.book.offers.rows["supplier"][found["offer"]]
    return np.where((limit < 0) & np.isin(supplier, gone), REJECTED, limit)


def _once(pool: Ints, score: Floats, limit: Ints) -> Ints:
    """Exclude all but the best of candidates that draw on the same pool, or its pieces would count twice."""
    if np.unique(pool).size == pool.size:
        return limit
    ranked = np.lexsort((-np.nan_to_num(score, nan=-np.inf), limit >= 0, pool))
    again = np.zeros(pool.size, np.bool_)
    again[ranked[1:]] = pool[ranked[1:]] == pool[ranked[:-1]]
    return np.where(again & (limit < 0), OUTSCORED, limit)


def _with_credit(
    order: OnlineOrder, known: Known, terms: Array, goods: Floats, minimum: Floats
) -> tuple[OnlineOrder, Floats]:
    """Return the order with smallest lots and, where the buyer has terms, its credit lines; and what these leave."""
    order = order._replace(minimum=np.maximum(minimum, 1).astype(np.int64))
    if not (terms >= 0).any():
        return order, _NO_SUMS
    rows, line = np.unique(terms[terms >= 0], return_inverse=True)
    lines = np.full(terms.size, -1)
    lines[terms >= 0] = line
    left = known.standing.terms["limit"].to_numpy(np.float64)[rows]
    return order._replace(line=lines, use=np.nan_to_num(goods)), left
