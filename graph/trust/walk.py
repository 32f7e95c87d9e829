"""Trust that walks: from seeds or from one party along trust, with distrust as the last step, and by which paths."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.errors import EvenflowError
from graph.arrays import Array, counting_order, starts_of
from graph.trust.judgements import Judgements
from graph.trust.params import TrustParams

__all__ = ["TrustPath", "Walks", "walks_from"]

Floats = npt.NDArray[np.float64]
_MAX_STEPS = 10_000  # of one search: what it has not found by then weighs next to nothing
_Way = tuple[float, bool, tuple[int, ...], bool]  # minus its worth, whether whole, its parties, its last judgement


@dataclass(frozen=True, kw_only=True)
class TrustPath:
    """One way in which trust came to a party.

    Parameters
    ----------
    parties
        Positions from the start to the party.
    trusts
        Whether the last of them but one trusts the party; else it distrusts it.
    share
        Share of all that was said about the party, in (0, 1].
    """

    parties: tuple[int, ...]
    trusts: bool
    share: float


@dataclass(frozen=True, eq=False)
class Walks:
    """Where trust gets to from k starts at once.

    A walker starts at a party, follows trust (each judgement as often as its share of its giver's trust), and starts
    afresh now and then: personalised PageRank. What is said at each stop counts as much as the walker is there,
    divided among all judgements of the party, trust and distrust. So distrust goes one step and no further: nobody is
    followed through distrust, and whom the distrusted distrust gains nothing by it.

    Parameters
    ----------
    judgements
        Who judges whom.
    start, reach
        Shapes (n, k): where walks start, how often they are at each party; both sum to 1 per column.
    restart
        Shape (k,): how often a walker starts afresh.
    support, against
        Shapes (n, k): what is said for and against each party.

    Notes
    -----
    One step of distrust after any number of steps of trust: Guha, Kumar, Raghavan & Tomkins (2004), Propagation of
    trust and distrust.
    """

    judgements: Judgements
    start: Floats
    reach: Floats
    restart: Floats
    support: Floats
    against: Floats
    params: TrustParams

    def score(self, default: Floats) -> Floats:
        """Return the probability that the next judgement is trust, shape (n, k), as those see it who were reached.

        Parameters
        ----------
        default
            Shape (n,): what is believed of parties nobody reached judges; it counts for as much as `params.prior`
            average judgements of those reached.
        """
        said = self.support + self.against
        heard = (self.reach > 0)[self.judgements.src].sum(axis=0)
        prior = self.params.prior * said.sum(axis=0) / np.maximum(heard, 1)
        total = said + prior
        score = (self.support + prior * default[:, None]) / np.where(total > 0, total, 1.0)
        return np.where(total > 0, score, default[:, None])

    def paths(self, target: int, *, top: int = 5, column: int = 0) -> list[TrustPath]:
        """Return the paths that carried most of what is said about a party, the weightiest first.

        A way back from the party is worth exactly what all walks that end with it brought, so the search follows the
        weightiest first and needs to look at few. Walks that pass a party twice are left out, so the shares of all
        paths together may stay below 1.

        Parameters
        ----------
        target
            Position of the party.
        top
            At most this many.
        column
            Which of the starts.
        """
        said = self.support[target, column] + self.against[target, column]
        search = _Search(self, column)
        return [] if said <= 0 else search.best(int(target), top, float(said))


def walks_from(judgements: Judgements, start: Floats, *, params: TrustParams | None = None) -> Walks:
    """Walk from starts along trust.

    Parameters
    ----------
    judgements
        Who judges whom.
    start
        Shape (n, k), >= 0, no column all 0: where the walks start, e.g. 1 at each seed, or at the one who asks.
    params
        How judgements count.

    Raises
    ------
    EvenflowError
        If `params.max_iterations` did not reach `params.tolerance`.
    """
    params = params or TrustParams()
    trusts = judgements.positive
    step = judgements.matrix(trusts, judgements.shares(trusts)).T
    start = start / start.sum(axis=0)
    reach, wave = start.copy(), start
    for _ in range(params.max_iterations):
        wave = params.damping * (step @ wave)
        reach += wave
        if wave.max(initial=0.0) < params.tolerance:
            break
    else:
        raise EvenflowError(f"trust walk: not within {params.tolerance:g} after {params.max_iterations} steps")
    restart = 1.0 / reach.sum(axis=0)
    reach = reach * restart
    voice = judgements.shares(np.ones(len(trusts), dtype=bool))
    support, against = (judgements.matrix(rows, voice).T @ reach for rows in (trusts, ~trusts))
    return Walks(judgements, start, reach, restart, np.asarray(support), np.asarray(against), params)


class _Search:
    """The search for the weightiest paths to parties, from their ends."""

    def __init__(self, walks: Walks, column: int) -> None:
        made, n = walks.judgements, walks.judgements.n
        self.reach = walks.reach[:, column]
        self.order = counting_order(made.dst, n)
        self.into = starts_of(made.dst, n)
        self.src, self.positive = made.src, made.positive
        self.step = walks.params.damping * made.shares(made.positive)
        self.voice = made.shares(np.ones(len(made.src), dtype=bool))
        self.origin = walks.restart[column] * walks.start[:, column]

    def best(self, target: int, top: int, said: float) -> list[TrustPath]:
        queue = [self._last(row, target) for row in self._into(target) if self.reach[self.src[row]] > 0]
        heapq.heapify(queue)
        found: list[TrustPath] = []
        for _ in range(_MAX_STEPS):
            if not queue or len(found) == top:
                break
            minus, whole, parties, trusts = heapq.heappop(queue)
            if whole:
                found.append(TrustPath(parties=parties, trusts=trusts, share=float(-minus / said)))
                continue
            for way in self._longer(-minus, parties, trusts):
                heapq.heappush(queue, way)
        return found

    def _last(self, row: int, target: int) -> _Way:
        source = int(self.src[row])
        return float(-self.reach[source] * self.voice[row]), False, (source, target), bool(self.positive[row])

    def _longer(self, worth: float, parties: tuple[int, ...], trusts: bool) -> Iterator[_Way]:  # noqa: FBT001
        """Yield the way as a whole if a walk starts here, and each way that comes before it."""
        at = parties[0]
        per_reach = worth / self.reach[at]
        if self.origin[at] > 0:
            yield -per_reach * self.origin[at], True, parties, trusts
        for row in self._into(at):
            source = int(self.src[row])
            if self.positive[row] and self.reach[source] > 0 and source not in parties:
                yield -per_reach * self.step[row] * self.reach[source], False, (source, *parties), trusts

    def _into(self, party: int) -> Array:
        return self.order[self.into[party] : self.into[party + 1]]
