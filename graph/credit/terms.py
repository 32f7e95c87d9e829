"""Which terms of a pair hold on a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.credit.book import NO_DAY, Book, days_of

__all__ = ["TermsBook", "due_by_terms"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_FIRST, _LAST = -1_000_000, 4_000_000  # days since 1970 beyond every date a table can hold


@dataclass(frozen=True, eq=False)
class TermsBook:
    """Terms by pair and first day; terms that start later replace earlier ones.

    Parameters
    ----------
    key
        Pair and first day in one number, sorted, int64 (terms,).
    ends
        First day on which each no longer holds, int64 (terms,).
    limit, days
        Fen and days, int64 (terms,).
    retained
        Share kept back until acceptance, float64 (terms,).
    """

    key: Ints
    ends: Ints
    limit: Ints
    days: Ints
    retained: Floats

    @classmethod
    def of(cls, terms: pd.DataFrame | None, book: Book) -> TermsBook:
        """Return the terms of a book's pairs (the book was made with them)."""
        if terms is None or terms.empty:
            none = np.zeros(0, dtype=np.int64)
            return cls(none, none, none, none, np.zeros(0))
        pairs = pd.MultiIndex.from_arrays([book.buyers, book.suppliers])
        pair = pairs.get_indexer(pd.MultiIndex.from_arrays([terms["buyer_id"], terms["supplier_id"]])).astype(np.int64)
        key = _key(pair, _days(terms, "valid_from", _FIRST))
        order = np.argsort(key, kind="stable")
        share = terms["retained_share"].fillna(0.0) if "retained_share" in terms else pd.Series(0.0, terms.index)
        return cls(
            key=key[order],
            ends=_days(terms, "valid_to", _LAST)[order],
            limit=terms["limit_fen"].to_numpy(np.int64)[order],
            days=terms["terms_days"].to_numpy(np.int64)[order],
            retained=share.to_numpy(np.float64)[order],
        )

    def holding(self, pair: Ints, day: Ints) -> Ints:
        """Return which terms hold for each pair on each day, -1 = none.

        Parameters
        ----------
        pair, day
            int64 (n,).
        """
        if not len(self.key):
            return np.full(len(pair), -1, dtype=np.int64)
        at = np.searchsorted(self.key, _key(pair, day), side="right") - 1
        same = (at >= 0) & (self.key[at] >= _key(pair, np.full_like(day, _FIRST))) & (self.ends[at] > day)
        found: Ints = np.where(same, at, -1)
        return found


def due_by_terms(ledger: pd.DataFrame, terms: pd.DataFrame | None) -> pd.DataFrame:
    """Return the ledger with the due days that its invoices do not say, by the terms of their pair on their day.

    Parameters
    ----------
    ledger, terms
        Frames with the types of `graph.credit.tables.LEDGER` and `TERMS`.

    Returns
    -------
    DataFrame
        The same rows with ``due_at``; empty where an invoice does not say it and no terms hold.

    Examples
    --------
    >>> day = pd.Timestamp("2026-01-05")
    >>> ledger = pd.DataFrame({"trade_id": "t", "buyer_id": ["B", "C"], "supplier_id": "S", "at": day})
    >>> ledger = ledger.assign(event="invoiced", amount_fen=1)
    >>> terms = pd.DataFrame({"buyer_id": ["B"], "supplier_id": ["S"], "limit_fen": [9], "terms_days": [30]})
    >>> due_by_terms(ledger, terms)["due_at"].dropna().astype(str).tolist()
    ['2026-02-04']
    """
    if terms is None or terms.empty or ledger.empty:
        return ledger
    book = Book.of(ledger, ledger["at"].max(), terms)
    held = TermsBook.of(terms, book)
    holding = held.holding(book.pair[book.trade], book.day)
    silent = (ledger["event"] == "invoiced").to_numpy() & (book.due == NO_DAY) & (holding >= 0)
    due = np.where(silent, book.day + held.days[holding], book.due)
    return ledger.assign(due_at=due.astype("datetime64[D]").astype("datetime64[s]"))


def _days(terms: pd.DataFrame, name: str, otherwise: int) -> Ints:
    if name not in terms:
        return np.full(len(terms), otherwise, dtype=np.int64)
    days = days_of(terms[name])
    return np.where(days == NO_DAY, otherwise, days)


def _key(pair: Ints, day: Ints) -> Ints:
    key: Ints = pair * (_LAST - _FIRST) + (day - _FIRST)
    return key
