"""Policies compared path by path: differences have far less noise than averages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t as student

__all__ = ["mean_figures", "paired_with_first"]

_COMPARED = ("cost", "fill_rate", "load_cv", "bullwhip", "nervousness")
_CONFIDENCE = 0.95


def _flat(figures: Mapping[str, Any]) -> dict[str, float | None]:
    """Return a path's figures with its total cost, and the cost of what was left, as plain numbers."""
    cost = figures["cost"]
    return {**figures, "cost": cost["total"], "leftover": cost["leftover"]}


def mean_figures(figures: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Average the figures of several paths; what a path lacks is left out."""
    rows = [_flat(one) for one in figures]
    found: dict[str, float | None] = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows if row[name] is not None], float)
        found[name] = float(values.mean()) if len(values) else None
    return found


def paired_with_first(figures: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Compare every policy with the first, path by path.

    Parameters
    ----------
    figures
        Policy -> figures of the same paths in the same order.

    Returns
    -------
    compared
        Policy -> `paths`, `better_in` (paths on which the first costs less), `cost_ratio` (mean cost of the first /
        mean cost of the policy), and for each figure the mean of first minus policy with the limits of its 95 %
        confidence interval (Student's t over paths; None with fewer than two).
    """
    names = list(figures)
    base = [_flat(one) for one in figures[names[0]]]
    return {name: _compare(base, [_flat(one) for one in figures[name]]) for name in names[1:]}


def _compare(base: list[dict[str, float | None]], other: list[dict[str, float | None]]) -> dict[str, Any]:
    mine, theirs = (np.array([row["cost"] for row in rows], float) for rows in (base, other))
    found: dict[str, Any] = {
        "paths": len(base),
        "better_in": int((mine < theirs).sum()),
        "cost_ratio": float(mine.mean() / theirs.mean()) if theirs.mean() > 0 else None,
    }
    for name in _COMPARED:
        pairs = [(a.get(name), b.get(name)) for a, b in zip(base, other, strict=True)]
        known = [a - b for a, b in pairs if a is not None and b is not None]
        if known:
            found[name] = _interval(np.array(known))
    return found


def _interval(differences: np.ndarray) -> dict[str, float | None]:
    mean, n = float(differences.mean()), len(differences)
    if n < 2:
        return {"difference": mean, "low": None, "high": None}
    half = float(student.ppf((1 + _CONFIDENCE) / 2, n - 1) * differences.std(ddof=1) / np.sqrt(n))
    return {"difference": mean, "low": mean - half, "high": mean + half}
