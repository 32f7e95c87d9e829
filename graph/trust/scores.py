"""Scores of trust: judgements count as much as those who give them are trusted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.errors import EvenflowError
from graph.arrays import Array, expand, starts_of
from graph.trust.judgements import Judgements
from graph.trust.params import TrustParams
from graph.trust.vouching import Vouches
from graph.trust.walk import TrustPath, walks_from

__all__ = ["PairTrust", "PairWalks", "TrustStanding", "asked_walks", "global_trust", "pair_trust", "trust_standing"]

Floats = npt.NDArray[np.float64]
_CELLS = 4_000_000  # parties times askers walked from at once: some 100 MB


@dataclass(frozen=True, eq=False)
class TrustStanding:
    """Everybody's score and what it is made of: ``score = (trusted + prior * default) / (judged + prior)``.

    Parameters
    ----------
    score
        Probability that the next judgement of each party is trust, shape (n,).
    judged, trusted
        Judgements of each party, and those of them that are trust, each counted as its giver is trusted, shape (n,).
    default
        What is expected of each without any judgement: the mean, or more if somebody vouches for it, shape (n,).
    mean
        What is expected of a stranger nobody vouches for.
    """

    score: Floats
    judged: Floats
    trusted: Floats
    default: Floats
    mean: float


def global_trust(
    judgements: Judgements,
    seeds: Array | None = None,
    *,
    vouches: Vouches | None = None,
    params: TrustParams | None = None,
) -> Floats:
    """Return the probability that the next judgement of each party is trust, shape (n,): `trust_standing`'s score."""
    return trust_standing(judgements, seeds, vouches=vouches, params=params).score


