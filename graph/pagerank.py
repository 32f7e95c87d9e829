"""Personalised PageRank on sparse matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, csr_array

from contracts.errors import EvenflowError

__all__ = ["pagerank"]

Floats = npt.NDArray[np.float64]


def pagerank(
    links: Sequence[csr_array | csc_array],
    start: Floats | None = None,
    *,
    stuck_start: Floats | None = None,
    first: Floats | None = None,
    damping: float = 0.85,
    tolerance: float = 1e-8,
    max_iterations: int = 200,
) -> Floats:
    """Return how often a walker is at each node who follows links and, now and then, starts afresh.

    Parameters
    ----------
    links
        Matrices of shape (n, n) whose sum holds the weights >= 0 of the links from row to column; by columns is
        quicker.
    start
        Shape (n,), where walks start: >= 0, sums to more than 0; everywhere alike by default.
    stuck_start
        Shape (n,), where a walker goes on who reaches a node without links; `start` by default.
    first
        Shape (n,), the first guess; everywhere alike by default.
    damping
        Probability of following a link, in [0, 1].
    tolerance
        Sum of the absolute changes at which to stop, > 0.
    max_iterations
        Most iterations; each takes one pass over the links.

    Returns
    -------
    Shape (n,), >= 0, sums to 1.

    Raises
    ------
    EvenflowError
        If `max_iterations` did not reach `tolerance`.

    Notes
    -----
    Page, Brin, Motwani & Winograd (1999), The PageRank citation ranking.

    Examples
    --------
    >>> chain = csr_array(np.array([[0.0, 1, 0], [0, 0, 1], [0, 0, 0]]))
    >>> pagerank([chain], np.array([1.0, 0, 0]), damping=0.5).round(4).tolist()
    [0.5714, 0.2857, 0.1429]
    """
    n = links[0].shape[0]
    alike = np.full(n, 1.0 / n)
    origin = alike if start is None else start / start.sum()
    after_stuck = origin if stuck_start is None else stuck_start / stuck_start.sum()
    out = np.sum([np.asarray(matrix.sum(axis=1)).ravel() for matrix in links], axis=0)
    stuck = np.flatnonzero(out == 0)
    steps = [_steps(matrix, np.divide(damping, out, out=np.zeros(n), where=out > 0)) for matrix in links]
    rank, apart = alike if first is None else first / first.sum(), np.empty(n)
    afresh, after_stuck = (1 - damping) * origin, damping * after_stuck
    for _ in range(max_iterations):
        before, rank = rank, steps[0] @ rank
        for step in steps[1:]:
            rank += step @ before
        rank += np.multiply(after_stuck, before[stuck].sum(), out=apart)  # a dot product would wake BLAS's threads
        rank += afresh
        if np.abs(np.subtract(rank, before, out=apart), out=apart).sum() < tolerance:
            return np.asarray(rank)
    raise EvenflowError(f"pagerank: not within {tolerance:g} after {max_iterations} iterations; allow more")


def _steps(links: csr_array | csc_array, shares: Floats) -> csr_array:
    """Return the matrix that takes where walkers are to where they go, by rows: each is read once and written once."""
    into = links.tocsc()
    return csr_array((into.data * shares[into.indices], into.indices, into.indptr), shape=into.shape)
