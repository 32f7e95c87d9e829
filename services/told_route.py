"""One order's decision as plain data: who serves it, every candidate's reason, what would have served the rest."""

from __future__ import annotations

from datetime import date
from math import ceil, isfinite
from typing import Any

import numpy as np
import pandas as pd

from graph.arrays import Array
from graph.candidates.filters import Sight
from graph.candidates.layout import BASES
from graph.candidates.supply_book import SupplyBook
from matching.landed import PARTS
from matching.online_kernel import DOWN, FIRST_LIMIT, FULL, NO_CREDIT, NOT_WORTH, OUTBID, OUTSCORED, REJECTED
from matching.words import Language, words_of
from services.route_one import Routed

__all__ = ["columns_told", "money_of", "rows_of", "told_route"]

COSTS = PARTS[:5]
_COST = COSTS.index("cost_fen")


def told_route(
    book: SupplyBook, routed: Routed, day: pd.Timestamp, *, language: Language | None = None, sight: Sight | None = None
) -> dict[str, Any]:
    """Return a decision as plain data.

    Returns
    -------
    dict
        ``order_id, price_version, unserved, margin``; ``matches`` (candidates that serve pieces, money for these
        pieces); ``alternatives`` (every candidate from the best net score, excluded ones last, money for the whole
        order); ``lacking`` (None if all is served, else what would have served the rest: ``reason``, ``supplier_id``).
        With a language each alternative and `lacking` have ``words``.
    """
    decision = routed.decision
    codes, pieces = decision.code.tolist(), decision.pieces.tolist()
    ranked = sorted(decision.rank.tolist(), key=lambda t: _is_hard(codes[t]))
    places = [0] * len(ranked)
    for place, t in enumerate(ranked, start=1):
        places[t] = place
    rows = rows_of({"rank": places} | columns_told(book, routed, day, sight))
    if language is not None:
        for t, row in enumerate(rows):
            row["words"] = _words(routed, row, t, language)
    margin = decision.margin
    return {
        "order_id": decision.order.id,
        "price_version": decision.version,
        "unserved": decision.unserved,
        "margin": margin if isfinite(margin) else None,
        "matches": [_of_pieces(rows[t], routed, t) for t in ranked if pieces[t]],
        "alternatives": [rows[t] for t in ranked],
        "lacking": _lacking(routed, rows, language) if decision.unserved else None,
    }


def _is_hard(code: int) -> bool:
    """Whether a reason is a hard limit, which excludes a candidate."""
    return code >= FIRST_LIMIT or code in (DOWN, REJECTED)


def _excluded(code: Array) -> Array:
    """Return which candidates a hard limit excludes."""
    excluded: Array = (code >= FIRST_LIMIT) | (code == DOWN) | (code == REJECTED)
    return excluded


def columns_told(book: SupplyBook, routed: Routed, day: pd.Timestamp, sight: Sight | None) -> dict[str, list[Any]]:
    """Return what is told of the candidates, column by column as they came, money for the whole order."""
    decision, found, text = routed.decision, routed.found, book.network.parties.ids.text
    own, scores = book.offers.rows[found["offer"]], routed.numbers[len(PARTS) :]
    told = np.array((decision.order.score, decision.price, decision.net))
    told[:, ~np.isfinite(routed.numbers[_COST])] = np.nan
    suppliers, days = [text(p) for p in own["supplier"].tolist()], found["days"].tolist()
    return {
        "supplier_id": suppliers,
        "from_id": [_text(book, p, sight) for p in own["place"].tolist()],
        "basis": [BASES[code] for code in own["basis"].tolist()],
        "pieces": decision.pieces.tolist(),
        "reason": decision.reasons,
        **dict(zip(("score", "price", "net"), told.tolist(), strict=True)),
        "room": routed.room.tolist(),
        "minimum_order": own["minimum"].astype(np.int64).tolist(),
        "lead_time_days": days,
        "promised_date": _promised(day, days),
        **dict(zip(COSTS, money_of(routed, decision.order.pieces), strict=True)),
        **dict(zip([f"score_{name}" for name in routed.names[len(PARTS) :]], scores.tolist(), strict=True)),
        "distance_km": found["km"].tolist(),
        "tie_strength": found["strength"].tolist(),
        "path": _paths(book, routed, suppliers, sight),
    }


