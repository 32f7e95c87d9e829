"""Attributes known at launch as numbers: as they are for trees, and scaled or one-hot for linear models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Attributes", "attributes_from"]

_MOST_LEVELS = 50
_NUMBERS = 0.95
_SKEWED = 5.0


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """Encoded attributes of n styles.

    Parameters
    ----------
    columns
        ``attribute_NAME`` of numbers (log1p where they are skewed) and ``attribute_NAME=TEXT`` of texts (1 or 0),
        float64 with NaN where empty, shape (n,).
    ignored
        Columns that were not used: dates, and texts of too many kinds.
    """

    columns: Mapping[str, np.ndarray]
    ignored: tuple[str, ...]


def attributes_from(frame: pd.DataFrame) -> Attributes:
    """Encode the columns of a frame; a text column most of whose cells are numbers is taken for numbers."""
    columns: dict[str, np.ndarray] = {}
    ignored: list[str] = []
    for name in map(str, frame.columns):
        cells = frame[name]
        values = _numbers(cells)
        if values is not None:
            columns[f"attribute_{name}"] = _tamed(values)
        elif _is_text(cells) and 1 <= cells.nunique() <= _MOST_LEVELS:
            columns |= _one_hot(name, cells.astype("str"))
        else:
            ignored.append(name)
    return Attributes(columns=columns, ignored=tuple(ignored))


def _tamed(values: np.ndarray) -> np.ndarray:
    """Return logarithms of what is skewed: counts of followers, prices."""
    seen = values[np.isfinite(values)]
    if not len(seen) or seen.min() < 0 or seen.max() < _SKEWED * (np.median(seen) + 1):
        return values
    return np.asarray(np.log1p(values))


def _one_hot(name: str, cells: pd.Series) -> dict[str, np.ndarray]:
    empty = cells.isna().to_numpy()
    texts = sorted(cells.dropna().unique())
    return {f"attribute_{name}={text}": np.where(empty, np.nan, (cells == text).to_numpy(float)) for text in texts}


def _is_text(cells: pd.Series) -> bool:
    return bool(cells.dtype == object or pd.api.types.is_string_dtype(cells))


def _numbers(cells: pd.Series) -> np.ndarray | None:
    """Return the cells as numbers, infinite ones as empty; None if they are none."""
    if pd.api.types.is_bool_dtype(cells) or pd.api.types.is_numeric_dtype(cells):
        values = cells.astype(float).to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isfinite(values), values, np.nan)
    if not _is_text(cells):
        return None
    text = cells.astype("string").str.strip().str.lower()
    text = text.mask(text == "")
    flags = text.map({"true": 1.0, "false": 0.0})
    values = pd.to_numeric(text, errors="coerce").astype(float).fillna(flags.astype(float)).to_numpy(float)
    values = np.where(np.isfinite(values), values, np.nan)
    filled = int(text.notna().sum())
    return values if filled and np.isfinite(values).sum() >= _NUMBERS * filled else None
