"""Smoothed rates of many parties at once: own observations, the prior of their group, third parties."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv, gammaincinv

__all__ = ["ORIGINS", "Groups", "Observations", "Rate", "smoothed_rate"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ORIGINS = ("own", "prior", "third_party")


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Which party and which group (category, kind of buyer) each observation belongs to.

    Parameters
    ----------
    party
        Position of the party, shape (rows,), in [0, n).
    group
        Number of the group, shape (rows,).
    weight
        How much each row counts, faded, shape (rows,): a party's prior is the mean of its rows' groups by it.
    n
        Parties, those without rows included.
    """

    party: Ints
    group: Ints
    weight: Floats
    n: int

    def per_party(self, value: Floats) -> Floats:
        """Return the sums of rows' values by party, shape (n,)."""
        return _sums(self.party, value, self.n)

    def expected(self, value: Floats, weight: Floats, prior: float, overall: float) -> Floats:
        """Return, per party, the mean that its groups let expect; the overall one without rows, shape (n,).

        Parameters
        ----------
        value, weight
            Weighted values and weights by row; zeros where unknown.
        prior
            Observations that the overall mean counts for in each group's.
        overall
            Mean of all.
        """
        groups = int(self.group.max(initial=-1)) + 1
        of_group = _sums(self.group, value, groups) + prior * overall
        of_group /= _sums(self.group, weight, groups) + prior
        total = self.per_party(self.weight)
        mixed = self.per_party(of_group[self.group] * self.weight)
        expected: Floats = np.divide(mixed, total, out=np.full(self.n, overall), where=total > 0)
        return expected


@dataclass(frozen=True, kw_only=True)
class Observations:
    """Good ones and all of them, by party, shape (parties,); weighted, so that they need not be whole."""

    good: Floats
    n: Floats

    @classmethod
    def none(cls, parties: int) -> Observations:
        """Return no observations."""
        return cls(good=np.zeros(parties), n=np.zeros(parties))


@dataclass(frozen=True, kw_only=True)
class Rate:
    """One rate of many parties: what is known of it from three origins, and its posterior.

    Parameters
    ----------
    name
        Its name in the card.
    own, third_party
        Observations of the party itself, and what third parties say.
    prior_mean, prior_n
        Mean of the party's group, shape (parties,), and how many observations it counts for.
    overall
        Mean of all: what is expected of a newcomer; NaN if nothing is known of anybody.
    low
        Posterior quantile at which the range begins.
    unit
        What one observation is.
    poisson
        Whether the good ones are rare events counted over an exposure (Gamma) instead of a share (Beta).

    Examples
    --------
    Three of four deliveries were good, of the category 80 %, which counts for ten:

    >>> own = Observations(good=np.array([3.0]), n=np.array([4.0]))
    >>> rate = Rate(name="otif", own=own, third_party=Observations.none(1), prior_mean=np.array([0.8]), prior_n=10)
    >>> float(rate.value[0]), float(rate.range()[0][0].round(3))
    (0.7857142857142857, 0.64)
    """

    name: str
    own: Observations
    third_party: Observations
    prior_mean: Floats
    prior_n: float
    overall: float = np.nan
    low: float = 0.1
    unit: str = "deliveries"
    poisson: bool = False

    @property
    def good(self) -> Floats:
        """Good observations, the prior's included."""
        return self.own.good + self.third_party.good + self.prior_n * self.prior_mean

    @property
    def n(self) -> Floats:
        """Observations, the prior's included."""
        return self.own.n + self.third_party.n + self.prior_n

    @property
    def evidence_n(self) -> Floats:
        """Observations without the prior's; NaN where nothing is known of anybody."""
        return np.where(np.isnan(self.prior_mean), np.nan, self.own.n + self.third_party.n)

    @property
    def value(self) -> Floats:
        """Posterior mean; NaN where nothing is known of anybody."""
        return self.good / self.n

    def range(self) -> tuple[Floats, Floats]:
        """Return the posterior quantiles `low` and 1 - `low`."""
        return self._quantile(self.low), self._quantile(1 - self.low)

    def origin(self, name: str) -> tuple[Floats, Floats]:
        """Return the good observations and all of them that come from an origin (`ORIGINS`)."""
        if name == "prior":
            return self.prior_n * self.prior_mean, np.full(len(self.own.n), self.prior_n)
        of = self.own if name == "own" else self.third_party
        return of.good, of.n

    def shares(self) -> dict[str, Floats]:
        """Return how much of the evidence came from each origin; they sum to 1, NaN where nothing is known."""
        known = np.where(np.isnan(self.prior_mean), np.nan, self.n)
        return {name: self.origin(name)[1] / known for name in ORIGINS}

    def of(self, at: int) -> Rate:
        """Return the rate of one of its parties."""
        own, told = (Observations(good=of.good[[at]], n=of.n[[at]]) for of in (self.own, self.third_party))
        return replace(self, own=own, third_party=told, prior_mean=self.prior_mean[[at]])

    def newcomer(self) -> Rate:
        """Return the rate of one party of which nothing is known: the mean of all."""
        none = Observations.none(1)
        return replace(self, own=none, third_party=none, prior_mean=np.array([self.overall]))

    def columns(self, scale: float = 1.0) -> dict[str, Floats]:
        """Return the card's columns of the rate: value, range, evidence and where it came from."""
        low, high = self.range()
        values = {"": self.value * scale, "_low": low * scale, "_high": high * scale, "_n": self.evidence_n}
        values |= {f"_{origin}": share for origin, share in self.shares().items()}
        return {f"{self.name}{ending}": value for ending, value in values.items()}

    def _quantile(self, q: float) -> Floats:
        if np.isnan(self.prior_mean).all():
            return np.full(len(self.own.n), np.nan)
        quantile: Floats = (
            gammaincinv(self.good, q) / self.n if self.poisson else betaincinv(self.good, self.n - self.good, q)
        )
        return quantile


