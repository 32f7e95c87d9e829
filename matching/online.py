"""The online router: one order in, one explained decision out, at published prices and what room is left.

An order takes the candidates with the highest score less price that have room: a price is what a unit of that
supplier's capacity is worth to the orders still to come, so that an order pays for whom it displaces. Prices are
versioned and come from a batch match of orders like those expected (`matching.refresh`). `evaluate` and `route` are
the same function; only `route` takes the room.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np

from matching.online_kernel import DOWN, FIRST_LIMIT, OUTBID, REJECTED, decide
from matching.problem import Floats, Ints

__all__ = ["REASONS", "Decision", "OnlineOrder", "OnlineRouter", "Prices", "RouterParams"]

REASONS = (
    "chosen", "outscored", "outbid", "full", "no_credit", "not_worth", "supplier_down", "rejected", "below_minimum",
    "out_of_territory", "exclusive", "no_delivery", "unqualified", "over_price", "late", "exposure_cap", "floor",
)  # fmt: skip
_NONE: Ints = np.zeros(0, np.int64)
_NO_SUMS: Floats = np.zeros(0)


class OnlineOrder(NamedTuple):
    """One order and its candidates.

    Parameters
    ----------
    id
        The caller's name of it.
    supplier
        int64 [K] in [0, M), each at most once.
    score
        float64 [K], gain per piece.
    pieces
        > 0.
    penalty
        Score lost per unserved piece.
    limit
        int64 [K], position in `REASONS` of the hard limit that excludes a candidate, -1 = none; empty = none at all.
    line, use
        int64 [K] credit or exposure line (-1 = none) and float64 [K] what one piece takes of it; empty = none.
    minimum
        int64 [K], fewest pieces a candidate takes; empty = 1.
    """

    id: str
    supplier: Ints
    score: Floats
    pieces: int
    penalty: float = 1.0
    limit: Ints = _NONE
    line: Ints = _NONE
    use: Floats = _NO_SUMS
    minimum: Ints = _NONE


class Prices(NamedTuple):
    """Published prices: float64 [M] score per piece, their version and why they were made."""

    value: Floats
    version: int = 0
    cause: str = "start"


class Decision(NamedTuple):
    """What was decided for an order, and everything it was decided by.

    ``rank`` lists the candidates from the highest net score; ``pieces``, ``code`` (position in `REASONS`) and ``net``
    are per candidate as they came; ``unserved`` is what nobody takes; ``version`` is that of the prices.
    """

    order: OnlineOrder
    rank: Ints
    pieces: Ints
    code: Ints
    net: Floats
    unserved: int
    version: int

    @property
    def reasons(self) -> list[str]:
        """One reason code per candidate, as they came."""
        return [REASONS[code] for code in self.code.tolist()]

    @property
    def chosen(self) -> list[tuple[int, int]]:
        """(supplier, pieces) of those who serve it, the best first."""
        return [(int(self.order.supplier[t]), int(self.pieces[t])) for t in self.rank.tolist() if self.pieces[t]]

    @property
    def price(self) -> Floats:
        """float64 [K], what a piece of each candidate's capacity was worth to others."""
        return self.order.score - self.net

    @property
    def margin(self) -> float:
        """How far the worst chosen candidate is above the best that could have had the pieces instead."""
        worst, rival = inf, -self.order.penalty
        for pieces, code, net in zip(self.pieces.tolist(), self.code.tolist(), self.net.tolist(), strict=True):
            if pieces:
                worst = min(worst, net)
            elif code <= OUTBID:
                rival = max(rival, net)
        return worst - rival if worst < inf else 0.0


@dataclass(frozen=True, kw_only=True)
class RouterParams:
    """How the router decides.

    Parameters
    ----------
    margin
        An order is refused only where serving it costs others more than ``1 + margin`` times what it gains, >= 0: a
        refusal is for good, and prices are estimates.
    split_cost
        Score that each supplier of an order beyond the first costs, >= 0.
    unsplit
        One supplier serves the whole order or nobody does.
    """

    margin: float = 0.05
    split_cost: float = 0.0
    unsplit: bool = False

    def __post_init__(self) -> None:
        for name in ("margin", "split_cost"):
            if not 0 <= getattr(self, name) < np.inf:
                raise ValueError(f"{name}: expected a number >= 0, got {getattr(self, name)}")


