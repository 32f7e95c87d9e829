"""Rates learned from counts: effects that multiply, then what each member of a group adds, as far as it is reliable.

``mean = exposure x base x effects x (1 - decay)^repeats x ratios``. Effects balance expected and counted totals (as in
a Poisson regression); ratios are credibility estimates, which are calibrated whatever the distribution of the members.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from contracts.errors import InputError

__all__ = ["Group", "Members", "Rates", "fit_rates"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Real = TypeVar("Real", bound=np.floating[Any])
_PULL = 5.0  # counts by which a level's effect is drawn to 1
_ROUNDS, _SWEEPS = 3, 4
_CUTS = (0.005, 0.02, *(i / 20 for i in range(1, 20)), 0.98, 0.995)
_CALM = 50.0
_MOST_PRIOR = 1e4  # a group whose members don't differ


class Members(NamedTuple):
    """A group of rows: the member of each (int [n]), how many there are, and the group that members are parts of."""

    member: Ints
    size: int
    parent: int = -1


@dataclass(frozen=True, eq=False)
class Group:
    """What the members of one group (sellers, styles, …) add.

    Parameters
    ----------
    prior_n
        How many expected counts the group's mean stands for, > 0: the inverse of the members' variance.
    seen, expected
        float [members], counts of each member and what was expected of it, both as far as rows can be relied on.
    """

    prior_n: float
    seen: Floats
    expected: Floats

    def taken(self, at: Ints) -> Group:
        """Return the group of other members: int [n], the place of each here, -1 for one without a record."""
        known, place = at >= 0, np.maximum(at, 0)
        return Group(self.prior_n, np.where(known, self.seen[place], 0.0), np.where(known, self.expected[place], 0.0))

    @property
    def ratio(self) -> Floats:
        """float64 [members]: the member's factor; 1 for one without a record."""
        return np.asarray((self.prior_n + self.seen) / (self.prior_n + self.expected))

    @property
    def spread(self) -> Floats:
        """float64 [members]: squared coefficient of variation of what is known of the factor."""
        return np.asarray(1.0 / (self.prior_n + self.seen))


@dataclass(frozen=True, eq=False)
class Rates:
    """A fitted rate.

    Parameters
    ----------
    base
        Counts per exposure at effects of 1.
    effects
        Per feature float [levels], > 0.
    decay
        Share lost per repeat, in [0, 1).
    groups
        What members add.
    noise
        Squared coefficient of variation of a row around its mean, Poisson noise aside.
    knots, factors
        float [k] each: what means of that size came to, as a multiple, when each row was foretold without itself.
    """

    base: float
    effects: tuple[Floats, ...]
    decay: float
    groups: tuple[Group, ...]
    noise: float
    knots: Floats
    factors: Floats

    def calibrated(self, mean: npt.NDArray[Real]) -> npt.NDArray[Real]:
        """Return means (any shape) as they came true when rows were foretold without themselves."""
        found: npt.NDArray[Real] = mean * np.interp(mean, self.knots, self.factors).astype(mean.dtype)
        return found


def fit_rates(
    exposure: Floats,
    count: Floats,
    codes: Ints,
    levels: Sequence[int],
    *,
    groups: Sequence[Members] = (),
    repeats: Ints | None = None,
) -> Rates:
    """Fit a rate.

    Parameters
    ----------
    exposure, count
        float [n], >= 0: what could have come of each row (an audience, an offer) and what came.
    codes, levels
        int [n, features] and how many levels each feature has: ``0 <= codes[:, f] < levels[f]``.
    groups
        Per group the member of each row and how many members there are; `parent` is the place of the group whose
        members it divides (a seller's categories), -1 for none.
    repeats
        int [n] >= 0, exposures before this one; None = none.

    Returns
    -------
    Rates

    Raises
    ------
    InputError
        If nothing was counted at all.

    Notes
    -----
    Effects: iterative proportional fitting. Ratios: Bühlmann and Straub (1970), rows weighed by
    ``mean / (1 + noise x mean)``.

    Examples
    --------
    >>> seller = np.repeat([0, 1], 50)
    >>> counts = np.where(seller == 0, 2.0, 6.0)
    >>> found = fit_rates(np.ones(100), counts, np.zeros((100, 1), np.int64), [1], groups=[Members(seller, 2)])
    >>> (found.base * found.groups[0].ratio).round(1).tolist()
    [2.0, 6.0]
    """
    if count.sum() <= 0:
        raise InputError("history", "at least one count to learn from", "none")
    model = _Fit(exposure, count, codes, levels, repeats)
    found = [Group(_MOST_PRIOR, np.zeros(one.size), np.zeros(one.size)) for one in groups]
    noise = 0.0
    for _ in range(_ROUNDS):
        model.sweep(_product(groups, found))
        mean = model.mean()
        variances, noise = _variances(count, mean, groups)
        reliable = 1.0 / (1.0 + noise * mean)
        for at, (one, variance) in enumerate(zip(groups, variances, strict=True)):
            others = mean * _product(groups, found, but=at)
            found[at] = _credibility(count * reliable, others * reliable, one, variance)
    alone = _without_itself(count, model.mean(), noise, groups, found)
    return Rates(model.base, tuple(model.effects), model.decay, tuple(found), noise, *_calibration(count, alone))


