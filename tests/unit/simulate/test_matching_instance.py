"""The standard matching instance."""

import numpy as np

from simulate.matching_instance import matching_instance


def test_candidates_are_distinct_and_scores_in_range():
    """Twenty different suppliers per order, scores between 0 and 1, total capacity a tenth above demand."""
    made = matching_instance(3000, seed=2)
    pairs = np.repeat(np.arange(3000), np.diff(made.indptr)) * made.capacity.size + made.supplier
    assert np.unique(pairs).size == pairs.size
    assert np.median(np.diff(made.indptr)) == 20
    assert ((made.score >= 0) & (made.score <= 1)).all()
    assert 1.08 < made.capacity.sum() / made.pieces.sum() <= 1.11
    assert made.pieces.min() >= 1
    assert made.pieces.max() <= 50


def test_seeds_separate_suppliers_from_orders():
    """Yesterday: the same suppliers, other orders."""
    today, yesterday = matching_instance(500, seed=3), matching_instance(500, seed=3, order_seed=99)
    assert not np.array_equal(today.pieces, yesterday.pieces)
    share = [made.capacity / made.pieces.sum() for made in (today, yesterday)]
    assert np.allclose(*share, rtol=0.05)
    again = matching_instance(500, seed=3)
    assert np.array_equal(today.supplier, again.supplier)
    assert np.array_equal(today.score, again.score)
