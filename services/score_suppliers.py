"""Deliveries, third parties' evidence and attributed faults → supplier scorecards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from graph.scorecards.cards import Cards
from graph.scorecards.params import ScorecardParams
from graph.scorecards.suppliers import scorecards
from graph.scorecards.tables import DELIVERIES, EVIDENCE, FAULTS, check_rows

__all__ = ["ScorecardReport", "score_suppliers"]


@dataclass(frozen=True, kw_only=True)
class ScorecardReport:
    """Scorecards, the most reliable party first, and key figures as plain values."""

    cards: Cards
    summary: dict[str, Any]


def score_suppliers(
    deliveries: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    evidence: pd.DataFrame | None = None,
    faults: pd.DataFrame | None = None,
    params: ScorecardParams | None = None,
    sources: Mapping[str, str] | None = None,
) -> ScorecardReport:
    """Score suppliers by what was known of them on a day.

    Parameters
    ----------
    deliveries, evidence, faults
        Raw rows (`graph.scorecards.tables`); the latter two are optional.
    as_of
        The day; what happened after it is not looked at.
    params
        How evidence counts.
    sources
        The files' names for messages, by table.

    Raises
    ------
    TableError
        If a table is wrong; names the file, the column and the row.
    """
    names = dict(sources or {})
    checked = check_rows(DELIVERIES, deliveries, names.get("deliveries", "deliveries"))
    told = None if evidence is None else check_rows(EVIDENCE, evidence, names.get("evidence", "evidence"))
    found = None if faults is None else check_rows(FAULTS, faults, names.get("faults", "faults"))
    cards = scorecards(checked, as_of, evidence=told, faults=found, params=params)
    return ScorecardReport(cards=cards, summary=_summary(cards, checked, told, found))


def _summary(
    cards: Cards, deliveries: pd.DataFrame, evidence: pd.DataFrame | None, faults: pd.DataFrame | None
) -> dict[str, Any]:
    frame = cards.frame
    known = int(frame["n"].sum())
    summary: dict[str, Any] = {
        "as_of": cards.as_of.date().isoformat(),
        "suppliers": len(frame),
        "deliveries_known": known,
        "deliveries_not_known_yet": len(deliveries) - known,
        "otif": float((frame["otif"] * frame["n"]).sum() / known) if known else None,
        "best": frame["supplier_id"].iloc[0] if len(frame) else None,
        "worst": frame["supplier_id"].iloc[-1] if len(frame) else None,
    }
    if evidence is not None:
        summary["evidence_known"] = int((evidence["at"] <= cards.as_of).sum())
    if faults is not None:
        strangers = ~faults["party_id"].isin(frame["supplier_id"])
        summary["faults_known"] = int((faults["at"] <= cards.as_of).sum())
        summary["faults_of_parties_without_card"] = int(strangers.sum())
    return summary
