"""What each trade stands at: owed, not billed, reserved, disputed, kept back; and what cannot be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.credit.book import CODE, Book

__all__ = ["IRREGULARITIES", "Balances", "balances", "irregularities"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

IRREGULARITIES = {
    "paid_over_invoiced": "more was paid than invoiced",
    "released_over_reserved": "more was released than reserved",
    "delivered_after_cancelled": "delivered after it was cancelled",
    "before_order": "happened before the order",
    "negative_exposure": "more was paid than the trade is worth so far",
    "cancelled_over_ordered": "more was cancelled than ordered",
    "accepted_over_delivered": "more was accepted than delivered",
    "resolved_over_disputed": "more was resolved than disputed",
}


@dataclass(frozen=True, eq=False)
class Balances:
    """What trades stand at, in fen, each int64 (trades,) and never negative.

    Parameters
    ----------
    receivable
        Invoiced and not paid.
    unbilled
        Delivered and not invoiced.
    reserved
        Reserved, neither released nor cancelled, and neither delivered nor invoiced yet.
    overpaid
        Paid beyond what was invoiced; it lowers nothing.
    disputed
        Part of receivable and unbilled that is in dispute.
    retained
        Part of receivable and unbilled that is kept back until its quality is accepted.
    """

    receivable: Ints
    unbilled: Ints
    reserved: Ints
    overpaid: Ints
    disputed: Ints
    retained: Ints

    @property
    def exposure(self) -> Ints:
        """The sum of the three stages; a fen of a trade stands in one of them at a time."""
        return self.receivable + self.unbilled + self.reserved


def balances(book: Book, retained_share: Floats) -> Balances:
    """Return what each trade stands at.

    A trade's value moves on from reserved to delivered to invoiced to paid. What was invoiced ahead of its delivery has
    moved on from reserved, too, so that receivable + unbilled + reserved is always the furthest that the trade has got,
    less what was paid, and nothing is counted twice.

    Parameters
    ----------
    book
        The events.
    retained_share
        Share kept back until acceptance per trade, float64 (trades,) in [0, 1].
    """
    delivered, invoiced, paid = (book.total(event) for event in ("delivered", "invoiced", "paid"))
    receivable = np.maximum(invoiced - paid, 0)
    unbilled = np.maximum(delivered - invoiced, 0)
    owed = receivable + unbilled
    disputed = np.clip(book.total("disputed") - book.total("resolved"), 0, owed)
    open_quality = np.maximum(delivered - book.total("accepted"), 0)
    return Balances(
        receivable=receivable,
        unbilled=unbilled,
        reserved=np.maximum(_held(book) - np.maximum(delivered, invoiced), 0),
        overpaid=np.maximum(paid - invoiced, 0),
        disputed=disputed,
        retained=np.minimum(np.rint(open_quality * retained_share).astype(np.int64), owed),
    )


def irregularities(book: Book) -> pd.DataFrame:
    """Return what cannot be, one row per trade and reason.

    Returns
    -------
    DataFrame
        ``trade_id, buyer_id, supplier_id, reason`` (`IRREGULARITIES`), ``amount_fen`` (how much of it), ``detail``.
    """
    found = [(reason, amount) for reason, amount in _excesses(book).items() if (amount > 0).any()]
    trades = [np.flatnonzero(amount > 0) for _, amount in found]
    which = np.concatenate([np.zeros(0, dtype=np.int64), *trades])
    reason = np.repeat([name for name, _ in found], [len(rows) for rows in trades]).astype(object)
    pair = book.pair[which]
    told = pd.DataFrame(
        {
            "trade_id": book.trade_ids.to_numpy(object)[which],
            "buyer_id": book.buyers.to_numpy(object)[pair],
            "supplier_id": book.suppliers.to_numpy(object)[pair],
            "reason": reason,
            "amount_fen": np.concatenate([np.zeros(0, dtype=np.int64), *(a[a > 0] for _, a in found)]),
            "detail": [IRREGULARITIES[name] for name in reason],
        }
    )
    texts = {name: "str" for name in told.columns if name != "amount_fen"}
    key = ["trade_id", "buyer_id", "supplier_id", "reason"]
    return told.astype(texts).sort_values(key).reset_index(drop=True)


def _excesses(book: Book) -> dict[str, Ints]:
    """Return how much of each impossible thing there is per trade; 0 or less where there is none."""
    ordered, cancelled, delivered, invoiced, paid = (
        book.total(event) for event in ("ordered", "cancelled", "delivered", "invoiced", "paid")
    )
    worth = np.maximum(np.maximum(delivered, invoiced), _held(book))
    return {
        "paid_over_invoiced": paid - invoiced,
        "released_over_reserved": book.total("released") - book.total("reserved"),
        "delivered_after_cancelled": _delivered_after_cancelled(book),
        "before_order": _before_order(book),
        "negative_exposure": paid - worth,
        "cancelled_over_ordered": np.where(ordered > 0, cancelled - ordered, 0),
        "accepted_over_delivered": book.total("accepted") - delivered,
        "resolved_over_disputed": book.total("resolved") - book.total("disputed"),
    }


def _held(book: Book) -> Ints:
    """Return what reservations hold: less what was released, at most what a cancelled order still asks for."""
    reserved, cancelled = book.total("reserved"), book.total("cancelled")
    left = reserved - book.total("released")
    asked = np.where(book.total("ordered") > 0, book.total("ordered"), reserved) - cancelled
    held: Ints = np.maximum(np.where(cancelled > 0, np.minimum(left, asked), left), 0)
    return held


def _delivered_after_cancelled(book: Book) -> Ints:
    """Return what was delivered after a cancellation, as far as it exceeds what the order still asked for."""
    after = (book.event == CODE["delivered"]) & (book.day > book.first_day("cancelled")[book.trade])
    base = np.where(book.total("ordered") > 0, book.total("ordered"), book.total("reserved"))
    beyond = book.total("delivered") - np.maximum(base - book.total("cancelled"), 0)
    excess: Ints = np.minimum(book.per_trade(book.amount, after), beyond)
    return excess


def _before_order(book: Book) -> Ints:
    """Return the value of events before the trade's first order; a trade whose order is not in the book has none."""
    ordered = book.first_day("ordered")[book.trade]
    early = (book.day < ordered) & (ordered < np.iinfo(np.int64).max)
    return book.per_trade(book.amount, early)
