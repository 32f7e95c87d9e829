"""Returns and refusals → entries that take back what was booked, in proportion to the pieces, to the last fen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from settlement.book import ENTRY_COLUMNS, digests
from settlement.payees import ns_of
from settlement.shares import apportion

__all__ = ["Reversals", "reverse"]

Ints = npt.NDArray[np.int64]
_ALL = 0


@dataclass(frozen=True, kw_only=True)
class Reversals:
    """What became of returns.

    Parameters
    ----------
    entries
        What is to be added to the ledger.
    reasons
        Why a return cannot be booked, shape (n,); empty: it can, or was before.
    known
        Whether it was booked before, shape (n,).
    """

    entries: pd.DataFrame
    reasons: npt.NDArray[np.object_]
    known: npt.NDArray[np.bool_]


def reverse(returns: pd.DataFrame, booked: pd.DataFrame) -> Reversals:
    """Take back what sales' returns ask for.

    After each return every party has its share of what is still sold, by largest remainder; the entry is the
    difference. So the last piece takes back the last fen, however many returns there were.

    Parameters
    ----------
    returns
        Checked returns (`settlement.tables.RETURNS`, `kind` filled); those of one sale count in order of time.
    booked
        The ledger so far, sales of the same batch included.
    """
    asked = booked["sale_id"].isin(pd.Index(returns["sale_id"].unique()))
    mine = booked[asked.to_numpy(dtype=bool)]
    sales, back = mine[mine["kind"] == "sale"], mine[mine["kind"] != "sale"]
    state = _State.build(sales, back.drop_duplicates(["kind", "event_id"]))
    made = _known(returns, back)
    reasons, known, digest = made
    sale = np.asarray(state.ids.get_indexer(pd.Index(returns["sale_id"])), dtype=np.int64)
    reasons[(sale < 0) & (reasons == "")] = "sale_id: expected a sale that was settled"
    at_ns = ns_of(returns["returned_at"])
    early = (sale >= 0) & (reasons == "") & ~known
    early[early] = at_ns[early] < state.sold_ns[sale[early]]
    reasons[early] = "returned_at: expected no moment before the sale"
    todo = np.flatnonzero((reasons == "") & ~known)
    todo = todo[np.lexsort((todo, at_ns[todo]))]
    pieces = (returns["pieces"].fillna(_ALL) if "pieces" in returns else pd.Series(_ALL, returns.index)).to_numpy()
    parts = []
    turn = pd.Series(sale[todo]).groupby(sale[todo]).cumcount().to_numpy()
    for number in range(int(turn.max()) + 1 if len(turn) else 0):
        rows = todo[turn == number]
        back_pieces, change = state.take_back(sale[rows], pieces[rows].astype(np.int64))
        for row, was in zip(rows[back_pieces < 0], -back_pieces[back_pieces < 0] - 1, strict=True):
            reasons[row] = f"pieces: expected at most the {was} still sold, got {_told(pieces[row])}"
        done = back_pieces > 0
        parts.append(_entries(returns, rows[done], digest, state, (sale[rows][done], back_pieces[done], change[done])))
    entries = pd.concat(parts, ignore_index=True) if parts else booked.iloc[:0][ENTRY_COLUMNS]
    return Reversals(entries=entries, reasons=reasons, known=known)


def _told(pieces: float) -> str:
    return "all that are left" if pieces == _ALL else str(int(pieces))


@dataclass(frozen=True, kw_only=True)
class _State:
    """Some settled sales: shares by sale and slot (its entries in order, the rest's in its `last` slot)."""

    ids: pd.Index
    shares: Ints
    first: Ints
    slots: Ints
    whole: Ints
    sold_ns: Ints
    returned: Ints
    entries: pd.DataFrame

    @classmethod
    def build(cls, sales: pd.DataFrame, events: pd.DataFrame) -> _State:
        ids = pd.Index(sales["sale_id"].unique())
        code = np.asarray(ids.get_indexer(pd.Index(sales["sale_id"])))
        order = np.argsort(code, kind="stable")
        sales, code = sales.iloc[order], code[order]
        first = np.searchsorted(code, np.arange(len(ids)))
        slots = np.diff(np.append(first, len(code)))
        shares = np.zeros((len(ids), int(slots.max()) if len(ids) else 0), dtype=np.int64)
        shares[code, np.arange(len(code)) - first[code]] = sales["share_fen"].to_numpy()
        before = np.asarray(ids.get_indexer(pd.Index(events["sale_id"])))
        back = np.bincount(before[before >= 0], events["pieces"].to_numpy()[before >= 0], minlength=len(ids))
        return cls(
            ids=ids,
            shares=shares,
            first=first,
            slots=slots,
            whole=sales["pieces"].to_numpy(np.int64)[first],
            sold_ns=ns_of(sales["at"])[first],
            returned=back.astype(np.int64),
            entries=sales,
        )

    def take_back(self, sale: Ints, pieces: Ints) -> tuple[Ints, Ints]:
        """Take pieces of different sales back; return how many (-1 - what is left if too many), and what it changes."""
        left = self.whole[sale] - self.returned[sale]
        back = np.where(pieces == _ALL, left, pieces)
        back = np.where((back > left) | (left == 0), -1 - left, back)
        after = np.where(back > 0, left - back, left)
        shares, whole = self.shares[sale], self.whole[sale]
        change = apportion(shares, after, whole) - apportion(shares, left, whole)
        self.returned[sale] += np.maximum(back, 0)
        return back, change


def _known(returns: pd.DataFrame, back: pd.DataFrame) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.bool_], Ints]:
    """Return reasons against, whether each was booked before, and its digest."""
    columns = [name for name in ("return_id", "sale_id", "returned_at", "pieces", "kind") if name in returns]
    digest = digests(returns, columns)
    events = back.drop_duplicates(["kind", "event_id"]).set_index(["kind", "event_id"])["digest"]
    wanted = pd.MultiIndex.from_arrays([returns["kind"], returns["return_id"]])
    at = events.index.get_indexer(wanted) if len(events) else np.full(len(returns), -1)
    known = at >= 0
    same = known.copy()
    same[known] = events.to_numpy()[at[known]] == digest[known]
    reasons = np.full(len(returns), "", dtype=object)
    reasons[known & ~same] = "return_id: expected one that was not booked otherwise before"
    return reasons, known & same, digest


def _entries(
    returns: pd.DataFrame, rows: Ints, digest: Ints, state: _State, taken: tuple[Ints, Ints, Ints]
) -> pd.DataFrame:
    sale, pieces, change = taken
    kept = change != 0
    kept[np.arange(len(sale)), state.slots[sale] - 1] = True
    line, slot = np.nonzero(kept)
    source = state.entries.iloc[state.first[sale][line] + slot]
    row = rows[line]
    return pd.DataFrame(
        {
            "sale_id": source["sale_id"].array,
            "event_id": returns["return_id"].array[row],
            "kind": returns["kind"].array[row],
            "at": returns["returned_at"].array[row],
            "pieces": pieces[line],
            "role": source["role"].array,
            "party_id": source["party_id"].array,
            "share_fen": change[line, slot],
            "digest": digest[row],
        }
    )[ENTRY_COLUMNS]
