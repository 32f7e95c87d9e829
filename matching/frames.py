"""Frames in, frames out: the edge between ids in tables and integers in arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from contracts.errors import TableError
from contracts.tables import require_known
from matching.preferences import PART, with_preference_weight
from matching.problem import CreditLines, Floats, Ints, MatchProblem, MatchResult
from matching.reasons import reasons
from matching.score import ScoreWeights, total_score
from matching.tables import MAX_SCORE

__all__ = ["Instance", "allocation_frame", "instance", "price_frame"]


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A problem and the tables it was made from, candidates sorted by order (scored, other columns kept)."""

    problem: MatchProblem
    orders: pd.DataFrame
    suppliers: pd.DataFrame
    candidates: pd.DataFrame
    notes: tuple[str, ...] = ()


def instance(
    orders: pd.DataFrame,
    suppliers: pd.DataFrame,
    candidates: pd.DataFrame,
    *,
    weights: ScoreWeights | None = None,
    credit: pd.DataFrame | None = None,
    preference_weight: float = 0.0,
    sources: Mapping[str, str] | None = None,
) -> Instance:
    """Build the problem from checked tables (see `matching.tables`).

    What suppliers prefer (`matching.preferences.with_preferences`) counts at `preference_weight`, >= 0.

    Raises
    ------
    TableError
        If a candidate names an unknown order or supplier, credit an unknown supplier, there is neither a score nor
        weights, or credit is given for orders without buyers.
    """
    names = {"orders": "orders", "candidates": "candidates", "credit": "credit", **(sources or {})}
    if preference_weight != 0 and PART in candidates:
        candidates, weights = with_preference_weight(candidates, weights, preference_weight)
    order = _positions(candidates, "order_id", orders["order_id"], names["candidates"])
    supplier = _positions(candidates, "supplier_id", suppliers["supplier_id"], names["candidates"])
    if (np.diff(order) < 0).any():
        rank = np.argsort(order, kind="stable")
        candidates, order, supplier = candidates.iloc[rank].reset_index(drop=True), order[rank], supplier[rank]
    score, notes = _scores(candidates, weights, names["candidates"])
    lines = None if credit is None or credit.empty else _credit_lines(orders, candidates, order, credit, names)
    if credit is not None and lines is not None:
        require_known(credit, "supplier_id", suppliers["supplier_id"], source=names["credit"], kind="supplier")
        notes += _strangers(orders, credit, names["credit"])
    problem = MatchProblem(
        indptr=np.searchsorted(order, np.arange(len(orders) + 1)),
        supplier=supplier.astype(np.int32),
        score=score,
        pieces=orders["pieces"].to_numpy(dtype=np.int64),
        capacity=suppliers["capacity"].to_numpy(dtype=np.int64),
        penalty=_filled(orders, "unmatched_penalty", 1.0),
        load=candidates["load"].to_numpy(dtype=np.float64) if "load" in candidates else None,
        credit=lines,
    )
    return Instance(
        problem=problem, orders=orders, suppliers=suppliers, candidates=candidates.assign(score=score), notes=notes
    )


def allocation_frame(made: Instance, result: MatchResult, *, unsplit: bool = False) -> pd.DataFrame:
    """Return one row per order and supplier served, and one per order with unserved pieces and their reason.

    Columns: order_id, supplier_id (empty = unserved), pieces, score, price, reason, then the candidates' other columns.
    `unsplit` says whether orders were matched whole, for the reasons.
    """
    used = np.flatnonzero(result.pieces)
    served = made.candidates.iloc[used].reset_index(drop=True)
    served = served.assign(
        pieces=result.pieces[used],
        price=result.prices[made.problem.supplier[used]],
        reason="chosen",
        at=made.problem.order[used],
    )
    left = np.flatnonzero(result.unserved)
    unserved = pd.DataFrame(
        {
            "order_id": made.orders["order_id"].to_numpy()[left],
            "pieces": result.unserved[left],
            "reason": reasons(made.problem, result, left, unsplit=unsplit),
            "at": left,
        }
    )
    first = ["order_id", "supplier_id", "pieces", "score", "price", "reason"]
    parts = [name for name in made.candidates.columns if name not in first]
    rows = pd.concat([served, unserved], ignore_index=True).sort_values("at", kind="stable", ignore_index=True)
    return rows[first + parts]


