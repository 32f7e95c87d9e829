"""The forecaster of launches: learns from finished styles, then forecasts others at checkpoints after their launch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError
from forecast.launch.checkpoints import DEFAULT_CHECKPOINTS, Checkpoint, checkpoints_from
from forecast.launch.events import seconds_of
from forecast.launch.features import Scene, scene_of
from forecast.launch.launches import Launches, launches_from
from forecast.launch.model import CheckpointModel, LaunchParams, fit_checkpoint, thresholds_of

__all__ = [
    "DEFAULT_QUANTILES",
    "FittedLaunches",
    "LaunchForecaster",
    "LaunchParams",
    "check_quantiles",
    "forecast_rows",
]

DEFAULT_QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, kw_only=True)
class LaunchForecaster:
    """How launches are forecast; `fit` learns it from finished styles.

    Parameters
    ----------
    params
        Everything about the models.
    seed
        The same seed gives the same numbers, bit for bit.
    """

    params: LaunchParams = field(default_factory=LaunchParams)
    seed: int = 0

    def fit(
        self,
        styles: pd.DataFrame,
        signals: pd.DataFrame | None = None,
        sales: pd.DataFrame | None = None,
        *,
        kols: pd.DataFrame | None = None,
        checkpoints: Sequence[str] = DEFAULT_CHECKPOINTS,
        as_of: pd.Timestamp | None = None,
    ) -> FittedLaunches:
        """Learn a model per checkpoint.

        Parameters
        ----------
        styles, signals, sales, kols
            Raw rows (`forecast.launch.tables`, `forecast.tables.SIGNALS`).
        checkpoints
            Times after the launch that will be asked for.
        as_of
            Moment at which it learns: totals final later are not looked at. By default all totals count.

        Raises
        ------
        InputError
            Naming the table with its column and first bad row, or the option.
        """
        launches = launches_from(styles, signals, sales, kols)
        scene = scene_of(launches, _cutoff(launches, as_of))
        models = {}
        for checkpoint in checkpoints_from(checkpoints, option="checkpoints"):
            features = scene.features(checkpoint.seconds)
            models[checkpoint] = fit_checkpoint(scene, checkpoint.seconds, features, self.params, self.seed)
        tables = {"styles": styles, "signals": signals, "sales": sales, "kols": kols}
        return FittedLaunches(params=self.params, scene=scene, models=models, tables=tables)


@dataclass(frozen=True, kw_only=True)
class FittedLaunches:
    """A forecaster that has learnt.

    Parameters
    ----------
    params
        How it was told to.
    scene
        What it learnt from.
    models
        By checkpoint.
    tables
        The raw rows it learnt from: what other styles came to lately counts for new ones.
    """

    params: LaunchParams
    scene: Scene
    models: dict[Checkpoint, CheckpointModel]
    tables: dict[str, pd.DataFrame | None]

    def predict(
        self,
        styles: pd.DataFrame,
        signals: pd.DataFrame | None = None,
        sales: pd.DataFrame | None = None,
        *,
        checkpoints: Sequence[str] | None = None,
        quantiles: Sequence[float] = DEFAULT_QUANTILES,
    ) -> pd.DataFrame:
        """Forecast styles at checkpoints, each from what was known of it then.

        Parameters
        ----------
        styles, signals, sales
            The styles to forecast (their totals, if there, are not looked at) and what is known of them.
        checkpoints
            Of those that were learnt; all of them by default.
        quantiles
            Levels in (0, 1).

        Returns
        -------
        DataFrame
            ``style_id, checkpoint, mean, q…, p_hit, drivers``, one row per style and checkpoint.
        """
        check_quantiles(quantiles, option="quantiles")
        asked = self._asked(checkpoints)
        scene = self._joined(styles, signals, sales)
        rows = scene.launches.ids.get_indexer(styles["style_id"].astype("str"))
        thresholds = thresholds_of(scene, self.params)
        frames = []
        for checkpoint in asked:
            features = scene.features(checkpoint.seconds).take(rows)
            estimates = self.models[checkpoint].estimates(features, thresholds[rows])
            frames.append(forecast_rows(scene.launches.ids[rows], checkpoint, estimates, quantiles))
        order = np.argsort(np.tile(np.arange(len(rows)), len(asked)), kind="stable")
        return pd.concat(frames, ignore_index=True).iloc[order].reset_index(drop=True)

    def _asked(self, names: Sequence[str] | None) -> list[Checkpoint]:
        if names is None:
            return list(self.models)
        learnt = {checkpoint.seconds: checkpoint for checkpoint in self.models}
        asked = checkpoints_from(names, option="checkpoints")
        for checkpoint in asked:
            if checkpoint.seconds not in learnt:
                have = ",".join(known.name for known in self.models)
                raise InputError("checkpoints", f"checkpoints that were learnt ({have})", checkpoint.name)
        return [learnt[checkpoint.seconds] for checkpoint in asked]

    def _joined(self, styles: pd.DataFrame, signals: pd.DataFrame | None, sales: pd.DataFrame | None) -> Scene:
        """Return the scene with the styles to forecast in it, as learnt at the fit."""
        new = styles.drop(columns=["total", "final_at"], errors="ignore")
        ids = set(new["style_id"].astype("str"))
        tables = {}
        for name, more in (("styles", new), ("signals", signals), ("sales", sales)):
            old = self.tables[name]
            if old is not None:
                old = old[~old["style_id"].astype("str").isin(ids)]
            given = [frame for frame in (old, more) if frame is not None and len(frame)]
            tables[name] = pd.concat(given, ignore_index=True) if given else None
        return scene_of(launches_from(**tables, kols=self.tables["kols"]), self.scene.cutoff)


def forecast_rows(ids: pd.Index, checkpoint: Checkpoint, estimates: Any, quantiles: Sequence[float]) -> pd.DataFrame:
    """Return the rows of one checkpoint."""
    values = estimates.distribution.quantiles(quantiles)
    columns: dict[str, Any] = {"style_id": ids.astype("str"), "checkpoint": checkpoint.name, "mean": estimates.mean}
    columns |= {_column(level): values[:, k] for k, level in enumerate(quantiles)}
    return pd.DataFrame(columns | {"p_hit": estimates.p_hit, "drivers": estimates.drivers})


def check_quantiles(quantiles: Sequence[float], *, option: str) -> None:
    """Raise unless the levels are in (0, 1), each once."""
    for level in quantiles:
        if not 0 < level < 1:
            raise InputError(option, "levels between 0 and 1", level)
    if not quantiles or len(set(quantiles)) < len(quantiles):
        raise InputError(option, "at least one level, each once", list(quantiles))


def _column(level: float) -> str:
    return "q" + f"{level:.6f}".rstrip("0")


def _cutoff(launches: Launches, as_of: pd.Timestamp | None) -> float:
    if as_of is not None:
        return float(seconds_of(pd.Series([as_of]))[0])
    finals = launches.final[np.isfinite(launches.final)]
    return float(finals.max()) if len(finals) else -np.inf
