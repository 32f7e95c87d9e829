"""A batch of one order of the operator: the optimum without a solver.

Nobody can do better than the candidate with the highest score, so it takes all it can, the next one what is left, and
so on; where smallest lots forbid that, all ways to split a small order are compared (`matching.one_order`). What one
more piece of a candidate would gain is its score less that of the worst who serves, or what an unserved piece costs.
Where credit keeps somebody from its pieces, candidates draw on one capacity or score the same, a solver decides.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from dataclasses import replace
from math import inf, isnan
from typing import Any

import numpy as np

from graph.candidates.supply_book import SupplyBook
from matching.landed import PARTS
from matching.one_order import Split, best_split
from matching.online import REASONS, Decision
from matching.online_kernel import CHOSEN, FULL, NOT_WORTH, OUTBID, OUTSCORED
from matching.routing import HARD_LIMITS
from services.market import Market, market_at_hand
from services.network_router import day_of, decided, order_of
from services.route_frames import COSTS, TERMS
from services.route_one import Routed
from services.told_route import columns_told, money_of, rows_of
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["match_at_once"]

_SAME = 1e-12
_COST = PARTS.index("cost_fen")
_ONLY_OF_CANDIDATES = frozenset({"net", "served_pieces", *TERMS})
_EXCLUSIVE = 2  # in `graph.candidates.kernel.REASONS`


def match_at_once(
    snapshot: Snapshot, shelf: PriceShelf, order: Mapping[str, Any], *, top: int = 20, unsplit: bool = False
) -> dict[str, Any] | None:
    """Return what `services.network_routes.route_on` finds for one order of the operator, as rows; or None.

    Returns
    -------
    dict or None
        ``matches, alternatives, prices, summary``; None if something has to be indexed before or a solver is needed.
    """
    wall, cpu = time.perf_counter(), time.thread_time()
    day = day_of(order)
    at_hand = market_at_hand(snapshot, day, shelf)
    if at_hand is None:
        return None
    known, market = at_hand
    routed = decided(known, market.free, order_of(order, day), top=top, unsplit=unsplit)
    found = _split(known.book, market, routed, unsplit=unsplit)
    if found is None:
        return None
    routed, split = _explained(routed, found), found
    prices: list[float] = split.price.tolist()
    told = columns_told(known.book, routed, day, None)
    rows = rows_of(_alternatives(known.book, market, routed, str(order["sku_id"]), told=told, prices=prices))
    servers = np.flatnonzero(split.pieces).tolist()
    matches = [_match(routed, rows[t], t) for t in servers]
    left = _left(routed, rows, split)
    matches += [] if left is None else [dict.fromkeys(_match(routed, rows[0], 0)) | left]
    pools, summary = _pools(known.book, routed, rows), _summary(routed, split, rows, left)
    summary |= {"seconds": time.perf_counter() - wall, "cpu_seconds": time.thread_time() - cpu}
    rows.sort(key=lambda row: -inf if row["score"] != row["score"] else row["score"], reverse=True)
    return {"matches": matches, "alternatives": rows, "prices": pools, "summary": summary}


def _split(book: SupplyBook, market: Market, routed: Routed, *, unsplit: bool) -> Split | None:
    """Return the best split of the order over all candidates; None where that takes a solver."""
    order = routed.decision.order
    open_to = np.flatnonzero(order.limit < 0)
    if not order.limit.size or (order.limit == OUTSCORED).any():
        return None
    score, room = order.score[open_to], routed.room[open_to]
    minimum = np.maximum(book.offers.rows["minimum"][routed.found["offer"][open_to]].astype(np.int64), 1)
    found = best_split(score, room, minimum, order.pieces, order.penalty)
    if found is None or (unsplit and (found.by_lots or (found.pieces[found.pieces > 0] < order.pieces).any())):
        return None
    every: Split = Split(np.zeros(order.limit.size, np.int64), np.zeros(order.limit.size), found.by_lots)
    every.pieces[open_to], every.price[open_to] = found.pieces, found.price
    return every if _has_credit(book, market, routed, every) else None


def _has_credit(book: SupplyBook, market: Market, routed: Routed, split: Split) -> bool:
    """Whether credit changes nothing: a piece more from each who serves (in lots: from all) would be within it."""
    if not market.terms_key.size:
        return True
    pieces = split.pieces
    served = np.flatnonzero(pieces)
    alone = served.size == 1 and pieces[served[0]] == routed.decision.order.pieces
    asked = np.where(pieces > 0, pieces + (0 if alone else 1), 0)
    if split.by_lots:
        asked = np.where(routed.decision.order.limit < 0, routed.decision.order.pieces + 1, 0)
    some = np.flatnonzero(asked)
    suppliers = book.offers.rows["supplier"][routed.found["offer"][some]].astype(np.int64)
    keys = int(routed.orders.rows["buyer"][0]) * book.network.n_parties + suppliers
    drawn = np.nan_to_num(routed.numbers[0, some]) * asked[some]
    for key in np.unique(keys):
        at = int(np.searchsorted(market.terms_key, key))
        known = at < market.terms_key.size and market.terms_key[at] == key
        if known and drawn[keys == key].sum() > market.terms_limit[market.terms_row[at]]:
            return False
    return True


def _explained(routed: Routed, split: Split) -> Routed:
    """Return the decision as the split makes it: a better one that is not taken has its room for nothing or a lot."""
    decision = routed.decision
    order, pieces = decision.order, split.pieces
    left = order.pieces - int(pieces.sum())
    worst = -order.penalty if left or not pieces.any() else float(order.score[pieces > 0].min())
    code = np.where(order.score > worst + _SAME, np.where(routed.room > 0, OUTBID, FULL), OUTSCORED)
    code = np.where(order.score < -order.penalty, NOT_WORTH, code)
    code = np.where(pieces > 0, CHOSEN, np.where(order.limit >= 0, order.limit, code))
    return replace(routed, decision=decision._replace(pieces=pieces, code=code, unserved=left))


def _left(routed: Routed, rows: list[dict[str, Any]], split: Split) -> dict[str, Any] | None:
    """Return what stays unserved and why, as a match with nobody; None if nothing does."""
    decision = routed.decision
    if not decision.unserved:
        return None
    told = {"order_id": decision.order.id, "sku_id": rows[0]["sku_id"], "pieces": decision.unserved}
    return told | {"reason": _why_left(decision, split)}


def _why_left(decision: Decision, split: Split) -> str:
    """Return the reason that `matching.routing.route` gives: of the open candidates if there are any."""
    limit, code = decision.order.limit, decision.code
    if (limit < 0).any():
        roomy = (code == OUTBID) & (limit < 0)
        if (split.price[roomy] <= 0).any():
            return "below_minimum"
        if roomy.any():
            return "outbid"
        return "not_worth" if (code[limit < 0] == NOT_WORTH).all() else "full"
    return max((REASONS[one] for one in limit.tolist()), key=HARD_LIMITS.index)


def _match(routed: Routed, row: dict[str, Any], t: int) -> dict[str, Any]:
    """Return a candidate's row with the pieces it serves and the money for them."""
    pieces = row["served_pieces"]
    money = {name: fen[t] for name, fen in zip(COSTS, money_of(routed, pieces)[: len(COSTS)], strict=True)}
    served = row | money | {"pieces": pieces, "cost_fen": sum(fen or 0 for fen in money.values())}
    return {name: value for name, value in served.items() if name not in _ONLY_OF_CANDIDATES}


