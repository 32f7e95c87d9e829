"""How far penetration differs from area to area: what an area's own figures are smoothed with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["penetration_prior"]

Floats = npt.NDArray[np.float64]
_FEWEST, _MOST = 1.0, 1e6


def penetration_prior(active: Floats, people: Floats) -> tuple[float, float]:
    """Return the mean penetration of all areas, and for how many people of an area it counts.

    Parameters
    ----------
    active, people
        Shape (areas,), ``0 <= active <= people`` and ``people > 0``.

    Returns
    -------
    mean, n
        The mean, with half an active one and half an inactive one added, so that it is never certain; ``n`` in
        [1, 1e6]: few where areas differ much, many where they are alike.

    Notes
    -----
    Moments of the beta-binomial distribution: Kleinman (1973), Proportions with extraneous variance.

    Examples
    --------
    >>> people = np.full(4, 100.0)
    >>> mean, n = penetration_prior(np.array([5.0, 10.0, 20.0, 30.0]), people)
    >>> round(mean, 3), round(n)
    (0.163, 11)
    """
    total = float(people.sum())
    mean = (float(active.sum()) + 0.5) / (total + 1.0)
    spread = float((people * np.square(active / people - mean)).sum()) / (mean * (1.0 - mean))
    areas = len(people) - 1
    left = total - float(np.square(people).sum()) / total - areas if total > 0 else 0.0
    if areas < 1 or left <= 0:
        return mean, _FEWEST
    share = (spread - areas) / left  # of the variance that lies between areas
    return mean, float(np.clip((1.0 - share) / share, _FEWEST, _MOST)) if share > 0 else _MOST
