"""Capacity that styles share goes to the pieces that earn most with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["share_capacity"]

_HALVINGS = 60


def share_capacity(
    sizes: NDArray[np.float64], profit: NDArray[np.float64], capacity: float, *, most: float = np.inf
) -> tuple[NDArray[np.int64], float]:
    """Pick one size per style so that they fit together, at the price of capacity that makes them fit.

    Parameters
    ----------
    sizes, profit
        Pieces and profit of each size, shape (n, s); each row has a size 0.
    capacity
        Pieces in all.
    most
        Price per piece at which more can be bought.

    Returns
    -------
    choice
        Column of each style's size, shape (n,).
    price
        What one more piece of capacity is worth, 0 if there is enough.

    Examples
    --------
    >>> sizes, profit = np.array([[0.0, 10], [0, 10]]), np.array([[0.0, 50], [0, 80]])
    >>> choice, price = share_capacity(sizes, profit, 10)
    >>> choice.tolist(), round(price, 6)
    ([0, 1], 5.0)
    """
    free = _best(sizes, profit, 0.0)
    if _used(sizes, free) <= capacity:
        return free, 0.0
    low, high = 0.0, float(_dearest(sizes, profit))
    if high > most:
        high = most
        if _used(sizes, _best(sizes, profit, most)) > capacity:
            return _best(sizes, profit, most), most
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        fits = _used(sizes, _best(sizes, profit, middle)) <= capacity
        low, high = (low, middle) if fits else (middle, high)
    return _fill(sizes, profit, capacity, _best(sizes, profit, high)), high


def _best(sizes: NDArray[np.float64], profit: NDArray[np.float64], price: float) -> NDArray[np.int64]:
    return np.asarray((profit - price * sizes).argmax(axis=1))


def _used(sizes: NDArray[np.float64], choice: NDArray[np.int64]) -> float:
    return float(sizes[np.arange(len(sizes)), choice].sum())


def _dearest(sizes: NDArray[np.float64], profit: NDArray[np.float64]) -> float:
    """Return a price at which nobody wants anything."""
    nothing = np.where(sizes == 0, profit, -np.inf).max(axis=1, keepdims=True)
    gain = np.where(sizes > 0, profit - nothing, 0.0)
    return float((gain / np.maximum(sizes, 1e-9)).max()) + 1.0


def _fill(
    sizes: NDArray[np.float64], profit: NDArray[np.float64], capacity: float, choice: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Give what is left to the exchanges that earn most per piece, as long as any fits."""
    rows = np.arange(len(sizes))
    choice = choice.copy()
    while True:
        more = sizes - sizes[rows, choice][:, None]
        gain = profit - profit[rows, choice][:, None]
        fits = (more > 0) & (more <= capacity - _used(sizes, choice)) & (gain > 0)
        if not fits.any():
            return choice
        rate = np.where(fits, gain / np.maximum(more, 1e-9), -np.inf)
        style, size = np.unravel_index(int(rate.argmax()), rate.shape)
        choice[style] = size
