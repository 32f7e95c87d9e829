"""Splitting the cake: what each role gets and pays of each sale, in whole fen, to the last fen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from settlement.rules import ShareRule, ShareRules

__all__ = ["SaleLines", "Split", "apportion", "split_sales"]

Fen = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_WHOLE = 10_000


@dataclass(frozen=True, kw_only=True)
class SaleLines:
    """Sales as arrays, each of shape (s,), int64.

    Parameters
    ----------
    price_fen
        List price of the whole sale, in [0, `settlement.rules.LARGEST_FEN`].
    cost_fen
        What of it is no margin (goods, freight), in the same range.
    pieces
        Pieces, in [1, 1e6].
    order_number
        Which order of the shopper it is, 1 = the first.
    """

    price_fen: Fen
    cost_fen: Fen
    pieces: Fen
    order_number: Fen


@dataclass(frozen=True, kw_only=True)
class Split:
    """What the rules give of each sale. ``r`` roles, the rest's last.

    Parameters
    ----------
    takes_fen
        Shape (s, r): what each role gets before it pays for anything, >= 0.
    pays_fen
        Shape (s, r): what each role pays: a discount it bears, or what the sale lacks.
    margin_fen
        Shape (s,): price paid less cost; each row of `shares_fen` sums to it exactly.
    pot_fen
        Shape (s,): what is divided: the margin, at the list price where one role pays for the discount.
    paid_fen
        Shape (s,): what the shopper pays.
    short
        Shape (s,): whether the rules ask for more than there is to divide.
    """

    takes_fen: Fen
    pays_fen: Fen
    margin_fen: Fen
    pot_fen: Fen
    paid_fen: Fen
    short: Mask

    @property
    def shares_fen(self) -> Fen:
        """What each role is left with, shape (s, r)."""
        return self.takes_fen - self.pays_fen


def split_sales(lines: SaleLines, present: Mask, rules: ShareRules) -> Split:
    """Divide each sale's margin by the rules.

    A discount that nobody pays for comes off before anything is divided; one with a payer leaves the others' shares
    as at the list price. Percentages and fixed amounts are each sale's own. Fractions of a fen go by largest
    remainder (ties to the earlier role, the rest's last), so each row sums exactly to its margin. What is short is
    shown as paid by the rest's role; whether that is booked is a matter of ``rules.when_short``.

    Parameters
    ----------
    lines
        The sales.
    present
        Shape (s, rules): whether somebody plays the role.
    rules
        The agreement.

    Notes
    -----
    Largest remainder: Hamilton's method of apportionment.

    Examples
    --------
    >>> from settlement.rules import ShareRule
    >>> one = np.ones(1, dtype=np.int64)
    >>> lines = SaleLines(price_fen=one * 300, cost_fen=one * 200, pieces=one, order_number=one)
    >>> agreed = (ShareRule(role="guide", percent=33.33), ShareRule(role="kol", percent=10))
    >>> split_sales(lines, np.array([[True, True]]), ShareRules(rules=agreed, rest="brand")).shares_fen.tolist()
    [[33, 10, 57]]
    """
    discount, payer = _discounts(lines, present, rules)
    paid = lines.price_fen - discount
    margin = paid - lines.cost_fen
    pot = margin + np.where(payer >= 0, discount, 0)
    whole, fraction = np.divmod(_percentages(paid, pot, rules) * present, _WHOLE)
    asked = whole + _fixed(lines.pieces, rules) * present
    left = pot - asked.sum(axis=1)
    shares = np.column_stack((asked, left))
    _round(shares, fraction)
    rest = shares[:, -1].copy()
    pays = np.zeros_like(shares)
    pays[:, -1] = np.maximum(-rest, 0)
    shares[:, -1] = np.maximum(rest, 0)
    borne = np.flatnonzero(payer >= 0)
    pays[borne, payer[borne]] += discount[borne]
    short = (rest < 0) & (shares[:, :-1].sum(axis=1) > 0)
    made = {"margin_fen": margin, "pot_fen": pot, "paid_fen": paid}
    return Split(takes_fen=shares, pays_fen=pays, short=short, **made)


def apportion(shares_fen: Fen, kept: Fen, whole: Fen) -> Fen:
    """Return what is left of shares once only `kept` of `whole` pieces stay sold, to the fen.

    Parameters
    ----------
    shares_fen
        Shape (s, r), any sign.
    kept, whole
        Shape (s,), 0 <= kept <= whole, whole in [1, 1e6].

    Returns
    -------
    Shape (s, r). Rows sum to the part of the row's sum rounded down; kept = whole gives the shares, kept = 0 nothing.

    Examples
    --------
    >>> apportion(np.array([[50, -7, 58]]), np.array([1]), np.array([3])).tolist()
    [[17, -3, 19]]
    """
    times, over = np.divmod(shares_fen, whole[:, None])
    more, rest = np.divmod(over * kept[:, None], whole[:, None])
    left = times * kept[:, None] + more
    missing = rest.sum(axis=1) // whole
    found: Fen = left + (_rank(rest) < missing[:, None])
    return found


def _discounts(lines: SaleLines, present: Mask, rules: ShareRules) -> tuple[Fen, Fen]:
    """Return each sale's discount, half a fen rounded up, and the column of who pays for it (-1: nobody)."""
    discount = np.zeros_like(lines.price_fen)
    payer = np.full(len(discount), -1)
    for agreed in rules.discounts:
        rows = np.flatnonzero(lines.order_number == agreed.order_number)
        discount[rows] = (lines.price_fen[rows] * agreed.basis_points + _WHOLE // 2) // _WHOLE
        if agreed.paid_by is not None:
            place = rules.place[agreed.paid_by]
            there = present[rows, place] if place < present.shape[1] else np.ones(len(rows), dtype=bool)
            payer[rows] = np.where(there, place, present.shape[1])
    return discount, payer


def _percentages(paid: Fen, pot: Fen, rules: ShareRules) -> Fen:
    """Return the percentages of each rule in hundredths of a hundredth of a fen, shape (s, rules)."""
    found = np.zeros((len(pot), len(rules.rules)), dtype=np.int64)
    for column, rule in enumerate(rules.rules):
        base = np.maximum(pot, 0) if rule.of == "margin" else paid
        found[:, column] = base * _points(base, rule)
    return found


def _points(base: Fen, rule: ShareRule) -> Fen | int:
    if not rule.tiers:
        return rule.basis_points(0)
    starts = np.array([start for start, _ in rule.tiers])
    points: Fen = np.array([rule.basis_points(int(start)) for start in starts])[
        np.searchsorted(starts, base, "right") - 1
    ]
    return points


def _fixed(pieces: Fen, rules: ShareRules) -> Fen:
    """Return the fixed amounts, shape (s, rules)."""
    fixed = np.array([rule.fixed_fen for rule in rules.rules], dtype=np.int64)
    by_piece = np.array([rule.per == "piece" for rule in rules.rules], dtype=bool)
    found: Fen = fixed * np.where(by_piece, pieces[:, None], 1)
    return found


def _round(shares: Fen, fraction: Fen) -> None:
    """Give the fractions of a fen, of `_WHOLE`, to the largest ones; the last column pays for what it loses."""
    rows = np.flatnonzero(fraction.any(axis=1))
    over = fraction[rows]
    loose = over.sum(axis=1)
    parts = np.column_stack((over, -loose % _WHOLE))
    missing = parts.sum(axis=1) // _WHOLE
    shares[rows, -1] -= missing
    shares[rows] += _rank(parts) < missing[:, None]


def _rank(parts: Fen) -> npt.NDArray[np.intp]:
    """Return each column's place among its row's, the largest first, ties to the earlier."""
    order = np.argsort(-parts, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(parts.shape[1])[None, :], axis=1)
    return rank