def rows_of(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Return columns of one length as rows."""
    names = list(columns)
    return [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _promised(day: pd.Timestamp, days: list[float]) -> list[str | None]:
    """Return the day after so many days have begun, as text; None if that is not known."""
    first = day.toordinal()
    return [date.fromordinal(first + ceil(one)).isoformat() if isfinite(one) else None for one in days]


def _of_pieces(row: dict[str, Any], routed: Routed, t: int) -> dict[str, Any]:
    """Return a row with the money for the pieces it serves."""
    served = row | {name: fen[t] for name, fen in zip(COSTS, money_of(routed, row["pieces"]), strict=True)}
    del served["rank"]
    return served


def money_of(routed: Routed, pieces: int) -> list[list[int | None]]:
    """Return what so many pieces cost at each candidate, part by part."""
    money = np.rint(routed.numbers[: len(COSTS)] * pieces)
    if np.isfinite(money).all():
        whole: list[list[int | None]] = money.astype(np.int64).tolist()
        return whole
    return [[int(one) if isfinite(one) else None for one in part] for part in money.tolist()]


def _text(book: SupplyBook, position: int, sight: Sight | None) -> str:
    """Return the id of a party that may be named, else nothing."""
    if position < 0 or (sight is not None and not sight.parties[position]):
        return ""
    return book.network.parties.ids.text(position)


def _paths(book: SupplyBook, routed: Routed, suppliers: list[str], sight: Sight | None) -> list[str]:
    """Return ``W1 + W2 > F > D > S`` per candidate, empty for strangers (see `graph.candidates.search.gather`)."""
    found, text = routed.found, book.network.parties.ids.text
    buyer = text(int(routed.orders.rows["buyer"][0]))
    paths = []
    ways = zip(found["hops"].tolist(), found["middle"].tolist(), found["offer"].tolist(), suppliers, strict=True)
    for hops, middle, offer, supplier in ways:
        if hops == 3:
            paths.append("")
            continue
        steps = [supplier, *([text(middle)] if hops == 2 else []), buyer]
        team = book.team[book.team_start[offer] : book.team_start[offer + 1]]
        if len(team) and sight is not None:
            seller = book.offers.rows["supplier"][offer]
            team = team[sight.between(team, np.full(len(team), seller))]
        workshops = " + ".join(text(p) for p in team.tolist())
        paths.append(" > ".join([workshops, *steps] if workshops else steps))
    return paths


def _words(routed: Routed, row: dict[str, Any], t: int, language: Language) -> str:
    """Return why a candidate was taken or not, in words."""
    decision = routed.decision
    best = float(decision.net[~_excluded(decision.code)].max(initial=-np.inf))
    rivals = decision.net[~_excluded(decision.code) & (decision.pieces == 0)]
    ahead = row["net"] - max(float(rivals.max(initial=-np.inf)), -decision.order.penalty) if row["pieces"] else 0.0
    figures = {"supplier": row["supplier_id"], "pieces": row["pieces"], "score": row["score"], "price": row["price"]}
    behind = max(best - float(decision.net[t]), 0.0) if np.isfinite(best) else 0.0
    return words_of(row["reason"], language, **figures, margin=ahead, behind=behind)


_LACKING = {
    FULL: "missing_capacity",
    OUTSCORED: "missing_capacity",
    NO_CREDIT: "missing_credit",
    OUTBID: "missing_score",
    NOT_WORTH: "missing_score",
}


def _lacking(routed: Routed, rows: list[dict[str, Any]], language: Language | None) -> dict[str, Any]:
    """Return what would have served the pieces left: the candidate that came nearest, and what it lacks."""
    decision = routed.decision
    if not rows:
        nobody = {"reason": "no_candidates", "supplier_id": None, "pieces": decision.unserved}
        return nobody | ({} if language is None else {"words": words_of("no_candidates", language)})
    key = np.where(_excluded(decision.code), -np.inf, decision.net)
    t = int(np.argmax(key)) if np.isfinite(key).any() else int(decision.rank[0])
    code = int(decision.code[t])
    if decision.pieces[t]:
        code = FULL if not _short_of_credit(routed, t) else NO_CREDIT
    margin = -decision.order.penalty - float(decision.net[t])
    told: dict[str, Any] = {
        "reason": _LACKING.get(code, rows[t]["reason"]),
        "supplier_id": rows[t]["supplier_id"],
        "pieces": decision.unserved,
    }
    if told["reason"] == "missing_score":
        told["score"] = max(margin, 0.0)
    if language is not None:
        figures = {"supplier": told["supplier_id"], "pieces": decision.unserved, "behind": max(margin, 0.0)}
        told["words"] = words_of(told["reason"], language, **figures)
    return told


def _short_of_credit(routed: Routed, t: int) -> bool:
    """Whether a candidate that serves some pieces has room for more of them."""
    return bool(routed.room[t] > routed.decision.pieces[t])
