"""One order split by hand: against every way to split it, with and without smallest lots."""

from itertools import product

import numpy as np
import pytest

from matching.one_order import MOST_PIECES, best_split


def best_of_all(score, room, minimum, pieces, penalty):
    """Return the highest gain of any split."""
    ways = product(*([0, *range(low, high + 1)] for low, high in zip(minimum, room, strict=True)))
    allowed = [way for way in ways if sum(way) <= pieces]
    return max(sum(np.multiply(way, score)) - penalty * (pieces - sum(way)) for way in allowed)


@pytest.mark.parametrize("seed", range(40))
def test_nothing_is_better(seed):
    """The gain is the highest of all splits that keep the lots; prices are what one more piece would gain."""
    rng = np.random.default_rng(seed)
    score, room = rng.normal(size=3), rng.integers(0, 7, 3)
    minimum, pieces, penalty = rng.integers(1, 5, 3), int(rng.integers(1, 14)), float(rng.uniform(0, 1))
    split = best_split(score, room, minimum, pieces, penalty)
    gain = float(split.pieces @ score) - penalty * (pieces - split.pieces.sum())
    assert gain == pytest.approx(best_of_all(score, room, minimum, pieces, penalty))
    assert ((split.pieces == 0) | ((split.pieces >= minimum) & (split.pieces <= room))).all()
    ones = np.ones(3, np.int64)
    free = best_of_all(score, room, ones, pieces, penalty)
    served = best_split(score, room, ones, pieces, penalty).pieces > 0
    more = [best_of_all(score, room + (np.arange(3) == t), ones, pieces, penalty) - free for t in range(3)]
    assert split.price[served].tolist() == pytest.approx(np.array(more)[served].tolist())


def test_what_is_not_unique_or_too_long_is_left_to_a_solver():
    """Equal scores, a piece that is worth nothing, lots of a large order."""
    room, minimum = np.array([5, 5]), np.array([1, 1])
    assert best_split(np.array([0.5, 0.5]), room, minimum, 4, 1.0) is None
    assert best_split(np.array([0.5, -1.0]), room, minimum, 4, 1.0) is None
    large = MOST_PIECES + 1
    assert best_split(np.array([0.5, 0.4]), np.array([large - 1, 9]), np.array([1, 1]), large, 1.0) is not None
    assert best_split(np.array([0.5, 0.4]), np.array([large - 1, 9]), np.array([1, 3]), large, 1.0) is None
