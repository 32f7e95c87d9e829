"""Why a forecast is what it is: the trees' contributions, added up to words a planner knows.

On the log scale contributions add up, so each is a factor:
101 pieces = 80 (recent level) x 1.4 (weekday) x 0.9 (price).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.censoring import with_expected
from forecast.direct import keep_recent
from forecast.features import FeatureMaker, Rows
from forecast.panel import Panel
from forecast.point import Point, PointModel, without_outliers

__all__ = ["Drivers", "drivers_of", "word_of"]

LEVEL, SEASON, LIKE, ABOVE = "recent level", "weekday and season", "like series", "totals above"
_OWN = ("mean", "spread", "sold", "since", "size", "age", "horizon")
_DATES = ("season", "weekday", "month", "day of")


@dataclass(frozen=True, kw_only=True)
class Drivers:
    """What moved the forecast of one series.

    Parameters
    ----------
    words
        Names of the drivers: k.
    logs
        Shape (horizon, k): the sum over a row is the logarithm of that period's expected pieces.
    mean
        Expected pieces, shape (horizon,).
    model
        Model behind the series.
    """

    words: tuple[str, ...]
    logs: np.ndarray
    mean: np.ndarray
    model: str

    def summary(self) -> dict[str, float]:
        """Return each driver's factor over the whole horizon: its contribution averaged by pieces.

        The recent level is in pieces a period; the product of all is the geometric mean of the forecast.
        """
        weights = self.mean / self.mean.sum()
        return dict(zip(self.words, np.exp(weights @ self.logs).tolist(), strict=True))


def word_of(feature: str) -> str:
    """Return the planner's word for a feature: regressors and calendar columns keep the user's own names.

    Examples
    --------
    >>> [word_of(name) for name in ("mean 28", "weekday", "known price against 28", "static brand", "store size")]
    ['recent level', 'weekday and season', 'price', 'attributes', 'like series']
    """
    head, _, rest = feature.partition(" ")
    if head == "known":
        return rest.split(" against ")[0]
    if head == "calendar":
        return rest.removesuffix(" next").removesuffix(" next in").removesuffix(" like day")
    if head == "static":
        return "attributes"
    if "feast" in feature or feature == "like day":
        return "feasts"
    starts = {"year ago": "same season last year", **dict.fromkeys(_DATES, SEASON), **dict.fromkeys(_OWN, LEVEL)}
    return next((word for start, word in starts.items() if feature.startswith(start)), LIKE)


def drivers_of(model: PointModel, panel: Panel, point: Point, series: int) -> Drivers | None:
    """Return what moved the forecast of one series; None where nothing is expected.

    Parameters
    ----------
    model, panel, point
        The model, the panel it was asked about, and its answer.
    series
        Row of the series.

    Returns
    -------
    For trees their contributions (TreeSHAP), and what the levels above and blending changed; for simple models the
    level and the shape of the season.
    """
    mean = point.mean[series]
    if not (mean > 0).all():
        return None
    name = str(point.model[series])
    total = np.log(mean)
    if name != "lightgbm" or not model.trees:
        source = "attributes" if name == "attributes" else LEVEL
        flat = np.full(len(mean), total.mean())
        return Drivers(words=(source, SEASON), logs=np.stack([flat, total - flat], axis=1), mean=mean, model=name)
    parts = _contributions(model, panel, point.model, series)
    parts[ABOVE] = total - sum(parts.values())
    return Drivers(words=tuple(parts), logs=np.stack(list(parts.values()), axis=1), mean=mean, model=name)


def _contributions(model: PointModel, panel: Panel, names: np.ndarray, series: int) -> dict[str, np.ndarray]:
    recent, _ = without_outliers(with_expected(keep_recent(panel)))
    own = np.flatnonzero(names == model.name)  # the series that trees forecast see each other only
    part = recent.take(own)
    groupings = [(name, group[own]) for name, group in model.groupings]
    h = part.horizon
    row = np.full(h, np.searchsorted(own, series))
    rows = Rows(series=row, t=np.full(h, part.length - 1), h=np.arange(1, h + 1))
    parts: dict[str, np.ndarray] = {LEVEL: np.zeros(h)}
    for trees in model.trees:
        maker = FeatureMaker(part, groupings, yearly=trees.yearly, scale=trees.scale)
        table = maker.table(rows).select(trees.names)
        shares = trees.boosted.contributions(table) / len(model.trees)
        parts[LEVEL] = parts[LEVEL] + shares[:, -1] + np.log(table.level) / len(model.trees)
        for k, feature in enumerate(trees.names):
            word = word_of(feature)
            parts[word] = parts.get(word, np.zeros(h)) + shares[:, k]
    return parts
