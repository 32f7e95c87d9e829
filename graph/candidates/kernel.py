"""The search for candidates, order by order and offer by offer, compiled."""

from __future__ import annotations

from math import asin, cos, inf, isnan, nan, radians, sin, sqrt

import numpy as np

from contracts.jit import compiled, inlined
from graph.candidates.layout import Case, Holders, Offers, Orders, Rows, Territories, Trade
from graph.candidates.scratch import COUNT, HOLDERS, ORDER, Scratch, Way, note, span

__all__ = ["DROPPED", "LOOKED_AT", "REASONS", "STRANGERS", "great_circle_km", "search"]

REASONS = ("", "out_of_territory", "exclusive", "no_delivery", "below_minimum", "late", "full")
DROPPED = -1
STRANGERS = 64
LOOKED_AT = 512
_EARTH_RADIUS_KM = 6371.0088


@compiled
def search(case: Case, scratch: Scratch, out: Rows, top: int) -> int:
    """Write the best `top` candidates of each order into `out`; return how many rows that are."""
    n, orders, strangers = 0, case.orders, case.wanted.strangers and case.wanted.min_tie <= 0
    for order in range(len(orders.buyer)):
        scratch.state[COUNT], scratch.state[ORDER] = 0, order
        scratch.state[HOLDERS] = _holders(case.exclusives, orders, scratch, order)
        for side, good in enumerate((orders.sku[order], orders.category[order])):
            if good >= 0:
                _direct(case, scratch, side, good)
                _via(case, scratch, side, good)
        for row in range(scratch.state[COUNT]):
            _judge(case, scratch, row)
        for side, good in enumerate((orders.sku[order], orders.category[order])):
            if good >= 0 and strangers:
                _strangers(case, scratch, side, good)
        kept = _best(case.offers, scratch, top)
        for place in range(kept):
            _put(case, scratch, out, scratch.best[place], n + place)
        n += kept
    return n


@compiled
def _holders(exclusives: Holders, orders: Orders, scratch: Scratch, order: int) -> int:
    """Collect who alone may deliver what the order asks for, where it asks for it; nobody if the buyer is one."""
    n, last = 0, len(exclusives.region)
    for everywhere in (True, False):
        region = -1 if everywhere else orders.region[order]
        if not everywhere and region < 0:
            break
        at = np.searchsorted(exclusives.region, region)
        while at < last and exclusives.region[at] == region:
            if _covers(exclusives, orders, at, order):
                if exclusives.holder[at] == orders.buyer[order]:
                    return 0
                scratch.holders[n] = exclusives.holder[at]
                n += 1
            at += 1
    return n


@inlined
def _covers(exclusives: Holders, orders: Orders, row: int, order: int) -> bool:
    sku, category, brand = exclusives.sku[row], exclusives.category[row], exclusives.brand[row]
    return (
        (sku < 0 or sku == orders.sku[order])
        and (category < 0 or category == orders.category[order])
        and (brand < 0 or brand == orders.brand[order])
    )


@compiled
def _direct(case: Case, scratch: Scratch, side: int, good: int) -> None:
    """Note the offers of a good by those who supply the buyer."""
    order, near = scratch.state[ORDER], case.near
    for tie in range(near.start[order], near.start[order + 1]):
        supplier = near.supplier[tie]
        first, end = _usable(case.offers, case.orders, order, side, good, supplier)
        for offer in range(first, end):
            note(case.offers, scratch, good, side, offer, Way(1, near.weight[tie], -1))


@compiled
def _via(case: Case, scratch: Scratch, side: int, good: int) -> None:
    """Note the offers of a good by those who supply the buyer's suppliers.

    Looked up from whichever side is the smaller: the middleman's suppliers or the good's offers.
    """
    order, near, far, offers = scratch.state[ORDER], case.near, case.far, case.offers
    offered = offers.start[good + 1] - offers.start[good]
    for tie in range(near.start[order], near.start[order + 1]):
        middle, weight, row = near.supplier[tie], near.weight[tie], near.row[tie]
        if far.start[row + 1] - far.start[row] <= offered:
            for other in range(far.start[row], far.start[row + 1]):
                first, end = _usable(offers, case.orders, order, side, good, far.supplier[other])
                for offer in range(first, end):
                    note(offers, scratch, good, side, offer, Way(2, min(weight, far.weight[other]), middle))
        else:
            for offer in range(offers.start[good], offers.start[good + 1]):
                strength = min(weight, _weight(far, row, offers.supplier[offer]))
                first, end = offer, offer
                if strength >= 0:
                    first, end = _usable(offers, case.orders, order, side, good, offers.supplier[offer])
                if first < end:
                    note(offers, scratch, good, side, offer, Way(2, strength, middle))


