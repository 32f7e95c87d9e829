"""Champion against challenger on the same origins, and which of them is better by how much."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError, NotReadyError
from contracts.progress import Report, silent
from forecast.conformal import DEFAULT_QUANTILES
from forecast.forecaster import ForecastProblem, ForecastResult, Origins, forecast_at
from forecast.hierarchy import Level, level_from, total_of
from forecast.panel import Panel
from forecast.scoring import Outcome, score
from forecast.trained import first_periods
from services.champion import Model, framed_for, open_champion, open_model
from store.models import Shelf

__all__ = ["compare_models", "comparison_table", "two_models"]

_MEASURES = ("wrmsse", "wape", "wspl", "quantile_loss", "bias")
_DRAWS = 2000


@dataclass(frozen=True)
class _Side:
    """One of the two: its model, its panel and what it would have trained at earlier origins."""

    model: Model
    panel: Panel
    origins: Origins
    levels: tuple[Level, ...]

    @classmethod
    def of(cls, model: Model, tables: Mapping[str, pd.DataFrame | None], hierarchy: Sequence[str]) -> _Side:
        recipe = model.card["recipe"]
        framed = framed_for(model, tables, {name: name for name in tables}, hierarchy=hierarchy)
        panel, _ = model.trained.place(framed.panel)
        levels = (total_of(panel), *(level_from(panel, name) for name in hierarchy))
        steady = tuple(level_from(panel, name) for name in recipe["hierarchy"])
        asked = (total_of(panel), *steady) if steady else ()
        return cls(model, panel, Origins(panel, model.trained.model.params, model.trained.model.seed, asked), levels)

    def forecast(self, length: int, h: int, *, as_fitted: bool) -> ForecastResult:
        """Forecast the next h periods as of `length`: by the very model, or by its recipe trained on what was known."""
        problem = ForecastProblem(panel=self.panel, levels=self.levels)
        if as_fitted:
            cut = ForecastProblem(panel=self.panel.cut(length), levels=self.levels)
            return first_periods(self.model.trained.predict(cut), h)
        return first_periods(forecast_at(self.origins, problem, length), h)

    def seen(self, length: int) -> bool:
        """Whether the model was trained on something after `length` periods."""
        return self.model.trained.until > self.panel.first + length


def compare_models(
    champion: Model,
    challenger: Model,
    tables: Mapping[str, pd.DataFrame | None],
    *,
    origins: int = 3,
    hierarchy: Sequence[str] = (),
    seed: int = 0,
    progress: Report = silent,
) -> dict[str, Any]:
    """Score two models on the same origins, one horizon (the shorter of the two) apart, the latest first.

    At an origin that neither was trained beyond, the very models are asked (``as fitted``). At an earlier one both
    recipes are trained anew on what was known then (``trained anew``): a model would know what it is asked.

    Parameters
    ----------
    tables
        ``sales`` and the other tables of the training, up to today.
    hierarchy
        Static columns whose groups are scored, too.

    Returns
    -------
    dict
        ``origins`` (measures of both at each, by level), ``mean`` (of each measure, with the challenger's
        ``improvement``), ``wape_improvement`` with a 90 % interval over series, ``better`` and ``verdict``.

    Raises
    ------
    InputError
        If the tables lack what one of them was trained with, the two have different periods, or the history is short.
    """
    sides = [_Side.of(model, tables, hierarchy) for model in (champion, challenger)]
    if champion.trained.frequency != challenger.trained.frequency:
        raise InputError("freq", f"the period of {champion.label}", challenger.card["recipe"]["freq"])
    panel, h = sides[0].panel, min(side.panel.horizon for side in sides)
    _require_history(panel, origins, h, max(side.panel.horizon for side in sides))
    rows, losses = [], []
    for k in range(1, origins + 1):
        length = panel.length - k * h
        as_fitted = not any(side.seen(length) for side in sides)
        truth = _truth(panel, length, h)
        outcome = Outcome.of(panel, length, truth, levels=sides[0].levels, quantiles=DEFAULT_QUANTILES)
        results = [side.forecast(length, h, as_fitted=as_fitted) for side in sides]
        rows.append(
            {
                "origin": str(panel.dates(length - 1, length)[0]),
                "how": "as fitted" if as_fitted else "trained anew",
                "champion": score(outcome, results[0]),
                "challenger": score(outcome, results[1]),
            }
        )
        losses.append([_absolute(truth, result.series.mean) for result in results])
        progress("compare", k, origins)
    total = np.nansum([_pieces(panel, panel.length - k * h, h) for k in range(1, origins + 1)], axis=0)
    interval = _interval(np.sum(losses, axis=0), total, seed)
    return _told(champion, challenger, rows, interval)


def _require_history(panel: Panel, origins: int, h: int, longest: int) -> None:
    most = (panel.length - max(panel.frequency.windows[1], longest)) // h
    if not 1 <= origins <= most:
        raise InputError("--origins", f"1 to {most} origins ({panel.length} periods, {h} apart)", origins)


def _truth(panel: Panel, length: int, h: int) -> np.ndarray:
    part = slice(length, length + h)
    return np.where(panel.available[:, part], panel.y[:, part], np.nan)


def _pieces(panel: Panel, length: int, h: int) -> np.ndarray:
    return np.asarray(np.nansum(_truth(panel, length, h), axis=1))


def _absolute(truth: np.ndarray, mean: np.ndarray) -> np.ndarray:
    return np.asarray(np.nansum(np.abs(mean - truth), axis=1))


def _interval(errors: np.ndarray, pieces: np.ndarray, seed: int) -> dict[str, float | None]:
    """Return by what share the challenger's WAPE is lower, and the 90 % interval of a bootstrap over series.

    Parameters
    ----------
    errors
        Sum of absolute errors of champion and challenger by series, shape (2, n).
    """
    old, new = errors.sum(axis=1)
    if old <= 0 or pieces.sum() <= 0:
        return {"value": None, "low": None, "high": None}
    n = errors.shape[1]
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=_DRAWS)
    drawn = weights @ errors.T
    shares = 1 - drawn[:, 1] / np.where(drawn[:, 0] > 0, drawn[:, 0], np.nan)
    low, high = np.nanquantile(shares, [0.05, 0.95])
    return {"value": float(1 - new / old), "low": float(low), "high": float(high)}


def _told(
    champion: Model, challenger: Model, rows: list[dict[str, Any]], interval: Mapping[str, float | None]
) -> dict[str, Any]:
    mean = {}
    for measure in _MEASURES:
        pair = [float(np.mean([row[side][measure] for row in rows])) for side in ("champion", "challenger")]
        gain = 1 - pair[1] / pair[0] if pair[0] > 0 and measure != "bias" else None
        mean[measure] = {"champion": pair[0], "challenger": pair[1], "improvement": gain}
    leading = "wrmsse" if math.isfinite(mean["wrmsse"]["champion"] or math.nan) else "wape"
    wins = sum(row["challenger"][leading] < row["champion"][leading] for row in rows)
    better = _better(mean[leading]["improvement"], interval, wins, len(rows))
    return {
        "champion": champion.label,
        "challenger": challenger.label,
        "better": better,
        "verdict": _verdict(better, leading, mean, interval, wins=wins, n=len(rows)),
        "mean": mean,
        "wape_improvement": dict(interval),
        "challenger_won": wins,
        "origins": rows,
    }


def _better(gain: float | None, interval: Mapping[str, float | None], wins: int, n: int) -> str | None:
    """Return who is better; None where measure, interval and origins don't agree."""
    low, high = interval["low"], interval["high"]
    if gain is None or low is None or high is None:
        return None
    if gain > 0 and low > 0 and 2 * wins > n:
        return "challenger"
    return "champion" if gain < 0 and high < 0 and 2 * wins < n else None


