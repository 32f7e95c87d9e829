"""A match small enough to work by hand."""

import numpy as np
import pytest

from matching.problem import MatchProblem


@pytest.fixture
def small():
    """Two orders of 5 want the better supplier 0 (5 pieces); supplier 1 has room for both.

    Best: order 0 gives way (0.8 instead of 0.9), because order 1 has nowhere else to go.
    Objective 5·0.8 + 5·0.9 = 8.5.
    """
    return MatchProblem(
        indptr=np.array([0, 2, 3]),
        supplier=np.array([0, 1, 0]),
        score=np.array([0.9, 0.8, 0.9]),
        pieces=np.array([5, 5]),
        capacity=np.array([5, 10]),
    )
