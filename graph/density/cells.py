"""Cells of the H3 grid for arrays of coordinates."""

from __future__ import annotations

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.arrays import Array

__all__ = ["NOWHERE", "Cells", "area_cells", "cell_texts", "cells_of", "centres", "parents", "parsed", "resolutions"]

Cells = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
NOWHERE = np.uint64(0)
BASE = 8
_FINEST = 15
_BITS_PER_DIGIT, _RESOLUTION_AT = np.uint64(3), np.uint64(52)


def cells_of(lat: Array, lon: Array, resolution: int) -> Cells:
    """Return the cell of each place, `NOWHERE` where a coordinate is missing; shape (n,).

    Examples
    --------
    >>> [f"{cell:x}" for cell in cells_of(np.array([31.23, np.nan]), np.array([121.47, 0.0]), 8)]
    ['88309959d5fffff', '0']
    """
    found = np.zeros(len(lat), dtype=np.uint64)
    known = np.isfinite(lat) & np.isfinite(lon)
    # The library has no array call; this loop takes under a microsecond per place.
    places = zip(np.asarray(lat)[known].tolist(), np.asarray(lon)[known].tolist(), strict=True)
    cells = (h3.latlng_to_cell(a, b, resolution) for a, b in places)
    found[known] = np.fromiter(cells, dtype=np.uint64, count=int(known.sum()))
    return found


def area_cells(lat: Array, lon: Array, resolution: int) -> Cells:
    """Return the cell of each place such that coarse areas hold whole finer ones.

    Hexagons of one size do not fill those of another exactly: up to `BASE` cells are made at `BASE` and coarsened.
    """
    base = cells_of(lat, lon, max(resolution, BASE))
    return base if resolution >= BASE else parents(base, resolution)


def parents(cells: Cells, resolution: int) -> Cells:
    """Return the coarser cell that holds each cell, `NOWHERE` for nowhere.

    A parent has its resolution's number and ones in the digits it no longer uses: an operation on bits.

    Examples
    --------
    >>> fine = cells_of(np.array([31.23]), np.array([121.47]), 8)
    >>> int(parents(fine, 5)[0]) == h3.cell_to_parent(int(fine[0]), 5)
    True
    """
    unused = (np.uint64(1) << (_BITS_PER_DIGIT * np.uint64(_FINEST - resolution))) - np.uint64(1)
    number = np.uint64(resolution) << _RESOLUTION_AT
    coarse = ((cells | unused) & ~(np.uint64(15) << _RESOLUTION_AT)) | number
    return np.where(cells == NOWHERE, NOWHERE, coarse)


def resolutions(cells: Cells) -> npt.NDArray[np.int64]:
    """Return each cell's resolution."""
    return ((cells >> _RESOLUTION_AT) & np.uint64(15)).astype(np.int64)


def parsed(texts: pd.Series) -> Cells:
    """Return cells written as hexadecimal texts, `NOWHERE` where a text names none."""
    distinct = {text: _parsed(text) for text in texts.dropna().unique()}
    return np.asarray(texts.map(distinct).fillna(0).to_numpy(), dtype=np.uint64)


def cell_texts(cells: Cells) -> list[str]:
    """Return cells as hexadecimal texts, an empty one for nowhere."""
    return [f"{cell:x}" if cell else "" for cell in cells.tolist()]


def centres(cells: Cells) -> tuple[Floats, Floats]:
    """Return latitude and longitude of the cells' centres, in degrees."""
    pairs = np.array([h3.cell_to_latlng(cell) for cell in cells.tolist()], dtype=float).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _parsed(text: str) -> int:
    try:
        cell = int(text, 16)
    except ValueError:
        return 0
    return cell if 0 < cell < 2**64 and h3.is_valid_cell(cell) else 0
