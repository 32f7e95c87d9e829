"""Who can be relied on: judgements count as much as those who give them are trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from contracts.errors import EvenflowError
from graph.arrays import Array, Ints, counting_order, expand, starts_of
from graph.pagerank import pagerank

__all__ = ["Judgements", "PairTrust", "TrustParams", "global_trust", "pair_trust"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class TrustParams:
    """How judgements count.

    Parameters
    ----------
    half_life_days
        Age at which a judgement counts half, > 0.
    prior
        Judgements that the mean of all counts for, > 0: a party nobody judged has the mean.
    size_power
        How the size of a judgement counts beside its sign, in [0, 1]: 0 not at all, 1 in proportion to the mean size.
    own
        How much more an own judgement counts than a friend's, >= 0.
    damping
        Probability that trust walks on from the seeds, in [0, 1).
    tolerance
        Largest change of a score at which to stop, > 0.
    max_iterations
        Most iterations, >= 1.
    """

    half_life_days: float = 180.0
    prior: float = 2.0
    size_power: float = 0.0
    own: float = 3.0
    damping: float = 0.85
    tolerance: float = 1e-9
    max_iterations: int = 500

    def __post_init__(self) -> None:
        for name in ("half_life_days", "prior", "tolerance", "max_iterations"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name}: expected a number > 0, got {value}")
        if not 0 <= self.size_power <= 1:
            raise ValueError(f"size_power: expected a number in [0, 1], got {self.size_power}")
        if not (np.isfinite(self.own) and self.own >= 0):
            raise ValueError(f"own: expected a number >= 0, got {self.own}")
        if not 0 <= self.damping < 1:
            raise ValueError(f"damping: expected a number in [0, 1), got {self.damping}")


@dataclass(frozen=True, eq=False)
class Judgements:
    """One judgement per pair, sorted by (src, dst); arrays of shape (m,).

    Parameters
    ----------
    n
        Number of parties.
    src, dst
        Who judges whom: 0 … n - 1, never themselves.
    positive
        Whether it is trust.
    evidence
        How much it counts, > 0: faded, and by size if asked.
    """

    n: int
    src: Ints
    dst: Ints
    positive: npt.NDArray[np.bool_]
    evidence: Floats

    @classmethod
    def of(cls, n: int, src: Ints, dst: Ints, *, weight: Floats, age_days: Floats, params: TrustParams) -> Judgements:
        """Keep the latest judgement of each pair (the mean of those of one day); drop those of oneself and zeros."""
        keep = src != dst
        src, dst, weight, age_days = src[keep], dst[keep], weight[keep], age_days[keep]
        order = np.argsort(age_days, kind="stable")
        order = order[counting_order(dst[order], n)]
        order = order[counting_order(src[order], n)]
        src, dst, weight, age_days = src[order], dst[order], weight[order], age_days[order]
        first = np.append(True, (np.diff(src) != 0) | (np.diff(dst) != 0))[: len(src)]
        pair = np.cumsum(first) - 1
        latest = age_days == age_days[first][pair]
        mean = np.bincount(pair, weight * latest) / np.bincount(pair, latest)
        said = mean != 0
        src, dst, mean, age_days = src[first][said], dst[first][said], mean[said], age_days[first][said]
        size = np.abs(mean) / np.abs(mean).mean() if len(mean) else mean
        evidence = np.exp2(-np.maximum(age_days, 0) / params.half_life_days) * size**params.size_power
        return cls(n, src, dst, mean > 0, evidence)


def global_trust(judgements: Judgements, seeds: Array | None = None, *, params: TrustParams | None = None) -> Floats:
    """Return the probability that the next judgement of each party is trust, shape (n,).

    Each party's score is the Beta-smoothed share of trust among the judgements of it, each counted as much as the one
    who gives it is trusted: a fixed point. With seeds a judgement also counts only as far as trust walks from the
    seeds to its giver, so circles that praise themselves have no say.

    Parameters
    ----------
    judgements
        Who judges whom.
    seeds
        Parties trusted beforehand; all alike by default.
    params
        How judgements count.

    Raises
    ------
    EvenflowError
        If `params.max_iterations` did not reach `params.tolerance`.

    Notes
    -----
    The idea of weighting feedback by its giver's own trust: Xiong & Liu (2004), PeerTrust; of walking from trusted
    seeds: Gyöngyi, Garcia-Molina & Pedersen (2004), TrustRank.
    """
    params = params or TrustParams()
    reach = np.ones(judgements.n) if seeds is None else _reach(judgements, seeds, params)
    trust = np.ones(judgements.n)
    for _ in range(params.max_iterations):
        counts = judgements.evidence * (trust * reach)[judgements.src]
        total = np.bincount(judgements.dst, counts, judgements.n)
        good = np.bincount(judgements.dst, counts * judgements.positive, judgements.n)
        # Half a judgement each way keeps the mean defined where nobody has a say.
        mean = (good.sum() + 0.5) / (total.sum() + 1.0)
        before, trust = trust, (good + params.prior * mean) / (total + params.prior)
        if np.abs(trust - before).max(initial=0.0) < params.tolerance:
            return np.asarray(trust)
    raise EvenflowError(f"trust: not within {params.tolerance:g} after {params.max_iterations} iterations; allow more")


@dataclass(frozen=True, eq=False)
class PairTrust:
    """Trust of one party in another, per pair; shape (pairs,).

    Parameters
    ----------
    score
        Probability that the asker's judgement will be trust.
    own
        1 if the asker trusts, -1 if it distrusts, 0 if it has not judged.
    friends
        Evidence of those whom the asker trusts.
    through
        The friend whose evidence counts most, -1 if none.
    """

    score: Floats
    own: npt.NDArray[np.int8]
    friends: Floats
    through: npt.NDArray[np.int64]


def pair_trust(
    judgements: Judgements, trust: Floats, src: Array, dst: Array, *, params: TrustParams | None = None
) -> PairTrust:
    """Return each asker's own view of a party: own judgement, friends' judgements, then everybody's.

    Parameters
    ----------
    judgements
        Who judges whom.
    trust
        Shape (n,): `global_trust`, the prior of each view.
    src, dst
        Shape (pairs,): who asks about whom.
    params
        How judgements count.
    """
    params = params or TrustParams()
    start = starts_of(judgements.src, judgements.n)
    own = _find(judgements, src, dst)
    mine = np.append(judgements.evidence, 0.0)[own] * params.own
    good = mine * np.append(judgements.positive, False)[own]
    pair, first = expand(start, src)
    friend = judgements.dst[first]
    second = _find(judgements, friend, dst[pair])
    told = judgements.positive[first] & (second >= 0) & (friend != dst[pair])
    pair, first, second, friend = pair[told], first[told], second[told], friend[told]
    counts = judgements.evidence[first] * judgements.evidence[second]
    friends: Floats = np.bincount(pair, counts, len(src)).astype(float)
    good += np.bincount(pair, counts * judgements.positive[second], len(src))
    score = (good + params.prior * trust[dst]) / (mine + friends + params.prior)
    through = np.full(len(src), -1)
    by_count = np.lexsort((-friend, counts))
    through[pair[by_count]] = friend[by_count]  # the last written, with the largest count, stays
    sign = np.where(np.append(judgements.positive, False)[own], 1, -1)
    return PairTrust(score, np.where(own >= 0, sign, 0).astype(np.int8), friends, through)


def _reach(judgements: Judgements, seeds: Array, params: TrustParams) -> Floats:
    """Return how far trust walks from the seeds to each party, in [0, 1): 0 = never there."""
    trusts = judgements.positive
    starts = starts_of(judgements.src[trusts], judgements.n)
    shape = (judgements.n, judgements.n)
    links = csr_array((judgements.evidence[trusts], judgements.dst[trusts], starts), shape=shape)
    start = np.zeros(judgements.n)
    start[seeds] = 1.0
    rank = pagerank([links], start, damping=params.damping)
    return rank / (rank + 1.0 / judgements.n)


def _find(judgements: Judgements, src: Array, dst: Array) -> npt.NDArray[np.int64]:
    """Return each pair's judgement, -1 where there is none."""
    keys = judgements.src.astype(np.int64) * judgements.n + judgements.dst
    wanted = np.asarray(src, dtype=np.int64) * judgements.n + dst
    at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    found = keys[at] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
    return np.where(found, at, -1)
