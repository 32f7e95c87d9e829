"""The forecaster of launches: learns from finished styles, then forecasts others at checkpoints after their launch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError, UnknownIdError
from forecast.launch.checkpoints import DEFAULT_CHECKPOINTS, Checkpoint, checkpoints_from
from forecast.launch.events import seconds_of
from forecast.launch.features import Features, Scene, scene_of
from forecast.launch.launches import LIFE_DAYS, Launches, launches_from
from forecast.launch.model import (
    CheckpointModel,
    Estimates,
    LaunchParams,
    fit_checkpoint,
    quantile_name,
    thresholds_of,
)
from forecast.launch.path import check_bucket, path_rows
from forecast.launch.track import LaunchTrack

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
        kol_record: pd.DataFrame | None = None,
        checkpoints: Sequence[str] = DEFAULT_CHECKPOINTS,
        as_of: pd.Timestamp | None = None,
    ) -> FittedLaunches:
        """Learn a model per checkpoint.

        Parameters
        ----------
        styles, signals, sales, kols, kol_record
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
        launches = launches_from(styles, signals, sales, kols, kol_record)
        scene = scene_of(launches, _cutoff(launches, as_of))
        models = {}
        for checkpoint in checkpoints_from(checkpoints, option="checkpoints"):
            features = scene.features(checkpoint.seconds)
            models[checkpoint] = fit_checkpoint(scene, checkpoint.seconds, features, self.params, self.seed)
        tables = {"styles": styles, "signals": signals, "sales": sales, "kols": kols, "kol_record": kol_record}
        return FittedLaunches(params=self.params, scene=scene, models=models, tables=tables)


@dataclass(frozen=True, kw_only=True)
class FittedLaunches:
    """A forecaster that has learnt.

    Parameters
    ----------
    params
        How it was told to.
    scene
        The styles that it knows of.
    models
        By checkpoint.
    tables
        The raw rows behind the scene: what other styles came to lately counts for new ones.
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
        joined = self.joined(styles, signals, sales)
        ids, rows = joined.scene.launches.ids, joined.rows_of(styles)
        frames = []
        for checkpoint in asked:
            _, estimates = joined.at(checkpoint, rows)
            frames.append(forecast_rows(ids[rows], checkpoint, estimates, quantiles))
        order = np.argsort(np.tile(np.arange(len(rows)), len(asked)), kind="stable")
        return pd.concat(frames, ignore_index=True).iloc[order].reset_index(drop=True)

    def path(
        self,
        styles: pd.DataFrame,
        signals: pd.DataFrame | None = None,
        sales: pd.DataFrame | None = None,
        *,
        checkpoint: str,
        quantiles: Sequence[float] = DEFAULT_QUANTILES,
        bucket: str = "D",
        life_days: int = LIFE_DAYS,
    ) -> pd.DataFrame:
        """Forecast what is still to come of styles after a checkpoint, by day or week, as planning takes it.

        Returns
        -------
        DataFrame
            ``item, bucket, mean, q…``.
        """
        check_quantiles(quantiles, option="quantiles")
        check_bucket(bucket, option="bucket")
        asked = self._asked([checkpoint])[0]
        joined = self.joined(styles, signals, sales)
        rows = joined.rows_of(styles)
        features, estimates = joined.at(asked, rows)
        return path_rows(
            joined.scene,
            self.models[asked],
            features,
            rows=rows,
            estimates=estimates,
            quantiles=quantiles,
            bucket=bucket,
            life_days=life_days,
            learnt=self.scene,
        )

    def follow(self, style_id: str) -> LaunchTrack:
        """Return a style of the scene (see `joined`) to be followed signal by signal.

        Raises
        ------
        UnknownIdError
            If the scene does not have it.
        """
        row = int(self.scene.launches.ids.get_indexer([style_id])[0])
        if row < 0:
            raise UnknownIdError("style", style_id)
        threshold = float(thresholds_of(self.scene, self.params)[row])
        events = self.scene.launches.events.of(np.array([row]))
        return LaunchTrack(scene=self.scene, models=self.models, row=row, threshold=threshold, events=events)

    def joined(
        self, styles: pd.DataFrame, signals: pd.DataFrame | None = None, sales: pd.DataFrame | None = None
    ) -> FittedLaunches:
        """Return the forecaster with more styles in its scene, as they are told here; it learns nothing from them."""
        new = styles.drop(columns=["total", "final_at"], errors="ignore")
        ids = set(new["style_id"].astype("str"))
        tables = dict(self.tables)
        for name, more in (("styles", new), ("signals", signals), ("sales", sales)):
            old = self.tables[name]
            if old is not None:
                old = old[~old["style_id"].astype("str").isin(ids)]
            given = [frame for frame in (old, more) if frame is not None and len(frame)]
            tables[name] = pd.concat(given, ignore_index=True) if given else None
        return replace(self, scene=scene_of(launches_from(**tables), self.scene.cutoff), tables=tables)

    def rows_of(self, styles: pd.DataFrame) -> np.ndarray:
        """Return the places of styles in the scene."""
        return np.asarray(self.scene.launches.ids.get_indexer(styles["style_id"].astype("str")))

    def at(self, checkpoint: Checkpoint, rows: np.ndarray) -> tuple[Features, Estimates]:
        """Return the features of all styles of the scene at a checkpoint, and the estimates of some."""
        features = self.scene.features(checkpoint.seconds)
        thresholds = thresholds_of(self.scene, self.params)[rows]
        return features, self.models[checkpoint].estimates(features.take(rows), thresholds)

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


def forecast_rows(
    ids: pd.Index, checkpoint: Checkpoint, estimates: Estimates, quantiles: Sequence[float]
) -> pd.DataFrame:
    """Return the rows of one checkpoint."""
    values = estimates.distribution.quantiles(quantiles)
    columns: dict[str, Any] = {"style_id": ids.astype("str"), "checkpoint": checkpoint.name, "mean": estimates.mean}
    columns |= {quantile_name(level): values[:, k] for k, level in enumerate(quantiles)}
    return pd.DataFrame(columns | {"p_hit": estimates.p_hit, "drivers": estimates.drivers})


def check_quantiles(quantiles: Sequence[float], *, option: str) -> None:
    """Raise unless the levels are in (0, 1), each once."""
    for level in quantiles:
        if not 0 < level < 1:
            raise InputError(option, "levels between 0 and 1", level)
    if not quantiles or len(set(quantiles)) < len(quantiles):
        raise InputError(option, "at least one level, each once", list(quantiles))


def _cutoff(launches: Launches, as_of: pd.Timestamp | None) -> float:
    if as_of is not None:
        return float(seconds_of([as_of])[0])
    finals = launches.final[np.isfinite(launches.final)]
    return float(finals.max()) if len(finals) else -np.inf
