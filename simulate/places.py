"""Where the parties are: the provinces of mainland China, by the capital's place and the share of people."""

from __future__ import annotations

import numpy as np

__all__ = ["AREAS", "LATITUDE", "LONGITUDE", "REGIONS", "SHARE", "distances_km"]

# Name, latitude and longitude of the capital (degrees), residents in millions (census of 2020, rounded), area.
_PLACES = (
    ("Anhui", 31.82, 117.23, 61, "east"),
    ("Beijing", 39.90, 116.41, 22, "north"),
    ("Chongqing", 29.56, 106.55, 32, "southwest"),
    ("Fujian", 26.07, 119.30, 42, "east"),
    ("Gansu", 36.06, 103.83, 25, "northwest"),
    ("Guangdong", 23.13, 113.26, 126, "south"),
    ("Guangxi", 22.82, 108.32, 50, "south"),
    ("Guizhou", 26.65, 106.63, 39, "southwest"),
    ("Hainan", 20.04, 110.34, 10, "south"),
    ("Hebei", 38.04, 114.51, 75, "north"),
    ("Heilongjiang", 45.80, 126.53, 32, "northeast"),
    ("Henan", 34.75, 113.63, 99, "central"),
    ("Hubei", 30.59, 114.31, 58, "central"),
    ("Hunan", 28.23, 112.94, 66, "central"),
    ("Inner Mongolia", 40.84, 111.75, 24, "north"),
    ("Jiangsu", 32.06, 118.80, 85, "east"),
    ("Jiangxi", 28.68, 115.86, 45, "east"),
    ("Jilin", 43.82, 125.32, 24, "northeast"),
    ("Liaoning", 41.81, 123.43, 43, "northeast"),
    ("Ningxia", 38.49, 106.23, 7, "northwest"),
    ("Qinghai", 36.62, 101.78, 6, "northwest"),
    ("Shaanxi", 34.34, 108.94, 40, "northwest"),
    ("Shandong", 36.65, 117.12, 102, "east"),
    ("Shanghai", 31.23, 121.47, 25, "east"),
    ("Shanxi", 37.87, 112.55, 35, "north"),
    ("Sichuan", 30.57, 104.07, 84, "southwest"),
    ("Tianjin", 39.34, 117.36, 14, "north"),
    ("Tibet", 29.65, 91.14, 4, "southwest"),
    ("Xinjiang", 43.83, 87.62, 26, "northwest"),
    ("Yunnan", 24.88, 102.83, 47, "southwest"),
    ("Zhejiang", 30.27, 120.16, 65, "east"),
)

REGIONS = tuple(place[0] for place in _PLACES)
AREAS = tuple(place[4] for place in _PLACES)
"""The usual seven areas of the country, by region."""
LATITUDE = np.array([place[1] for place in _PLACES])
LONGITUDE = np.array([place[2] for place in _PLACES])
SHARE = np.array([place[3] for place in _PLACES], dtype=float)
SHARE /= SHARE.sum()

_EARTH_RADIUS_KM = 6371.0


def distances_km() -> np.ndarray:
    """Return the great-circle distances between the regions' capitals, shape (31, 31), kilometres (haversine).

    Examples
    --------
    >>> beijing, shanghai = REGIONS.index("Beijing"), REGIONS.index("Shanghai")
    >>> round(distances_km()[beijing, shanghai])
    1067
    """
    lat, lon = np.radians(LATITUDE), np.radians(LONGITUDE)
    half = np.sin((lat[:, None] - lat) / 2) ** 2
    half = half + np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    return np.asarray(2 * _EARTH_RADIUS_KM * np.arcsin(np.sqrt(half)))