def _without_itself(
    count: Floats, mean: Floats, noise: float, groups: Sequence[Members], found: Sequence[Group]
) -> Floats:
    """Return what is foretold of each row by everything but the row."""
    alone = mean.copy()
    for at, (one, group) in enumerate(zip(groups, found, strict=True)):
        reliable = 1.0 / (1.0 + noise * mean)
        own = mean * _product(groups, found, but=at) * reliable
        seen = np.maximum(group.seen[one.member] - count * reliable, 0.0)
        alone *= (group.prior_n + seen) / (group.prior_n + np.maximum(group.expected[one.member] - own, 0.0))
    return alone


def _calibration(count: Floats, foretold: Floats) -> tuple[Floats, Floats]:
    """Return the mean of each class of what was foretold, and what came as a multiple of it; finer at the ends."""
    cuts = (np.array(_CUTS) * len(foretold)).astype(np.int64)
    parts = [part for part in np.split(np.argsort(foretold, kind="stable"), cuts) if len(part)]
    mean = np.array([foretold[part].mean() for part in parts])
    said = np.array([foretold[part].sum() for part in parts])
    came = np.array([count[part].sum() for part in parts])
    return np.maximum.accumulate(mean), (came + _CALM) / (said + _CALM)


def _product(groups: Sequence[Members], found: Sequence[Group], *, but: int = -1) -> Floats | float:
    """Return what the groups, but for one, add to each row."""
    product: Floats | float = 1.0
    for at, (one, group) in enumerate(zip(groups, found, strict=True)):
        if at != but:
            product = product * group.ratio[one.member]
    return product


class _Fit:
    """The effects while they are fitted."""

    def __init__(
        self, exposure: Floats, count: Floats, codes: Ints, levels: Sequence[int], repeats: Ints | None
    ) -> None:
        self.exposure, self.count, self.codes = exposure, count, codes
        self.repeats = np.zeros(len(count)) if repeats is None else repeats.astype(np.float64)
        self.effects = [np.ones(n) for n in levels]
        self.base = float(count.sum() / max(exposure.sum(), 1e-300))
        self.decay = 0.0
        self._seen = [np.bincount(codes[:, f], count, n) for f, n in enumerate(levels)]

    def mean(self) -> Floats:
        """Return float [n], the mean without groups."""
        mean = self.exposure * self.base * (1 - self.decay) ** self.repeats
        for f, effect in enumerate(self.effects):
            mean *= effect[self.codes[:, f]]
        return np.asarray(mean)

    def sweep(self, of_groups: Floats | float) -> None:
        """Balance expected and counted totals of every level, given what groups add."""
        mean = self.mean() * of_groups
        for _ in range(_SWEEPS):
            for f, seen in enumerate(self._seen):
                expected = np.bincount(self.codes[:, f], mean, seen.size)
                change = (seen + _PULL) / (expected + _PULL)
                self.effects[f] *= change
                mean *= change[self.codes[:, f]]
            mean *= self._tire(mean)
            change_all = self.count.sum() / max(float(mean.sum()), 1e-300)
            self.base *= change_all
            mean *= change_all

    def _tire(self, mean: Floats) -> Floats:
        """Return the change of the means by one Newton step on the log of what a repeat leaves."""
        slope = float((self.repeats * (self.count - mean)).sum())
        curve = float((self.repeats**2 * mean).sum()) + _PULL
        left = min(max(np.log1p(-self.decay) + slope / curve, -3.0), 0.0)
        change = np.exp((left - np.log1p(-self.decay)) * self.repeats)
        self.decay = float(-np.expm1(left))
        return np.asarray(change)


def _variances(count: Floats, mean: Floats, groups: Sequence[Members]) -> tuple[list[float], float]:
    """Return how members of each group vary, and rows beyond Poisson: squared coefficients of variation, by moments.

    Two rows of one member are off by the same factor: products of residuals of different rows tell its variance,
    however noisy the rows themselves are. Rows count the less, the larger their means.
    """
    weight = 1.0 / (1.0 + mean)
    off, weighed = (count - mean) * weight, mean * weight
    pairs = [_pairs(off, weighed, one) for one in groups]
    shared = []
    for at in range(len(groups)):
        inside = [pairs[i] for i, other in enumerate(groups) if other.parent == at]
        top, mass = (pairs[at][i] - sum(pair[i] for pair in inside) for i in (0, 1))
        shared.append(max(top / mass, 0.0) if mass > 0 else 0.0)
    alone = [
        (1.0 + v) / (1.0 + shared[one.parent]) - 1.0 if one.parent >= 0 else v
        for v, one in zip(shared, groups, strict=True)
    ]
    variances = [max(v, 0.0) for v in alone]
    whole = float((off**2 - count * weight**2).sum()) / max(float((weighed**2).sum()), 1e-300)
    return variances, max((1.0 + whole) / float(np.prod([1.0 + v for v in variances])) - 1.0, 0.0)


def _pairs(off: Floats, weighed: Floats, one: Members) -> tuple[float, float]:
    """Return the sums over pairs of different rows of one member: of products of residuals, and of means."""
    sums = []
    for values in (off, weighed):
        of_member = np.bincount(one.member, values, one.size)
        sums.append(float((of_member**2).sum()) - float((values**2).sum()))
    return sums[0], sums[1]


def _credibility(count: Floats, mean: Floats, one: Members, variance: float) -> Group:
    """Return what members add to the means of their rows, and how far that can be relied on."""
    seen: Floats = np.bincount(one.member, count, one.size).astype(np.float64)
    expected: Floats = np.bincount(one.member, mean, one.size).astype(np.float64)
    overall = float(seen.sum()) / max(float(expected.sum()), 1e-300)
    prior = min(1.0 / max(variance, 1e-300), _MOST_PRIOR)
    return Group(prior, seen / max(overall, 1e-300), expected)
