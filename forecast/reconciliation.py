"""Forecasts of several levels made to agree: sparse, non-negative weighted least squares.

Every node was forecast on its own, so the totals contradict their members. The coherent forecasts nearest to all of
them, each weighed by how well it is known, are those of trace-minimising reconciliation with a diagonal covariance.

References
----------
Wickramasuriya, Athanasopoulos & Hyndman (2019), Optimal forecast reconciliation through trace minimization, JASA 114.
Wickramasuriya, Turlach & Hyndman (2020), Optimal non-negative forecast reconciliation, Statistics and Computing 30.
Qi & Sun (2006), A quadratically convergent Newton method for computing the nearest correlation matrix (the semismooth
Newton method on the dual that is used here for the non-negative projection).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack

from contracts.errors import InputError
from forecast.hierarchy import Level, membership

_TOLERANCE = 1e-10
_MOST_STEPS, _MOST_CG = 60, 1000
_LEAST_GAIN = 1e-4


def structural_variances(n: int, levels: Sequence[Level]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return variances in proportion to the number of series under a node: 1 for the series themselves.

    Returns
    -------
    The series' variances, shape (n,), and those of each level's nodes, shape (groups,).
    """
    return np.ones(n), [np.maximum(level.sum(np.ones(n)), 1.0) for level in levels]


def reconcile(
    bottom: np.ndarray,
    levels: Sequence[Level],
    aims: Sequence[np.ndarray],
    *,
    variances: tuple[np.ndarray, Sequence[np.ndarray]] | None = None,
) -> np.ndarray:
    """Return the non-negative forecasts of the series whose sums come nearest to the forecasts of all nodes.

    Minimises, per period, the sum over all nodes of (forecast - reconciled)² / variance, over reconciled series >= 0.

    Parameters
    ----------
    bottom
        Forecasts of the series, shape (n, horizon), finite; below zero counts as 0.
    levels, aims
        Any set of levels and the forecasts of their nodes, shape (groups, horizon); a NaN asks for nothing.
    variances
        Of the series' forecasts, shape (n,), and of each level's, shape (groups,); > 0. By default in proportion to
        the number of series under a node (`structural_variances`).

    Returns
    -------
    Shape (n, horizon), >= 0. The nodes' forecasts are the sums of their members (`Level.sum`).

    Raises
    ------
    InputError
        If a forecast or a variance is not usable, or shapes disagree.

    Examples
    --------
    A total of 12 against two series that add up to 10: everybody moves by what it is uncertain.

    >>> from forecast.hierarchy import Level
    >>> total = Level(name="total", keys=("total",), group=np.zeros(2, dtype=int))
    >>> reconcile(np.array([[4.0], [6.0]]), [total], [np.array([[12.0]])]).round(2).tolist()
    [[4.5], [6.5]]
    """
    own, above = variances if variances is not None else structural_variances(len(bottom), levels)
    aim = np.concatenate([np.asarray(a, dtype=float) for a in aims]) if levels else np.empty((0, bottom.shape[1]))
    above_all = np.concatenate(list(above)) if levels else np.empty(0)
    _require(bottom, aim, own, above_all)
    target = np.maximum(bottom, 0.0)
    if not levels:
        return np.asarray(target)
    matrix = csr_matrix(vstack([membership(level.group, len(level.keys)) for level in levels], format="csr"))
    out = np.empty_like(target, dtype=float)
    asked = np.isfinite(aim)
    for pattern in np.unique(asked, axis=1).T:  # periods that ask for the same nodes are solved together
        same = (asked == pattern[:, None]).all(axis=0)
        problem = _Projection.of(csr_matrix(matrix[pattern]), own, above_all[pattern])
        out[:, same] = problem.solve(target[:, same], np.maximum(aim[pattern][:, same], 0.0))
    return out


def _require(bottom: np.ndarray, aim: np.ndarray, own: np.ndarray, above: np.ndarray) -> None:
    if aim.shape[1] != bottom.shape[1] or len(own) != len(bottom) or len(above) != len(aim):
        expected = f"{bottom.shape[1]} periods and one variance per node"
        raise InputError("aims", expected, f"shape {aim.shape}, {len(own)} and {len(above)} variances")
    if not np.isfinite(bottom).all():
        raise InputError("bottom", "finite forecasts", "a NaN or an infinity")
    if np.isinf(aim).any():
        raise InputError("aims", "finite forecasts, or NaN where a node asks for nothing", "an infinity")
    for name, values in (("variances of the series", own), ("variances of the levels", above)):
        if not (np.isfinite(values) & (values > 0)).all():
            raise InputError(name, "finite numbers > 0", values[~(np.isfinite(values) & (values > 0))][0])


