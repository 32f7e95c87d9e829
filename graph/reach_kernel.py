"""The loops of reach, compiled: who could have influenced somebody, drawn many times."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from contracts.jit import compiled

__all__ = ["best_cover", "reverse_sets"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@compiled
def reverse_sets(start: Ints, src: Ints, probability: Floats, sets: int, seed: int) -> tuple[Ints, Ints]:
    """Return int64 [sets + 1] offsets and the members of as many reverse-reachable sets.

    A set is everybody who would have influenced a party drawn at random, if each relation ``src -> party`` (those of
    party i are ``start[i]:start[i + 1]``) carries over with its probability, each tried once.
    """
    np.random.seed(seed)  # noqa: NPY002 (the generator that compiled code has)
    n = start.size - 1
    offsets = np.zeros(sets + 1, np.int64)
    members = np.empty(4 * sets + 16, np.int64)
    seen = np.full(n, -1, np.int64)
    size = 0
    for number in range(sets):
        root = np.random.randint(n)  # noqa: NPY002
        if size + n > members.size:
            members = np.append(members, np.empty(members.size + n, np.int64))
        members[size] = root
        seen[root] = number
        head, tail = size, size + 1
        while head < tail:
            at = members[head]
            head += 1
            for e in range(start[at], start[at + 1]):
                if seen[src[e]] != number and np.random.random() < probability[e]:  # noqa: NPY002
                    seen[src[e]] = number
                    members[tail] = src[e]
                    tail += 1
        size = tail
        offsets[number + 1] = size
    return offsets, members[:size].copy()


@compiled
def best_cover(offsets: Ints, members: Ints, allowed: npt.NDArray[np.bool_], k: int) -> tuple[Ints, Ints]:
    """Return the k allowed parties that cover most sets, greedily, and how many sets each adds (int64 [k], -1 none)."""
    sets = offsets.size - 1
    gain, starts, inside = _memberships(offsets, members, allowed.size)
    covered = np.zeros(sets, np.bool_)
    chosen, added = np.full(k, -1, np.int64), np.zeros(k, np.int64)
    for step in range(k):
        best = np.argmax(np.where(allowed, gain, 0))
        if not allowed[best] or gain[best] <= 0:
            break
        chosen[step], added[step] = best, gain[best]
        for place in range(starts[best], starts[best + 1]):
            number = inside[place]
            if not covered[number]:
                covered[number] = True
                for e in range(offsets[number], offsets[number + 1]):
                    gain[members[e]] -= 1
    return chosen, added


@compiled
def _memberships(offsets: Ints, members: Ints, n: int) -> tuple[Ints, Ints, Ints]:
    """Return in how many sets each party is, and which: those of party i are ``inside[starts[i]:starts[i + 1]]``."""
    gain = np.zeros(n, np.int64)
    for e in range(members.size):
        gain[members[e]] += 1
    starts = np.append(0, np.cumsum(gain))
    inside = np.empty(members.size, np.int64)
    filled = starts[:-1].copy()
    for number in range(offsets.size - 1):
        for e in range(offsets[number], offsets[number + 1]):
            inside[filled[members[e]]] = number
            filled[members[e]] += 1
    return gain, starts, inside
