"""Which supplier a hold is tried at: the online router's rule on plain data, so that it can be computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from matching.online import REASONS, OnlineOrder, OnlineRouter, Prices, RouterParams
from store.booking.capacity import Room

__all__ = ["Candidate", "Found", "Order", "decide", "inputs_of"]

_REJECTED = REASONS.index("rejected")
_UNQUALIFIED = REASONS.index("unqualified")


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What is asked for: pieces of one sku for one buyer, from one supplier."""

    order_id: str
    buyer_id: str
    sku_id: str
    pieces: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """Who could fill an order.

    Parameters
    ----------
    good, bucket
        The capacity it would be taken from.
    score
        Gain per piece, higher is better.
    price
        What a piece of this capacity is worth to other orders, in the score's unit.
    unit_price_fen
        What a piece takes of the buyer's credit.
    minimum
        Fewest pieces it takes.
    limit
        Why it may not fill the order (`matching.online.REASONS`), empty if it may.
    """

    supplier_id: str
    good: str
    bucket: str = ""
    score: float = 0.0
    price: float = 0.0
    unit_price_fen: int = 0
    minimum: int = 1
    limit: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """The capacity's key."""
        return self.supplier_id, self.good, self.bucket


_FIELDS = tuple(field.name for field in fields(Candidate))
_values = attrgetter(*_FIELDS)  # `asdict` copies each value, for thousands of candidates a second


class Found(NamedTuple):
    """Candidates, and what they were found with (network, prices, program)."""

    candidates: Sequence[Candidate]
    versions: Mapping[str, Any]


def inputs_of(
    order: Order,
    candidates: Sequence[Candidate],
    room: Room,
    *,
    excluded: Sequence[str],
    versions: Mapping[str, Any],
) -> dict[str, Any]:
    """Return everything a decision goes by, as plain data.

    Parameters
    ----------
    room
        What is left; a capacity that is not there has no room, a pair without a credit line no limit.
    excluded
        Suppliers that rejected the order before.
    versions
        Which network, prices and program it was made with.
    """
    rows = [
        dict(zip(_FIELDS, _values(candidate), strict=True))
        | {
            "room": max(room.pieces.get(candidate.place, 0), 0),
            "offered": candidate.place in room.pieces,
            "credit_fen": room.credit_fen.get(candidate.supplier_id),
        }
        for candidate in candidates
    ]
    params = {"margin": RouterParams().margin, "penalty": 1.0}
    return {
        "order": asdict(order),
        "candidates": rows,
        "excluded": sorted(set(excluded)),
        "params": params,
        "versions": dict(versions),
    }


def decide(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return who should fill an order: the highest score less price that has room and credit for all of it.

    Parameters
    ----------
    inputs
        See `inputs_of`.

    Returns
    -------
    dict
        ``chosen`` (position of the candidate, None if there is none), ``reasons`` and ``net`` per candidate, the
        ``rank`` of the candidates from the best.

    Examples
    --------
    >>> order = Order(order_id="o", buyer_id="b", sku_id="k", pieces=3)
    >>> near, far = (Candidate(supplier_id=name, good="k", score=score) for name, score in [("n", 0.9), ("f", 0.4)])
    >>> room = Room({near.place: 2, far.place: 9}, {})
    >>> decide(inputs_of(order, [near, far], room, excluded=[], versions={}))["reasons"]
    ['full', 'chosen']
    """
    rows, order, params = inputs["candidates"], inputs["order"], inputs["params"]
    lines = {name: line for line, name in enumerate(_with_credit(rows))}
    router = OnlineRouter(
        np.array([row["room"] for row in rows], np.int64),
        Prices(np.array([row["price"] for row in rows], np.float64)),
        credit=np.array(list(_with_credit(rows).values()), np.float64),
        params=RouterParams(margin=params["margin"], unsplit=True),
    )
    made = router.evaluate(
        OnlineOrder(
            id=order["order_id"],
            supplier=np.arange(len(rows)),
            score=np.array([row["score"] for row in rows], np.float64),
            pieces=order["pieces"],
            penalty=params["penalty"],
            limit=np.array([_limit(row, inputs["excluded"]) for row in rows], np.int64),
            line=np.array([lines.get(row["supplier_id"], -1) for row in rows], np.int64),
            use=np.array([row["unit_price_fen"] for row in rows], np.float64),
            minimum=np.array([row["minimum"] for row in rows], np.int64),
        )
    )
    chosen = [int(at) for at in made.rank if made.pieces[at]]
    return {
        "chosen": chosen[0] if chosen else None,
        "reasons": made.reasons,
        "net": made.net.tolist(),
        "rank": made.rank.tolist(),
    }


def _with_credit(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {row["supplier_id"]: max(row["credit_fen"], 0) for row in rows if row["credit_fen"] is not None}


def _limit(row: Mapping[str, Any], excluded: Sequence[str]) -> int:
    if row["supplier_id"] in excluded:
        return _REJECTED
    if not row["limit"]:
        return -1
    return REASONS.index(row["limit"]) if row["limit"] in REASONS else _UNQUALIFIED
