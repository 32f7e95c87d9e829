"""A batch of one order whose best candidate can serve all of it: the optimum without a solver.

Nobody can do better than the candidate with the highest score, so it takes every piece, and no capacity is worth more
than nothing. Where it has not the room, where credit is short or candidates draw on one capacity, a solver decides.
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
from services.told_route import columns_told, rows_of
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
    if not _one_takes_all(routed):
        return None
    columns = _alternatives(
        known.book, market, routed, str(order["sku_id"]), columns_told(known.book, routed, day, None)
    )
    rows = rows_of(columns)
    prices = _prices(known.book, routed, rows)
    chosen = next(row for row in rows if row["reason"] == "chosen")
    matches = [{name: value for name, value in chosen.items() if name not in _ONLY_OF_CANDIDATES}]
    summary = _summary(routed, chosen, rows)
    summary |= {"seconds": time.perf_counter() - wall, "cpu_seconds": time.thread_time() - cpu}
    rows.sort(key=lambda row: -inf if row["score"] != row["score"] else row["score"], reverse=True)
    return {"matches": matches, "alternatives": rows, "prices": prices, "summary": summary}


def _one_takes_all(routed: Routed) -> bool:
    """Whether the candidate with the highest score serves every piece and has room left."""
    decision = routed.decision
    code, limit = decision.code, decision.order.limit
    if decision.unserved or (limit == OUTSCORED).any():
        return False
    ahead = [t for t in decision.rank.tolist() if limit[t] < 0][:2]
    second = decision.net[ahead[1]] if len(ahead) > 1 else -np.inf
    first = ahead[0] if ahead else -1
    alone = ahead and code[first] == CHOSEN and int((decision.pieces > 0).sum()) == 1
    return bool(alone and decision.net[first] - second > _SAME and routed.room[first] > decision.order.pieces)


def _alternatives(
    book: SupplyBook, market: Market, routed: Routed, sku_id: str, told: dict[str, list[Any]]
) -> dict[str, list[Any]]:
    """Return the candidates, as they came, with the columns of `services.route_frames.alternatives_frame`."""
    order, n = routed.decision.order, len(routed.found)
    free = (order.limit < 0).tolist()
    rivals, margins = _rivals(routed)
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
        "price": [0.0 if one else None for one in free],
        "runner_up": [sellers[rival] for rival in rivals],
        "margin": margins,
        "basis": told["basis"],
        "from_id": told["from_id"],
        "carrier_id": more["carrier_id"],
        "path": told["path"],
        "reason": [
            "not_worth" if one and net < -order.penalty else reason
            for one, net, reason in zip(free, told["score"], told["reason"], strict=True)
        ],
        "net": [net if one else None for one, net in zip(free, told["score"], strict=True)],
        "served_pieces": told["pieces"],
        "lead_time_days": told["lead_time_days"],
        "transit_days": more["transit_days"],
        **{name: told[name] for name in ("distance_km", "tie_strength")},
        **{name: more[name] for name in ("workshops", "violated_id", "unit_cost_fen")},
        "minimum_order": told["minimum_order"],
        **{name: more[name] for name in ("otif_low", "p_late_next")},
    }


def _rivals(routed: Routed) -> tuple[list[int], list[float | None]]:
    """Return each candidate's best rival (-1 none) and how far it is ahead of that, or of staying unserved."""
    decision, limit = routed.decision, routed.decision.order.limit.tolist()
    nets, least = decision.net.tolist(), -decision.order.penalty
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


def _prices(book: SupplyBook, routed: Routed, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
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
        prices.setdefault(pool, price)["used"] += row["served_pieces"]
    return list(prices.values())


def _summary(routed: Routed, chosen: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    decision = routed.decision
    t = int(np.argmax(decision.pieces))
    gain = float(decision.net[t]) * decision.order.pieces
    return {
        "objective": gain,
        "upper_bound": gain,
        "gap": 0.0,
        "matched_pieces": chosen["pieces"],
        "unmatched_pieces": 0,
        "unmatched_by_reason": {},
        "orders": 1,
        "orders_served": 1,
        "candidates": len(rows),
        "eligible_candidates": int((decision.order.limit < 0).sum()),
        "cost_fen": round(float(routed.numbers[_COST][t]) * decision.order.pieces),
        "method": "best_candidate",
        "status": "optimal",
        "notes": [],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
