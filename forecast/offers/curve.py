"""How the orders of a promotion come over the days after it, and on which weekdays people order more."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from forecast.offers.rates import fit_rates

__all__ = ["order_curve"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_WEEK = 7


def order_curve(promoted: Floats, orders: Floats, first_weekday: int) -> tuple[Floats, Floats]:
    """Return the lag curve and the weekdays' factors.

    Parameters
    ----------
    promoted
        float [D], what was promoted on each day: promotions, or the pieces expected of them.
    orders
        float [D, L], orders of the promotions of day d on the days d, d + 1, …; those not over yet are NaN.
    first_weekday
        Weekday of the first day, 0 = Monday.

    Returns
    -------
    lag, weekday
        float [L], shares that sum to 1, and float [7], factors whose mean is 1.

    Examples
    --------
    >>> lag, weekday = order_curve(np.ones(14), np.tile([3.0, 1.0], (14, 1)), 0)
    >>> lag.round(2).tolist(), weekday.round(2).tolist()
    ([0.75, 0.25], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    """
    day, after = np.nonzero(~np.isnan(orders))
    weekday = (first_weekday + day + after) % _WEEK
    codes = np.column_stack([after, weekday])
    found = fit_rates(promoted[day], orders[day, after], codes, [orders.shape[1], _WEEK])
    lag, factor = found.effects[0], found.effects[1]
    return np.asarray(lag / lag.sum()), np.asarray(factor / factor.mean())
