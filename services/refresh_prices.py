"""New prices for the loaded network, from orders like those to come; they serve once a replay says they are better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError
from contracts.progress import Report, silent
from graph.tables import DEMANDS
from matching.online import OnlineRouter, Prices
from matching.problem import Ints, MatchProblem
from matching.refresh import refresh
from services.network_supply import known_on, require_known
from services.past_orders import past_orders
from services.route_frames import offer_prices
from services.route_orders import candidate_rows, first_day, penalties_of, pools_of
from store.prices import PriceShelf, PriceVersion
from store.snapshot import Snapshot

__all__ = ["CAUSES", "EVENTS", "RefreshReport", "record_left", "refresh_prices"]

CAUSES = ("nightly", "supplier_down", "supplier_back", "capacity_cut", "wave", "manual")
EVENTS = ("supplier_down", "supplier_back", "capacity_cut")


@dataclass(frozen=True, kw_only=True)
class RefreshReport:
    """What a refresh made.

    Parameters
    ----------
    prices
        supplier_id, good, price (score per piece), capacity, by supplier and good.
    summary
        How it was made, whether it serves, and what old and new prices reached in the replay.
    """

    prices: pd.DataFrame
    summary: dict[str, Any]


def record_left(snapshot: Snapshot, shelf: PriceShelf, events: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Record at once what suppliers have left, so that no order goes to one that is down.

    Parameters
    ----------
    events
        ``event`` (one of `EVENTS`), ``supplier_id`` and, of a cut, ``left_share``: of what it offers, in [0, 1).

    Returns
    -------
    dict
        All shares below one, by supplier.

    Raises
    ------
    InputError
        If a supplier is unknown or a share out of range; names the event.
    """
    network, shares = snapshot.network(), {}
    for number, event in enumerate(events):
        name, kind = str(event["supplier_id"]), event["event"]
        share = {"supplier_down": 0.0, "supplier_back": 1.0}.get(kind, event.get("left_share"))
        if kind not in EVENTS:
            raise InputError(f"events[{number}]: event", f"one of {', '.join(EVENTS)}", kind)
        if network.parties.ids.positions(pd.Series([name], dtype="str"))[0] < 0:
            raise InputError(f"events[{number}]: supplier_id", "the id of a known party", name)
        if share is None or not 0 <= share <= 1 or (kind == "capacity_cut" and share == 1):
            raise InputError(f"events[{number}]: left_share", "a share in [0, 1) with capacity_cut", share)
        shares[name] = float(share)
    return shelf.change_left(shares) if shares else shelf.left()


def refresh_prices(
    snapshot: Snapshot,
    shelf: PriceShelf,
    *,
    at: str,
    orders: pd.DataFrame | None = None,
    share: float = 1.0,
    cause: str = "nightly",
    taken: Mapping[tuple[str, str], int] | None = None,
    top: int = 20,
    progress: Report = silent,
) -> RefreshReport:
    """Make prices, keep them as a version and let them serve if the replay is no worse for them.

    Parameters
    ----------
    at
        The moment, kept with the version (ISO 8601).
    orders
        Orders like those to come (`graph.tables.DEMANDS`); None = those of the network.
    share
        How many such days of orders are still to come before the room is renewed, > 0: half a day is 0.5, a wave of
        three days' orders 3.
    cause
        Why, one of `CAUSES`.
    taken
        Pieces promised already, by supplier and good.

    Raises
    ------
    NotReadyError
        If there are no orders.
    InputError
        If an option or an order is wrong.
    """
    _require_options(share, cause)
    demands = DEMANDS.check(past_orders(snapshot) if orders is None else orders, "orders")
    progress("finding candidates", 0, 3)
    day = first_day(demands)
    known = known_on(snapshot, day.tz_localize(None))
    require_known(demands, known.book)
    rows = candidate_rows(known, demands, day, top=top)
    pool, good = pools_of(rows)
    left, before = shelf.left(), shelf.current()
    offers = _offers(rows, pool, good, left, taken or {})
    progress("making prices", 1, 3)
    current = np.zeros(len(offers)) if before is None else offer_prices(before.table(), *_names(offers))
    router = OnlineRouter(offers["capacity"].to_numpy(), Prices(current, 0 if before is None else before.number))
    made = refresh(router, _problem(demands, rows, pool, offers), share=share, cause=cause)
    progress("keeping them", 2, 3)
    facts = {
        "cause": cause, "share": share, "made_at": at, "as_of": day.date().isoformat(), "network": snapshot.version,
        "orders": len(demands), "pieces": int(demands["pieces"].sum()), "offers": len(offers), "left": left,
        "before": None if before is None else before.number, "better": bool(made.activated),
        "old_objective": made.old_objective, "new_objective": made.new_objective,
    }  # fmt: skip
    prices = offers.assign(price=made.prices.value)[["supplier_id", "good", "price", "capacity"]]
    version = shelf.add(prices, facts)
    if made.activated:
        shelf.activate(version.number)
    progress("keeping them", 3, 3)
    return RefreshReport(prices=prices, summary=_summary(version, prices, serves=bool(made.activated)))


def _require_options(share: float, cause: str) -> None:
    if not 0 < share <= 1000:
        raise InputError("share", "a number in (0, 1000]", share)
    if cause not in CAUSES:
        raise InputError("cause", f"one of {', '.join(CAUSES)}", cause)


def _offers(
    rows: pd.DataFrame, pool: Ints, good: Any, left: Mapping[str, float], taken: Mapping[tuple[str, str], int]
) -> pd.DataFrame:
    """Return supplier, good and pieces of each pool, less what is lost or promised."""
    table = pd.DataFrame({"supplier_id": rows["supplier_id"].astype(str), "good": good, "capacity": rows["capacity"]})
    table = table.groupby(pool).agg({"supplier_id": "first", "good": "first", "capacity": "max"})
    share = table["supplier_id"].map(left).fillna(1.0).to_numpy(np.float64)
    room = np.floor(table["capacity"].to_numpy() * share).astype(np.int64)
    gone = [taken.get(key, 0) for key in zip(table["supplier_id"], table["good"], strict=True)]
    return table.assign(capacity=np.maximum(room - np.array(gone, np.int64), 0))


def _names(offers: pd.DataFrame) -> tuple[pd.Series, Any]:
    return offers["supplier_id"], offers["good"].to_numpy(dtype=object)


def _problem(demands: pd.DataFrame, rows: pd.DataFrame, pool: Ints, offers: pd.DataFrame) -> MatchProblem:
    """Return the eligible candidates as a problem, each pool once an order."""
    order = pd.Index(demands["order_id"]).get_indexer(rows["order_id"])
    able = pd.DataFrame({"order": order, "pool": pool, "score": rows["score"]})[(rows["reason"] == "").to_numpy()]
    able = able.sort_values(["order", "score"], ascending=[True, False], kind="stable")
    able = able.drop_duplicates(["order", "pool"])
    return MatchProblem(
        indptr=np.searchsorted(able["order"].to_numpy(), np.arange(len(demands) + 1)),
        supplier=able["pool"].to_numpy(np.int32),
        score=able["score"].to_numpy(np.float64),
        pieces=demands["pieces"].to_numpy(np.int64),
        capacity=offers["capacity"].to_numpy(np.int64),
        penalty=penalties_of(demands),
    )


def _summary(version: PriceVersion, prices: pd.DataFrame, *, serves: bool) -> dict[str, Any]:
    above = prices["price"] > 0
    return version.facts | {
        "serves": serves,
        "priced_offers": int(above.sum()),
        "highest_price": float(prices["price"].max()) if len(prices) else 0.0,
    }
