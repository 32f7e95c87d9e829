"""The ε-auction for split matches: orders bid for capacity, prices rise until nobody is outbid.

An order bids for its best supplier what makes it indifferent to its second best, plus ε; a supplier keeps the highest
bids and its price is the lowest bid it holds once it is full (Bertsekas and Castañon, *The auction algorithm for the
transportation problem*, Annals of Operations Research 20, 1989). Prices start at zero and only ever rise at full
suppliers, so suppliers with room left have price zero: at the end every piece is within ε of its best choice, and the
prices prove a gap of at most ε per piece. (ε-scaling would restart with positive prices at suppliers that end up with
room, which is wrong here.)

Price wars, where many orders want the same few suppliers equally, raise prices by ε at a time: the number of bids is
capped, and the caller then takes the min-cost flow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matching.auction_kernel import (
    CANDIDATE,
    DONE,
    LOTS_FULL,
    PIECES,
    POOL_FULL,
    TOO_MANY_BIDS,
    Auction,
    Market,
    best_values,
    run,
)
from matching.problem import Floats, Ints, MatchProblem

__all__ = ["AuctionOutcome", "auction"]

_CLOSED = 1e300
_FREE_BIDS = 50_000


@dataclass(frozen=True, kw_only=True)
class AuctionOutcome:
    """What the auction found.

    Parameters
    ----------
    pieces
        int64 [E], pieces per candidate.
    prices
        float64 [M], score per piece of capacity.
    objective, upper_bound
        Of the allocation, and proved by the prices (the Lagrangian bound of `matching.bound`).
    bids
        How many it took.
    """

    pieces: Ints
    prices: Floats
    objective: float
    upper_bound: float
    bids: int


def auction(problem: MatchProblem, *, epsilon: float, bids_per_order: float) -> AuctionOutcome | None:
    """Return the auction's allocation, None if it was given up as a price war.

    Parameters
    ----------
    problem
        In unit form, without credit lines.
    epsilon
        Bid step as a share of the score range (penalties included), in (0, 1).
    bids_per_order
        Bids allowed per order.
    """
    market = Market(problem.indptr, problem.supplier, problem.score, problem.capacity, problem.penalties)
    state = _opening(problem)
    step = epsilon * _score_range(problem)
    most_bids = int(bids_per_order * problem.n_orders) + _FREE_BIDS
    status = run(market, state, step, most_bids)
    while status in (LOTS_FULL, POOL_FULL):
        state = _more_lots(state) if status == LOTS_FULL else _more_pool(state)
        status = run(market, state, step, most_bids)
    if status == TOO_MANY_BIDS:
        return None
    assert status == DONE
    # A supplier without capacity is closed by an endless price; what one unit there would be worth is not known.
    prices = np.where(problem.capacity > 0, state.price, _closed_price(problem))
    lots = state.held[state.held[:, PIECES] > 0]
    pieces = np.zeros(problem.n_candidates, np.int64)
    np.add.at(pieces, lots[:, CANDIDATE], lots[:, PIECES])
    gain = float(np.dot(problem.score[lots[:, CANDIDATE]].astype(np.float64), lots[:, PIECES].astype(np.float64)))
    bound = best_values(market, prices, problem.pieces) + float(np.dot(prices, problem.capacity.astype(np.float64)))
    return AuctionOutcome(
        pieces=pieces,
        prices=prices,
        objective=gain - float(np.dot(problem.penalties, state.left.astype(np.float64))),
        upper_bound=bound,
        bids=int(state.tally[1]),
    )


def _closed_price(problem: MatchProblem) -> float:
    """Return a price that nobody pays."""
    highest = float(problem.score.max(initial=0.0)) + float(problem.penalties.max())
    return max(highest, 0.0)


def _score_range(problem: MatchProblem) -> float:
    if problem.n_candidates == 0:
        return 1.0
    low = min(float(problem.score.min()), -float(problem.penalties.max()))
    return max(float(problem.score.max()) - low, 1e-12)


def _opening(problem: MatchProblem) -> Auction:
    n, m = problem.n_orders, problem.n_suppliers
    mean_pieces = max(problem.demand / n, 1.0)
    space = np.minimum((1.3 * problem.capacity / mean_pieces), n).astype(np.int64) + 8
    start = np.cumsum(space) - space
    n_lots = n + n // 2 + 64
    pool = int(space.sum()) + n // 2 + 64
    return Auction(
        left=problem.pieces.astype(np.int64),
        queue=np.arange(n, dtype=np.int32),
        price=np.where(problem.capacity > 0, 0.0, _CLOSED),
        room=problem.capacity.astype(np.int64),
        held=_free_lots(0, n_lots),
        start=start,
        size=np.zeros(m, np.int64),
        space=space,
        heap_bid=np.zeros(pool),
        heap_lot=np.zeros(pool, np.int32),
        tally=np.array([0, 0, 0, n, int(space.sum())], dtype=np.int64),
    )


def _more_lots(state: Auction) -> Auction:
    """Double the lots and chain the new ones as free."""
    lots = len(state.held)
    state.tally[0] = lots
    return state._replace(held=np.concatenate([state.held, _free_lots(lots, 2 * lots)]))


def _free_lots(first: int, last: int) -> Ints:
    """Return empty lots `first` to `last`, each pointing to the next, the last to none."""
    lots = np.zeros((last - first, 3), np.int64)
    lots[:, CANDIDATE] = np.arange(first + 1, last + 1)
    lots[-1, CANDIDATE] = -1
    return lots


def _more_pool(state: Auction) -> Auction:
    """Enlarge the pool of heaps by half."""
    more = state.heap_bid.size // 2 + int(2 * state.size.max()) + 64
    return state._replace(
        heap_bid=np.concatenate([state.heap_bid, np.zeros(more)]),
        heap_lot=np.concatenate([state.heap_lot, np.zeros(more, np.int32)]),
    )
