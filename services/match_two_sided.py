"""Sellers matched with offers where both sides opt in and have caps: tables in, pairs, prices, blocking pairs out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError
from matching.problem import Floats, Ints
from matching.stability import Blocking, blocking_pairs, stable_match
from matching.two_sided import TwoSidedParams, TwoSidedProblem, TwoSidedResult, solve_two_sided, without
from matching.two_sided_frames import OFFERS, PAIRS, SELLERS, TwoSidedInstance, two_sided_instance

__all__ = ["TwoSidedReport", "match_two_sided"]

_NAMES = ("sellers", "offers", "pairs")
_FIRST = ["seller_id", "offer_id", "period", "value"]


@dataclass(frozen=True, kw_only=True)
class TwoSidedReport:
    """What a two-sided match gives back.

    Parameters
    ----------
    matches
        The pairs' columns with ``price`` (joint value of one more place at the offer) and ``state`` (``accepted``
        before, else ``proposed``).
    blocking
        The pairs that would rather have each other: ``seller_gain, offer_gain`` and ``cost``, the joint value that
        giving in to this pair alone would lose.
    summary
        Key figures, plain values.
    """

    matches: pd.DataFrame
    blocking: pd.DataFrame
    summary: dict[str, Any]


def match_two_sided(
    sellers: pd.DataFrame,
    offers: pd.DataFrame,
    pairs: pd.DataFrame,
    *,
    stable: bool = False,
    gap: float = 5e-3,
    sources: Mapping[str, str] | None = None,
) -> TwoSidedReport:
    """Match for the highest joint value within every cap, and count and price the pairs that would rather differ.

    Parameters
    ----------
    sellers, offers, pairs
        Raw tables, see `matching.two_sided_frames`.
    stable
        Return the match without blocking pairs that sellers like best instead.
    gap
        Certified gap at which a match is good enough, >= 0.
    sources
        File name per table for messages.

    Raises
    ------
    InputError
        If a table or an option is wrong; names the file, the column and the row.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    names = {name: name for name in _NAMES} | dict(sources or {})
    if not 0 <= gap < 1:
        raise InputError("gap", "a share in [0, 1)", gap)
    made = two_sided_instance(
        SELLERS.check(sellers, names["sellers"]),
        OFFERS.check(offers, names["offers"]),
        PAIRS.check(pairs, names["pairs"]),
        names,
    )
    left = without(made.problem, made.kept, made.refused)
    result = solve_two_sided(left, params=TwoSidedParams(gap_tolerance=gap))
    steady = stable_match(left)
    matched = (steady if stable else result.matched) | made.kept
    offered = replace(made.problem, value=np.where(made.refused, 0.0, made.problem.value))
    found = blocking_pairs(offered, matched)
    summary = _summary(made, left, result, steady, matched) | {
        "blocking_pairs": len(found.pairs),
        "blocking_cost": float(np.maximum(found.cost, 0.0).sum()),
        "stable": stable,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
    }
    return TwoSidedReport(
        matches=_matches(made, matched, result.prices), blocking=_blocking(made, found), summary=summary
    )


def _summary(
    made: TwoSidedInstance, left: TwoSidedProblem, result: TwoSidedResult, steady: npt.NDArray[np.bool_],
    matched: npt.NDArray[np.bool_],
) -> dict[str, Any]:  # fmt: skip
    """Return the key figures; the price of stability is what the match without blocking pairs falls short by."""
    value = made.problem.value
    stands = float(value[made.kept].sum())
    return {
        "objective": float(value[matched].sum()),
        "best_objective": result.objective + stands,
        "upper_bound": result.upper_bound + stands,
        "gap": result.gap,
        "stable_objective": float(value[steady].sum()) + stands,
        "price_of_stability": result.objective - float(value[steady].sum()),
        "matched": int(matched.sum()),
        "accepted": int(made.kept.sum()),
        "refused": int(made.refused.sum()),
        "unwilling": int((~made.problem.willing).sum()),
        "pairs": len(made.pairs),
        "places_left": int(left.places.sum() - (matched & ~made.kept).sum()),
        "notes": list(result.notes),
    }


def _matches(made: TwoSidedInstance, matched: npt.NDArray[np.bool_], prices: Floats) -> pd.DataFrame:
    rows = np.flatnonzero(matched)
    state = np.where(made.kept[rows], "accepted", "proposed")
    return _ordered(made, rows).assign(price=prices[made.problem.host[rows]], state=state)


def _blocking(made: TwoSidedInstance, found: Blocking) -> pd.DataFrame:
    table = _ordered(made, found.pairs).drop(columns="state", errors="ignore")
    table = table.assign(seller_gain=found.seeker_gain, offer_gain=found.host_gain, cost=found.cost)
    return table.sort_values("cost", kind="stable", ignore_index=True)


def _ordered(made: TwoSidedInstance, rows: Ints) -> pd.DataFrame:
    """Return some pairs, the ids first."""
    table = made.pairs.iloc[rows].reset_index(drop=True)
    first = [name for name in _FIRST if name in table]
    return table[[*first, *(name for name in table.columns if name not in first)]]