def _verdict(
    better: str | None, leading: str, mean: Mapping[str, Any], interval: Mapping[str, Any], *, wins: int, n: int
) -> str:
    if interval["value"] is None:
        return "nothing was sold at these origins: they cannot tell"
    gain = mean[leading]["improvement"] or 0.0
    told = (
        f"the challenger's {leading.upper()} is {abs(gain):.1%} {'lower' if gain >= 0 else 'higher'}, its WAPE "
        f"{abs(interval['value']):.1%} {'lower' if interval['value'] >= 0 else 'higher'} "
        f"(gain {interval['low']:+.1%} to {interval['high']:+.1%} with 90 % certainty), ahead at {wins} of {n} origins"
    )
    head = {"challenger": "promote it", "champion": "keep the champion"}.get(better or "", "no difference to rely on")
    return f"{head}: {told}"


def two_models(shelf: Shelf, champion: str | None, challenger: str | None) -> tuple[Model, Model]:
    """Return champion and challenger, or the versions named instead.

    Raises
    ------
    NotReadyError
        If there is no champion or no challenger; names the command that makes one.
    """
    waiting = shelf.roles().challenger
    if challenger is None and waiting is None:
        raise NotReadyError(f"the model {shelf.name} has no challenger: `evenflow train` makes one")
    new = challenger or (waiting.version if waiting else "")
    return open_model(shelf, champion) if champion else open_champion(shelf), open_model(shelf, new)


def comparison_table(found: Mapping[str, Any]) -> pd.DataFrame:
    """Return a comparison as a table: one row per origin, level (empty = the series) and measure."""
    rows = []
    for origin in found["origins"]:
        both = (origin["champion"], origin["challenger"])
        parts = [("", *both), *((name, *(side["levels"][name] for side in both)) for name in both[0]["levels"])]
        for level, old, new in parts:
            measures = [*(m for m in _MEASURES if m in old), *(f"coverage {share}" for share in old["coverage"])]
            for measure in measures:
                pair = [_figure(side, measure) for side in (old, new)]
                rows.append((origin["origin"], origin["how"], level, measure, *pair))
    return pd.DataFrame(rows, columns=["origin", "how", "level", "measure", "champion", "challenger"])


def _figure(side: Mapping[str, Any], measure: str) -> float:
    head, _, share = measure.partition(" ")
    return float(side[head][share] if share else side[head])