@compiled
def _usable(offers: Offers, orders: Orders, order: int, side: int, good: int, supplier: int) -> tuple[int, int]:  # noqa: PLR0917
    """Return the span of a supplier's offers of a good that count.

    None of the buyer's own. Of those of a category (side 1) none by a supplier that makes the sku itself: nobody asks
    it for the category then.
    """
    first, end = span(offers, good, supplier)
    if first < end and supplier == orders.buyer[order]:
        end = first
    if first < end and side == 1 and orders.sku[order] >= 0:
        start, stop = span(offers, orders.sku[order], supplier)
        for offer in range(start, stop):
            if offers.basis[offer] != 0:
                end = first
    return first, end


@inlined
def _weight(trade: Trade, row: int, supplier: int) -> float:
    """Return the strongest tie from a supplier in a row, -1 if there is none."""
    first, end = trade.start[row], trade.start[row + 1]
    at = first + np.searchsorted(trade.supplier[first:end], supplier)
    strongest = -1.0
    while at < end and trade.supplier[at] == supplier:
        strongest = max(strongest, trade.weight[at])
        at += 1
    return strongest


@compiled
def _strangers(case: Case, scratch: Scratch, side: int, good: int) -> None:
    """Note the cheapest offers of a good from others, until enough of them may deliver."""
    offers, order, found = case.offers, scratch.state[ORDER], 0
    last = min(offers.start[good + 1], offers.start[good] + LOOKED_AT)
    for place in range(offers.start[good], last):
        offer, before = offers.cheapest[place], scratch.state[COUNT]
        first, end = _usable(offers, case.orders, order, side, good, offers.supplier[offer])
        if first < end:
            note(offers, scratch, good, side, offer, Way(3, 0.0, -1))
        if scratch.state[COUNT] > before:
            _judge(case, scratch, before)
            found += scratch.reason[before] == 0
        if found == STRANGERS:
            return


@compiled
def _judge(case: Case, scratch: Scratch, row: int) -> None:
    """Choose a row's carrier and say why it may not serve the order, or that it is not wanted."""
    offers, orders, order, offer = case.offers, case.orders, scratch.state[ORDER], scratch.offer[row]
    lane, days, driven = -1, offers.lead[offer], len(case.lanes.key) > 0
    if driven:
        lane = _lane(case, order, offer)
        days += case.lanes.days[lane] if lane >= 0 else 0.0
    scratch.lane[row], scratch.days[row] = lane, days
    minimum = offers.minimum[offer]
    if not _delivers(offers, case.territories, offer, orders.region[order]):
        reason = 1
    elif scratch.violated[row] >= 0:
        reason = 2
    elif driven and lane < 0:
        reason = 3
    elif orders.pieces[order] < minimum:
        reason = 4
    elif days > orders.days[order]:
        reason = 5
    else:
        reason = 6 if offers.capacity[offer] < max(minimum, 1.0) else 0
    scratch.reason[row] = reason if _is_wanted(case, scratch, row) else DROPPED


@compiled
def _is_wanted(case: Case, scratch: Scratch, row: int) -> bool:
    offers, wanted, offer = case.offers, case.wanted, scratch.offer[row]
    wished = scratch.strength[row] >= wanted.min_tie and scratch.days[row] <= wanted.max_days
    if len(wanted.kinds):
        wished = wished and wanted.kinds[offers.kind[offer]]
    if len(wanted.trades):
        wished = wished and wanted.trades[offer]
    if wanted.stock_only:
        wished = wished and offers.basis[offer] == 0
    for supplier in wanted.without:
        wished = wished and offers.supplier[offer] != supplier
    if wanted.max_km < inf:
        wished = wished and _away(case, scratch.state[ORDER], offer) <= wanted.max_km
    return wished


