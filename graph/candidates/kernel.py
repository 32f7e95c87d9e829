"""The search for candidates, order by order and offer by offer, compiled."""

from __future__ import annotations

from math import asin, cos, inf, isnan, nan, radians, sin, sqrt
from typing import Any

import numpy as np

from contracts.jit import compiled, lean
from graph.arrays import Array
from graph.candidates.layout import Case, Holders, Lanes, Offers, Territories, Trade, Wanted
from graph.candidates.scratch import COUNT, ELIGIBLE, HOLDERS, ORDER, Scratch, Way, note, span

__all__ = ["DROPPED", "LOOKED_AT", "REASONS", "great_circle_km", "search"]

REASONS = ("", "out_of_territory", "exclusive", "no_delivery", "below_minimum", "late", "full")
DROPPED = -1
LOOKED_AT = 512
_EARTH_RADIUS_KM = 6371.0088
Row = Any  # one row of an array with fields


@compiled
def search(case: Case, scratch: Scratch, out: Array, top: int) -> int:
    """Write the best `top` candidates of each order into `out`; return how many rows that are."""
    n = 0
    for at in range(len(case.orders)):
        n += _candidates(case, scratch, out, top, at, n)
    return n


@lean
def _candidates(case: Case, scratch: Scratch, out: Array, top: int, at: int, n: int) -> int:  # noqa: PLR0917 (compiled)
    """Write the best `top` candidates of an order into `out` from row `n` on; return how many rows that are."""
    order, strangers = case.orders[at], case.wanted.strangers and case.wanted.min_tie <= 0
    scratch.state[COUNT], scratch.state[ELIGIBLE], scratch.state[ORDER] = 0, 0, at
    scratch.state[HOLDERS] = _holders(case.exclusives, order, scratch)
    for side, good in enumerate((order["sku"], order["category"])):
        if good >= 0:
            _direct(case, scratch, side, good)
            _via(case, scratch, side, good)
    for row in range(scratch.state[COUNT]):
        _judge(case, scratch, row)
    for side, good in enumerate((order["sku"], order["category"])):
        if good >= 0 and strangers:
            _strangers(case, scratch, side, good, top)
    kept = _best(case.offers, scratch, top)
    for place in range(kept):
        out[n + place] = scratch.rows[scratch.best[place]]
        out[n + place]["km"] = _away(case.offers.rows[out[n + place]["offer"]], order)
    return kept


@lean
def _holders(exclusives: Holders, order: Row, scratch: Scratch) -> int:
    """Collect who alone may deliver what the order asks for, where it asks for it; nobody if the buyer is one."""
    n, last = 0, len(exclusives.region)
    for everywhere in (True, False):
        region = -1 if everywhere else order["region"]
        if not everywhere and region < 0:
            break
        at = np.searchsorted(exclusives.region, region)
        while at < last and exclusives.region[at] == region:
            if _covers(exclusives.rows[at], order):
                if exclusives.rows[at]["holder"] == order["buyer"]:
                    return 0
                scratch.holders[n] = exclusives.rows[at]["holder"]
                n += 1
            at += 1
    return n


@lean
def _covers(exclusive: Row, order: Row) -> bool:
    sku, group, brand = exclusive["sku"], exclusive["group"], exclusive["brand"]
    of_sku, of_group = sku < 0 or sku == order["sku"], group < 0 or group == order["group"]
    return bool(of_sku and of_group and (brand < 0 or brand == order["brand"]))


@lean
def _direct(case: Case, scratch: Scratch, side: int, good: int) -> None:
    """Note the offers of a good by those who supply the buyer."""
    order, near = scratch.state[ORDER], case.near
    for tie in range(near.start[order], near.start[order + 1]):
        supplier = near.supplier[tie]
        first, end = span(case.offers, good, supplier)
        if first < end and _counts(case, scratch, side, supplier):
            for offer in range(first, end):
                note(case.offers, scratch, good, side, offer, Way(1, near.weight[tie], -1))