class OnlineRouter:
    """Suppliers with room and prices, to which orders come one at a time.

    Parameters
    ----------
    capacity
        int [M], pieces each supplier can take, >= 0.
    prices
        Prices to begin with; None = zero everywhere (first come first served by score).
    credit
        float [L], what is left of each credit or exposure line, >= 0.

    Examples
    --------
    >>> router = OnlineRouter(np.array([5, 10]), Prices(np.array([0.2, 0.0])))
    >>> order = OnlineOrder("a", np.array([0, 1]), np.array([0.9, 0.8]), 5)
    >>> router.evaluate(order).chosen, router.evaluate(order).reasons
    ([(1, 5)], ['outbid', 'chosen'])
    """

    def __init__(
        self,
        capacity: Ints,
        prices: Prices | None = None,
        *,
        credit: Floats | Ints | None = None,
        params: RouterParams | None = None,
    ) -> None:
        self.room: Ints = np.array(capacity, dtype=np.int64)
        if self.room.ndim != 1 or (self.room < 0).any():
            raise ValueError("capacity: expected whole numbers >= 0, one per supplier")
        self.credit: Floats = _NO_SUMS if credit is None else np.array(credit, dtype=np.float64)
        self.params = params or RouterParams()
        self.down: set[int] = set()
        self._withheld: dict[int, int] = {}
        self.publish(Prices(np.zeros(self.room.size)) if prices is None else prices)

    def publish(self, prices: Prices) -> None:
        """Decide by these prices from now on; refused unless there is one finite price per supplier."""
        value = np.ascontiguousarray(prices.value, dtype=np.float64)
        if value.shape != self.room.shape or not np.isfinite(value).all():
            raise ValueError(f"prices: expected {self.room.size} finite numbers, one per supplier")
        self.prices = prices._replace(value=value)

    def evaluate(self, order: OnlineOrder) -> Decision:
        """Return the decision that `route` would make now; nothing changes."""
        params = self.params
        rank, pieces, code, net = decide(
            self.prices.value, self.room, self.credit, order.supplier, order.score, order.limit, order.line, order.use,
            order.minimum, order.pieces, order.penalty, params.margin, params.split_cost, params.unsplit,
        )  # fmt: skip
        if self.down:
            code[np.isin(order.supplier, list(self.down)) & (code != REJECTED) & (code < FIRST_LIMIT)] = DOWN
        # Of twenty numbers Python's own sum takes a fifth of the time of numpy's.
        return Decision(order, rank, pieces, code, net, order.pieces - sum(pieces.tolist()), self.prices.version)

    def route(self, order: OnlineOrder) -> Decision:
        """Decide and take the room and the credit."""
        decision = self.evaluate(order)
        self._take(decision, 1)
        return decision

    def release(self, decision: Decision) -> None:
        """Give back what a decision took, once."""
        self._take(decision, -1)

    def reject(self, decision: Decision, rejecters: Sequence[int]) -> Decision:
        """Give back what a decision took and route its order again without those who refused it, in one call."""
        order = decision.order
        self.release(decision)
        limit = np.full(order.supplier.size, -1) if not order.limit.size else order.limit.copy()
        limit[np.isin(order.supplier, rejecters) & (limit < 0)] = REJECTED
        return self.route(order._replace(limit=limit))

    def supplier_down(self, supplier: int) -> None:
        """Offer a supplier to nobody until it is back; what it has accepted stays with it."""
        if supplier not in self.down:
            self.down.add(supplier)
            self._withheld[supplier] = int(self.room[supplier])
            self.room[supplier] = 0

    def supplier_back(self, supplier: int) -> None:
        """Offer a supplier again with the room it had."""
        if supplier in self.down:
            self.down.remove(supplier)
            self.room[supplier] += self._withheld.pop(supplier)

    def cut(self, supplier: int, pieces: int) -> int:
        """Take room away (give more if negative); return the pieces already promised beyond what is left."""
        left = int(self.room[supplier]) - pieces
        self.room[supplier] = max(left, 0)
        return max(-left, 0)

    def _take(self, decision: Decision, sign: int) -> None:
        order = decision.order
        left = order.pieces - decision.unserved
        for t in decision.rank:
            if left == 0:
                break
            pieces = decision.pieces.item(t)
            left -= pieces
            amount, supplier = sign * pieces, order.supplier.item(t)
            if supplier in self.down:
                self._withheld[supplier] -= amount
            else:
                self.room[supplier] -= amount
            if order.line.size and order.line[t] >= 0:
                self.credit[order.line[t]] -= amount * order.use[t]
