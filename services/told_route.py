"""One order's decision as plain data: who serves it, every candidate's reason, what would have served the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from graph.arrays import Array
from graph.candidates.filters import Sight
from graph.candidates.layout import BASES
from graph.candidates.supply_book import SupplyBook
from matching.online_kernel import DOWN, FIRST_LIMIT, FULL, NO_CREDIT, NOT_WORTH, OUTBID, OUTSCORED, REJECTED
from matching.words import Language, words_of
from services.route_one import Routed

__all__ = ["told_route"]

_COSTS = ("goods_fen", "operating_fen", "channel_fen", "terms_fen", "cost_fen")


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
    ranked = decision.rank[np.argsort(_excluded(decision.code)[decision.rank], kind="stable")].tolist()
    rows = _rows(book, routed, day, sight)
    if language is not None:
        for t, row in enumerate(rows):
            row["words"] = _words(routed, row, t, language)
    matches = [_of_pieces(rows[t], routed, t) for t in ranked if decision.pieces[t]]
    return {
        "order_id": decision.order.id,
        "price_version": decision.version,
        "unserved": decision.unserved,
        "margin": decision.margin if np.isfinite(decision.margin) else None,
        "matches": matches,
        "alternatives": [{"rank": place, **rows[t]} for place, t in enumerate(ranked, start=1)],
        "lacking": _lacking(routed, rows, language) if decision.unserved else None,
    }


def _excluded(code: Array) -> Array:
    """Return which candidates a hard limit excludes."""
    excluded: Array = (code >= FIRST_LIMIT) | (code == DOWN) | (code == REJECTED)
    return excluded


def _rows(book: SupplyBook, routed: Routed, day: pd.Timestamp, sight: Sight | None) -> list[dict[str, Any]]:
    """Return one row per candidate as it came, money for the whole order."""
    decision, found = routed.decision, routed.found
    own, pieces = book.offers.rows[found["offer"]], decision.order.pieces
    known = np.isfinite(routed.parts["cost_fen"])
    days = np.ceil(found["days"])
    promised = np.datetime64(day.date()) + np.where(np.isfinite(days), days, 0).astype("timedelta64[D]")
    columns: dict[str, list[Any]] = {
        "supplier_id": [book.network.parties.ids.text(p) for p in own["supplier"].tolist()],
        "from_id": [_text(book, p, sight) for p in own["place"].tolist()],
        "basis": [BASES[code] for code in own["basis"].tolist()],
        "pieces": decision.pieces.tolist(),
        "reason": decision.reasons,
        "score": np.where(known, decision.order.score, np.nan).tolist(),
        "price": np.where(known, decision.price, np.nan).tolist(),
        "net": np.where(known, decision.net, np.nan).tolist(),
        "room": routed.room.tolist(),
        "minimum_order": own["minimum"].astype(np.int64).tolist(),
        "lead_time_days": found["days"].tolist(),
        "promised_date": [str(one) if ok else None for one, ok in zip(promised, np.isfinite(days), strict=True)],
    }
    columns |= {name: _fen(routed.parts[name] * pieces) for name in _COSTS}
    columns |= {f"score_{name}": values.tolist() for name, values in routed.added.items()}
    columns |= {
        "distance_km": found["km"].tolist(),
        "tie_strength": found["strength"].tolist(),
        "path": _paths(book, routed, columns["supplier_id"], sight),
    }
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _of_pieces(row: dict[str, Any], routed: Routed, t: int) -> dict[str, Any]:
    """Return a row with the money for the pieces it serves."""
    pieces = row["pieces"]
    return row | {name: _fen(routed.parts[name][t : t + 1] * pieces)[0] for name in _COSTS}


def _fen(amounts: Array) -> list[int | None]:
    return [int(one) if np.isfinite(one) else None for one in np.rint(amounts).tolist()]


def _text(book: SupplyBook, position: int, sight: Sight | None) -> str:
    """Return the id of a party that may be named, else nothing."""
    if position < 0 or (sight is not None and not sight.parties[position]):
        return ""
    return book.network.parties.ids.text(position)


def _paths(book: SupplyBook, routed: Routed, suppliers: list[str], sight: Sight | None) -> list[str]:
    """Return ``W1 + W2 > F > D > S`` per candidate, empty for strangers (see `graph.candidates.search.gather`)."""
    found, ids = routed.found, book.network.parties.ids
    buyer = ids.text(int(routed.orders.rows["buyer"][0]))
    paths = []
    for row, supplier in zip(found, suppliers, strict=True):
        if row["hops"] == 3:
            paths.append("")
            continue
        steps = [supplier, *([ids.text(row["middle"])] if row["hops"] == 2 else []), buyer]
        team = book.team[book.team_start[row["offer"]] : book.team_start[row["offer"] + 1]]
        if len(team) and sight is not None:
            seller = book.offers.rows["supplier"][row["offer"]]
            team = team[sight.between(team, np.full(len(team), seller))]
        workshops = " + ".join(ids.text(p) for p in team.tolist())
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
