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
from functools import lru_cache
from math import inf, isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from graph.candidates.supply_book import SupplyBook
from matching.landed import PARTS
from matching.one_order import Split, best_split
from matching.online import REASONS, Decision
from matching.online_kernel import NOT_WORTH, OUTBID, OUTSCORED
from matching.routing import HARD_LIMITS
from services.market import Market, market_at_hand
from services.network_router import day_of, decided, order_of
from services.route_frames import COSTS, TERMS
from services.route_one import Routed
from services.told_route import Told, money_of, team_told, told_of, told_rows
from store.prices import PriceShelf
from store.snapshot import Snapshot

__all__ = ["match_at_once"]

_COST = PARTS.index("cost_fen")
_ONLY_OF_CANDIDATES = frozenset({"net", "served_pieces", *TERMS})


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
    found = _split(market, routed, unsplit=unsplit)
    if found is None:
        return None
    routed, prices = _settled(routed, found), found.price.tolist()
    rows = _alternatives(known.book, market, routed, str(order["sku_id"]), day=day, prices=prices)
    served = [(t, pieces) for t, pieces in enumerate(found.pieces.tolist()) if pieces]
    matches = [_match(routed, rows[t], t) for t, _ in served]
    left = _left(routed, rows, found)
    matches += [] if left is None else [dict.fromkeys(_match(routed, rows[0], 0)) | left]
    pools, summary = _pools(known.book, routed, rows), _summary(routed, found, served, left)
    summary |= {"seconds": time.perf_counter() - wall, "cpu_seconds": time.thread_time() - cpu}
    rows.sort(key=lambda row: -inf if row["score"] != row["score"] else row["score"], reverse=True)
    return {"matches": matches, "alternatives": rows, "prices": pools, "summary": summary}


def _split(market: Market, routed: Routed, *, unsplit: bool) -> Split | None:
    """Return the best split of the order over all candidates; None where that takes a solver."""
    order = routed.decision.order
    limits = order.limit.tolist()
    if not limits or OUTSCORED in limits:
        return None
    found = best_split(
        order.score, routed.room, routed.minimum, order.pieces, order.penalty,
        limit=order.limit, credit=(routed.line, routed.numbers[0], market.terms_limit),
    )  # fmt: skip
    if found is None or (unsplit and (found.by_lots or any(0 < n < order.pieces for n in found.pieces.tolist()))):
        return None
    return found


def _settled(routed: Routed, split: Split) -> Routed:
    """Return the decision as the split makes it."""
    decision = routed.decision
    left = decision.order.pieces - sum(split.pieces.tolist())
    return routed._replace(decision=decision._replace(pieces=split.pieces, code=split.code, unserved=left))


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
    money = money_of(routed, t, pieces)
    served = {name: value for name, value in row.items() if name not in _ONLY_OF_CANDIDATES}
    served.update(money, pieces=pieces, cost_fen=sum(money[name] or 0 for name in COSTS))
    return served


def _alternatives(
    book: SupplyBook, market: Market, routed: Routed, sku_id: str, *, day: pd.Timestamp, prices: list[float]
) -> list[dict[str, Any]]:
    """Return the candidates, as they came, with the columns of `services.route_frames.alternatives_frame`."""
    order, told = routed.decision.order, told_of(book, routed, None)
    rows, text, limits = told_rows(book, routed, told, day, None), told.shown, order.limit.tolist()
    if any(row["cost_fen"] is None for row in rows):
        _count_nothing(rows)
    nets = (routed.decision.net - prices).tolist()
    rivals, margins = _rivals(order.penalty, limits, nets)
    sellers = [*[row["supplier_id"] for row in rows], None]
    figures = zip(told.counts, limits, prices, nets, rivals, margins, told.transit_days, routed.numbers[0].tolist(),
                  *_records(market, told), strict=True)  # fmt: skip
    for t, (counts, limit, price, net, rival, margin, transit, unit_cost, low, late) in enumerate(figures):
        row, (_, _, _, carrier, holder, _, _, team, *_) = rows[t], counts
        parts = row["goods_fen"], row["operating_fen"], row["channel_fen"], row["terms_fen"]
        row.update(
            order_id=order.id,
            sku_id=sku_id,
            served_pieces=row["pieces"],
            pieces=order.pieces,
            cost_fen=None if None in parts else sum(parts),
            price=None if limit >= 0 else price,
            net=None if limit >= 0 else net,
            runner_up=sellers[rival],
            margin=margin,
            carrier_id=text[carrier],
            violated_id=text[holder],
            workshops=team_told(book, routed, t, None) if team else "",
            transit_days=transit,
            unit_cost_fen=unit_cost,
            otif_low=low,
            p_late_next=late,
        )
    return rows


