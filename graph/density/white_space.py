"""What areas would sell that nobody covers yet."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["expected_sales"]

Floats = npt.NDArray[np.float64]


def expected_sales(
    potential: Floats, like_potential: Floats, like_sales: Floats, *, look_alikes: int
) -> tuple[Floats, Floats, Floats]:
    """Return what areas would sell at the median penetration of areas like them, with a range.

    Parameters
    ----------
    potential
        Shape (w,), > 0: of the areas asked about.
    like_potential, like_sales
        Shapes (c,): potential > 0 and sales >= 0 of the areas that are covered.
    look_alikes
        How many of them to look at: those whose potential is closest in ratio.

    Returns
    -------
    expected, low, high
        Shapes (w,): potential times the median, the 10 % and the 90 % quantile of their penetration; NaN if none is
        covered.

    Examples
    --------
    >>> like = np.array([100.0, 110.0, 5000.0]), np.array([10.0, 22.0, 2500.0])
    >>> [round(float(v[0]), 2) for v in expected_sales(np.array([105.0]), *like, look_alikes=2)]
    [15.75, 11.55, 19.95]
    """
    if not len(like_potential) or not len(potential):
        none = np.full(len(potential), np.nan)
        return none, none.copy(), none.copy()
    order = np.lexsort((like_sales, like_potential))
    size, rate = np.log(like_potential[order]), (like_sales / like_potential)[order]
    k = min(look_alikes, len(size))
    wanted = np.log(potential)
    # The k nearest of a sorted list are neighbours in it: k below and k above hold them all.
    window = np.searchsorted(size, wanted)[:, None] + np.arange(-k, k)
    far = np.where((window >= 0) & (window < len(size)), 0.0, np.inf)
    window = np.clip(window, 0, len(size) - 1)
    nearest = np.argsort(np.abs(size[window] - wanted[:, None]) + far, axis=1, kind="stable")[:, :k]
    rates = rate[np.take_along_axis(window, nearest, axis=1)]
    low, median, high = np.quantile(rates, [0.1, 0.5, 0.9], axis=1)
    return potential * median, potential * low, potential * high