def _alternatives(
    book: SupplyBook, market: Market, routed: Routed, sku_id: str, *, told: dict[str, list[Any]], prices: list[float]
) -> dict[str, list[Any]]:
    """Return the candidates, as they came, with the columns of `services.route_frames.alternatives_frame`."""
    order, n = routed.decision.order, len(routed.found)
    free, whole = (order.limit < 0).tolist(), not np.isnan(routed.numbers[_COST]).any()
    nets = (routed.decision.net - prices).tolist()
    rivals, margins = _rivals(routed, nets)
    sellers = [*told["supplier_id"], None]
    more = _more(book, market, routed)
    money = zip(*(told[name] for name in COSTS), strict=True)
    return {
        "order_id": [order.id] * n,
        "sku_id": [sku_id] * n,
        "supplier_id": told["supplier_id"],
        "pieces": [order.pieces] * n,
        "promised_date": told["promised_date"],
        **{name: told[name] for name in COSTS},
        "cost_fen": [None if None in parts else sum(parts) for parts in money],
        **{name: _counted(told[name], whole) for name in told if name.startswith("score_")},
        "score": told["score"],
        "price": [price if one else None for one, price in zip(free, prices, strict=True)],
        "runner_up": [sellers[rival] for rival in rivals],
        "margin": margins,
        "basis": told["basis"],
        "from_id": told["from_id"],
        "carrier_id": more["carrier_id"],
        "path": told["path"],
        "reason": told["reason"],
        "net": [net if one else None for one, net in zip(free, nets, strict=True)],
        "served_pieces": told["pieces"],
        "lead_time_days": told["lead_time_days"],
        "transit_days": more["transit_days"],
        **{name: told[name] for name in ("distance_km", "tie_strength")},
        **{name: more[name] for name in ("workshops", "violated_id", "unit_cost_fen")},
        "minimum_order": told["minimum_order"],
        **{name: more[name] for name in ("otif_low", "p_late_next")},
    }