@inlined
def _delivers(offers: Offers, territories: Territories, offer: int, region: int) -> bool:
    """Return whether an offer's territory holds the region; an unknown one (-1) only if it is everywhere."""
    territory = offers.territory[offer]
    inside = territory == 0
    if not inside and region >= 0:
        wanted = np.int64(territory) * territories.regions + region
        at = np.searchsorted(territories.allowed, wanted)
        inside = at < len(territories.allowed) and territories.allowed[at] == wanted
    return inside


@compiled
def _lane(case: Case, order: int, offer: int) -> int:
    """Return the lane to take: the cheapest that is in time, the fastest if none is, -1 if none goes there."""
    lanes, offers, orders = case.lanes, case.offers, case.orders
    best, best_late, best_fen, best_days = -1, True, inf, inf
    for way in range(4):
        start = lanes.regions if way & 1 else offers.region[offer]
        end = lanes.regions if way & 2 else orders.region[order]
        key = np.int64(start) * (lanes.regions + 1) + end
        at = np.searchsorted(lanes.key, key)
        while start >= 0 and end >= 0 and at < len(lanes.key) and lanes.key[at] == key:
            days, fen = lanes.days[at], lanes.per_order[at] + lanes.per_kg[at] * orders.kg[order]
            late = days > orders.days[order] - offers.lead[offer]
            cheaper = fen < best_fen or (fen == best_fen and days < best_days)
            faster = days < best_days or (days == best_days and fen < best_fen)
            better = best < 0 or late < best_late or (late == best_late and (faster if late else cheaper))
            if better and _takes(case, at, order, offer):
                best, best_late, best_fen, best_days = at, late, fen, days
            at += 1
    return best


@inlined
def _takes(case: Case, lane: int, order: int, offer: int) -> bool:
    """Return whether a lane takes so heavy an order, and these goods."""
    own = case.lanes.own[lane]
    theirs = own < 0 or own == case.offers.supplier[offer] or own == case.offers.place[offer]
    return theirs and case.orders.kg[order] <= case.lanes.max_kg[lane]


@compiled
def _best(offers: Offers, scratch: Scratch, top: int) -> int:
    """Sort the best `top` of the rows noted into `scratch.best`; return how many there are."""
    kept = 0
    for row in range(scratch.state[COUNT]):
        if scratch.reason[row] == DROPPED or (kept == top and not _before(offers, scratch, row, scratch.best[top - 1])):
            continue
        at = min(kept, top - 1)
        while at > 0 and _before(offers, scratch, row, scratch.best[at - 1]):
            scratch.best[at] = scratch.best[at - 1]
            at -= 1
        scratch.best[at] = row
        kept = min(kept + 1, top)
    return kept


@inlined
def _before(offers: Offers, scratch: Scratch, a: int, b: int) -> bool:
    """Eligible ones first, then fewer hops, stronger ties, stock, lower cost, more capacity."""
    one, two = scratch.reason[a] != 0, scratch.reason[b] != 0
    if one != two:
        return two
    if scratch.hops[a] != scratch.hops[b]:
        return scratch.hops[a] < scratch.hops[b]
    if scratch.strength[a] != scratch.strength[b]:
        return scratch.strength[a] > scratch.strength[b]
    return offers.rank[scratch.offer[a]] < offers.rank[scratch.offer[b]]


@compiled
def _put(case: Case, scratch: Scratch, out: Rows, row: int, place: int) -> None:
    out.demand[place], out.offer[place] = scratch.state[ORDER], scratch.offer[row]
    out.hops[place], out.strength[place] = scratch.hops[row], scratch.strength[row]
    out.middle[place], out.reason[place] = scratch.middle[row], scratch.reason[row]
    out.lane[place], out.days[place], out.holder[place] = scratch.lane[row], scratch.days[row], scratch.violated[row]
    out.km[place] = _away(case, scratch.state[ORDER], scratch.offer[row])


@inlined
def _away(case: Case, order: int, offer: int) -> float:
    offers, orders = case.offers, case.orders
    return great_circle_km(offers.lat[offer], offers.lon[offer], orders.lat[order], orders.lon[order])


@compiled
def great_circle_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Return the haversine distance between two points given in degrees, NaN where one is unknown.

    Examples
    --------
    >>> round(great_circle_km(31.23, 121.47, 39.90, 116.41))  # Shanghai to Beijing
    1067
    """
    a, b = radians(lat1), radians(lat2)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(lon2 - lon1) / 2) ** 2
    if isnan(half):
        return nan
    return 2 * _EARTH_RADIUS_KM * asin(sqrt(half))
