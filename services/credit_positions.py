"""Ledger and terms → credit positions, on files or on a loaded network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.tables import TableSchema, with_reasons
from graph.credit.checks import ledger_faults, terms_faults
from graph.credit.concentration import CreditParams
from graph.credit.positions import CreditResult, credit_positions
from graph.credit.tables import LEDGER, TERMS
from services.viewer import Viewer
from store.snapshot import Snapshot

__all__ = ["CreditReport", "compute_credit", "pair_credit", "party_credit", "usable_rows"]

_FAULTS = {"ledger": ledger_faults, "terms": terms_faults}
_SHARES = {"supplier": "exposure_share", "buyer": "purchase_share"}


@dataclass(frozen=True, kw_only=True)
class CreditReport:
    """Credit positions, what is remarkable about them, and the rows that did not count.

    Parameters
    ----------
    result
        Positions, concentration and irregularities.
    quarantine
        Rows that cannot be used, with their ``table``, ``row`` (1 = first data row) and ``reason``.
    summary
        Key figures, plain values.
    """

    result: CreditResult
    quarantine: pd.DataFrame
    summary: dict[str, Any]


def compute_credit(
    ledger: pd.DataFrame,
    terms: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    params: CreditParams | None = None,
    sources: tuple[str, str] = ("ledger", "terms"),
) -> CreditReport:
    """Compute every pair's position as of a day; rows that cannot be used are told, the others count.

    Parameters
    ----------
    ledger, terms
        Raw rows (`graph.credit.tables`).
    as_of
        The day; what happened after it is not looked at.
    params
        When to warn, and how far to look back.
    sources
        The files' names for messages.

    Raises
    ------
    TableError
        If a required column is missing altogether.
    """
    events, bad = usable_rows(LEDGER, ledger, sources[0])
    agreed = None
    if terms is not None:
        agreed, bad_terms = usable_rows(TERMS, terms, sources[1])
        bad = pd.concat([bad, bad_terms], ignore_index=True)
    result = credit_positions(events, agreed, as_of=as_of, params=params)
    known = int((events["at"] <= as_of).sum())
    counts = {"events": known, "events_after": len(events) - known, "quarantined": len(bad)}
    return CreditReport(result=result, quarantine=bad, summary=_summary(result, bad, as_of) | counts)


def party_credit(
    snapshot: Snapshot, party_id: str, viewer: Viewer, *, as_of: pd.Timestamp | None = None
) -> dict[str, Any]:
    """Return a party's positions as buyer and as supplier on the loaded network.

    A position is seen by its two ends only; the party's concentration by itself only.

    Parameters
    ----------
    as_of
        The day; that of the ledger's last event by default.

    Raises
    ------
    UnknownIdError
        If there is no such party, or the viewer may not know of it.
    """
    network = snapshot.network()
    own = viewer.owns(network, np.array([viewer.position(network, party_id)]))[0]
    day = _day(snapshot, as_of)
    result = _seen(snapshot, viewer, day, party_id)
    concentration = result.concentration[result.concentration["party_id"] == party_id] if own else None
    answer: dict[str, Any] = {"party_id": party_id, "as_of": day.date().isoformat()}
    for side, share in _SHARES.items():
        rows = result.positions[result.positions[f"{side}_id"] == party_id]
        others = [name for name in _SHARES.values() if name != share or not own]
        answer[f"as_{side}"] = rows.drop(columns=others).reset_index(drop=True)
    answer["concentration"] = concentration
    answer["irregularities"] = result.irregularities
    return answer


def pair_credit(
    snapshot: Snapshot, buyer_id: str, supplier_id: str, viewer: Viewer, *, as_of: pd.Timestamp | None = None
) -> dict[str, Any]:
    """Return the position of one pair; None in ``position`` if they neither trade nor have terms.

    Raises
    ------
    UnknownIdError
        If one of the parties is not there, or the viewer is at neither end of the pair.
    """
    network = snapshot.network()
    ends = np.array([viewer.position(network, party) for party in (buyer_id, supplier_id)])
    if not viewer.owns(network, ends).any():
        viewer.own_position(network, buyer_id)
    day = _day(snapshot, as_of)
    result = _seen(snapshot, viewer, day, buyer_id)
    of_pair = [
        frame[(frame["buyer_id"] == buyer_id) & (frame["supplier_id"] == supplier_id)].reset_index(drop=True)
        for frame in (result.positions.drop(columns=list(_SHARES.values())), result.irregularities)
    ]
    return {"as_of": day.date().isoformat(), "position": of_pair[0], "irregularities": of_pair[1]}


def usable_rows(schema: TableSchema, raw: pd.DataFrame, source: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split a raw table into rows that count, with the schema's types, and rows that do not, with a reason.

    Returns
    -------
    good, bad
        `bad` has the raw cells plus ``table``, ``row`` (1 = first data row) and ``reason``.

    Raises
    ------
    TableError
        If a required column is missing altogether.
    """
    typed, rejected = schema.sift(raw, source)
    reasons = _FAULTS[schema.name](typed) if schema.name in _FAULTS else np.full(len(typed), "", dtype=object)
    faulty = reasons != ""
    if faulty.any():
        rows = pd.Index(range(len(raw))).difference(pd.Index(rejected["row"].to_numpy() - 1))[faulty]
        again = with_reasons(raw.iloc[rows].reset_index(drop=True), rows + 1, reasons[faulty])
        rejected = pd.concat([rejected, again]).sort_values("row") if len(rejected) else again
        typed = typed[~faulty].reset_index(drop=True)
    rejected.insert(0, "table", schema.name)
    return typed, rejected.reset_index(drop=True)


