"""One order's decision as plain data: who serves it, every candidate's reason, what would have served the rest."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from math import isfinite, nan
from typing import Any, NamedTuple

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
from services.told_kernel import UNKNOWN, counted

__all__ = ["Told", "money_of", "team_told", "told_of", "told_route", "told_rows"]

COSTS = PARTS[:5]
_DAYS = 10_000


class Told(NamedTuple):
    """What is told of the candidates of an order, as they came: counts (`services.told_kernel.counted`), texts.

    ``text`` names suppliers and middlemen, ``shown`` places, carriers and holders: one that may not be named, or nobody
    (-1), has an empty text.
    """

    counts: list[list[int]]
    transit_days: list[float]
    text: dict[int, str]
    shown: dict[int, str]


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
    rows = told_rows(book, routed, told_of(book, routed, sight), day, sight)
    figures = zip(rows, places, decision.price.tolist(), decision.net.tolist(), routed.room.tolist(), strict=True)
    for row, place, price, net, room in figures:
        known = row["cost_fen"] is not None
        row.update(rank=place, price=price if known else nan, net=net if known else nan, room=room)
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


def told_of(book: SupplyBook, routed: Routed, sight: Sight | None) -> Told:
    """Return what is told of the candidates, money for the whole order."""
    found, pieces = routed.found, routed.decision.order.pieces
    counts, transit = counted(found, book.offers.rows, book.lanes.rows, book.team_start, routed.numbers, pieces)
    rows, name = counts.tolist(), book.network.parties.ids.text
    text = {-1: ""}
    shown = text if sight is None else {-1: ""}
    for supplier, place, middle, carrier, holder, *_ in rows:
        for party in (supplier, middle):
            if party not in text:
                text[party] = name(party)
        for party in (place, carrier, holder):
            if party not in shown:
                shown[party] = _text(book, party, sight)
    return Told(rows, transit.tolist(), text, shown)


def told_rows(
    book: SupplyBook, routed: Routed, told: Told, day: pd.Timestamp, sight: Sight | None
) -> list[dict[str, Any]]:
    """Return what every answer tells of the candidates, as they came, money for the whole order."""
    decision, found, first = routed.decision, routed.found, day.toordinal()
    text, shown = told.text, told.shown
    names = [f"score_{name}" for name in routed.names[len(PARTS) :]]
    scores = [dict(zip(names, parts, strict=True)) for parts in routed.numbers[len(PARTS) :].T.tolist()]
    paths = _paths(book, routed, told, sight)
    figures = (told.counts, scores, paths, decision.reasons, decision.pieces.tolist(), decision.order.score.tolist())
    lengths = (found[name].tolist() for name in ("days", "km", "strength"))
    return [
        {
            "supplier_id": text[supplier],
            "from_id": shown[place],
            "basis": BASES[basis],
            "pieces": pieces,
            "reason": reason,
            "score": nan if cost == UNKNOWN else score,
            "minimum_order": minimum,
            "lead_time_days": lead,
            "promised_date": None if days == UNKNOWN else _iso(first + days),
            "goods_fen": None if goods == UNKNOWN else goods,
            "operating_fen": None if operating == UNKNOWN else operating,
            "channel_fen": None if channel == UNKNOWN else channel,
            "terms_fen": None if terms == UNKNOWN else terms,
            "cost_fen": None if cost == UNKNOWN else cost,
            **parts,
            "distance_km": km,
            "tie_strength": strength,
            "path": path,
        }
        for (
            (supplier, place, _, _, _, basis, _, _, minimum, days, goods, operating, channel, terms, cost),
            parts, path, reason, pieces, score, lead, km, strength,
        ) in zip(*figures, *lengths, strict=True)
    ]  # fmt: skip


@lru_cache(_DAYS)
def _iso(ordinal: int) -> str:
    """Return a day as text; few days are promised again and again."""
    return date.fromordinal(ordinal).isoformat()


def _of_pieces(row: dict[str, Any], routed: Routed, t: int) -> dict[str, Any]:
    """Return a row with the money for the pieces it serves."""
    served = row | money_of(routed, t, row["pieces"])
    del served["rank"]
    return served


def money_of(routed: Routed, t: int, pieces: int) -> dict[str, int | None]:
    """Return what so many pieces cost at a candidate, part by part."""
    money = [fen * pieces for fen in routed.numbers[: len(COSTS), t].tolist()]
    return {name: round(fen) if isfinite(fen) else None for name, fen in zip(COSTS, money, strict=True)}


def _text(book: SupplyBook, position: int, sight: Sight | None) -> str:
    """Return the id of a party that may be named, else nothing."""
    if position < 0 or (sight is not None and not sight.parties[position]):
        return ""
    return book.network.parties.ids.text(position)


def _paths(book: SupplyBook, routed: Routed, told: Told, sight: Sight | None) -> list[str]:
    """Return ``W1 + W2 > F > D > S`` per candidate, empty for strangers (see `graph.candidates.search.gather`)."""
    text, buyer = told.text, book.network.parties.ids.text(int(routed.orders.rows["buyer"][0]))
    paths = []
    for t, (supplier, _, middle, _, _, _, hops, team, *_) in enumerate(told.counts):
        if hops == 3:
            paths.append("")
            continue
        way = f"{text[supplier]} > {text[middle]} > {buyer}" if hops == 2 else f"{text[supplier]} > {buyer}"
        workshops = team_told(book, routed, t, sight) if team else ""
        paths.append(f"{workshops} > {way}" if workshops else way)
    return paths


def team_told(book: SupplyBook, routed: Routed, t: int, sight: Sight | None) -> str:
    """Return ``W1 + W2``: who else does steps of a candidate's goods, as far as that may be told."""
    offer = routed.found["offer"][t]
    team = book.team[book.team_start[offer] : book.team_start[offer + 1]]
    if sight is not None:
        seller = book.offers.rows["supplier"][offer]
        team = team[sight.between(team, np.full(len(team), seller))]
    return " + ".join(book.network.parties.ids.text(p) for p in team.tolist())


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