@lean
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
                first, end = span(offers, good, far.supplier[other])
                if first < end and _counts(case, scratch, side, far.supplier[other]):
                    for offer in range(first, end):
                        note(offers, scratch, good, side, offer, Way(2, min(weight, far.weight[other]), middle))
        else:
            for offer in range(offers.start[good], offers.start[good + 1]):
                supplier = offers.rows[offer]["supplier"]
                strength = min(weight, _weight(far, row, supplier))
                if strength >= 0 and _counts(case, scratch, side, supplier):
                    note(offers, scratch, good, side, offer, Way(2, strength, middle))


@lean
def _counts(case: Case, scratch: Scratch, side: int, supplier: int) -> bool:
    """Return whether a supplier's offers count: not the buyer's own.

    Nor, of a category (side 1), by a supplier that makes the sku itself: nobody asks it for the category then.
    """
    order = case.orders[scratch.state[ORDER]]
    counts = supplier != order["buyer"]
    if counts and side == 1 and order["sku"] >= 0:
        start, stop = span(case.offers, order["sku"], supplier)
        for offer in range(start, stop):
            counts = counts and case.offers.rows[offer]["basis"] == 0
    return bool(counts)


@lean
def _weight(trade: Trade, row: int, supplier: int) -> float:
    """Return the strongest tie from a supplier in a row, -1 if there is none."""
    first, end = trade.start[row], trade.start[row + 1]
    at = first + np.searchsorted(trade.supplier[first:end], supplier)
    strongest = -1.0
    while at < end and trade.supplier[at] == supplier:
        strongest = max(strongest, trade.weight[at])
        at += 1
    return strongest


@lean
def _strangers(case: Case, scratch: Scratch, side: int, good: int, enough: int) -> None:
    """Note the cheapest offers of a good from others, until there are enough candidates.

    They come in the order in which they will be ranked, so that those left out could not be among the best.
    """
    offers = case.offers
    for place in range(offers.start[good], min(offers.start[good + 1], offers.start[good] + LOOKED_AT)):
        if scratch.state[ELIGIBLE] >= enough:
            return
        offer, before = offers.cheapest[place], scratch.state[COUNT]
        if _counts(case, scratch, side, offers.rows[offer]["supplier"]):
            note(offers, scratch, good, side, offer, Way(3, 0.0, -1))
            if scratch.state[COUNT] > before:
                _judge(case, scratch, before)


@lean
def _judge(case: Case, scratch: Scratch, row: int) -> None:
    """Choose a row's carrier and say why it may not serve the order, or that it is not wanted."""
    noted, order = scratch.rows[row], case.orders[scratch.state[ORDER]]
    offer = case.offers.rows[noted["offer"]]
    lane, days, driven = -1, offer["lead"], len(case.lanes.key) > 0
    if driven:
        lane = _lane(case.lanes, offer, order)
        days += case.lanes.rows[lane]["days"] if lane >= 0 else 0.0
    noted["lane"], noted["days"] = lane, days
    if not _delivers(case.territories, offer["territory"], order["region"]):
        reason = 1
    elif noted["holder"] >= 0:
        reason = 2
    elif driven and lane < 0:
        reason = 3
    elif order["pieces"] < offer["minimum"]:
        reason = 4
    elif days > order["days"]:
        reason = 5
    else:
        reason = 6 if offer["capacity"] < max(offer["minimum"], 1.0) else 0
    wanted = _is_wanted(case.wanted, noted, offer, order)
    noted["reason"] = reason if wanted else DROPPED
    scratch.state[ELIGIBLE] += wanted and reason == 0


