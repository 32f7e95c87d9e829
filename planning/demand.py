"""Demand frames → demand paths: each quantile stands for the probability nearest to it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planning.problem import DemandAtoms, Floats, Ints
from planning.tables import quantile_levels

__all__ = ["atom_chances", "demand_atoms", "settle"]


def atom_chances(levels: Floats) -> Floats:
    """Return the probability that each quantile stands for.

    The borders lie half-way between neighbouring levels; 10-50-90 gives Swanson's 30-40-30.

    Examples
    --------
    >>> atom_chances(np.array([0.1, 0.5, 0.9])).round(2).tolist()
    [0.3, 0.4, 0.3]
    """
    borders = np.concatenate([[0.0], (levels[:-1] + levels[1:]) / 2, [1.0]])
    return np.diff(borders)


def demand_atoms(demand: pd.DataFrame, item: Ints, bucket: Ints, shape: tuple[int, int]) -> DemandAtoms:
    """Spread checked rows over items and buckets.

    Parameters
    ----------
    demand
        Checked rows with `y`, or else quantile columns; a column `mean` beside those is what a row's paths average.
    item, bucket
        Item and bucket index of each row; rows that share both are added.
    shape
        Numbers of items and buckets.
    """
    quantiles = {} if "y" in demand else quantile_levels(demand)
    columns = list(quantiles) or ["y"]
    chances = atom_chances(np.array(list(quantiles.values()))) if quantiles else np.ones(1)
    pieces = np.zeros((shape[0], len(columns), shape[1]))
    values = np.sort(demand[columns].to_numpy(float), axis=1)
    if quantiles and "mean" in demand:
        values = _tied(values, chances, demand["mean"].to_numpy(float))
    for k in range(len(columns)):
        np.add.at(pieces[:, k], (item, bucket), values[:, k])
    return DemandAtoms(pieces=pieces, chance=np.tile(chances, (shape[0], 1)))


def _tied(values: Floats, chances: Floats, mean: Floats) -> Floats:
    """Stretch or shrink what lies above each row's median until the row averages its mean, shape (n, K).

    An outer quantile stands for all that lies beyond it, which with a heavy tail is far from the quantile itself. Rows
    without a mean or without spread above the median stay; a mean below what is left without any scales all.
    """
    middle = int((np.cumsum(chances) - chances < 0.5).sum()) - 1
    low = np.minimum(values, values[:, [middle]])
    base, spread = low @ chances, (values - low) @ chances
    some = spread > 0
    stretch = np.divide(mean - base, spread, out=np.ones(len(mean)), where=some)
    above = low + np.maximum(stretch, 0.0)[:, None] * (values - low)
    share = np.divide(mean, base, out=np.ones(len(mean)), where=some & (stretch < 0) & (base > 0))
    tied = np.where((stretch < 0)[:, None], low * share[:, None], above)
    return np.asarray(np.where((np.isnan(mean) | ~some)[:, None], values, tied))


def settle(atoms: DemandAtoms, certain: np.ndarray) -> DemandAtoms:
    """Give the items that may not be late one path, their median, in whole pieces of cumulative demand.

    Without a price for being late there is no trade-off that a quantile could be chosen by.
    """
    below = np.cumsum(atoms.chance, axis=1) - atoms.chance
    middle = (below < 0.5).sum(axis=1) - 1
    median = np.take_along_axis(atoms.pieces, middle[:, None, None], axis=1)
    whole = np.diff(np.ceil(np.cumsum(median, axis=2) - 1e-9), axis=2, prepend=0.0)
    pieces = np.where(certain[:, None, None], whole, atoms.pieces)
    return DemandAtoms(pieces=pieces, chance=atoms.chance)
