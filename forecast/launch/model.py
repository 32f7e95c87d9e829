"""The model of one checkpoint: the method that its backtest chose, and how far that one strays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecast.boosting import StumpParams
from forecast.launch.choice import Backtest, backtest, fit_best
from forecast.launch.drivers import driver_words
from forecast.launch.features import Features, Scene
from forecast.launch.hits import hit_thresholds
from forecast.launch.intervals import Distribution, Misses, Width, fit_width, misses_from
from forecast.launch.methods import Fitted

__all__ = ["CheckpointModel", "Estimates", "LaunchParams", "fit_checkpoint", "quantile_name", "thresholds_of"]


_FEWEST_MEANS, _MEAN_FACTORS = 20, (0.5, 2.0)


@dataclass(frozen=True, kw_only=True)
class LaunchParams:
    """How launches are forecast.

    Parameters
    ----------
    trees
        How trees are grown.
    hit_level
        Percentile of the category's known totals above which a total is a hit, in (0, 1).
    """

    trees: StumpParams = field(default_factory=StumpParams)
    hit_level: float = 0.9

    def __post_init__(self) -> None:
        if not 0 < self.hit_level < 1:
            raise ValueError("Expected hit_level in (0, 1).")


@dataclass(frozen=True, kw_only=True)
class Estimates:
    """What is forecast of m styles at a checkpoint: their distribution, the chance of a hit, and why."""

    distribution: Distribution
    mean: np.ndarray
    p_hit: np.ndarray
    drivers: list[str]


@dataclass(frozen=True, kw_only=True)
class CheckpointModel:
    """A model of one checkpoint, learnt at a cutoff.

    Parameters
    ----------
    seconds
        The checkpoint.
    names
        Features it looks at.
    fitted, width, misses
        The chosen method, how wide its forecasts are and how they strayed; `fitted` is None without any history.
    mean_factor
        What the median of what is still to come is multiplied by for its mean.
    backtest
        Why the method was chosen.
    history
        Number of styles that it learnt from.
    """

    seconds: float
    names: tuple[str, ...]
    fitted: Fitted | None
    width: Width
    misses: Misses
    mean_factor: float
    backtest: Backtest
    history: int

    @property
    def method(self) -> str:
        """Name of the method: the backtest's best, or ``no_history``."""
        return "no_history" if self.fitted is None else self.backtest.best

    def summary(self) -> dict[str, Any]:
        """Return key figures."""
        wape = {name: round(value, 4) for name, value in self.backtest.wape.items()}
        return {"method": self.method, "history": self.history, "backtest_wape": wape}

    def expected_of(self, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        """Return the finished styles in the order of launch, and what the backtest expected of each still to come.

        Returns
        -------
        rows, expected
            Indices and counts, NaN for those too early to be forecast, shape (history,).
        """
        rows = _history(scene, self.seconds)
        expected = np.full(len(rows), np.nan)
        said = np.expm1(self.backtest.medians[self.backtest.best])
        expected[self.backtest.rows] = self.mean_factor * said
        return rows, expected

    def estimates(self, features: Features, thresholds: np.ndarray, *, explained: bool = True) -> Estimates:
        """Forecast styles.

        Parameters
        ----------
        features
            As they stand at the checkpoint.
        thresholds
            Totals above which they are hits, NaN where unknown, shape (m,).
        explained
            Whether to tell the drivers.
        """
        seen = features.named(self.names)
        median = _doubled(seen) if self.fitted is None else self.fitted.predict(seen)
        distribution = Distribution(
            so_far=seen.so_far, median=median, width=self.width.predict(seen), misses=self.misses
        )
        chance = distribution.chance_above(np.nan_to_num(thresholds, nan=np.inf))
        return Estimates(
            distribution=distribution,
            mean=seen.so_far + self.mean_factor * np.expm1(median),
            p_hit=np.where(np.isnan(thresholds), np.nan, chance),
            drivers=self._drivers(seen) if explained else [""] * len(median),
        )

    def _drivers(self, features: Features) -> list[str]:
        if self.fitted is None:
            return ["no history"] * len(features.so_far)
        return driver_words(features.names, self.fitted.contributions(features))


def fit_checkpoint(
    scene: Scene, seconds: float, features: Features, params: LaunchParams, seed: int
) -> CheckpointModel:
    """Learn from the styles whose totals were known at the scene's cutoff, each as it stood at the checkpoint."""
    rows = _history(scene, seconds)
    past, total = features.take(rows).varied(), scene.launches.total[rows]
    tried = backtest(past, total, params=params.trees, seed=seed)
    fitted = fit_best(tried, past, total, params=params.trees, seed=seed) if len(rows) else None
    return CheckpointModel(
        seconds=seconds,
        names=past.names,
        fitted=fitted,
        width=fit_width(past, total, params=params.trees, seed=seed),
        mean_factor=_mean_factor(tried.medians[tried.best], total[tried.rows] - past.so_far[tried.rows]),
        misses=misses_from(tried.medians[tried.best], tried.width, total[tried.rows], past.so_far[tried.rows]),
        backtest=tried,
        history=len(rows),
    )


def quantile_name(level: float) -> str:
    """Return the column of a quantile.

    Examples
    --------
    >>> quantile_name(0.5)
    'q0.5'
    """
    return "q" + f"{level:.6f}".rstrip("0")


def thresholds_of(scene: Scene, params: LaunchParams) -> np.ndarray:
    """Return each style's threshold of a hit as known at the cutoff, shape (n,)."""
    launches = scene.launches
    return hit_thresholds(launches.total, scene.known, launches.category, params.hit_level)


def _history(scene: Scene, seconds: float) -> np.ndarray:
    """Return the styles whose totals are known and whose checkpoint was over by the cutoff, in the order of launch."""
    rows = np.flatnonzero(scene.known & (scene.launches.launch + seconds <= scene.cutoff))
    return rows[np.argsort(scene.launches.launch[rows], kind="stable")]


def _doubled(features: Features) -> np.ndarray:
    """Without any history: as much again as has come."""
    return np.asarray(np.log1p(features.so_far))


def _mean_factor(median: np.ndarray, came: np.ndarray) -> float:
    """Return the factor that turns medians into means with the least squared error in the backtest, 0.5 to 2."""
    said = np.expm1(median)
    squared = float(said @ said)
    if len(said) < _FEWEST_MEANS or squared == 0:
        return 1.0
    return float(np.clip(said @ came / squared, *_MEAN_FACTORS))
