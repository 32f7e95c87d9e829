"""Ways to a style's total from what is known at a checkpoint: each answers with the median of what is still to come.

All work on ``log1p(total - so far)``, so that no forecast falls below what has come already.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from forecast.boosting import StumpParams, Trees, grow
from forecast.launch.features import Features
from forecast.launch.linear import Ridge, fit_ridge

__all__ = ["Blended", "Boosted", "Corrected", "Fitted", "LogLinear", "Method", "Multiplier", "remainder"]

_BAG = 2


class Fitted(Protocol):
    """A method that has learnt."""

    def predict(self, features: Features) -> np.ndarray:
        """Return the median of ``log1p(total - so far)``, shape (m,)."""

    def contributions(self, features: Features) -> np.ndarray:
        """Return what each feature adds to the logarithm, shape (m, k)."""


class Method(Protocol):
    """A method: learns from features and totals of finished styles."""

    @property
    def fewest(self) -> int:
        """Number of styles that it needs."""

    def fit(self, features: Features, total: np.ndarray, *, seed: int) -> Fitted:
        """Learn; there are at least `fewest` styles."""


def remainder(total: np.ndarray, so_far: np.ndarray) -> np.ndarray:
    """Return ``log1p(total - so far)``, 0 where more has come than the total says."""
    return np.asarray(np.log1p(np.maximum(total - so_far, 0)))


@dataclass(frozen=True)
class _Multiplied:
    multiplier: float
    start: float

    def predict(self, features: Features) -> np.ndarray:
        total = np.where(features.so_far > 0, features.so_far * self.multiplier, self.start)
        return remainder(total, features.so_far)

    def contributions(self, features: Features) -> np.ndarray:
        return np.zeros(features.values.shape)


@dataclass(frozen=True)
class Multiplier:
    """So far times the median of total / so far; the median total of those for whom nothing had come."""

    fewest: int = 1

    def fit(self, features: Features, total: np.ndarray, *, seed: int) -> Fitted:
        """Learn the two medians."""
        del seed
        some = features.so_far > 0
        ratio = np.maximum(total[some] / features.so_far[some], 1) if some.any() else np.ones(1)
        return _Multiplied(float(np.median(ratio)), float(np.median(total[~some] if (~some).any() else total)))


@dataclass(frozen=True)
class _Linear:
    ridge: Ridge

    def predict(self, features: Features) -> np.ndarray:
        return remainder(np.expm1(self.ridge.predict(features.values)), features.so_far)

    def contributions(self, features: Features) -> np.ndarray:
        return self.ridge.contributions(features.values)


@dataclass(frozen=True)
class LogLinear:
    """Ridge regression of the total's logarithm on all features, and on the squares of number attributes."""

    fewest: int = 20

    def fit(self, features: Features, total: np.ndarray, *, seed: int) -> _Linear:
        """Learn the weights."""
        del seed
        curved = [k for k, name in enumerate(features.names) if name.startswith("attribute_") and "=" not in name]
        return _Linear(fit_ridge(features.values, np.log1p(total), np.array(curved, dtype=int)))


@dataclass(frozen=True)
class _Boosted:
    bag: tuple[Trees, ...]

    def predict(self, features: Features) -> np.ndarray:
        return np.asarray(np.maximum(_mean(self.bag, features), 0))

    def contributions(self, features: Features) -> np.ndarray:
        return _mean_contributions(self.bag, features)


@dataclass(frozen=True)
class Boosted:
    """Small trees with the absolute loss, grown with two seeds."""

    params: StumpParams
    fewest: int = 60

    def fit(self, features: Features, total: np.ndarray, *, seed: int) -> Fitted:
        """Grow the trees."""
        return _Boosted(_grown(features, remainder(total, features.so_far), self.params, seed))


@dataclass(frozen=True)
class _Corrected:
    linear: _Linear
    bag: tuple[Trees, ...]

    def predict(self, features: Features) -> np.ndarray:
        logs = self.linear.ridge.predict(features.values) + _mean(self.bag, features)
        return remainder(np.expm1(logs), features.so_far)

    def contributions(self, features: Features) -> np.ndarray:
        return np.asarray(self.linear.contributions(features) + _mean_contributions(self.bag, features))


@dataclass(frozen=True)
class Corrected:
    """The log-linear model, and a third as many trees of half the size on what it leaves over."""

    params: StumpParams
    fewest: int = 60

    def fit(self, features: Features, total: np.ndarray, *, seed: int) -> Fitted:
        """Learn the weights, then grow the trees."""
        linear = LogLinear().fit(features, total, seed=seed)
        left = np.log1p(total) - linear.ridge.predict(features.values)
        few = replace(self.params, rounds=max(self.params.rounds // 3, 1), leaves=max(self.params.leaves // 2, 2))
        return _Corrected(linear, _grown(features, left, few, seed))


def _grown(features: Features, target: np.ndarray, params: StumpParams, seed: int) -> tuple[Trees, ...]:
    seeds = range(_BAG * seed, _BAG * (seed + 1))
    return tuple(grow(features.values, target, level=0.5, params=params, seed=each) for each in seeds)


def _mean(bag: tuple[Trees, ...], features: Features) -> np.ndarray:
    return np.asarray(np.mean([trees.predict(features.values) for trees in bag], axis=0))


def _mean_contributions(bag: tuple[Trees, ...], features: Features) -> np.ndarray:
    added = [trees.predict(features.values, pred_contrib=True)[:, :-1] for trees in bag]
    return np.asarray(np.mean(added, axis=0))


@dataclass(frozen=True)
class Blended:
    """The mean of several fitted methods, in logarithms."""

    parts: tuple[Fitted, ...]

    def predict(self, features: Features) -> np.ndarray:
        """Return the mean of the medians."""
        return np.asarray(np.mean([part.predict(features) for part in self.parts], axis=0))

    def contributions(self, features: Features) -> np.ndarray:
        """Return the mean of the contributions."""
        return np.asarray(np.mean([part.contributions(features) for part in self.parts], axis=0))
