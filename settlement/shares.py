"""Splitting the cake: a sale's margin divided by agreed rules, in whole fen, to the last fen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import TableError
from settlement.rules import ShareRules
from settlement.tables import MARGINS

__all__ = ["split_margins", "split_sales"]

Fen = npt.NDArray[np.int64]
_WHOLE = 10_000


def split_margins(margin_fen: Fen, present: npt.NDArray[np.bool_], rules: ShareRules) -> Fen:
    """Return what each role gets of each margin.

    Fixed amounts come first, in the order of the rules; percentages are of the whole margin, cut in proportion where
    fixed amounts leave too little; the rest goes to the last role. Fractions of a fen go by largest remainder (ties to
    the earlier role), so each row sums exactly to its margin. A margin of zero or less goes to the last role.

    Parameters
    ----------
    margin_fen
        Shape (s,), whole fen.
    present
        Shape (s, rules): whether somebody plays the role.
    rules
        The agreement.

    Returns
    -------
    Shape (s, rules + 1), whole fen; the last column is the rest's.

    Notes
    -----
    Largest remainder: Hamilton's method of apportionment.

    Examples
    --------
    >>> from settlement.rules import ShareRule
    >>> agreed = (ShareRule(role="guide", percent=33.33), ShareRule(role="kol", percent=10))
    >>> rules = ShareRules(rules=agreed, rest="brand")
    >>> split_margins(np.array([100]), np.array([[True, True]]), rules).tolist()
    [[33, 10, 57]]
    """
    pot = np.maximum(margin_fen, 0)
    fixed = _fixed(pot, present, rules)
    left = pot - fixed.sum(axis=1)
    points = _points(pot, rules) * present
    wanted, share = points.sum(axis=1), points * pot[:, None]
    short = wanted * pot > left * _WHOLE
    # Too little left: the same proportions of what there is, in units of 1 / (sum of points).
    share = np.where(short[:, None], points * left[:, None], share)
    unit = np.where(short, np.maximum(wanted, 1), _WHOLE)
    rest = left * unit - share.sum(axis=1)
    exact = np.concatenate((share, rest[:, None]), axis=1)
    shares = _largest_remainder(exact, unit, left)
    shares[:, :-1] += fixed
    shares[:, -1] += np.minimum(margin_fen, 0)
    return shares


def split_sales(sales: pd.DataFrame, rules: ShareRules, *, source: str = "sales") -> pd.DataFrame:
    """Return the shares of each sale, one row per party that gets or bears something.

    Parameters
    ----------
    sales
        ``sale_id``, ``margin_fen`` (`settlement.tables.MARGINS`) and one column per role with the party's id; roles
        of `rules` without a column are played by nobody.
    rules
        The agreement.
    source
        The file's name for messages.

    Returns
    -------
    DataFrame
        ``sale_id, role, party_id, share_fen``; per sale the shares sum to its margin.

    Raises
    ------
    TableError
        If a sale is wrong or names nobody for the rest.
    """
    checked = MARGINS.check(sales, source)
    names = pd.DataFrame({role: _party_ids(checked, role) for role in rules.roles}, index=checked.index)
    nobody = (names[rules.rest] == "").to_numpy()
    if nobody.any():
        row = int(np.argmax(nobody))
        raise TableError(
            source, rules.rest, "the id of who gets the rest", "an empty cell", row=row + 1, bad_rows=int(nobody.sum())
        )
    present = (names.iloc[:, :-1] != "").to_numpy(dtype=bool)
    shares = split_margins(checked["margin_fen"].to_numpy(np.int64), present, rules)
    kept = np.column_stack((present & (shares[:, :-1] != 0), np.ones(len(checked), dtype=bool)))
    sale, role = np.nonzero(kept)
    return pd.DataFrame(
        {
            "sale_id": checked["sale_id"].to_numpy()[sale],
            "role": np.array(rules.roles, dtype=object)[role],
            "party_id": names.to_numpy(dtype=object)[sale, role],
            "share_fen": shares[sale, role],
        }
    ).astype({"sale_id": "str", "role": "str", "party_id": "str"})


def _party_ids(sales: pd.DataFrame, role: str) -> pd.Series:
    if role not in sales:
        return pd.Series("", index=sales.index, dtype="str")
    return sales[role].astype("str").fillna("").str.strip()


def _fixed(pot: Fen, present: npt.NDArray[np.bool_], rules: ShareRules) -> Fen:
    amounts = np.array([rule.fixed_fen for rule in rules.rules], dtype=np.int64) * present
    before = np.cumsum(amounts, axis=1) - amounts
    fixed: Fen = np.clip(pot[:, None] - before, 0, amounts)
    return fixed


def _points(pot: Fen, rules: ShareRules) -> Fen:
    """Return the basis points of each rule at each margin, shape (s, rules)."""
    table = [[rule.basis_points(start) for rule in rules.rules] for start in rules.thresholds]
    band = np.searchsorted(np.array(rules.thresholds), pot, side="right") - 1
    points: Fen = np.array(table, dtype=np.int64).reshape(len(table), len(rules.rules))[band]
    return points


def _largest_remainder(exact: Fen, unit: Fen, total: Fen) -> Fen:
    """Round `exact / unit` per row to whole numbers that sum to `total`."""
    floors, remainders = np.divmod(exact, unit[:, None])
    missing = total - floors.sum(axis=1)
    by_remainder = np.argsort(-remainders, axis=1, kind="stable")
    rank = np.empty_like(by_remainder)
    np.put_along_axis(rank, by_remainder, np.arange(exact.shape[1])[None, :], axis=1)
    shares: Fen = floors + (rank < missing[:, None])
    return shares
