"""What an order for a style on sale is worth, now and at a later look, given a forecast of its total.

The forecast is a quantile function Q; a total is ``Q(Phi(z))`` with z standard normal. A later look narrows the
forecast by ``kappa`` (its log spread over today's): it shows b of ``z = sqrt(1 - kappa^2) b + kappa e``. Averaged over
b this is today's forecast again, whatever its shape, so waiting is never paid for news that are not there.

From now on a style's demand falls into epochs between arrivals; stock is sold in each as far as it goes, what is not
served is lost. For given earlier arrivals the value of one more order is a newsvendor's: the pieces it could still
serve ("need") rise with the total, so the best size is the need at the critical fractile.

References
----------
Fisher, M., Raman, A. (1996). Reducing the cost of demand uncertainty through accurate response to early sales.
Operations Research 44(1). Raiffa, H., Schlaifer, R. (1961). Applied Statistical Decision Theory (preposterior
analysis).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["Margins", "Outlook", "normal_nodes", "sellable", "totals_at"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Margins:
    """Money per piece, each of shape (n,): what a sale brings, what an order costs, what is left is worth."""

    price: Floats
    cost: Floats
    salvage: Floats

    @property
    def fractile(self) -> Floats:
        """Newsvendor's critical fractile (price - cost) / (price - salvage), in (0, 1)."""
        return np.asarray((self.price - self.cost) / (self.price - self.salvage))

    def gain(self, order: Floats, served: Floats) -> Floats:
        """Return the expected gain of an order, given how many pieces of it are expected to be sold."""
        shape = self.price.shape + (1,) * (np.ndim(order) - 1)
        price, cost, salvage = (part.reshape(shape) for part in (self.price, self.cost, self.salvage))
        return np.asarray((price - salvage) * served - (cost - salvage) * order)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """Stock and demand of each style from now on.

    Parameters
    ----------
    levels, quantiles
        Forecast of the total: levels (l,) rising in (0, 1), pieces (n, l) not falling.
    demanded
        Pieces demanded so far, shape (n,): the rest of the total is still to come.
    shares
        Share of that rest in each epoch between arrivals, shape (n, epochs), each row summing to 1.
    arrivals
        Pieces that arrive at the start of each epoch, shape (n, epochs): the first column is the stock on hand.
    """

    levels: Floats
    quantiles: Floats
    demanded: Floats
    shares: Floats
    arrivals: Floats

    def rest(self, z: Floats) -> Floats:
        """Return the demand still to come at standard scores z, shape (n, ...) or (...)."""
        total = totals_at(self.levels, self.quantiles, z)
        return np.asarray(np.maximum(0.0, total - _along(self.demanded, total)))

    def before(self, rest: Floats, epoch: int, extra: Floats | float = 0.0, at: int = 0) -> tuple[Floats, Floats]:
        """Return what is sold before an epoch and the stock that reaches it, for demands `rest` (n, ...).

        Parameters
        ----------
        extra, at
            Further pieces that arrive at the start of the epoch `at`.
        """
        sold, stock = np.zeros_like(rest), np.zeros_like(rest)
        for now in range(epoch + 1):
            stock = stock + _along(self.arrivals[:, now], rest) + (extra if now == at else 0.0)
            if now < epoch:
                served = np.minimum(stock, _along(self.shares[:, now], rest) * rest)
                sold, stock = sold + served, stock - served
        return sold, stock

    def need(self, rest: Floats, epoch: int, extra: Floats | float = 0.0, at: int = 0) -> Floats:
        """Return the pieces that an order arriving at an epoch could still serve, for demands `rest` (n, ...)."""
        stock = self.before(rest, epoch, extra, at)[1]
        wanted = np.zeros_like(rest)
        for later in range(epoch, self.shares.shape[1]):
            if later > epoch:
                stock = stock + _along(self.arrivals[:, later], rest)
            demand = _along(self.shares[:, later], rest) * rest
            served = np.minimum(stock, demand)
            wanted, stock = wanted + demand - served, stock - served
        return np.asarray(wanted)

    def value(self, rest: Floats, margins: Margins, extra: Floats | float = 0.0, at: int = 0) -> Floats:
        """Return revenue and salvage of all that is there or arrives, without its cost, for demands (n, ...)."""
        last = self.shares.shape[1] - 1
        sold, stock = self.before(rest, last, extra, at)
        served = np.minimum(stock, _along(self.shares[:, last], rest) * rest)
        price, salvage = _along(margins.price, rest), _along(margins.salvage, rest)
        return np.asarray(price * (sold + served) + salvage * (stock - served))


def totals_at(levels: Floats, quantiles: Floats, z: Floats) -> Floats:
    """Return the totals at standard scores, linear in log1p(pieces) between quantiles and beyond them.

    Parameters
    ----------
    levels, quantiles
        Levels (l,) and pieces (n, l), l >= 1; with one quantile every total is that number.
    z
        Standard scores, shape (...) the same for all, or (n, ...).

    Returns
    -------
    array
        Pieces, shape (n, ...).

    Examples
    --------
    >>> np.round(totals_at(np.array([0.1, 0.5, 0.9]), np.array([[10.0, 100.0, 1000.0]]), np.array([0.0, 1.2815515])))
    array([[ 100., 1000.]])
    """
    n, size = quantiles.shape
    scores, logs = ndtri(levels), np.log1p(quantiles)
    z = np.broadcast_to(z, (n, *np.shape(z)[1:])) if np.ndim(z) > 1 else np.broadcast_to(z, (n, *np.shape(z)))
    if size == 1:
        return np.array(np.broadcast_to(quantiles.reshape((n,) + (1,) * (z.ndim - 1)), z.shape))
    piece = np.clip(np.searchsorted(scores, z) - 1, 0, size - 2)
    slope = np.diff(logs, axis=1) / np.diff(scores)
    flat = piece.reshape(n, -1)
    low = np.take_along_axis(logs[:, :-1], flat, axis=1).reshape(z.shape)
    steep = np.take_along_axis(slope, flat, axis=1).reshape(z.shape)
    return np.asarray(np.maximum(0.0, np.expm1(low + steep * (z - scores[piece]))))


def normal_nodes(k: int) -> Floats:
    """Return k equally likely standard scores with mean 0 and variance 1 (0 alone for k = 1)."""
    nodes = np.asarray(ndtri((np.arange(k) + 0.5) / k))
    return nodes / nodes.std() if k > 1 else nodes


def sellable(order: Floats, minimum: Floats) -> Floats:
    """Return orders raised to the minimum; nothing stays nothing."""
    return np.asarray(np.where(order > 0, np.maximum(order, minimum), 0.0))


def _along(values: Floats, like: Floats) -> Floats:
    return values.reshape(values.shape + (1,) * (like.ndim - 1))
