"""One style followed signal by signal: a new estimate in milliseconds, without learning anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecast.launch.checkpoints import Checkpoint
from forecast.launch.events import Events, seconds_of
from forecast.launch.features import Scene
from forecast.launch.model import CheckpointModel, Estimates

__all__ = ["LaunchTrack"]


@dataclass(frozen=True, kw_only=True)
class LaunchTrack:
    """A style, what was counted of it so far, and the models that judge it.

    Parameters
    ----------
    scene, models
        The styles around it, and what was learnt, by checkpoint.
    row
        The style's place in the scene.
    threshold
        Total above which it is a hit.
    events
        Its events.
    """

    scene: Scene
    models: Mapping[Checkpoint, CheckpointModel]
    row: int
    threshold: float
    events: Events

    def seen(
        self, kind: str, count: float, *, signal_time: pd.Timestamp, observed_at: pd.Timestamp | None = None
    ) -> LaunchTrack:
        """Return the style with one more signal.

        Parameters
        ----------
        kind
            As the signals name it; one that the history never had changes nothing.
        count
            How often, of this period alone.
        """
        launch = self.scene.launches.launch[self.row]
        happened, told = seconds_of([signal_time, observed_at or signal_time]) - launch
        return replace(self, events=self.events.with_event(kind, age=happened, seen=told, count=count))

    def estimate(self, as_of: pd.Timestamp, *, quantiles: Sequence[float] = (0.1, 0.5, 0.9)) -> dict[str, float | str]:
        """Return what the style will come to as known at a moment: ``mean``, ``q…``, ``p_hit`` and ``drivers``.

        Between two checkpoints both models are asked and weighed by the logarithm of the time since the launch.
        """
        age = float(seconds_of([as_of])[0] - self.scene.launches.launch[self.row])
        features = self.scene.features(max(age, 0.0), np.array([self.row]), self.events)
        threshold, answers = np.array([self.threshold]), []
        for k, (model, weight) in enumerate(self._models(age)):
            answers.append((weight, model.estimates(features, threshold, explained=k == 0)))
        values = np.sum([weight * _figures(answer, quantiles) for weight, answer in answers], axis=0)
        names = ["mean", "p_hit", *(f"q{level:g}" for level in quantiles)]
        return {**dict(zip(names, map(float, values), strict=True)), "drivers": answers[0][1].drivers[0]}

    def _models(self, age: float) -> list[tuple[CheckpointModel, float]]:
        """Return the models of the checkpoints around an age, with their weights."""
        models = sorted(self.models.values(), key=lambda model: model.seconds)
        times = np.array([model.seconds for model in models])
        after = int(np.searchsorted(times, age, side="right"))
        if after in (0, len(models)):
            return [(models[max(after - 1, 0)], 1.0)]
        early, late, now = np.log1p([times[after - 1] / 600, times[after] / 600, age / 600])
        share = float((now - early) / (late - early))
        return [(models[after - 1], 1 - share)] + ([(models[after], share)] if share > 0 else [])


def _figures(answer: Estimates, quantiles: Sequence[float]) -> np.ndarray:
    return np.concatenate([answer.mean, answer.p_hit, answer.distribution.quantiles(quantiles)[0]])
