"""The cake beside each offer: what every party would get of a piece by the agreed rules, before anybody agrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError, TableError
from services.settle_sales import Told
from settlement.book import SaleShares, preview_of, share_sales
from settlement.rules import ShareRule, ShareRules
from settlement.tables import BINDINGS, SALES, TOUCHES

__all__ = ["Cake", "cake_of", "offer_shares", "piece_shares", "usual_cake"]

Ints = npt.NDArray[np.int64]
_ZONE = "Asia/Shanghai"
_NAMES = {"sellers": "parties"}
_NOBODY = "-"  # stands for the seller where none is known yet


@dataclass(frozen=True, kw_only=True, eq=False)
class Cake:
    """The agreement that offers would be settled by.

    Parameters
    ----------
    rules
        The agreement.
    seller_role
        The role that the small seller plays in it.
    parties
        Raw table of who left, took over, or brought whom (`settlement.tables.SELLERS`); None without one.
    """

    rules: ShareRules
    seller_role: str
    parties: pd.DataFrame | None = None


def usual_cake(seller_percent: float) -> Cake:
    """Return the agreement without rules: the seller gets a percentage of the margin, the brand the rest."""
    rule = ShareRule(role="seller", percent=round(seller_percent, 2))
    return Cake(rules=ShareRules(rules=(rule,), rest="brand"), seller_role="seller")


def cake_of(rules: ShareRules, seller_role: str | None, parties: pd.DataFrame | None = None) -> Cake:
    """Return an agreement with the role the seller plays: the one named, else the only one filled by no column.

    Raises
    ------
    InputError
        If the agreement has no such role, or it is the one that gets the rest.
    """
    own = [rule.role for rule in rules.rules if rule.depth == 1]
    role = seller_role or next((name for name in ("kol", "seller", "guide") if name in own), None)
    if role not in own:
        raise InputError(
            "seller_role", f"a role of the rules, of depth 1: {', '.join(own) or 'none'}", role or "nothing"
        )
    return Cake(rules=rules, seller_role=str(role), parties=parties)


def piece_shares(cake: Cake, styles: pd.DataFrame, brands: pd.Series, day: pd.Timestamp) -> tuple[Ints, np.ndarray]:
    """Return what the seller gets of a piece of each style, in fen, and what stands against it (empty: nothing).

    Raises
    ------
    InputError
        If a style's margin is more than its price; names the row.
    """
    shared = _shared(cake, styles, brands, pd.Series(_NOBODY, index=styles.index), day)
    at = shared.roles.index(cake.seller_role)
    return np.asarray(shared.split.takes_fen[:, at] - shared.split.pays_fen[:, at], np.int64), shared.reasons


def offer_shares(
    cake: Cake, styles: pd.DataFrame, brands: pd.Series, *, sellers: pd.Series, pieces: npt.NDArray[np.float64],
    day: pd.Timestamp,
) -> pd.DataFrame:  # fmt: skip
    """Return what each party would get of each offer: per piece, and of the pieces expected.

    Parameters
    ----------
    styles, brands, sellers, pieces
        One row per offer: the style's checked row, its brand, the seller, net pieces expected if it is accepted.

    Returns
    -------
    pandas.DataFrame
        ``seller_id, style_id, role, party_id, takes_fen, pays_fen, share_fen, margin_fen, problem`` per piece, and
        ``expected_fen``, whole fen.
    """
    shared = _shared(cake, styles, brands, sellers, day)
    told = preview_of(shared)
    offer = told["sale_id"].astype(np.int64).to_numpy()
    front = pd.DataFrame(
        {"seller_id": sellers.to_numpy()[offer], "style_id": styles["style_id"].to_numpy()[offer]}
    ).astype("str")
    expected = np.floor(told["share_fen"].to_numpy() * pieces[offer]).astype(np.int64)
    return pd.concat([front, told.drop(columns=["sale_id", "paid_fen"]).assign(expected_fen=expected)], axis=1)


def _shared(cake: Cake, styles: pd.DataFrame, brands: pd.Series, sellers: pd.Series, day: pd.Timestamp) -> SaleShares:
    """Divide one piece of each row: the column of a role names who plays it, the rest is the brand's."""
    price, margin = (styles[name].to_numpy(np.int64) for name in ("price_fen", "margin_fen"))
    if (margin > price).any():
        at = int((margin > price).argmax())
        raise TableError("styles", "margin_fen", f"at most the price, {price[at]}", int(margin[at]), row=at + 1)
    sales: dict[str, Any] = {name: styles[name].array for name in cake.rules.roles if name in styles}
    sales |= {
        "sale_id": np.arange(len(styles)).astype(str),
        "sold_at": pd.Series(pd.Timestamp(day, tz=_ZONE), index=range(len(styles))),
        "price_fen": price,
        "cost_fen": price - margin,
        "pieces": 1,
        cake.seller_role: sellers.to_numpy(dtype=object),
        cake.rules.rest: brands.to_numpy(dtype=object),
    }
    frame = pd.DataFrame(sales)
    told = Told(touches=_none(TOUCHES), bindings=_none(BINDINGS), sellers=cake.parties, sources=_NAMES)
    if _filling(cake) == "binding":
        # Customers it brings: each seller holds a binding of its own from the first day on.
        frame["binding_id"] = frame[cake.seller_role]
        own = frame[cake.seller_role].drop_duplicates().to_numpy()
        told = Told(
            touches=_none(TOUCHES), sellers=cake.parties,
            bindings=pd.DataFrame({"binding_id": own, "party_id": own, "starts_on": f"{day:%Y-%m-%d}"}),
            sources=_NAMES,
        )  # fmt: skip
    if cake.parties is None and cake.rules.needs("referrer") is not None:
        raise InputError("parties", f"who brought whom, for the role {cake.rules.needs('referrer')}", "nothing")
    return share_sales(SALES.check(frame), cake.rules, told.sides())


def _filling(cake: Cake) -> str:
    return next(rule.filled_by for rule in cake.rules.rules if rule.role == cake.seller_role)


def _none(schema: Any) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series([], dtype="str") for name in schema.required})