@lean
def _is_wanted(wanted: Wanted, noted: Row, offer: Row, order: Row) -> bool:
    wished = noted["strength"] >= wanted.min_tie and noted["days"] <= wanted.max_days
    if len(wanted.kinds):
        wished = wished and wanted.kinds[offer["kind"]]
    if len(wanted.offers):
        wished = wished and wanted.offers[noted["offer"]]
    if wanted.stock_only:
        wished = wished and offer["basis"] == 0
    for i in range(len(wanted.without)):
        wished = wished and offer["supplier"] != wanted.without[i]
    if wanted.max_km < inf:
        wished = wished and _away(offer, order) <= wanted.max_km
    return bool(wished)


@lean
def _delivers(territories: Territories, territory: int, region: int) -> bool:
    """Return whether a territory holds the region; an unknown one (-1) only if it is everywhere."""
    inside = territory == 0
    if not inside and region >= 0:
        wanted = np.int64(territory) * territories.regions + region
        at = np.searchsorted(territories.allowed, wanted)
        inside = bool(at < len(territories.allowed) and territories.allowed[at] == wanted)
    return inside


@lean
def _lane(lanes: Lanes, offer: Row, order: Row) -> int:
    """Return the lane to take: the cheapest that is in time, the fastest if none is, -1 if none goes there."""
    best, best_late, best_fen, best_days = -1, True, inf, inf
    for way in range(4):
        start = lanes.regions if way & 1 else offer["region"]
        end = lanes.regions if way & 2 else order["region"]
        key = np.int64(start) * (lanes.regions + 1) + end
        at = np.searchsorted(lanes.key, key)
        while start >= 0 and end >= 0 and at < len(lanes.key) and lanes.key[at] == key:
            lane = lanes.rows[at]
            days, fen = lane["days"], lane["per_order"] + lane["per_kg"] * order["kg"]
            late = days > order["days"] - offer["lead"]
            cheaper = fen < best_fen or (fen == best_fen and days < best_days)
            faster = days < best_days or (days == best_days and fen < best_fen)
            better = best < 0 or late < best_late or (late == best_late and (faster if late else cheaper))
            if better and _takes(lane, offer, order):
                best, best_late, best_fen, best_days = int(at), late, fen, days
            at += 1
    return best


@lean
def _takes(lane: Row, offer: Row, order: Row) -> bool:
    """Return whether a lane takes so heavy an order, and these goods."""
    own = lane["own"]
    theirs = own < 0 or own == offer["supplier"] or own == offer["place"]
    return bool(theirs and order["kg"] <= lane["max_kg"])


@lean
def _best(offers: Offers, scratch: Scratch, top: int) -> int:
    """Sort the best `top` of the rows noted into `scratch.best`; return how many there are."""
    kept = 0
    for row in range(scratch.state[COUNT]):
        dropped = scratch.rows[row]["reason"] == DROPPED
        if dropped or (kept == top and not _before(offers, scratch, row, scratch.best[top - 1])):
            continue
        at = min(kept, top - 1)
        while at > 0 and _before(offers, scratch, row, scratch.best[at - 1]):
            scratch.best[at] = scratch.best[at - 1]
            at -= 1
        scratch.best[at] = row
        kept = min(kept + 1, top)
    return kept


@lean
def _before(offers: Offers, scratch: Scratch, a: int, b: int) -> bool:
    """Eligible ones first, then fewer hops, stronger ties, stock, lower cost, more capacity."""
    one, two = scratch.rows[a], scratch.rows[b]
    if (one["reason"] == 0) != (two["reason"] == 0):
        return bool(one["reason"] == 0)
    if one["hops"] != two["hops"]:
        return bool(one["hops"] < two["hops"])
    if one["strength"] != two["strength"]:
        return bool(one["strength"] > two["strength"])
    return bool(offers.rows[one["offer"]]["rank"] < offers.rows[two["offer"]]["rank"])


@lean
def _away(offer: Row, order: Row) -> float:
    return great_circle_km(offer["lat"], offer["lon"], order["lat"], order["lon"])


@lean
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
