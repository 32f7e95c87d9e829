"""What was known of trades on a day, from the ledger's events: invoices and how each trade went."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.scorecards.days import days_between

__all__ = ["days_unless_open", "invoices_known", "trades_known"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_KEY = ["trade_id", "buyer_id", "supplier_id"]


def invoices_known(ledger: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the invoices of a ledger with the day each was paid in full, payments going to the oldest first.

    Parameters
    ----------
    ledger
        Frame with the types of `graph.credit.tables.LEDGER`, without duplicates.
    as_of
        The day; what happened after it is not looked at.

    Returns
    -------
    DataFrame
        ``trade`` (number of the trade), ``buyer``, ``invoiced_at``, ``due_at`` (NaT not said), ``days`` (from the
        invoice to its payment, or to `as_of` if it is open) and ``open``.
    """
    known = ledger[ledger["at"] <= as_of]
    money = known["event"].isin(["invoiced", "paid"]).to_numpy()
    events = known[money]
    rows = pd.DataFrame(
        {
            "trade": _numbered(known)[0][money],
            "buyer": events["buyer_id"].to_numpy(),
            "at": events["at"].to_numpy(),
            "paid": (events["event"] == "paid").to_numpy(),
            "amount": events["amount_fen"].to_numpy(np.int64),
            "due_at": events["due_at"].to_numpy() if "due_at" in events else np.datetime64("NaT", "s"),
        }
    ).sort_values(["trade", "paid", "at", "amount"], kind="stable", ignore_index=True)
    rows["reached"] = rows.groupby(["trade", "paid"], sort=False)["amount"].cumsum()
    # An invoice is paid by the first payment that reaches its sum: the next one in this order, of the same trade.
    rows = rows.sort_values(["trade", "reached", "paid"], kind="stable", ignore_index=True)
    paying = rows.where(rows["paid"])[["trade", "at"]].bfill()
    paid_at = paying["at"].where(paying["trade"] == rows["trade"])
    bills = rows.assign(paid_at=paid_at)[~rows["paid"]]
    still_open = bills["paid_at"].isna().to_numpy()
    age, took = (days_between(bills["at"], until) for until in (as_of, bills["paid_at"]))
    return pd.DataFrame(
        {
            "trade": bills["trade"].to_numpy(),
            "buyer": bills["buyer"].to_numpy(),
            "invoiced_at": bills["at"].to_numpy(),
            "due_at": bills["due_at"].to_numpy("datetime64[s]"),
            "days": np.maximum(np.where(still_open, age, took), 0.0),
            "open": still_open,
        }
    )


def trades_known(ledger: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return how each trade that is decided went, as was known on a day.

    A trade is decided once something of it was delivered, invoiced or paid, or all of it was cancelled. An order that
    is still open says nothing yet.

    Parameters
    ----------
    ledger
        Frame with the types of `graph.credit.tables.LEDGER`; of optional ``cancelled_by`` and ``resolved_for``
        (buyer, supplier) see `graph.scorecards.tables.BLAME`.
    as_of
        The day; what happened after it is not looked at.

    Returns
    -------
    DataFrame
        ``trade`` (number, as in `invoices_known`), ``buyer``, ``at`` (its last event), ``cancelled`` (share of what
        was ordered that the buyer cancelled), ``disputed`` (0 or 1; NaN if nothing was delivered), ``lost`` (1 = a
        dispute was decided for the supplier, 0 = for the buyer, NaN otherwise).
    """
    events = ledger[ledger["at"] <= as_of]
    number, trades = _numbered(events)
    n = len(trades)
    cancelled = (events["event"] == "cancelled").to_numpy()
    by_buyer = cancelled & ~_is(events, "cancelled_by", "supplier")
    ordered, given_up, by_him = (
        np.bincount(number, np.where(mask, events["amount_fen"], 0), n)
        for mask in ((events["event"] == "ordered").to_numpy(), cancelled, by_buyer)
    )
    moved = _any(number, events["event"].isin(["delivered", "invoiced", "paid", "accepted"]).to_numpy(), n)
    whole = _any(number, cancelled, n) & (given_up >= ordered) & ~moved
    share = np.divide(by_him, ordered, out=_any(number, by_buyer, n).astype(float), where=ordered > 0)
    resolved = (events["event"] == "resolved").to_numpy()
    lost, won = (_any(number, resolved & _is(events, "resolved_for", side), n) for side in ("supplier", "buyer"))
    disputed = _any(number, (events["event"] == "disputed").to_numpy(), n)
    known = pd.DataFrame(
        {
            "trade": np.arange(n),
            "buyer": trades["buyer_id"].to_numpy(),
            "at": events["at"].groupby(number).max().to_numpy(),
            "cancelled": np.minimum(share, 1.0),
            "disputed": np.where(moved, disputed.astype(float), np.nan),
            "lost": np.select([lost, won], [1.0, 0.0], np.nan),
        }
    )
    return known[moved | whole].reset_index(drop=True)


def days_unless_open(days: Floats, still_open: npt.NDArray[np.bool_], weight: Floats) -> Floats:
    """Return each invoice's days to payment; an open one's as those of its age took in the end, shape (rows,).

    What is open is censored: it will take longer than it has. Its expected days, given its age, come from the
    Kaplan-Meier curve of all invoices, beyond whose end nothing is known: there the age itself counts.

    Parameters
    ----------
    days
        Whole days from the invoice to its payment, or its age, >= 0, shape (rows,).
    still_open, weight
        Whether it is open, and how much it counts, shape (rows,).

    Notes
    -----
    Kaplan and Meier (1958); the expectation given the age as in Buckley and James (1979).

    Examples
    --------
    Of three invoices two were paid after 10 and 30 days; the third is 20 days old, and the only one that got as old
    took 30:

    >>> days_unless_open(np.array([10.0, 30.0, 20.0]), np.array([False, False, True]), np.ones(3)).tolist()
    [10.0, 30.0, 30.0]
    """
    if not len(days):
        return days
    whole = days.astype(np.int64)
    size = int(whole.max()) + 1
    at_risk = np.bincount(whole, weight, size)[::-1].cumsum()[::-1]
    paid = np.bincount(whole[~still_open], weight[~still_open], size)
    stays = 1.0 - np.divide(paid, at_risk, out=np.zeros(size), where=at_risk > 0)
    longer = np.cumprod(np.clip(stays, 0.0, 1.0))  # longer[t] = P(T > t)
    counted = np.append(longer[:-1], 0.0)  # what outlasts the longest seen took as long as that
    after = np.append(counted[::-1].cumsum()[::-1][1:], 0.0)  # sum over u > t of counted[u]
    left = np.divide(after, longer, out=np.zeros(size), where=longer > 0)
    expected = np.minimum(np.arange(size) + 1, size - 1) + left
    return np.where(still_open, np.maximum(expected[whole], days), days)


def _numbered(events: pd.DataFrame) -> tuple[Ints, pd.DataFrame]:
    grouped = events.groupby(_KEY, sort=False, observed=True)
    return grouped.ngroup().to_numpy(np.int64), events[~events.duplicated(_KEY)][_KEY]


def _is(events: pd.DataFrame, column: str, value: str) -> npt.NDArray[np.bool_]:
    if column not in events:
        return np.zeros(len(events), dtype=bool)
    same: npt.NDArray[np.bool_] = (events[column] == value).to_numpy(dtype=bool, na_value=False)
    return same


def _any(number: Ints, mask: npt.NDArray[np.bool_], n: int) -> npt.NDArray[np.bool_]:
    hit: npt.NDArray[np.bool_] = np.bincount(number[mask], minlength=n) > 0
    return hit
