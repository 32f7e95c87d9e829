"""Styles of the same maker: what the earlier ones had come to by now."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.launch.events import Events

__all__ = ["kin_features", "kin_of"]

_LEAST_DISTINCT = 0.3
_MOST_EARLIER = 10
_SPACING = 1e12


def kin_of(attributes: pd.DataFrame) -> np.ndarray:
    """Return which styles have the same maker, as an index; -1 where nothing tells.

    A text column (author, account, designer) nearly every value of which is rare yet some return names the maker; so do
    two or more number columns of that kind together: nobody else has exactly as many followers, friends and messages.

    Returns
    -------
    np.ndarray
        int64, shape (n,).
    """
    texts: list[str] = []
    numbers: list[str] = []
    for name in attributes:
        cells = attributes[name]
        share = cells.nunique() / max(int(cells.notna().sum()), 1)
        if _LEAST_DISTINCT <= share < 1:
            is_number = (
                pd.api.types.is_numeric_dtype(cells) or pd.to_numeric(cells, errors="coerce").notna().mean() > 0.5
            )
            (numbers if is_number else texts).append(name)
    columns = texts[:1] or (numbers if len(numbers) > 1 else [])
    if not columns:
        return np.full(len(attributes), -1, dtype=np.int64)
    maker = attributes.groupby(columns, sort=False, dropna=True).ngroup().to_numpy(dtype=float, na_value=-1)
    return np.asarray(maker.astype(np.int64))


def kin_features(
    kin: np.ndarray, events: Events, count: np.ndarray, launch: np.ndarray, seconds: float
) -> dict[str, np.ndarray]:
    """Return how many earlier styles the same maker has, and how far they had come by the checkpoint.

    Parameters
    ----------
    kin
        Maker of each style, as `kin_of` gives it, shape (n,).
    events, count
        Events of all styles and what each counts, shape (m,).

    Returns
    -------
    dict
        Number, and mean, last and highest log count of the up to ten latest ones, and log seconds since the last;
        NaN without an earlier one.
    """
    n = len(kin)
    style, earlier = _pairs(kin, launch)
    cumulative = np.concatenate([[0.0], np.cumsum(count)])
    moment = events.style * _SPACING + np.clip(events.seen, -_SPACING / 4, _SPACING / 4)
    elapsed = np.clip(launch[style] + seconds - launch[earlier], -_SPACING / 4, _SPACING / 4)
    end = np.searchsorted(moment, earlier * _SPACING + elapsed, "right")
    start = np.searchsorted(events.style, earlier)
    reached = np.log1p(np.maximum(cumulative[end] - cumulative[start], 0))
    number = np.bincount(style, minlength=n)
    empty = np.where(number > 0, 0.0, np.nan)
    highest, last, gap = empty.copy(), empty.copy(), empty.copy()
    np.maximum.at(highest, style, reached)
    last[style] = reached  # pairs come in the order of launch: the last write stays
    gap[style] = np.log1p(launch[style] - launch[earlier])
    mean = np.bincount(style, weights=reached, minlength=n) / np.maximum(number, 1) + empty
    return {"kin": number.astype(float), "kin_mean": mean, "kin_last": last, "kin_most": highest, "kin_gap": gap}


def _pairs(kin: np.ndarray, launch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each style with up to ten earlier ones of its maker, the latest last."""
    order = np.lexsort((launch, kin))
    maker = kin[order]
    place = np.arange(len(order))
    first = np.searchsorted(maker, maker)
    styles, others = [], []
    for back in range(_MOST_EARLIER, 0, -1):
        inside = (place - back >= first) & (maker >= 0)
        styles.append(order[place[inside]])
        others.append(order[place[inside] - back])
    style, other = np.concatenate(styles), np.concatenate(others)
    strictly = launch[other] < launch[style]
    return style[strictly], other[strictly]