@dataclass(frozen=True)
class _Projection:
    """Minimise |b - target|² / v + |A b - aim|² / w over b >= 0, through the m multipliers u of the nodes above.

    For given u the best b is max(0, target - v Aᵀu), so that only the smooth, strictly convex dual
    h(u) = w|u|²/2 + aim·u + Σ b² / 2v is left. Its gradient is w u + aim - A b, its (generalised) Hessian w + A v₊ Aᵀ
    with v₊ = v where b > 0. Newton steps solve with it by conjugate gradients, preconditioned by its diagonal: sparse
    products alone, all periods at once. (A sparse factor as preconditioner took three times as long.)
    """

    A: csr_matrix
    At: csr_matrix
    v: np.ndarray
    w: np.ndarray
    diagonal: np.ndarray

    @classmethod
    def of(cls, A: csr_matrix, own: np.ndarray, above: np.ndarray) -> _Projection:
        """Prepare for the nodes above (rows of A) and the variances of both."""
        return cls(A, csr_matrix(A.T), own[:, None], above[:, None], (above + A @ own)[:, None])

    def solve(self, target: np.ndarray, aim: np.ndarray) -> np.ndarray:
        """Return b, shape (n, periods)."""
        u = (self.A @ target - aim) / self.diagonal
        scale = 1.0 + np.abs(aim).max(axis=0, initial=0.0)
        for _ in range(_MOST_STEPS):
            b = self._best(u, target)
            slope = self.w * u + aim - self.A @ b
            todo = np.abs(slope).max(axis=0, initial=0.0) > _TOLERANCE * scale
            if not todo.any():
                break
            step = self._newton(slope[:, todo], b[:, todo] > 0, scale[todo])
            u[:, todo] += self._damped(u[:, todo], step, target[:, todo], aim[:, todo], slope[:, todo])
        return self._best(u, target)

    def _best(self, u: np.ndarray, target: np.ndarray) -> np.ndarray:
        return np.asarray(np.maximum(target - self.v * (self.At @ u), 0.0))

    def _dual(self, u: np.ndarray, target: np.ndarray, aim: np.ndarray) -> np.ndarray:
        b = self._best(u, target)
        return np.asarray((self.w * u**2).sum(axis=0) / 2 + (aim * u).sum(axis=0) + (b**2 / self.v).sum(axis=0) / 2)

    def _damped(
        self, u: np.ndarray, step: np.ndarray, target: np.ndarray, aim: np.ndarray, slope: np.ndarray
    ) -> np.ndarray:
        """Shorten the step, per period, until the dual falls enough (Armijo's rule)."""
        now, gain = self._dual(u, target, aim), (slope * step).sum(axis=0)
        size = np.ones(u.shape[1])
        slack = 1e-12 * (1.0 + np.abs(now))
        for _ in range(30):
            short = self._dual(u + size * step, target, aim) > now + _LEAST_GAIN * size * gain + slack
            if not short.any():
                break
            size[short] /= 2
        return np.asarray(size * step)

    def _newton(self, slope: np.ndarray, free: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Solve (w + A v₊ Aᵀ) step = -slope by preconditioned conjugate gradients."""
        held = np.where(free, self.v, 0.0)
        step = np.zeros_like(slope)
        rest = -slope
        towards = ahead = rest / self.diagonal
        energy = (rest * towards).sum(axis=0)
        for _ in range(_MOST_CG):
            image = self.w * ahead + self.A @ (held * (self.At @ ahead))
            bend = (ahead * image).sum(axis=0)
            length = np.divide(energy, bend, out=np.zeros_like(energy), where=bend > 0)
            step += length * ahead
            rest = rest - length * image
            if (np.abs(rest).max(axis=0) <= 0.1 * _TOLERANCE * scale).all():
                break
            towards = rest / self.diagonal
            before, energy = energy, (rest * towards).sum(axis=0)
            ahead = towards + np.divide(energy, before, out=np.zeros_like(energy), where=before > 0) * ahead
        return step
