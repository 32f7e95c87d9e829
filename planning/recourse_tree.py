"""What may be learnt of demand before it must be decided, as a small tree of branches per item.

An item's level is one uncertain number, its normal score: the demand of a bucket is the forecast's quantile function at
it. The market's next move and the next updates of the item's forecast each tell a part. A branch stands for what they
may say; what stays unknown within it is spread over a few paths. Decisions that are made before an update are the same
on all branches that it parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from planning.problem import Floats, Ints
from planning.recourse_outlook import Outlook

__all__ = ["Branches", "Quantiles", "branch", "middles"]

_UPDATE = 0.9  # a forecast is updated when its variance falls to this share
_WIDEST = 3.0  # scores beyond are not looked at


@dataclass(frozen=True, kw_only=True)
class Branches:
    """L branches of P items over T buckets, with J paths within each.

    Parameters
    ----------
    chance
        Shape (P, L): probability of a branch; rows sum to 1, an unused branch has 0.
    pieces
        Shape (P, L, J, T): demand in a bucket on a path of a branch, >= 0; non-decreasing over J.
    path_chance
        Shape (J,): probability of a path within its branch.
    same_as
        Shape (P, L, T): the first branch that cannot be told from this one when work for the bucket is released.
    market
        Shape (L,): which move of the market, from 0 on, the branch belongs to.
    market_chance
        Probability of each move.
    """

    chance: Floats
    pieces: Floats
    path_chance: Floats
    same_as: Ints
    market: Ints
    market_chance: Floats


@dataclass(frozen=True, kw_only=True)
class Quantiles:
    """Demand by quantile level: pieces (P, K, T), non-decreasing over K, at levels (K,)."""

    pieces: Floats
    levels: Floats

    def at(self, score: Floats) -> Floats:
        """Return demand at normal scores of shape (P, ..., T): straight lines between the levels and beyond.

        The lines are in logarithms where all of a bucket's quantiles are positive.
        """
        p, k, t = self.pieces.shape
        flat = np.clip(score.reshape(p, -1, t), -_WIDEST, _WIDEST)
        if k == 1:
            return np.broadcast_to(self.pieces, flat.shape).reshape(score.shape).copy()
        known = norm.ppf(self.levels)
        left = np.clip(np.searchsorted(known, flat) - 1, 0, k - 2)
        share = (flat - known[left]) / (known[left + 1] - known[left])
        low = np.take_along_axis(self.pieces, left, axis=1)
        high = np.take_along_axis(self.pieces, left + 1, axis=1)
        positive = np.broadcast_to(self.pieces[:, :1] > 0, low.shape)
        straight = np.maximum(low + share * (high - low), 0.0)
        curved = np.where(positive, low, 1.0) ** (1 - share) * np.where(positive, high, 1.0) ** share
        return np.asarray(np.where(positive, curved, straight).reshape(score.shape))


def middles(n: int) -> tuple[Floats, Floats]:
    """Return n equally likely normal scores, each the mean of its part, and their probabilities.

    Examples
    --------
    >>> middles(2)[0].round(3).tolist()
    [-0.798, 0.798]
    """
    borders = norm.ppf(np.linspace(0, 1, n + 1))
    return n * -np.diff(norm.pdf(borders)), np.full(n, 1 / n)


@dataclass(frozen=True, kw_only=True)
class _Update:
    """One level of the tree: when it is known (P,), how wide it is (P,), and into how many branches it parts.

    The market's move parts all items, those too whose own demand it leaves alone: their work competes with the rest.
    """

    at: Ints
    width: Floats
    n: int
    is_market: bool = False

    @property
    def parts(self) -> NDArray[np.bool_]:
        return (self.width > 1e-9) | self.is_market


def branch(
    quantiles: Quantiles, expected: Outlook, *, firm: int, own: tuple[int, ...], market: int, n_paths: int
) -> Branches:
    """Branch each item at the market's next move and at its own next updates.

    Parameters
    ----------
    firm
        Buckets ahead at which releases are fixed.
    own
        Into how many branches each of an item's next updates parts.
    market
        Into how many branches the market's next move parts, if items move together.
    """
    updates, left = _updates(expected, own, market)
    n_items, n_buckets = expected.spread.shape[0], expected.spread.shape[1] - 1
    leaves = list(product(*(range(update.n) for update in updates)))
    chance, shift = np.ones((n_items, len(leaves))), np.zeros((n_items, len(leaves)))
    same_as = np.tile(np.arange(len(leaves))[:, None], (n_items, 1, n_buckets))
    number = {leaf: index for index, leaf in enumerate(leaves)}
    bucket = np.arange(n_buckets)
    for index, leaf in enumerate(leaves):
        for depth in reversed(range(len(updates))):
            update = updates[depth]
            scores, chances = middles(update.n)
            shift[:, index] += update.width * scores[leaf[depth]]
            chance[:, index] *= np.where(update.parts, chances[leaf[depth]], float(leaf[depth] == 0))
            twin = number[leaf[:depth] + (0,) * (len(updates) - depth)]
            together = (bucket < update.at[:, None] + firm) | ~update.parts[:, None]
            same_as[:, index] = np.where(together, twin, same_as[:, index])
    within, path_chance = middles(n_paths)
    stated = np.where(expected.stated > 0, expected.stated, 1.0)[:, None, None]
    score = (shift[:, :, None] + left[:, None, None] * within) / stated
    pieces = quantiles.at(np.repeat(score[..., None], n_buckets, axis=3)) * expected.factor[:, None, None, None]
    common = updates[0].is_market
    return Branches(
        chance=chance,
        pieces=pieces,
        path_chance=path_chance,
        same_as=same_as,
        market=np.array([leaf[0] if common else 0 for leaf in leaves]),
        market_chance=middles(market)[1] if common else np.ones(1),
    )


def _updates(expected: Outlook, own: tuple[int, ...], market: int) -> tuple[list[_Update], Floats]:
    """Return the levels of the tree and the spread left after the last one, shape (P,)."""
    n_items, n_buckets = expected.spread.shape[0], expected.spread.shape[1] - 1
    updates = []
    spread = expected.spread[:, 0]
    taken = np.zeros(n_items)
    if expected.market > 0 and market > 1:
        taken = np.minimum(expected.market, spread)
        updates.append(_Update(at=np.ones(n_items, np.int64), width=taken, n=market, is_market=True))
    at = np.zeros(n_items, np.int64)
    for n in own:
        falls = expected.spread**2 <= _UPDATE * spread[:, None] ** 2
        falls &= (np.arange(n_buckets + 1) > at[:, None]) & (spread > 1e-9)[:, None]
        falls[:, n_buckets] = False
        comes = falls.any(axis=1)
        at = np.where(comes, falls.argmax(axis=1), n_buckets)
        after = np.where(comes, expected.spread[np.arange(n_items), at], spread)
        width = np.sqrt(np.maximum(spread**2 - after**2 - taken**2, 0.0))
        updates.append(_Update(at=at, width=width, n=n))
        taken = np.sqrt(np.maximum(taken**2 - spread**2 + after**2, 0.0))
        spread = after
    return updates, np.sqrt(np.maximum(spread**2 - taken**2, 0.0))
