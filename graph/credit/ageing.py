"""How old receivables are: each payment of a trade pays its oldest invoice first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from graph.credit.book import CODE, NO_DAY, Book
from graph.credit.terms import TermsBook
from graph.credit.trades import Balances

__all__ = ["BUCKETS", "ageing"]

Ints = npt.NDArray[np.int64]

BUCKETS = ("not_due", "overdue_1_30", "overdue_31_60", "overdue_61_90", "overdue_over_90")
_EDGES = np.array([1, 31, 61, 91])  # days overdue at which the next bucket begins


def ageing(book: Book, terms: TermsBook, trades: Balances, as_of: int) -> Ints:
    """Return each pair's receivables by how long they are overdue.

    A trade's invoices, the oldest first, are laid end to end; what was paid covers them from the front, and what is
    kept back until acceptance, which is not due yet whatever the invoice says, from the back.

    Parameters
    ----------
    book, terms, trades
        The events, the terms, and what the trades stand at.
    as_of
        The day, since 1970. What is due on the day itself is not overdue.

    Returns
    -------
    int64 (pairs, 5)
        Fen per bucket of `BUCKETS`; a row adds up to the pair's receivables.
    """
    rows = np.flatnonzero(book.event == CODE["invoiced"])
    rows = rows[np.lexsort((book.amount[rows], book.due[rows], book.day[rows], book.trade[rows]))]
    trade, amount = book.trade[rows], book.amount[rows]
    end = _running(trade, amount)
    start = end - amount
    paid = (book.total("invoiced") - trades.receivable)[trade]
    kept_from = (book.total("invoiced") - np.minimum(trades.retained, trades.receivable))[trade]
    unpaid = np.maximum(end - np.maximum(start, paid), 0)
    due_part = np.maximum(np.minimum(end, kept_from) - np.maximum(start, paid), 0)
    overdue = as_of - _due_days(book, terms, rows)
    bucket = np.searchsorted(_EDGES, overdue, side="right")
    pair, n = book.pair[trade], book.n_pairs * len(BUCKETS)
    due = np.bincount(pair * len(BUCKETS) + bucket, due_part, n)
    kept = np.bincount(pair * len(BUCKETS), unpaid - due_part, n)
    buckets: Ints = (due + kept).astype(np.int64).reshape(-1, len(BUCKETS))
    return buckets


def _due_days(book: Book, terms: TermsBook, rows: Ints) -> Ints:
    """Return when invoices are due: as they say, else by the terms of their day, else at once."""
    day = book.day[rows]
    holding = terms.holding(book.pair[book.trade[rows]], day)
    granted = np.where(holding >= 0, terms.days[holding], 0) if len(terms.days) else 0
    due: Ints = np.where(book.due[rows] == NO_DAY, day + granted, book.due[rows])
    return due


def _running(group: Ints, amount: Ints) -> Ints:
    """Return the running sum within each run of equal groups."""
    total = np.cumsum(amount)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    before = np.zeros(len(first), dtype=np.int64)
    before[1:] = total[first[1:] - 1]
    running: Ints = total - np.repeat(before, np.diff(np.append(first, len(group))))
    return running
