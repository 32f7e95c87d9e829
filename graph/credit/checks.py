"""Rows of the ledger and of the terms that contradict others: told apart before anything is added up."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["ledger_faults", "terms_faults"]

Reasons = npt.NDArray[np.object_]
_ROW = ["trade_id", "buyer_id", "supplier_id", "at", "event", "amount_fen", "due_at"]


def ledger_faults(ledger: pd.DataFrame) -> Reasons:
    """Return per row of a ledger why it does not count, an empty text if it does.

    Rows with an ``event_id`` count once per id: the very same row again is a duplicate, and rows that share an id but
    say different things are all refused, because nobody can tell which of them is true. Rows without an id are
    duplicates if every cell is the same. The order of the rows never shows.

    Parameters
    ----------
    ledger
        Frame with the types of `graph.credit.tables.LEDGER`.
    """
    reasons = np.full(len(ledger), "", dtype=object)
    named = _named(ledger)
    told = [name for name in _ROW if name in ledger]
    if named.any():
        rows = ledger.loc[named, [*told, "event_id"]]
        again = rows.duplicated().to_numpy()
        several = rows[~again].duplicated("event_id", keep=False)
        unclear = rows["event_id"].isin(rows.loc[several[several].index, "event_id"]).to_numpy()
        where = np.flatnonzero(named)
        reasons[where[again]] = "event_id: the same event again"
        reasons[where[unclear]] = "event_id: expected one event, got several that differ"
    if not named.all():
        where = np.flatnonzero(~named & _look_alike(ledger))
        again = ledger.iloc[where][told].duplicated().to_numpy()
        reasons[where[again]] = "the same event again; give two that only look alike an event_id"
    return _with_itself(ledger, reasons)


def terms_faults(terms: pd.DataFrame) -> Reasons:
    """Return per row of the terms why it cannot hold, an empty text if it can.

    Parameters
    ----------
    terms
        Frame with the types of `graph.credit.tables.TERMS`.
    """
    reasons = np.full(len(terms), "", dtype=object)
    if "valid_from" in terms and "valid_to" in terms:
        reversed_dates = (terms["valid_to"] <= terms["valid_from"]).to_numpy()
        reasons[reversed_dates] = "valid_to: expected a day after valid_from"
    key = [name for name in ("buyer_id", "supplier_id", "valid_from") if name in terms]
    rows = terms[[column for column in terms if column in (*key, "valid_to", "limit_fen", "terms_days")]]
    rows = rows.assign(**{name: terms[name] for name in ("retained_share", "annual_rate") if name in terms})
    again = rows.duplicated().to_numpy()
    distinct = rows[~again]
    clash = np.zeros(len(terms), dtype=bool)
    clash[~again] = distinct.duplicated(key, keep=False).to_numpy()
    reasons[again & (reasons == "")] = "the same terms again"
    reasons[clash & (reasons == "")] = "valid_from: expected one set of terms of the pair from a day on, got several"
    return _with_itself(terms, reasons)


def _look_alike(ledger: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return which rows share a mixed key with another: all duplicates and few others, at a fraction of the cost."""
    trade = pd.factorize(ledger["trade_id"])[0].astype(np.uint64)
    day = ledger["at"].to_numpy("datetime64[D]").astype(np.int64).astype(np.uint64)
    key = trade * np.uint64(0x9E3779B97F4A7C15) ^ day * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed = pd.Series(key ^ ledger["amount_fen"].to_numpy(np.int64).astype(np.uint64))
    alike: npt.NDArray[np.bool_] = mixed.duplicated(keep=False).to_numpy()
    return alike


def _with_itself(rows: pd.DataFrame, reasons: Reasons) -> Reasons:
    alone = (rows["buyer_id"] == rows["supplier_id"]).to_numpy()
    reasons[alone & (reasons == "")] = "supplier_id: expected another party than the buyer"
    return reasons


def _named(ledger: pd.DataFrame) -> npt.NDArray[np.bool_]:
    if "event_id" not in ledger:
        return np.zeros(len(ledger), dtype=bool)
    cells = ledger["event_id"].astype("str")
    named: npt.NDArray[np.bool_] = cells.notna().to_numpy() & (cells != "").to_numpy()
    return named
