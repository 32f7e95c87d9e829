"""Personalised PageRank on a sparse matrix."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from contracts.errors import EvenflowError

__all__ = ["pagerank"]

Floats = npt.NDArray[np.float64]


def pagerank(
    links: csr_array,
    start: Floats | None = None,
    *,
    damping: float = 0.85,
    tolerance: float = 1e-8,
    max_iterations: int = 200,
) -> Floats:
    """Return how often a walker is at each node who follows links and, now and then, starts afresh.

    Parameters
    ----------
    links
        Shape (n, n), weights >= 0 of the links from row to column.
    start
        Shape (n,), where walks start: >= 0, sums to more than 0; everywhere alike by default. Walks that reach a node
        without links start afresh too.
    damping
        Probability of following a link, in [0, 1).
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
    >>> pagerank(chain, np.array([1.0, 0, 0]), damping=0.5).round(4).tolist()
    [0.5714, 0.2857, 0.1429]
    """
    n = links.shape[0]
    origin = np.full(n, 1.0 / n) if start is None else np.asarray(start, dtype=float) / np.sum(start)
    out = np.asarray(links.sum(axis=1)).ravel()
    shares = np.divide(1.0, out, out=np.zeros(n), where=out > 0)
    backwards = links.T.tocsr()
    rank, stuck = origin.copy(), out == 0
    for _ in range(max_iterations):
        before = rank
        rank = damping * (backwards @ (before * shares) + before[stuck].sum() * origin) + (1 - damping) * origin
        if np.abs(rank - before).sum() < tolerance:
            return np.asarray(rank)
    raise EvenflowError(f"pagerank: not within {tolerance:g} after {max_iterations} iterations; allow more")
