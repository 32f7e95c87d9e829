"""The ledger of trades and third parties' evidence → buyer scorecards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from graph.credit.checks import ledger_faults
from graph.credit.tables import LEDGER, TERMS
from graph.credit.terms import due_by_terms
from graph.scorecards.buyers import buyer_scorecards
from graph.scorecards.cards import Cards
from graph.scorecards.params import ScorecardParams
from graph.scorecards.tables import BLAME, EVIDENCE, check_rows
from graph.tables import PARTIES
from services.score_suppliers import ScorecardReport

__all__ = ["buyer_groups", "score_buyers"]


def score_buyers(
    ledger: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    parties: pd.DataFrame | None = None,
    terms: pd.DataFrame | None = None,
    evidence: pd.DataFrame | None = None,
    params: ScorecardParams | None = None,
    sources: Mapping[str, str] | None = None,
) -> ScorecardReport:
    """Score buyers by what was known of their trades on a day.

    Parameters
    ----------
    ledger
        Raw events of trades (`graph.credit.tables.LEDGER`, optionally `graph.scorecards.tables.BLAME`). The same
        event again counts once; events that contradict each other do not count. Both are told in the summary.
    as_of
        The day; what happened after it is not looked at.
    parties
        Raw rows (`graph.tables.PARTIES`): buyers of the same kind and region are each other's prior.
    terms
        Raw rows (`graph.credit.tables.TERMS`): when invoices are due that do not say it.
    evidence
        Raw rows (`graph.scorecards.tables.EVIDENCE`).
    params
        How evidence counts.
    sources
        The files' names for messages, by table.

    Raises
    ------
    TableError
        If a table is wrong; names the file, the column and the row.
    """
    names = {name: name for name in ("ledger", "parties", "terms", "evidence")} | dict(sources or {})
    checked = BLAME.check(LEDGER.check(ledger, names["ledger"]), names["ledger"])
    groups = None if parties is None else buyer_groups(PARTIES.check(parties, names["parties"]))
    told = None if evidence is None else check_rows(EVIDENCE, evidence, names["evidence"])
    granted = None if terms is None else TERMS.check(terms, names["terms"])
    reasons = ledger_faults(checked)
    used = due_by_terms(checked[reasons == ""], granted)
    cards = buyer_scorecards(used, as_of, groups=groups, evidence=told, params=params)
    left_out = [f"row {row + 1}: {reason}" for row, reason in enumerate(reasons) if reason]
    return ScorecardReport(cards=cards, summary=_summary(cards, used, left_out))


def buyer_groups(parties: pd.DataFrame) -> pd.Series:
    """Return each party's group: its kind and region, by id."""
    region = parties["region"].fillna("") if "region" in parties else ""
    return pd.Series((parties["kind"] + "|" + region).to_numpy(), index=pd.Index(parties["id"]))


def _summary(cards: Cards, ledger: pd.DataFrame, left_out: list[str]) -> dict[str, Any]:
    frame = cards.frame
    known = int(frame["n"].sum())
    told = known > 0 and frame["reliability"].notna().any()  # trades of another age have faded away
    return {
        "as_of": cards.as_of.date().isoformat(),
        "buyers": len(frame),
        "trades_known": known,
        "events_known": int((ledger["at"] <= cards.as_of).sum()),
        "events_left_out": len(left_out),
        "first_left_out": left_out[0] if left_out else None,
        "open_invoices": int(frame["open_invoices"].sum()),
        "reliability": float((frame["reliability"] * frame["n"]).sum() / known) if told else None,
        "best": frame["buyer_id"].iloc[0] if len(frame) else None,
        "worst": frame["buyer_id"].iloc[-1] if len(frame) else None,
    }
