"""Routes over the loaded network in words: every candidate, every supplier's capacity, every order with pieces left."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from matching.words import Language, words_of
from services.route_orders import RouteReport

__all__ = ["told_routes"]

_COLUMNS = ["about", "order_id", "supplier_id", "good", "pieces", "reason", "words"]
_LACKING = {
    "full": "missing_capacity",
    "outbid": "missing_capacity",
    "no_credit": "missing_credit",
    "not_worth": "missing_score",
}


def told_routes(report: RouteReport, language: Language) -> pd.DataFrame:
    """Return a routing in words.

    Returns
    -------
    DataFrame
        ``about`` (candidate, supplier, unserved), ``order_id, supplier_id, good, pieces, reason, words``.
    """
    rows = [*_candidates(report, language), *_suppliers(report, language), *_unserved(report, language)]
    return pd.DataFrame(rows, columns=_COLUMNS)


def _candidates(report: RouteReport, language: Language) -> list[dict[str, Any]]:
    table = report.alternatives
    behind = table.groupby("order_id")["net"].transform("max") - table["net"]
    rows = []
    for row, less in zip(table.to_dict("records"), behind.tolist(), strict=True):
        figures = {"pieces": row["served_pieces"], "score": row["score"], "price": row["price"]}
        margin = 0.0 if abs(row["margin"]) < 1e-9 else row["margin"]  # not the rounding of prices
        words = words_of(row["reason"], language, supplier=row["supplier_id"], behind=less, margin=margin, **figures)
        said = {"about": "candidate", "order_id": row["order_id"], "supplier_id": row["supplier_id"]}
        rows.append(said | {"pieces": row["served_pieces"], "reason": row["reason"], "words": words})
    return rows


def _suppliers(report: RouteReport, language: Language) -> list[dict[str, Any]]:
    rows = []
    for row in report.prices.to_dict("records"):
        code = "worth" if row["price"] > 1e-12 else "spare"
        words = words_of(code, language, supplier=f"{row['supplier_id']} ({row['good']})", price=row["price"])
        said = {"about": "supplier", "supplier_id": row["supplier_id"], "good": row["good"], "pieces": row["capacity"]}
        rows.append(said | {"reason": code, "words": words})
    return rows


def _unserved(report: RouteReport, language: Language) -> list[dict[str, Any]]:
    """Return what would have served the pieces left: of the candidates, the one that came nearest."""
    left = report.matches[report.matches["supplier_id"].isna()]
    by_order = dict(tuple(report.alternatives.groupby("order_id"))) if len(left) else {}
    rows = []
    for row in left.to_dict("records"):
        code = _LACKING.get(row["reason"], row["reason"])
        supplier, behind = _nearest(by_order.get(row["order_id"]), row["reason"])
        figures = {"supplier": supplier, "pieces": row["pieces"], "behind": behind}
        said = {"about": "unserved", "order_id": row["order_id"], "supplier_id": supplier, "pieces": row["pieces"]}
        rows.append(said | {"reason": code, "words": words_of(code, language, **figures)})
    return rows


def _nearest(candidates: pd.DataFrame | None, reason: str) -> tuple[str | None, float]:
    """Return the supplier that came nearest to serving the rest, and by how much its score fell short."""
    if candidates is None:
        return None, 0.0
    same = candidates[candidates["reason"] == reason]
    rank = same if len(same) else candidates
    at = int(np.argmax(rank["net"].fillna(-np.inf).to_numpy()))
    row = rank.iloc[at]
    return str(row["supplier_id"]), 0.0 if pd.isna(row["score"]) else max(-1.0 - float(row["score"]), 0.0)
