"""Credit positions: what each buyer owes, awaits and has reserved at each supplier on a day, beside its limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.credit.ageing import BUCKETS, ageing
from graph.credit.book import CODE, Book, days_of
from graph.credit.concentration import CreditParams, concentration
from graph.credit.terms import TermsBook
from graph.credit.trades import balances, irregularities

__all__ = ["CreditResult", "credit_positions", "credit_room"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CreditResult:
    """Positions and what is remarkable about them.

    Parameters
    ----------
    positions
        One row per pair that traded or has terms, by buyer and supplier; see `credit_positions`.
    concentration
        Per party and side, see `graph.credit.concentration.concentration`.
    irregularities
        What cannot be, see `graph.credit.trades.irregularities`.
    """

    positions: pd.DataFrame
    concentration: pd.DataFrame
    irregularities: pd.DataFrame


def credit_positions(
    ledger: pd.DataFrame,
    terms: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    params: CreditParams | None = None,
) -> CreditResult:
    """Return every pair's credit position as it was known on a day.

    Parameters
    ----------
    ledger
        Frame with the types of `graph.credit.tables.LEDGER`, without duplicates (`graph.credit.checks.ledger_faults`).
    terms
        Frame with the types of `graph.credit.tables.TERMS`, or None.
    as_of
        The day; later events are not looked at, and terms must hold on it.
    params
        When to warn, and how far to look back.

    Returns
    -------
    CreditResult
        ``positions`` has ``buyer_id, supplier_id, trades``, in fen ``receivables_fen, unbilled_fen, reserved_fen`` and
        their sum ``exposure_fen``, of which ``disputed_fen`` and ``retained_fen``; ``overpaid_fen`` (paid beyond
        invoices, lowers nothing); ``limit_fen`` and ``available_fen`` (limit less exposure, at least 0; both empty
        without terms), ``over_limit``; the receivables by age (`graph.credit.ageing.BUCKETS`, ``…_fen``);
        ``invoiced_fen, paid_fen`` (all time), ``purchases_fen`` (delivered, or invoiced if that is more, in the
        window), ``dso_days`` (receivables over the window's invoices, times its days; NaN without any), ``terms_days,
        retained_share`` (empty without terms), ``exposure_share`` (of the supplier's exposure), ``purchase_share`` (of
        the buyer's purchases).

    Examples
    --------
    >>> rows = [("t", "S", "F", "2026-01-05", "invoiced", 900), ("t", "S", "F", "2026-02-01", "paid", 300)]
    >>> ledger = pd.DataFrame(rows, columns=["trade_id", "buyer_id", "supplier_id", "at", "event", "amount_fen"])
    >>> ledger["at"] = pd.to_datetime(ledger["at"])
    >>> credit_positions(ledger, as_of=pd.Timestamp("2026-02-10")).positions["exposure_fen"].tolist()
    [600]
    """
    params = params or CreditParams()
    book = Book.of(ledger, as_of, terms)
    kept = TermsBook.of(terms, book)
    today = int(days_of(pd.Series([as_of]))[0])
    holding = kept.holding(np.arange(book.n_pairs), np.full(book.n_pairs, today))
    share = np.where(holding >= 0, kept.retained[holding], 0.0) if len(kept.key) else np.zeros(book.n_pairs)
    trades = balances(book, share[book.pair])
    parts = ("receivable", "unbilled", "reserved", "disputed", "retained", "overpaid")
    columns: dict[str, object] = {
        "buyer_id": book.buyers,
        "supplier_id": book.suppliers,
        "trades": np.bincount(book.pair, minlength=book.n_pairs),
    }
    columns |= {_NAMES.get(name, f"{name}_fen"): book.per_pair(getattr(trades, name)) for name in parts}
    columns["exposure_fen"] = book.per_pair(trades.exposure)
    columns |= _limits(kept, holding, columns["exposure_fen"], share)
    aged = ageing(book, kept, trades, today)
    columns |= {f"{bucket}_fen": aged[:, at] for at, bucket in enumerate(BUCKETS)}
    frame = _with_shares(pd.DataFrame(columns | _turnover(book, today, params, columns["receivables_fen"])))
    frame = frame[list(_ORDER)]
    return CreditResult(frame, concentration(frame, params), irregularities(book))


def credit_room(positions: pd.DataFrame) -> pd.DataFrame:
    """Return the credit lines that a match may fill: the table `matching.tables.CREDIT`, in fen.

    Returns
    -------
    DataFrame
        ``buyer_id, supplier_id, limit`` (whole fen still available) of the pairs that have terms; a match does not
        limit the others.
    """
    limited = positions[positions["limit_fen"].notna()]
    room = limited[["buyer_id", "supplier_id"]].assign(limit=limited["available_fen"].astype(np.int64))
    return room.reset_index(drop=True)


_NAMES = {"receivable": "receivables_fen"}
_ORDER = (
    "buyer_id",
    "supplier_id",
    "trades",
    "exposure_fen",
    "receivables_fen",
    "unbilled_fen",
    "reserved_fen",
    "disputed_fen",
    "retained_fen",
    "overpaid_fen",
    "limit_fen",
    "available_fen",
    "over_limit",
    *(f"{bucket}_fen" for bucket in BUCKETS),
    "invoiced_fen",
    "paid_fen",
    "purchases_fen",
    "dso_days",
    "terms_days",
    "retained_share",
    "exposure_share",
    "purchase_share",
)


def _limits(kept: TermsBook, holding: Ints, exposure: object, share: Floats) -> dict[str, object]:
    has = holding >= 0
    known = len(kept.key) > 0
    limit = np.where(has, kept.limit[holding], np.nan) if known else np.full(len(has), np.nan)
    owed = np.asarray(exposure, dtype=np.float64)
    return {
        "limit_fen": _whole(limit),
        "available_fen": _whole(np.maximum(limit - owed, 0)),
        "over_limit": owed > np.where(has, limit, np.inf),
        "terms_days": _whole(np.where(has, kept.days[holding], np.nan) if known else np.full(len(has), np.nan)),
        "retained_share": np.where(has, share, np.nan),
    }


def _whole(numbers: Floats) -> pd.Series:
    """Return whole numbers with gaps, so that money is never written with a point."""
    return pd.Series(numbers).astype("Int64")


def _turnover(book: Book, today: int, params: CreditParams, receivables: object) -> dict[str, object]:
    recent = book.day > today - params.window_days
    delivered, invoiced = (
        book.per_pair(book.per_trade(book.amount, recent & (book.event == CODE[event])))
        for event in ("delivered", "invoiced")
    )
    owed = np.asarray(receivables, dtype=np.float64)
    dso = np.divide(owed * params.window_days, invoiced, out=np.full(len(owed), np.nan), where=invoiced > 0)
    return {
        "invoiced_fen": book.per_pair(book.total("invoiced")),
        "paid_fen": book.per_pair(book.total("paid")),
        "purchases_fen": np.maximum(delivered, invoiced),
        "dso_days": dso,
    }


def _with_shares(frame: pd.DataFrame) -> pd.DataFrame:
    for name, amount, side in (
        ("exposure_share", "exposure_fen", "supplier_id"),
        ("purchase_share", "purchases_fen", "buyer_id"),
    ):
        total = frame.groupby(side)[amount].transform("sum")
        frame[name] = frame[amount] / total.where(total > 0)
    return frame