def _summary(result: CreditResult, bad: pd.DataFrame, as_of: pd.Timestamp) -> dict[str, Any]:
    positions, irregular = result.positions, result.irregularities
    money = [name for name in positions if str(name).endswith("_fen") and name not in ("limit_fen", "available_fen")]
    first = bad.groupby("table").first() if len(bad) else pd.DataFrame()
    return {
        "as_of": as_of.date().isoformat(),
        "pairs": len(positions),
        **{str(name): int(positions[name].sum()) for name in money},
        "pairs_over_limit": int(positions["over_limit"].sum()),
        "pairs_without_terms": int(positions["limit_fen"].isna().sum()),
        "concentration_warnings": int((result.concentration["warning"] != "").sum()),
        "irregular_trades": len(irregular[["trade_id", "buyer_id", "supplier_id"]].drop_duplicates()),
        "irregularities": {str(reason): int(n) for reason, n in irregular["reason"].value_counts().items()},
        "first_reasons": {str(table): f"row {row['row']}: {row['reason']}" for table, row in first.iterrows()},
    }


def _day(snapshot: Snapshot, as_of: pd.Timestamp | None) -> pd.Timestamp:
    if as_of is not None:
        return as_of
    last = snapshot.table("ledger")["at"].max()
    return pd.Timestamp("1970-01-01") if pd.isna(last) else pd.Timestamp(last)


def _seen(snapshot: Snapshot, viewer: Viewer, day: pd.Timestamp, party_id: str) -> CreditResult:
    """Return the positions of a party's pairs, those only that the viewer is an end of."""
    ledger, terms = (_of_party(snapshot.table(name), party_id) for name in ("ledger", "terms"))
    result = credit_positions(ledger, terms, as_of=day)
    return CreditResult(
        positions=_between(snapshot, viewer, result.positions),
        concentration=result.concentration,
        irregularities=_between(snapshot, viewer, result.irregularities),
    )


def _of_party(table: pd.DataFrame, party_id: str) -> pd.DataFrame:
    rows = (table["buyer_id"] == party_id) | (table["supplier_id"] == party_id)
    return table[rows].reset_index(drop=True)


def _between(snapshot: Snapshot, viewer: Viewer, rows: pd.DataFrame) -> pd.DataFrame:
    network = snapshot.network()
    ends = [network.parties.ids.positions(rows[name]) for name in ("buyer_id", "supplier_id")]
    own = viewer.owns(network, ends[0]) | viewer.owns(network, ends[1])
    return rows[own].reset_index(drop=True)