def price_frame(made: Instance, result: MatchResult) -> pd.DataFrame:
    """Return supplier_id, price (score per unit of capacity), capacity and used units of load."""
    problem = made.problem
    load = 1.0 if problem.load is None else problem.load
    used = np.bincount(problem.supplier, weights=result.pieces * load, minlength=problem.n_suppliers)
    return pd.DataFrame(
        {
            "supplier_id": made.suppliers["supplier_id"],
            "price": result.prices,
            "capacity": problem.capacity,
            "used": used,
        }
    )


def _positions(candidates: pd.DataFrame, column: str, ids: pd.Series, source: str) -> Ints:
    """Return where each candidate's id stands among the ids; an unknown one is refused by name."""
    at: Ints = pd.Index(ids).get_indexer(candidates[column])
    if (at < 0).any():
        require_known(candidates, column, ids, source=source, kind=column.removesuffix("_id"))
    return at


def _scores(candidates: pd.DataFrame, weights: ScoreWeights | None, source: str) -> tuple[Floats, tuple[str, ...]]:
    if "score" in candidates:
        notes = ("the score column was used as given; weights apply only without it",) if weights else ()
        return _bounded(candidates["score"].to_numpy(dtype=np.float64), source), notes
    if weights is None:
        have = ", ".join(map(str, candidates.columns))
        raise TableError(source, "score", "this column, or --weights to compute it from its parts", have)
    return _bounded(total_score(candidates, weights, source=source), source), ()


def _bounded(score: Floats, source: str) -> Floats:
    """Return scores that weights have made, unless one is too large to tell smaller ones apart."""
    bad = np.flatnonzero(~(np.abs(score) <= MAX_SCORE))
    if bad.size:
        at = int(bad[0])
        expected = f"weights that make scores from {-MAX_SCORE:g} to {MAX_SCORE:g}"
        raise TableError(source, "score", expected, score[at], row=at + 1, bad_rows=bad.size)
    return score


def _filled(frame: pd.DataFrame, column: str, default: float) -> Floats | None:
    return frame[column].fillna(default).to_numpy(dtype=np.float64) if column in frame else None


def _strangers(orders: pd.DataFrame, credit: pd.DataFrame, source: str) -> tuple[str, ...]:
    """Say how many credit lines are for buyers who order nothing: a slip of the pen, perhaps."""
    strange = credit.loc[~credit["buyer_id"].isin(orders["buyer_id"]), "buyer_id"]
    if strange.empty:
        return ()
    return (f"{source}: {len(strange)} credit line(s) for buyers without an order, the first is {strange.iloc[0]}",)


def _credit_lines(
    orders: pd.DataFrame, candidates: pd.DataFrame, order: Ints, credit: pd.DataFrame, names: Mapping[str, str]
) -> CreditLines:
    if "buyer_id" not in orders:
        raise TableError(names["orders"], "buyer_id", "this column, because credit lines are given", "no such column")
    buyer = orders["buyer_id"].to_numpy()[order]
    pairs = pd.MultiIndex.from_arrays([buyer, candidates["supplier_id"]])
    line = pd.MultiIndex.from_frame(credit[["buyer_id", "supplier_id"]]).get_indexer(pairs)
    use = candidates["unit_price_fen"].to_numpy(dtype=np.float64) if "unit_price_fen" in candidates else None
    return CreditLines(line=line.astype(np.int64), limit=credit["limit"].to_numpy(dtype=np.int64), use=use)
