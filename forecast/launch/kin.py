"""Styles of the same maker: what the earlier ones had come to by now."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.launch.events import Events

__all__ = ["Kin", "kin_of", "makers"]

_LEAST_DISTINCT = 0.3
_MOST_EARLIER = 10
_SPACING = 1e12


def makers(attributes: pd.DataFrame) -> np.ndarray:
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
            number = pd.to_numeric(cells, errors="coerce").notna().mean() > 0.5
            (numbers if number else texts).append(name)
    columns = texts[:1] or (numbers if len(numbers) > 1 else [])
    if not columns:
        return np.full(len(attributes), -1, dtype=np.int64)
    maker = attributes.groupby(columns, sort=False, dropna=True).ngroup().to_numpy(dtype=float, na_value=-1)
    return np.asarray(maker.astype(np.int64))


@dataclass(frozen=True, kw_only=True)
class Kin:
    """Each style with up to ten earlier ones of its maker, and all counts by when they were seen.

    Parameters
    ----------
    style, earlier
        The pairs, by style, the latest of the earlier ones last, shape (p,).
    launch
        Seconds since 1970, shape (n,).
    moment, counted
        Style and moment of each event in one ascending number, and the cumulative count before each, (m,) and (m + 1,).
    first
        Where each style's events begin, shape (n + 1,).
    """

    style: np.ndarray
    earlier: np.ndarray
    launch: np.ndarray
    moment: np.ndarray
    counted: np.ndarray
    first: np.ndarray

    def features(self, rows: np.ndarray, seconds: float) -> dict[str, np.ndarray]:
        """Return how many earlier styles the same maker has, and how far they had come by the checkpoint.

        Returns
        -------
        dict
            Number, and mean, last and highest log count of the up to ten latest ones, and log seconds since the last;
            NaN without an earlier one; shape (rows,).
        """
        begin, end = np.searchsorted(self.style, rows), np.searchsorted(self.style, rows, "right")
        number = end - begin
        asked = np.repeat(np.arange(len(rows)), number)
        pair = np.arange(len(asked)) + np.repeat(begin - np.cumsum(number) + number, number)
        style, earlier = self.style[pair], self.earlier[pair]
        reached = np.log1p(np.maximum(self._count_by(earlier, self.launch[style] + seconds), 0))
        empty = np.where(number > 0, 0.0, np.nan)
        highest, last, gap = empty.copy(), empty.copy(), empty.copy()
        np.maximum.at(highest, asked, reached)
        last[asked] = reached  # the latest comes last: its write stays
        gap[asked] = np.log1p(self.launch[style] - self.launch[earlier])
        mean = np.bincount(asked, weights=reached, minlength=len(rows)) / np.maximum(number, 1) + empty
        return {"kin": number.astype(float), "kin_mean": mean, "kin_last": last, "kin_most": highest, "kin_gap": gap}

    def _count_by(self, style: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Return what styles had come to by a second since 1970."""
        elapsed = np.clip(second - self.launch[style], -_SPACING / 4, _SPACING / 4)
        end = np.searchsorted(self.moment, style * _SPACING + elapsed, "right")
        return np.asarray(self.counted[end] - self.counted[self.first[style]])


def kin_of(maker: np.ndarray, events: Events, count: np.ndarray, launch: np.ndarray) -> Kin:
    """Pair the styles of each maker.

    Parameters
    ----------
    maker
        As `makers` returns it, shape (n,).
    events, count
        Events of all styles and what each counts, shape (m,).
    """
    style, earlier = _pairs(maker, launch)
    return Kin(
        style=style,
        earlier=earlier,
        launch=launch,
        moment=events.style * _SPACING + np.clip(events.seen, -_SPACING / 4, _SPACING / 4),
        counted=np.concatenate([[0.0], np.cumsum(count)]),
        first=events.starts(),
    )


def _pairs(maker: np.ndarray, launch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((launch, maker))
    sorted_makers, place = maker[order], np.arange(len(order))
    first = np.searchsorted(sorted_makers, sorted_makers)
    styles, others = [], []
    for back in range(_MOST_EARLIER, 0, -1):
        inside = (place - back >= first) & (sorted_makers >= 0)
        styles.append(order[place[inside]])
        others.append(order[place[inside] - back])
    style, other = np.concatenate(styles), np.concatenate(others)
    strictly = launch[other] < launch[style]
    style, other = style[strictly], other[strictly]
    by_style = np.argsort(style, kind="stable")
    return style[by_style], other[by_style]