def _count_nothing(rows: list[dict[str, Any]]) -> None:
    """Let parts of scores that are not known add nothing, as they do in a table with such a row."""
    for row in rows:
        row.update({name: 0.0 for name, part in row.items() if name.startswith("score_") and isnan(part)})


def _rivals(penalty: float, limits: list[int], nets: list[float]) -> tuple[list[int], list[float | None]]:
    """Return each candidate's best rival (-1 none) and how far it is ahead of that, or of staying unserved."""
    ahead = sorted((t for t, limit in enumerate(limits) if limit < 0), key=lambda t: -nets[t])
    first, second = [*ahead, -1, -1][:2]
    floor = {rival: max(nets[rival], -penalty) for rival in (first, second) if rival >= 0} | {-1: -penalty}
    rivals = [-1 if limit >= 0 else second if t == first else first for t, limit in enumerate(limits)]
    every = zip(limits, nets, rivals, strict=True)
    return rivals, [None if limit >= 0 else net - floor[rival] for limit, net, rival in every]


def _records(market: Market, told: Told) -> list[list[float]]:
    """Return what the record of each candidate's supplier says: ``otif_low, p_late_next``, NaN without one."""
    if not market.rated.size:
        return [[nan] * len(told.counts)] * 2
    suppliers = np.array([supplier for supplier, *_ in told.counts])
    at = np.minimum(np.searchsorted(market.rated, suppliers), market.rated.size - 1)
    records: list[list[float]] = np.where(market.rated[at] == suppliers, market.record[:, at], np.nan).tolist()
    return records


def _pools(book: SupplyBook, routed: Routed, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the capacities that the candidates draw on, each once."""
    pools, room = routed.decision.order.supplier.tolist(), routed.room.tolist()
    category = int(routed.orders.rows["category"][0]) - len(book.skus)
    prices: dict[int, dict[str, Any]] = {}
    for pool, left, row in zip(pools, room, rows, strict=True):
        price, used = max(row["price"] or 0.0, 0.0), row["served_pieces"]
        if (known := prices.get(pool)) is not None:
            known["price"], known["used"] = max(known["price"], price), known["used"] + used
            continue
        good = row["sku_id"]
        if row["basis"] == "stock":
            good = f"{good} @ {row['from_id']}"
        elif row["basis"] == "category":
            good = book.network.parties.categories.text(category)
        told = {"supplier_id": row["supplier_id"], "good": good, "price": price, "capacity": left, "used": used}
        prices[pool] = told
    return list(prices.values())


def _summary(
    routed: Routed, split: Split, served: list[tuple[int, int]], left: Mapping[str, Any] | None
) -> dict[str, Any]:
    decision, limits = routed.decision, routed.decision.order.limit.tolist()
    gain = float(decision.net @ split.pieces) - decision.order.penalty * decision.unserved
    cost = routed.numbers[_COST].tolist()
    method = "best_candidate" if len(served) == 1 else "best_candidates"
    return {
        "objective": gain,
        "upper_bound": gain,
        "gap": 0.0,
        "matched_pieces": decision.order.pieces - decision.unserved,
        "unmatched_pieces": decision.unserved,
        "unmatched_by_reason": {} if left is None else {left["reason"]: decision.unserved},
        "orders": 1,
        "orders_served": int(decision.unserved == 0),
        "candidates": len(limits),
        "eligible_candidates": sum(limit < 0 for limit in limits),
        "cost_fen": round(sum(cost[t] * pieces for t, pieces in served)),
        "method": f"{method}+minimum_orders" if split.by_lots else method,
        "status": "optimal",
        "notes": [],
        "peak_mb": _peak_mb(int(time.monotonic())),
    }


@lru_cache(1)
def _peak_mb(second: int) -> float:
    """Return the most memory the process took, looked at once a second: asking the system may cost it its turn."""
    del second
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
