"""A ledger as arrays: events by trade, trades by pair of parties, what each trade's events add up to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.credit.tables import EVENTS

__all__ = ["CODE", "NO_DAY", "Book", "days_of"]

Ints = npt.NDArray[np.int64]
CODE = {event: code for code, event in enumerate(EVENTS)}
NO_DAY = np.iinfo(np.int64).min


@dataclass(frozen=True, eq=False)
class Book:
    """The events up to a day.

    A trade is told by its id and its two parties: ids of several systems may collide.

    Parameters
    ----------
    buyers, suppliers
        Ids of the pairs' two ends, shape (pairs,), by buyer and supplier.
    trade_ids
        Ids of the trades, shape (trades,).
    pair
        Pair of each trade, int64 (trades,).
    trade, event, day, amount, due
        Per event, int64 (events,): its trade, its kind (`CODE`), its day since 1970, its fen, and the day it is due
        (`NO_DAY` where not said).
    sums
        Fen per trade and kind of event, int64 (trades, kinds).
    """

    buyers: pd.Series
    suppliers: pd.Series
    trade_ids: pd.Series
    pair: Ints
    trade: Ints
    event: Ints
    day: Ints
    amount: Ints
    due: Ints
    sums: Ints

    @classmethod
    def of(cls, ledger: pd.DataFrame, as_of: pd.Timestamp, terms: pd.DataFrame | None = None) -> Book:
        """Return the book of a ledger as it was known on a day.

        Parameters
        ----------
        ledger
            Frame with the types of `graph.credit.tables.LEDGER`.
        as_of
            The day; later events are not looked at.
        terms
            Terms whose pairs are in the book even if they never traded.
        """
        day = days_of(ledger["at"])
        known = day <= days_of(pd.Series([as_of]))[0]
        terms = terms if terms is not None else pd.DataFrame({"buyer_id": [], "supplier_id": []}, dtype="str")
        # Texts become numbers before rows are picked: picking among millions of texts costs more than all the sums.
        kept = np.append(known, np.ones(len(terms), dtype=bool))
        buyer, buyers = _coded(ledger["buyer_id"], terms["buyer_id"])
        supplier, suppliers = _coded(ledger["supplier_id"], terms["supplier_id"])
        pair_of_row, pairs = _groups(buyer[kept] * max(len(suppliers), 1) + supplier[kept])
        trade_code, trade_texts = pd.factorize(ledger["trade_id"])
        n = int(known.sum())
        trade, trades = pd.factorize(trade_code[known].astype(np.int64) * max(len(pairs), 1) + pair_of_row[:n])
        event = _event_codes(ledger["event"])[known]
        amount = ledger["amount_fen"].to_numpy(np.int64)[known]
        due = days_of(ledger["due_at"])[known] if "due_at" in ledger else np.full(n, NO_DAY, dtype=np.int64)
        return cls(
            buyers=pd.Series(buyers.take(pairs // max(len(suppliers), 1)), dtype="str"),
            suppliers=pd.Series(suppliers.take(pairs % max(len(suppliers), 1)), dtype="str"),
            trade_ids=pd.Series(pd.Index(trade_texts).take(trades // max(len(pairs), 1)), dtype="str"),
            pair=trades % max(len(pairs), 1),
            trade=trade,
            event=event,
            day=day[known],
            amount=amount,
            due=due,
            sums=_summed(trade * len(EVENTS) + event, amount, len(trades) * len(EVENTS)).reshape(-1, len(EVENTS)),
        )

    @property
    def n_trades(self) -> int:
        """Number of trades."""
        return len(self.pair)

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return len(self.buyers)

    def total(self, event: str) -> Ints:
        """Return the fen of a kind of event per trade."""
        return self.sums[:, CODE[event]]

    def per_trade(self, amount: Ints, rows: npt.NDArray[np.bool_]) -> Ints:
        """Return the sum over some events, per trade."""
        return _summed(self.trade[rows], amount[rows], self.n_trades)

    def per_pair(self, amount: Ints) -> Ints:
        """Return the sum over trades, per pair."""
        return _summed(self.pair, amount, self.n_pairs)

    def first_day(self, event: str) -> Ints:
        """Return the first day of a kind of event per trade; the greatest integer where there is none."""
        first = np.full(self.n_trades, np.iinfo(np.int64).max, dtype=np.int64)
        rows = self.event == CODE[event]
        np.minimum.at(first, self.trade[rows], self.day[rows])
        return first


def days_of(dates: pd.Series) -> Ints:
    """Return dates as days since 1970, `NO_DAY` where empty."""
    days: Ints = dates.to_numpy("datetime64[D]").astype(np.int64)
    return days


def _coded(ids: pd.Series, more: pd.Series | None = None) -> tuple[Ints, pd.Index]:
    whole = ids if more is None or more.empty else pd.concat([ids, more], ignore_index=True)
    codes, texts = pd.factorize(whole)
    order = pd.Index(texts).argsort()
    return _ranks(order)[codes], pd.Index(texts).take(order)


def _groups(key: Ints) -> tuple[Ints, Ints]:
    """Return each key's rank among the distinct keys, and these; hashing first is twice as fast as sorting all."""
    codes, distinct = pd.factorize(key)
    order = np.argsort(distinct)
    return _ranks(order)[codes], np.asarray(distinct[order], dtype=np.int64)


def _ranks(order: npt.NDArray[np.intp]) -> Ints:
    ranks = np.empty(len(order), dtype=np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def _event_codes(events: pd.Series) -> Ints:
    codes, texts = pd.factorize(events)
    known: Ints = np.array([CODE[str(text)] for text in texts], dtype=np.int64)
    found: Ints = known[codes]
    return found


def _summed(group: Ints, amount: Ints, n: int) -> Ints:
    # Sums of whole numbers in float64 are exact below 2**53: nine thousand times the largest amount of an event.
    sums: Ints = np.bincount(group, amount, n).astype(np.int64)
    return sums
