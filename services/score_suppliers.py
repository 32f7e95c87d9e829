"""Deliveries → supplier scorecards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from graph.scorecards.suppliers import ScorecardParams, scorecards
from graph.tables import DELIVERIES

__all__ = ["ScorecardReport", "score_suppliers"]


@dataclass(frozen=True, kw_only=True)
class ScorecardReport:
    """Scorecards, the most reliable supplier first, and key figures as plain values."""

    scorecards: pd.DataFrame
    summary: dict[str, Any]


def score_suppliers(
    deliveries: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    params: ScorecardParams | None = None,
    source: str = "deliveries",
) -> ScorecardReport:
    """Score suppliers by their deliveries as they were known on a day.

    Parameters
    ----------
    deliveries
        Raw rows (`graph.tables.DELIVERIES`).
    as_of
        The day; what happened after it is not looked at.
    params
        How evidence counts.
    source
        The file's name for messages.

    Raises
    ------
    TableError
        If the table is wrong; names the file, the column and the row.
    """
    checked = DELIVERIES.check(deliveries, source)
    cards = scorecards(checked, as_of, params=params)
    known = int(cards["n"].sum())
    summary = {
        "as_of": as_of.date().isoformat(),
        "suppliers": len(cards),
        "deliveries_known": known,
        "deliveries_not_known_yet": len(checked) - known,
        "otif": float((cards["otif"] * cards["n"]).sum() / known) if known else None,
        "best": cards["supplier_id"].iloc[0] if known else None,
        "worst": cards["supplier_id"].iloc[-1] if known else None,
    }
    return ScorecardReport(scorecards=cards, summary=summary)
