"""Who is nearest, on the sphere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from graph.arrays import Array

__all__ = ["Nearest", "distance_km"]

Floats = npt.NDArray[np.float64]
_EARTH_RADIUS_KM = 6371.0


class Nearest:
    """Places to find the nearest of; those without coordinates are never found.

    Parameters
    ----------
    lat, lon
        Shape (n,), degrees, NaN unknown.
    """

    def __init__(self, lat: Array, lon: Array) -> None:
        self._known = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
        self._tree = cKDTree(_on_sphere(lat[self._known], lon[self._known])) if len(self._known) else None

    def of(self, lat: Array, lon: Array, *, rank: int = 1) -> tuple[npt.NDArray[np.int64], Floats]:
        """Return the nearest place (or the second, third… nearest) and how far it is.

        Returns
        -------
        which, km
            Shapes (m,): position in the places and great-circle distance; -1 and infinity if there is none.
        """
        which, km = np.full(len(lat), -1), np.full(len(lat), np.inf)
        asked = np.isfinite(lat) & np.isfinite(lon)
        if self._tree is None or len(self._known) < rank or not asked.any():
            return which, km
        chord, at = self._tree.query(_on_sphere(lat[asked], lon[asked]), k=[rank])
        which[asked], km[asked] = self._known[at[:, 0]], _km(chord[:, 0])
        return which, km


def distance_km(lat: Array, lon: Array, other_lat: Array, other_lon: Array) -> Floats:
    """Return great-circle distances, NaN where a coordinate is missing.

    Examples
    --------
    >>> round(float(distance_km(39.90, 116.41, 31.23, 121.47)))
    1067
    """
    return _km(np.linalg.norm(_on_sphere(lat, lon) - _on_sphere(other_lat, other_lon), axis=-1))


def _on_sphere(lat: Array, lon: Array) -> Floats:
    lat, lon = np.radians(np.asarray(lat, dtype=float)), np.radians(np.asarray(lon, dtype=float))
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=-1)


def _km(chord: Floats) -> Floats:
    return np.asarray(2 * _EARTH_RADIUS_KM * np.arcsin(np.clip(chord / 2, 0, 1)))
