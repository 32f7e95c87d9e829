"""Levels above the series: their keys, their panels, and forecasts pulled towards them.

A node is named by (level, key), as in ``store_id=CA_1``: bare numbers of two levels cannot be mistaken for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from contracts.errors import InputError
from forecast.panel import Attribute, Panel

TOTAL = "total"
_NO_KEY = "(none)"


@dataclass(frozen=True, kw_only=True)
class Level:
    """One way to group all series.

    Parameters
    ----------
    name
        The static columns, joined by ``+``; ``total`` for the whole.
    keys
        Key of each group.
    group
        Group of each series, shape (n,).
    """

    name: str
    keys: tuple[str, ...]
    group: np.ndarray

    @property
    def ids(self) -> list[str]:
        """Identifiers of the nodes: ``level=key``."""
        return [TOTAL] if self.name == TOTAL else [f"{self.name}={key}" for key in self.keys]

    def sum(self, values: np.ndarray) -> np.ndarray:
        """Add up the members of each group, shape (groups, ...)."""
        return np.asarray(membership(self.group, len(self.keys)) @ values)


def membership(group: np.ndarray, size: int) -> csr_matrix:
    """Return the sparse matrix (groups x series) that adds up members; series of group -1 belong nowhere."""
    inside = np.flatnonzero(group >= 0)
    return csr_matrix((np.ones(len(inside)), (group[inside], inside)), shape=(size, len(group)))


def total_of(panel: Panel) -> Level:
    """Return the level of one node that holds every series."""
    return Level(name=TOTAL, keys=(TOTAL,), group=np.zeros(panel.n, dtype=np.int64))


def level_from(panel: Panel, name: str, *, option: str = "--hierarchy") -> Level:
    """Group the series by a static column or by several joined with ``+``.

    Raises
    ------
    InputError
        If a column is missing, or two groups would have the same key.
    """
    have = {a.name: a for a in panel.static}
    names = [part.strip() for part in name.split("+")]
    for part in names:
        if part not in have:
            raise InputError(option, f"static columns ({', '.join(have) or 'none given'})", part)
    codes = np.stack([_codes(have[part]) for part in names], axis=1)
    groups, group = np.unique(codes, axis=0, return_inverse=True)
    texts = [_texts(have[part]) for part in names]
    keys = tuple("+".join(text[code] for text, code in zip(texts, row, strict=True)) for row in groups)
    if len(set(keys)) < len(keys):
        raise InputError(option, f"values of {name} without '+', so that keys stay distinct", name)
    return Level(name="+".join(names), keys=keys, group=group.reshape(-1))


def aggregate(panel: Panel, level: Level) -> Panel:
    """Return the panel of a level's nodes: demand added up, flags averaged, attributes kept if shared.

    Prices are left out: the mean price of a group moves with what it is made of more than with what it costs.

    Demand of members that could not be seen is filled with what the member sold on average over the season before,
    else a stock-out would look like a fall of the whole group.
    """
    y = level.sum(_filled(panel))
    exists = level.sum((np.arange(panel.length) >= panel.born[:, None]).astype(float)) > 0
    born = np.where(exists.any(axis=1), exists.argmax(axis=1), panel.length)
    return replace(
        panel,
        ids=np.asarray(level.ids, dtype=object),
        y=y.astype(np.float32),
        available=exists,
        born=born,
        sold=None,
        static=tuple(_shared(a, level) for a in panel.static if a.categorical),
        known=tuple(_averaged(a, level) for a in panel.known if a.flag),
    )


def stack(panels: Sequence[Panel]) -> Panel:
    """Put panels of the same periods under each other."""
    first = panels[0]
    return replace(
        first,
        ids=np.concatenate([p.ids for p in panels]),
        y=np.concatenate([p.y for p in panels]),
        available=np.concatenate([p.available for p in panels]),
        born=np.concatenate([p.born for p in panels]),
        static=_stacked([p.static for p in panels]),
        known=_stacked([p.known for p in panels]),
    )


def pull(bottom: np.ndarray, levels: Sequence[Level], aims: Sequence[np.ndarray], *, power: float = 0.5) -> np.ndarray:
    """Scale the bottom forecasts towards the forecasts of each level, one level after the other.

    Parameters
    ----------
    bottom
        Expected pieces, shape (n, horizon).
    levels, aims
        Levels from coarse to fine and the forecasts of their nodes, shape (groups, horizon).
    power
        0 ignores the levels, 1 obeys the last one.
    """
    out = bottom.copy()
    for level, aim in zip(levels, aims, strict=True):
        sums = level.sum(out)
        ratio: np.ndarray = np.divide(aim, sums, out=np.ones_like(sums), where=(sums > 0) & (aim > 0))
        out *= (ratio**power)[level.group]
    return out


def _codes(a: Attribute) -> np.ndarray:
    if a.categorical:
        return np.asarray(np.nan_to_num(a.values, nan=-1), dtype=np.int64)
    return np.asarray(np.where(np.isnan(a.values), -1, np.unique(a.values, return_inverse=True)[1]))


def _texts(a: Attribute) -> dict[int, str]:
    if a.categorical:
        return {-1: _NO_KEY, **dict(enumerate(a.categories))}
    return {-1: _NO_KEY, **{k: f"{value:g}" for k, value in enumerate(np.unique(a.values))}}


def _filled(panel: Panel) -> np.ndarray:
    y = panel.y.astype(float)
    hidden = ~panel.available & (np.arange(panel.length) >= panel.born[:, None])
    for row in np.flatnonzero(hidden.any(axis=1)):
        seen = np.concatenate([[0.0], np.cumsum(np.where(hidden[row], 0, y[row]))])
        count = np.concatenate([[0.0], np.cumsum(panel.available[row])])
        gaps = np.flatnonzero(hidden[row])
        start = np.maximum(gaps - 4 * panel.frequency.season, 0)
        number = count[gaps] - count[start]
        y[row, gaps] = np.divide(seen[gaps] - seen[start], number, out=np.zeros(len(gaps)), where=number > 0)
    return y


def _stacked(attributes: Sequence[tuple[Attribute, ...]]) -> tuple[Attribute, ...]:
    return tuple(
        replace(same[0], values=np.concatenate([a.values for a in same])) for same in zip(*attributes, strict=True)
    )


def _shared(a: Attribute, level: Level) -> Attribute:
    """Give a node the attribute that all its members share; unknown where they differ."""
    low, high = np.full(len(level.keys), np.inf), np.full(len(level.keys), -np.inf)
    np.minimum.at(low, level.group, a.values)
    np.maximum.at(high, level.group, a.values)
    return replace(a, values=np.where(low == high, low, np.nan).astype(np.float32))


def _averaged(a: Attribute, level: Level) -> Attribute:
    there = np.isfinite(a.values)
    total, count = level.sum(np.where(there, a.values, 0)), level.sum(there)
    mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
    return replace(a, values=mean.astype(np.float32))
