"""Tie strength: grows with repeat trade, fades without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError

__all__ = ["TieParams", "tie_strength", "updated"]

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, kw_only=True)
class TieParams:
    """How ties grow and fade.

    Parameters
    ----------
    half_life_days
        Days without trade after which a tie is half as strong; h > 0.
    value_unit_fen
        Trade value that counts as one in ``log1p(value)``; > 0. By default 100 fen (1 CNY).
    """

    half_life_days: float = 180.0
    value_unit_fen: float = 100.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.half_life_days) and self.half_life_days > 0):
            raise ValueError(f"half_life_days: expected a number > 0, got {self.half_life_days}")
        if not (np.isfinite(self.value_unit_fen) and self.value_unit_fen > 0):
            raise ValueError(f"value_unit_fen: expected a number > 0, got {self.value_unit_fen}")


def updated(
    weight: npt.ArrayLike, days: npt.ArrayLike, amount_fen: npt.ArrayLike, params: TieParams | None = None
) -> npt.NDArray[np.float64]:
    """Return tie strengths after one more trade: ``w · 2^(-Δt / h) + log1p(value)``.

    Parameters
    ----------
    weight
        Strengths after the trade before, >= 0.
    days
        Days since that trade, >= 0.
    amount_fen
        Value of the trade in fen, >= 0; 0 only lets the tie fade.

    Examples
    --------
    >>> float(updated(3.0, 180.0, 0.0))
    1.5
    """
    params = params or TieParams()
    faded = np.asarray(weight, dtype=float) * np.exp2(-np.asarray(days, dtype=float) / params.half_life_days)
    strength: npt.NDArray[np.float64] = faded + np.log1p(np.asarray(amount_fen, dtype=float) / params.value_unit_fen)
    return strength


def tie_strength(trades: pd.DataFrame, as_of: pd.Timestamp, params: TieParams | None = None) -> pd.DataFrame:
    """Return the relation of each pair that traded by a day.

    The recursion of `updated` has a closed form: each trade adds ``log1p(value)``, faded since its own day. So the
    order of the rows does not matter and all pairs are computed at once.

    Parameters
    ----------
    trades
        ``src, dst, kind`` (text), ``at`` (date), ``amount_fen`` (>= 0). Rows after `as_of` are not looked at.
    as_of
        The day the strengths are for.

    Returns
    -------
    DataFrame
        ``src, dst, kind, weight, first_at, last_at, count, amount_fen``, sorted by the first three: columns of
        `graph.tables.RELATIONS`.

    Raises
    ------
    InputError
        If an amount is negative or not a number.
    """
    params = params or TieParams()
    amount = trades["amount_fen"].to_numpy(dtype=float)
    if not (np.isfinite(amount) & (amount >= 0)).all():
        raise InputError("trades: column 'amount_fen'", "numbers >= 0", float(amount[~(amount >= 0)][0]))
    past = trades[trades["at"] <= as_of]
    age = (np.datetime64(as_of) - past["at"].to_numpy()) / _DAY
    part = np.exp2(-age / params.half_life_days) * np.log1p(
        past["amount_fen"].to_numpy(dtype=float) / params.value_unit_fen
    )
    groups = past.assign(part=part).groupby(["src", "dst", "kind"], observed=True, sort=True)
    return groups.agg(
        weight=("part", "sum"),
        first_at=("at", "min"),
        last_at=("at", "max"),
        count=("at", "size"),
        amount_fen=("amount_fen", "sum"),
    ).reset_index()
