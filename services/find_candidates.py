"""Who could fill orders on the loaded network: by which path, from what, when, and why not."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError, NotReadyError, TableError
from graph.candidates.filters import EVERYBODY, Filters, Sight
from graph.candidates.search import gather_from
from graph.network import SupplyNetwork
from graph.paths import introduction, path_text
from graph.tables import DEMANDS
from services.network_supply import book_of, require_known
from services.order_scope import require_askable, sight_of
from services.route_orders import first_day
from services.viewer import Viewer
from store.snapshot import Snapshot

__all__ = ["MOST_CANDIDATES", "MOST_INTRODUCTIONS", "CandidateReport", "find_candidates"]

MOST_CANDIDATES = 100  # of an order, over HTTP too: room for them all is taken at once
MOST_INTRODUCTIONS = 200
_EVERYTHING = Viewer()


@dataclass(frozen=True, kw_only=True)
class CandidateReport:
    """What a search found.

    Parameters
    ----------
    candidates
        One row per order and candidate, the best of each order first (`graph.candidates.search.gather`); with
        introductions also ``introduction`` (who leads the buyer to a stranger, ``S < D > F``: each arrow points as the
        relation does; empty where there is none) and ``introduction_strength`` (its weakest tie).
    summary
        Key figures, plain values.
    """

    candidates: pd.DataFrame
    summary: dict[str, Any]


def find_candidates(
    snapshot: Snapshot,
    orders: pd.DataFrame,
    *,
    top: int = 20,
    filters: Filters = EVERYBODY,
    introductions: bool = False,
    viewer: Viewer = _EVERYTHING,
    today: pd.Timestamp | None = None,
) -> CandidateReport:
    """Find who could fill orders; decides nothing, holds nothing.

    Parameters
    ----------
    orders
        Raw orders (`graph.tables.DEMANDS`).
    top
        Most candidates per order, 1 to 100.
    filters
        Which candidates are wanted.
    introductions
        Look for the best introduction to each eligible stranger, at most 200 of them.
    viewer
        Who asks: the buyers must be its own, places of delivery known to it; parties and relations it may not know
        of are left out.
    today
        Day from which lead times count; default the first ``placed_at`` of the orders, else today.

    Raises
    ------
    NotReadyError
        If the network offers nothing.
    InputError
        If orders are wrong or name something unknown; names the column and the row.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    demands = DEMANDS.check(orders, "orders")
    if demands.empty:
        raise TableError("orders", None, "at least one row", "an empty table")
    if not 1 <= top <= MOST_CANDIDATES:
        raise InputError("top", f"1 to {MOST_CANDIDATES} candidates per order", top)
    day = (first_day(demands) if today is None else pd.Timestamp(today)).tz_localize(None)
    book = book_of(snapshot, day)
    require_known(demands, book)
    sight = sight_of(viewer, book.network)
    require_askable(demands, book, viewer, sight)
    if not len(book.offers.rows):
        raise NotReadyError("the loaded network offers nothing: add supply.csv or stock.csv and load again")
    found = gather_from(book, demands, top=top, today=day, filters=filters, sight=sight)
    if introductions:
        found = _introduced(book.network, found, demands, sight, day.date())
    summary = _summary(found, demands) | {"today": day.date().isoformat()}
    summary |= {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    return CandidateReport(candidates=found, summary=summary)


def _introduced(
    network: SupplyNetwork, found: pd.DataFrame, demands: pd.DataFrame, sight: Sight | None, day: dt.date
) -> pd.DataFrame:
    """Return the candidates with the best introduction to each eligible stranger."""
    buyer = demands.set_index("order_id")["buyer_id"].reindex(found["order_id"]).to_numpy()
    supplier = found["supplier_id"].to_numpy()
    paths, strength = np.full(len(found), "", dtype=object), np.full(len(found), np.nan)
    known: dict[tuple[str, str], tuple[str, float]] = {}
    for row in np.flatnonzero((found["hops"] == 0) & found["eligible"])[:MOST_INTRODUCTIONS]:
        pair = (str(buyer[row]), str(supplier[row]))
        if pair not in known:
            steps = introduction(network, *pair, day=day, visible=None if sight is None else sight.between)
            known[pair] = (path_text(steps or []), min((step.weight for step in steps or []), default=np.nan))
        paths[row], strength[row] = known[pair]
    return found.assign(introduction=pd.Series(paths, dtype="str"), introduction_strength=strength)


def _summary(found: pd.DataFrame, demands: pd.DataFrame) -> dict[str, Any]:
    able = found[found["eligible"]]
    return {
        "orders": len(demands),
        "orders_with_candidates": int(able["order_id"].nunique()),
        "candidates": len(found),
        "eligible": len(able),
        "eligible_by_basis": {str(name): int(n) for name, n in able["basis"].value_counts().items()},
        "excluded_by_reason": {
            str(name): int(n) for name, n in found.loc[~found["eligible"], "reason"].value_counts().items()
        },
    }