def trust_standing(
    judgements: Judgements,
    seeds: Array | None = None,
    *,
    vouches: Vouches | None = None,
    params: TrustParams | None = None,
) -> TrustStanding:
    """Return how far everybody is trusted, and by what.

    Each party's score is the Beta-smoothed share of trust among the judgements of it, each counted as much as the one
    who gives it is trusted: a fixed point. With seeds a judgement also counts only as far as trust walks from the
    seeds to its giver, so circles that praise themselves have no say. Who vouches lifts the default of those it
    vouches for, as far as it earned trust itself, and shares the blame for judgements against them.

    Parameters
    ----------
    judgements
        Who judges whom.
    seeds
        Parties trusted beforehand; all alike by default.
    vouches
        Who vouches for whom; nobody by default.
    params
        How judgements and vouching count.

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
    point = _FixedPoint.of(judgements, seeds, vouches, params)
    earned = point.solve(None)
    if vouches is None or not len(vouches.src):
        return earned
    return point.solve(vouches.lent(earned.score, earned.mean, params.vouched))


@dataclass(frozen=True, eq=False)
class PairTrust:
    """Trust of one party in another, per pair; shape (pairs,).

    Parameters
    ----------
    score
        Probability that the asker's judgement will be trust.
    own
        1 if the asker trusts, -1 if it distrusts, 0 if it has not judged.
    own_n
        Evidence of that judgement.
    friends, friends_good
        Evidence of those whom the asker trusts, and what of it is trust.
    through
        The friend whose evidence counts most, -1 if none.
    """

    score: Floats
    own: npt.NDArray[np.int8]
    own_n: Floats
    friends: Floats
    friends_good: Floats
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
    own = judgements.find(src, dst)
    mine = np.append(judgements.evidence, 0.0)[own] * params.own
    good = mine * np.append(judgements.positive, False)[own]
    pair, first = expand(start, src)
    friend = judgements.dst[first]
    second = judgements.find(friend, dst[pair])
    told = judgements.positive[first] & (second >= 0) & (friend != dst[pair])
    pair, first, second, friend = pair[told], first[told], second[told], friend[told]
    counts = judgements.evidence[first] * judgements.evidence[second]
    friends: Floats = np.bincount(pair, counts, len(src)).astype(float)
    friends_good: Floats = np.bincount(pair, counts * judgements.positive[second], len(src)).astype(float)
    good = good + friends_good
    score = (good + params.prior * trust[dst]) / (mine + friends + params.prior)
    through = np.full(len(src), -1)
    by_count = np.lexsort((-friend, counts))
    through[pair[by_count]] = friend[by_count]  # the last written, with the largest count, stays
    sign = np.where(np.append(judgements.positive, False)[own], 1, -1)
    judged = np.where(own >= 0, sign, 0).astype(np.int8)
    return PairTrust(score, judged, mine, friends, friends_good, through)


@dataclass(frozen=True, eq=False)
class PairWalks:
    """Trust of one party in another as it walks from the asker, per pair; shape (pairs,).

    Parameters
    ----------
    score
        Probability that the asker's judgement will be trust.
    support, against
        What is said for and against the asked one, as often as a walk from the asker comes by.
    paths
        Per pair the weightiest paths, if asked for.
    """

    score: Floats
    support: Floats
    against: Floats
    paths: list[list[TrustPath]]


def asked_walks(
    judgements: Judgements,
    trust: Floats,
    src: Array,
    dst: Array,
    *,
    top: int = 0,
    params: TrustParams | None = None,
) -> PairWalks:
    """Return each asker's own view of a party by signed walks (`graph.trust.walk`) along any number of friends.

    Parameters
    ----------
    judgements
        Who judges whom.
    trust
        Shape (n,): `global_trust`, what is believed of those whom no walk reaches.
    src, dst
        Shape (pairs,): who asks about whom.
    top
        Paths to return per pair; none by default.
    params
        How judgements count.
    """
    params = params or TrustParams()
    askers, column = np.unique(src, return_inverse=True)
    score, support, against = (np.zeros(len(src)) for _ in range(3))
    paths: list[list[TrustPath]] = [[] for _ in range(len(src) if top else 0)]
    width = max(1, _CELLS // max(judgements.n, 1))
    for first in range(0, len(askers), width):
        some = askers[first : first + width]
        start = np.zeros((judgements.n, len(some)))
        start[some, np.arange(len(some))] = 1.0
        walks = walks_from(judgements, start, params=params)
        pairs = np.flatnonzero((column >= first) & (column < first + width))
        at = dst[pairs], column[pairs] - first
        score[pairs] = walks.score(trust)[at]
        support[pairs], against[pairs] = walks.support[at], walks.against[at]
        for pair in pairs if top else ():
            paths[pair] = walks.paths(dst[pair], top=top, column=int(column[pair]) - first)
    return PairWalks(score, support, against, paths)


@dataclass(frozen=True, eq=False)
class _FixedPoint:
    """What the scores are a fixed point of."""

    judgements: Judgements
    reach: Floats
    blamed: tuple[Array, Array, Floats]
    params: TrustParams

    @classmethod
    def of(
        cls, judgements: Judgements, seeds: Array | None, vouches: Vouches | None, params: TrustParams
    ) -> _FixedPoint:
        reach = np.ones(judgements.n)
        if seeds is not None:
            start = np.zeros((judgements.n, 1))
            start[seeds] = 1.0
            walked = walks_from(judgements, start, params=params).reach[:, 0]
            reach = walked / (walked + 1.0 / judgements.n)
        bad = np.flatnonzero(~judgements.positive)
        none = bad[:0]
        blamed: tuple[Array, Array, Floats] = none, none, np.empty(0)
        if vouches is not None:
            which, voucher, share = vouches.blamed(judgements.dst[bad], judgements.age_days[bad])
            blamed = bad[which], voucher, params.blame * share
        return cls(judgements, reach, blamed, params)

    def solve(self, default: Floats | None) -> TrustStanding:
        """Return the scores; `default` is what a party has that nobody judged, the mean of all judgements if None."""
        made, params = self.judgements, self.params
        trust = np.ones(made.n)
        for _ in range(params.max_iterations):
            counts = made.evidence * (trust * self.reach)[made.src]
            total = np.bincount(made.dst, counts, made.n)
            good = np.bincount(made.dst, counts * made.positive, made.n)
            # Half a judgement each way keeps the mean defined where nobody has a say.
            mean = float((good.sum() + 0.5) / (total.sum() + 1.0))
            which, voucher, share = self.blamed
            if len(which):
                total = total + np.bincount(voucher, counts[which] * share, made.n)
            expected = np.full(made.n, mean) if default is None else np.maximum(default, mean)
            before, trust = trust, (good + params.prior * expected) / (total + params.prior)
            if np.abs(trust - before).max(initial=0.0) < params.tolerance:
                return TrustStanding(np.asarray(trust), np.asarray(total), np.asarray(good), expected, mean)
        raise EvenflowError(
            f"trust: not within {params.tolerance:g} after {params.max_iterations} iterations; allow more"
        )