def smoothed_rate(
    name: str,
    rows: Groups,
    share: Floats,
    *,
    prior: float,
    exposure: Floats | None = None,
    third_party: Observations | None = None,
    extra_good: Floats | None = None,
    low: float = 0.1,
    unit: str = "deliveries",
    poisson: bool = False,
) -> Rate:
    """Return the parties' rate whose prior is the mean of their groups, itself shrunk to the mean of all.

    Half an observation good and half not, as old as the others, is added to the mean of all: where everything went
    well so far, a failure remains possible.

    Parameters
    ----------
    share
        Good share of each row, shape (rows,), in [0, 1]; NaN = unknown, does not count.
    prior
        Observations that the group's mean counts for, > 0.
    exposure
        Observations in each row; 1 by default.
    third_party
        What third parties say; nothing by default.
    extra_good
        Good ones by party that belong to no row, shape (n,).
    """
    known = ~np.isnan(share)
    size = np.where(known, 1.0 if exposure is None else exposure, 0.0)
    weight = rows.weight * size
    value = np.where(known, share, 0.0) * weight
    others = third_party or Observations.none(rows.n)
    own_n = rows.per_party(weight)
    own_good = np.minimum(rows.per_party(value) + (0.0 if extra_good is None else extra_good), own_n)
    good, n = own_good.sum() + others.good.sum(), own_n.sum() + others.n.sum()
    one = weight.sum() / size.sum() if size.sum() > 0 else 1.0
    overall = (good + 0.5 * one) / (n + one) if n > 0 else np.nan
    return Rate(
        name=name,
        own=Observations(good=own_good, n=own_n),
        third_party=others,
        prior_mean=rows.expected(value, weight, prior, overall),
        prior_n=prior,
        overall=float(overall),
        low=low,
        unit=unit,
        poisson=poisson,
    )


def _sums(number: Ints, value: Floats, n: int) -> Floats:
    sums: Floats = np.bincount(number, value, n).astype(np.float64)
    return sums
