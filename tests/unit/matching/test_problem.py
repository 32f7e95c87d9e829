"""The problem and its params refuse what they cannot mean."""

import numpy as np
import pytest

from contracts.errors import InputError
from matching.problem import CreditLines, MatchParams


@pytest.mark.parametrize(
    ("change", "message"),
    [
        # Shapes.
        ({"indptr": np.array([0, 3])}, "indptr: expected 3 offsets"),
        ({"score": np.array([0.9])}, "score: expected 3 values"),
        ({"load": np.ones(2)}, "load: expected 3 values"),
        ({"penalty": np.ones(3)}, "penalty: expected 2 values"),
        ({"pieces": np.zeros(0, int), "indptr": np.array([0])}, "at least one order"),
        # Ranges.
        ({"pieces": np.array([5, 0])}, r"pieces\[1\]: expected whole numbers > 0, got 0"),
        ({"pieces": np.array([-1, 5])}, r"pieces\[0\]"),
        ({"capacity": np.array([5, -1])}, r"capacity\[1\]"),
        ({"score": np.array([0.9, np.nan, 1.0])}, r"score\[1\]: expected finite numbers, got nan"),
        ({"score": np.array([0.9, 0.8, np.inf])}, r"score\[2\]"),
        ({"supplier": np.array([0, 2, 0])}, r"supplier\[1\]: expected 0 to 1, got 2"),
        ({"load": np.array([1.0, 0.0, 1.0])}, r"load\[1\]"),
        ({"penalty": np.array([1.0, np.inf])}, r"penalty\[1\]"),
        ({"capacity": np.array([2**62, 2**62])}, "capacity: expected a total below"),
        # Credit lines.
        ({"credit": CreditLines(line=np.array([0, 1, -1]), limit=np.array([3]))}, r"credit.line\[1\]"),
        ({"credit": CreditLines(line=np.array([0, 0, -1]), limit=np.array([-3]))}, r"credit.limit\[0\]"),
    ],
)
def test_wrong_arrays_are_named(small, change, message):
    """The error names the array, the place, what was expected and what came."""
    with pytest.raises(InputError, match=message):
        small.replace(**change)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "magic"}, "method: expected auto, auction, exact or greedy"),
        ({"floor": 1.5}, r"floor: expected a share in \[0, 1\], got 1.5"),
        ({"floor": -0.1}, "floor"),
        ({"epsilon": 0.0}, "epsilon"),
        ({"bids_per_order": 0.5}, "bids_per_order"),
        ({"seconds": 0.0}, "seconds"),
        ({"mip_candidates": -1}, "mip_candidates"),
    ],
)
def test_params_out_of_range_are_named(options, message):
    """Each param is checked against its documented range."""
    with pytest.raises(ValueError, match=message):
        MatchParams(**options)


def test_objective_counts_gain_and_penalty(small):
    """5 pieces at 0.8, 3 at 0.9, 2 of order 1 unserved at penalty 1: 4 + 2.7 - 2."""
    assert small.objective(np.array([0, 5, 3])) == pytest.approx(4.7)
    assert small.unserved(np.array([0, 5, 3])).tolist() == [0, 2]
