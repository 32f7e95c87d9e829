"""How much of a party's credit or purchases hangs on one other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

__all__ = ["COLUMNS", "CreditParams", "concentration"]

Ints = npt.NDArray[np.int64]
COLUMNS = ("party_id", "side", "total_fen", "counterparties", "largest_id", "largest_share", "herfindahl", "warning")


@dataclass(frozen=True, kw_only=True)
class CreditParams:
    """When to warn, and over how long to look back.

    Parameters
    ----------
    exposure_share
        Share of a supplier's exposure on one buyer above which to warn, in (0, 1]; a quarter is where banks' large
        exposures end (Basel Committee, Supervisory framework for large exposures, 2014).
    purchase_share
        Share of a buyer's purchases from one supplier above which to warn, in (0, 1].
    herfindahl
        Sum of squared shares above which to warn, in (0, 1]; 0.18 is where US merger guidelines (2023) call a market
        highly concentrated.
    window_days
        Days of purchases and invoices that shares and days sales outstanding look back on, >= 1.
    """

    exposure_share: float = 0.25
    purchase_share: float = 0.5
    herfindahl: float = 0.18
    window_days: int = 90

    def __post_init__(self) -> None:
        for name in ("exposure_share", "purchase_share", "herfindahl"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected a number in (0, 1], got {getattr(self, name)}")
        if self.window_days < 1:
            raise ValueError(f"window_days: expected a whole number >= 1, got {self.window_days}")


def concentration(positions: pd.DataFrame, params: CreditParams | None = None) -> pd.DataFrame:
    """Return, per party and side, how concentrated it is.

    Parameters
    ----------
    positions
        Columns ``buyer_id, supplier_id, exposure_fen, purchases_fen``, one row per pair.
    params
        When to warn.

    Returns
    -------
    DataFrame
        `COLUMNS`; ``side`` is ``supplier`` (shares of its exposure by buyer) or ``buyer`` (shares of its purchases by
        supplier). ``herfindahl`` is the sum of the squared shares: 1 with one counterparty, 1/n with n equal ones.
        Parties without anything on a side have no row of it. ``warning`` is empty where there is none.
    """
    params = params or CreditParams()
    sides = [_side(positions, side, params) for side in ("supplier", "buyer")]
    return pd.concat(sides, ignore_index=True)


def _side(positions: pd.DataFrame, side: str, params: CreditParams) -> pd.DataFrame:
    other, amount, most_share, what = {
        "supplier": ("buyer", "exposure_fen", params.exposure_share, "exposure is on one buyer"),
        "buyer": ("supplier", "purchases_fen", params.purchase_share, "purchases are from one supplier"),
    }[side]
    rows = positions[positions[amount] > 0]
    (party, ids), (counter, others) = (pd.factorize(rows[f"{end}_id"], sort=True) for end in (side, other))
    value = rows[amount].to_numpy(np.float64)
    total = np.bincount(party, value, len(ids))
    share = value / total[party] if len(rows) else value
    order = np.lexsort((counter, -share, party))
    first = order[np.flatnonzero(np.diff(party[order], prepend=-1))]
    herfindahl = np.bincount(party, share**2, len(ids))
    shares = share[first]
    warning = np.full(len(ids), "", dtype=object)
    for at in np.flatnonzero(herfindahl > params.herfindahl):
        warning[at] = f"its Herfindahl index is {herfindahl[at]:.2f}"
    for at in np.flatnonzero(shares > most_share):
        warning[at] = f"{100 * shares[at]:.0f} % of its {what}"
    columns = {
        "party_id": pd.Series(ids, dtype="str"),
        "side": pd.Series([side] * len(ids), dtype="str"),
        "total_fen": total.astype(np.int64),
        "counterparties": np.bincount(party, minlength=len(ids)),
        "largest_id": pd.Series(pd.Index(others).take(counter[first]), dtype="str"),
        "largest_share": shares,
        "herfindahl": herfindahl,
        "warning": pd.Series(warning, dtype="str"),
    }
    return pd.DataFrame(columns, columns=list(COLUMNS))
