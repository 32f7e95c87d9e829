"""What terms of payment cost the one who grants them, as money per order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["DAYS_A_YEAR", "TermsPrice", "price_of_terms"]

Floats = npt.NDArray[np.float64]
DAYS_A_YEAR = 365.0


@dataclass(frozen=True, eq=False)
class TermsPrice:
    """The price of terms by its parts, in fen, each float64 of the orders' shape.

    Parameters
    ----------
    financing_fen
        Interest on the money that waits as agreed.
    delay_fen
        Interest on the money that is expected to come late.
    loss_fen
        Money expected never to come.
    """

    financing_fen: Floats
    delay_fen: Floats
    loss_fen: Floats

    @property
    def total_fen(self) -> Floats:
        """Sum of the parts."""
        return self.financing_fen + self.delay_fen + self.loss_fen


def price_of_terms(
    amount_fen: npt.ArrayLike,
    days: npt.ArrayLike,
    annual_rate: npt.ArrayLike,
    *,
    retained_share: npt.ArrayLike = 0.0,
    acceptance_days: npt.ArrayLike = 0.0,
    p_late: npt.ArrayLike = 0.0,
    days_late: npt.ArrayLike = 0.0,
    p_unpaid: npt.ArrayLike = 0.0,
    loss_share: npt.ArrayLike = 1.0,
) -> TermsPrice:
    """Return what it costs to wait for the money of orders; all arguments broadcast.

    With order amount A, rate r a year of 365 days and simple interest: the share that is not retained is paid after
    ``days`` d, the retained share s when its quality is accepted after ``acceptance_days`` q, but not before d:
    ``financing = A·r/365·((1 − s)·d + s·max(d, q))``. A payment that is late comes ``days_late`` later:
    ``delay = A·r/365·p_late·days_late``. One that never comes loses its share: ``loss = A·p_unpaid·loss_share``.

    Parameters
    ----------
    amount_fen
        What the order is worth, in fen, >= 0.
    days
        Days from invoice to due date, >= 0.
    annual_rate
        Interest a year, >= 0 (0.06 = 6 %).
    retained_share
        Share kept back until acceptance, in [0, 1].
    acceptance_days
        Days until its quality is accepted, >= 0.
    p_late, p_unpaid
        Probabilities that the buyer pays late, and never, in [0, 1]; from its scorecard.
    days_late
        How late a late payment is on average, in days, >= 0.
    loss_share
        Share of an unpaid order that is lost in the end, in [0, 1].

    Raises
    ------
    ValueError
        Naming an argument that is out of its range or not a number.

    Examples
    --------
    >>> price = price_of_terms(1_000_000, 60, 0.073, retained_share=0.1, acceptance_days=90)
    >>> round(float(price.total_fen), 2)
    12600.0
    """
    amount, days, rate = (
        _within(name, value, np.inf)
        for name, value in (("amount_fen", amount_fen), ("days", days), ("annual_rate", annual_rate))
    )
    share = _within("retained_share", retained_share, 1.0)
    a_day = amount * rate / DAYS_A_YEAR
    waits = (1 - share) * days + share * np.maximum(days, _within("acceptance_days", acceptance_days, np.inf))
    delay = a_day * _within("p_late", p_late, 1.0) * _within("days_late", days_late, np.inf)
    loss = amount * _within("p_unpaid", p_unpaid, 1.0) * _within("loss_share", loss_share, 1.0)
    financing, delay, loss = np.broadcast_arrays(a_day * waits, delay, loss)
    return TermsPrice(financing_fen=financing, delay_fen=delay, loss_fen=loss)


def _within(name: str, value: npt.ArrayLike, most: float) -> Floats:
    numbers = np.asarray(value, dtype=np.float64)
    if not (np.isfinite(numbers) & (numbers >= 0) & (numbers <= most)).all():
        raise ValueError(f"{name}: expected numbers >= 0" + (f" and <= {most:g}" if np.isfinite(most) else ""))
    return numbers