def _counted(parts: list[float], whole: bool) -> list[float]:  # noqa: FBT001
    """Return what parts add to the score, 0 where that is not known."""
    return parts if whole else [0.0 if isnan(part) else part for part in parts]


def _rivals(routed: Routed, nets: list[float]) -> tuple[list[int], list[float | None]]:
    """Return each candidate's best rival (-1 none) and how far it is ahead of that, or of staying unserved."""
    decision, limit = routed.decision, routed.decision.order.limit.tolist()
    least = -decision.order.penalty
    ahead = sorted((t for t in range(len(nets)) if limit[t] < 0), key=lambda t: -nets[t])[:2]
    rivals: list[int] = []
    margins: list[float | None] = []
    for t, net in enumerate(nets):
        rival = next((other for other in ahead if other != t), -1) if limit[t] < 0 else -1
        rivals.append(rival)
        margins.append(net - (least if rival < 0 else max(nets[rival], least)) if limit[t] < 0 else None)
    return rivals, margins


def _more(book: SupplyBook, market: Market, routed: Routed) -> dict[str, list[Any]]:
    """Return what single orders are not told of their candidates."""
    found, text, n = routed.found, book.network.parties.ids.text, len(routed.found)
    teams = [book.team[book.team_start[o] : book.team_start[o + 1]].tolist() for o in found["offer"].tolist()]
    held = zip(found["holder"].tolist(), found["reason"].tolist(), strict=True)
    record = np.full((2, n), np.nan)
    if market.rated.size:
        suppliers = book.offers.rows["supplier"][found["offer"]]
        at = np.minimum(np.searchsorted(market.rated, suppliers), market.rated.size - 1)
        record = np.where(market.rated[at] == suppliers, market.record[:, at], np.nan)
    carriers, days = [""] * n, [np.nan] * n
    for t, lane in enumerate(found["lane"].tolist()):
        if lane >= 0:
            carrier, days[t] = int(book.lanes.rows["carrier"][lane]), float(book.lanes.rows["days"][lane])
            carriers[t] = text(carrier) if carrier >= 0 else ""
    return {
        "carrier_id": carriers,
        "transit_days": days,
        "workshops": [" + ".join(text(one) for one in team) for team in teams],
        "violated_id": [text(one) if reason == _EXCLUSIVE and one >= 0 else "" for one, reason in held],
        "unit_cost_fen": routed.numbers[0].tolist(),
        **dict(zip(("otif_low", "p_late_next"), record.tolist(), strict=True)),
    }


def _pools(book: SupplyBook, routed: Routed, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the capacities that the candidates draw on, each once."""
    pools, room = routed.decision.order.supplier.tolist(), routed.room.tolist()
    category = int(routed.orders.rows["category"][0]) - len(book.skus)
    prices: dict[int, dict[str, Any]] = {}
    for pool, left, row in zip(pools, room, rows, strict=True):
        good = row["sku_id"]
        if row["basis"] == "stock":
            good = f"{good} @ {row['from_id']}"
        elif row["basis"] == "category":
            good = book.network.parties.categories.text(category)
        price = {"supplier_id": row["supplier_id"], "good": good, "price": 0.0, "capacity": left, "used": 0}
        price = prices.setdefault(pool, price)
        price["price"] = max(price["price"], row["price"] or 0.0)
        price["used"] += row["served_pieces"]
    return list(prices.values())


def _summary(
    routed: Routed, split: Split, rows: list[dict[str, Any]], left: Mapping[str, Any] | None
) -> dict[str, Any]:
    decision, pieces = routed.decision, split.pieces
    gain = float(decision.net @ pieces) - decision.order.penalty * decision.unserved
    method = "best_candidate" if np.count_nonzero(pieces) == 1 else "best_candidates"
    return {
        "objective": gain,
        "upper_bound": gain,
        "gap": 0.0,
        "matched_pieces": int(pieces.sum()),
        "unmatched_pieces": decision.unserved,
        "unmatched_by_reason": {} if left is None else {left["reason"]: decision.unserved},
        "orders": 1,
        "orders_served": int(decision.unserved == 0),
        "candidates": len(rows),
        "eligible_candidates": int((decision.order.limit < 0).sum()),
        "cost_fen": round(float(np.nan_to_num(routed.numbers[_COST]) @ pieces)),
        "method": f"{method}+minimum_orders" if split.by_lots else method,
        "status": "optimal",
        "notes": [],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
