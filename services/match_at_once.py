"""A batch of one order that its best candidates can serve: the optimum without a solver.

Nobody can do better than the candidate with the highest score, so it takes all it can, the next one what is left, and
so on. What one more piece of one that is full would gain is its score less that of the last, who has room left and
whose capacity is worth nothing. Where pieces stay unserved, credit or a minimum keeps somebody from its pieces, or
candidates draw on one capacity, a solver decides.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Mapping
from math import inf
from typing import Any

import numpy as np

from graph.candidates.supply_book import SupplyBook
from matching.landed import PARTS
from matching.online_kernel import CHOSEN, OUTSCORED
from services.market import Market, market_at_hand
from services.network_router import day_of, decided, order_of
from services.route_frames import COSTS, TERMS
from services.route_one import Routed
from services.told_route import columns_told, money_of, rows_of
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["match_at_once"]

_SAME = 1e-12  # scores nearer than that are told apart by the solver
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
    servers = _servers(known.book, market, routed)
    if not servers:
        return None
    prices = _prices_of(routed, servers)
    told = columns_told(known.book, routed, day, None)
    rows = rows_of(_alternatives(known.book, market, routed, str(order["sku_id"]), told=told, prices=prices))
    matches = [_match(routed, rows[t], t) for t in sorted(servers)]
    pools, summary = _pools(known.book, routed, rows), _summary(routed, servers, rows)
    summary |= {"seconds": time.perf_counter() - wall, "cpu_seconds": time.thread_time() - cpu}
    rows.sort(key=lambda row: -inf if row["score"] != row["score"] else row["score"], reverse=True)
    return {"matches": matches, "alternatives": rows, "prices": pools, "summary": summary}


def _servers(book: SupplyBook, market: Market, routed: Routed) -> list[int]:
    """Return who serves every piece, the best first, where nobody else could for as much; nobody if that is open.

    Each gives all it has but the last, who has room left: so the price of every capacity is one number, too.
    """
    decision = routed.decision
    pieces, limit = decision.pieces, decision.order.limit
    if decision.unserved or (limit == OUTSCORED).any():
        return []
    ahead = [t for t in decision.rank.tolist() if limit[t] < 0]
    n = int((pieces > 0).sum())
    best, scores = ahead[:n], decision.net[ahead[: n + 1]]
    if (decision.code[best] != CHOSEN).any() or (np.diff(scores) >= -_SAME).any():
        return []
    spare = routed.room[best] - pieces[best]
    alone = n == 1 or _has_credit(book, market, routed, best)
    return best if alone and spare[-1] > 0 and not spare[:-1].any() else []


def _has_credit(book: SupplyBook, market: Market, routed: Routed, servers: list[int]) -> bool:
    """Whether no credit line would be used up by a piece more from each."""
    suppliers = book.offers.rows["supplier"][routed.found["offer"][servers]].astype(np.int64)
    asked = int(routed.orders.rows["buyer"][0]) * book.network.n_parties + suppliers
    drawn = np.nan_to_num(routed.numbers[0, servers]) * (routed.decision.pieces[servers] + 1)
    for key in np.unique(asked):
        at = int(np.searchsorted(market.terms_key, key))
        known = at < market.terms_key.size and market.terms_key[at] == key
        if known and drawn[asked == key].sum() >= market.terms_limit[market.terms_row[at]]:
            return False
    return True


def _prices_of(routed: Routed, servers: list[int]) -> list[float]:
    """Return per candidate what one more piece of its capacity would gain."""
    prices = np.zeros(len(routed.found))
    score = routed.decision.net
    prices[servers] = score[servers] - score[servers[-1]]
    found: list[float] = prices.tolist()
    return found


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
    free = (order.limit < 0).tolist()
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
        **{name: told[name] for name in told if name.startswith("score_")},
        "score": told["score"],
        "price": [price if one else None for one, price in zip(free, prices, strict=True)],
        "runner_up": [sellers[rival] for rival in rivals],
        "margin": margins,
        "basis": told["basis"],
        "from_id": told["from_id"],
        "carrier_id": more["carrier_id"],
        "path": told["path"],
        "reason": [
            "not_worth" if one and score < -order.penalty else reason
            for one, score, reason in zip(free, told["score"], told["reason"], strict=True)
        ],
        "net": [net if one else None for one, net in zip(free, nets, strict=True)],
        "served_pieces": told["pieces"],
        "lead_time_days": told["lead_time_days"],
        "transit_days": more["transit_days"],
        **{name: told[name] for name in ("distance_km", "tie_strength")},
        **{name: more[name] for name in ("workshops", "violated_id", "unit_cost_fen")},
        "minimum_order": told["minimum_order"],
        **{name: more[name] for name in ("otif_low", "p_late_next")},
    }


def _rivals(routed: Routed, nets: list[float]) -> tuple[list[int], list[float | None]]:
    """Return each candidate's best rival (-1 none) and how far it is ahead of that, or of staying unserved."""
    decision, limit = routed.decision, routed.decision.order.limit.tolist()
    least = -decision.order.penalty
    ahead = [t for t in decision.rank.tolist() if limit[t] < 0][:2]
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


def _summary(routed: Routed, servers: list[int], rows: list[dict[str, Any]]) -> dict[str, Any]:
    decision = routed.decision
    pieces = decision.pieces[servers]
    gain = float(decision.net[servers] @ pieces)
    return {
        "objective": gain,
        "upper_bound": gain,
        "gap": 0.0,
        "matched_pieces": decision.order.pieces,
        "unmatched_pieces": 0,
        "unmatched_by_reason": {},
        "orders": 1,
        "orders_served": 1,
        "candidates": len(rows),
        "eligible_candidates": int((decision.order.limit < 0).sum()),
        "cost_fen": round(float(routed.numbers[_COST, servers] @ pieces)),
        "method": "best_candidate" if len(servers) == 1 else "best_candidates",
        "status": "optimal",
        "notes": [],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
