"""What lies between the parties of an order: credit that is left, the price of terms, how suppliers kept word."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.credit.positions import credit_positions, credit_room
from graph.credit.price import price_of_terms
from matching.problem import CreditLines, Ints

__all__ = [
    "NOTHING_KNOWN",
    "Standing",
    "credit_lines",
    "lines_in_short",
    "price_of_lines",
    "standing_numbers",
    "standing_of",
    "with_standing",
]

Floats = npt.NDArray[np.float64]
Texts: TypeAlias = npt.NDArray[np.object_]
_PAIR = ["buyer_id", "supplier_id"]
_RECORD = ["supplier_id", "otif_low", "p_late_next"]
_AGREED = ["terms_days", "retained_share", "annual_rate"]


@dataclass(frozen=True, eq=False)
class Standing:
    """Terms and records on a day.

    Parameters
    ----------
    terms
        One row per pair with terms: ``buyer_id, supplier_id``, ``limit`` (fen that the buyer may still take),
        ``terms_days, retained_share, annual_rate``.
    records
        One row per supplier of whom something is known: ``supplier_id``, ``otif_low`` (the 10 % quantile of its
        probability to deliver on time in full), ``p_late_next`` (that its next delivery is late).
    """

    terms: pd.DataFrame
    records: pd.DataFrame

    @cached_property
    def pairs(self) -> pd.MultiIndex:
        """Buyers and suppliers of `terms`."""
        return pd.MultiIndex.from_frame(self.terms[_PAIR])

    @cached_property
    def suppliers(self) -> pd.Index:
        """Suppliers of `records`."""
        return pd.Index(self.records["supplier_id"])

    @cached_property
    def usual(self) -> float:
        """``otif_low`` of the usual supplier: the median, 0 without any."""
        return float(self.records["otif_low"].median()) if len(self.records) else 0.0


NOTHING_KNOWN = Standing(pd.DataFrame(columns=[*_PAIR, "limit", *_AGREED]), pd.DataFrame(columns=_RECORD))


def standing_of(ledger: pd.DataFrame, terms: pd.DataFrame, records: pd.DataFrame, day: pd.Timestamp) -> Standing:
    """Return what is known on a day (without time zone) from the ledger, the terms and the suppliers' records."""
    if terms.empty:
        return Standing(NOTHING_KNOWN.terms, records)
    room = credit_room(credit_positions(ledger, terms, as_of=day).positions)
    agreed = _in_force(terms, day).reindex(columns=[*_PAIR, *_AGREED])
    return Standing(room.merge(agreed, on=_PAIR, how="left"), records)


def with_standing(rows: pd.DataFrame, standing: Standing) -> pd.DataFrame:
    """Return candidates with the record of the supplier and the price of the terms that the buyer has with it.

    Parameters
    ----------
    rows
        Candidates with ``buyer_id, supplier_id, unit_cost_fen``.

    Returns
    -------
    DataFrame
        With ``line`` (row of ``standing.terms``, -1 without terms), ``terms_fen`` (per piece), ``otif_low,
        p_late_next`` (NaN unknown) and ``reliability``: ``otif_low`` less that of the usual supplier (the median of all
        records), 0 where nothing is known.
    """
    unit_cost = rows["unit_cost_fen"].to_numpy(np.float64)
    return rows.assign(**standing_numbers(rows["buyer_id"], rows["supplier_id"], unit_cost, standing))


def standing_numbers(
    buyer_id: pd.Series | Texts, supplier_id: pd.Series | Texts, unit_cost_fen: Floats, standing: Standing
) -> dict[str, npt.NDArray[np.generic]]:
    """Return the columns that `with_standing` adds, by name, each of shape (candidates,)."""
    line = _lines_of(buyer_id, supplier_id, standing)
    at = standing.suppliers.get_indexer(pd.Index(supplier_id))
    low, late = (np.append(standing.records[name].to_numpy(np.float64), np.nan)[at] for name in _RECORD[1:])
    return {
        "line": line,
        "terms_fen": price_of_lines(unit_cost_fen, standing.terms, line),
        "otif_low": low,
        "p_late_next": late,
        "reliability": np.nan_to_num(low - standing.usual),
    }


def _lines_of(buyer_id: pd.Series | Texts, supplier_id: pd.Series | Texts, standing: Standing) -> npt.NDArray[np.intp]:
    if not len(standing.pairs):
        return np.full(len(supplier_id), -1, dtype=np.intp)  # to make an index of pairs costs more than all the rest
    line: npt.NDArray[np.intp] = standing.pairs.get_indexer(pd.MultiIndex.from_arrays([buyer_id, supplier_id]))
    return line


def credit_lines(rows: pd.DataFrame, standing: Standing) -> CreditLines | None:
    """Return the credit lines that these candidates could use up; None if there is none.

    A piece takes its price in fen. A line that has room for everything asked of it limits nothing, and is left out.

    Parameters
    ----------
    rows
        Candidates with ``line`` (`with_standing`), ``pieces`` of the whole order and ``unit_cost_fen``.
    """
    line, pieces = rows["line"].to_numpy(np.int64), rows["pieces"].to_numpy(np.int64)
    return lines_in_short(line, pieces, rows["unit_cost_fen"].to_numpy(np.float64), standing)


def lines_in_short(line: Ints, pieces: Ints, unit_cost_fen: Floats, standing: Standing) -> CreditLines | None:
    """Return `credit_lines` of candidates given as arrays of one length."""
    use = np.nan_to_num(unit_cost_fen)
    limit = standing.terms["limit"].to_numpy(np.int64)
    on = line >= 0
    most = np.bincount(line[on], (use * pieces)[on], minlength=len(limit))
    short = np.flatnonzero(most > limit)
    if not len(short):
        return None
    number = np.full(len(limit) + 1, -1)  # the last stands for no line
    number[short] = np.arange(len(short))
    return CreditLines(line=number[line], limit=limit[short], use=use)


def _in_force(terms: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return the terms that hold on a day, one row per pair, the latest to begin."""
    nobody = pd.Series(pd.NaT, index=terms.index)
    dates = {name: pd.to_datetime(terms.get(name, nobody)) for name in ("valid_from", "valid_to")}
    holds = ~(dates["valid_from"] > day) & ~(dates["valid_to"] <= day)
    by_begin = terms.assign(**dates)[holds].sort_values("valid_from", na_position="first", kind="stable")
    return by_begin.drop_duplicates(_PAIR, keep="last")


def price_of_lines(unit_cost: Floats, terms: pd.DataFrame, line: npt.NDArray[np.intp]) -> Floats:
    """Return what the supplier's waiting for the money of a piece costs, in fen; 0 without terms."""
    price: Floats = np.zeros(len(line))
    on = np.flatnonzero(line >= 0)
    if not len(on):
        return price
    days, retained, rate = (
        np.nan_to_num(terms[name].to_numpy(np.float64, na_value=np.nan)[line[on]])
        for name in ("terms_days", "retained_share", "annual_rate")
    )
    price[on] = price_of_terms(np.nan_to_num(unit_cost[on]), days, rate, retained_share=retained).total_fen
    return price
