"""What is still to come of a style, by day or week: its category's launch curve, with ranges learnt on past curves.

The days' ranges don't add up to the total's: each day's is the spread of what past styles brought on such days,
relative to what was then expected of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from contracts.errors import InputError
from forecast.launch.clock import ZONE_SECONDS
from forecast.launch.features import Features, Scene
from forecast.launch.launches import DAY
from forecast.launch.model import CheckpointModel, Estimates, quantile_name

__all__ = ["BUCKETS", "Curves", "Days", "check_bucket", "curves_from", "days_of", "path_rows"]

BUCKETS = {"D": 1, "W-MON": 7}
_MONDAY = 4  # 1970-01-05 was a Monday
_SHRINK = 5.0
_EDGES = (1, 3, 7, 14)
_FEWEST_STYLES = 5


def check_bucket(bucket: str, *, option: str) -> None:
    """Raise unless it is a bucket that a path can have."""
    if bucket not in BUCKETS:
        raise InputError(option, " or ".join(BUCKETS), bucket)


def path_rows(
    scene: Scene,
    model: CheckpointModel,
    features: Features,
    *,
    rows: np.ndarray,
    estimates: Estimates,
    quantiles: Sequence[float],
    bucket: str,
    life_days: int,
    learnt: Scene | None = None,
) -> pd.DataFrame:
    """Return what is expected of styles after a checkpoint, by bucket, as `evenflow plan --demand` takes it.

    Parameters
    ----------
    features
        Of all styles at the checkpoint.
    rows, estimates
        Which styles to tell of, and what is forecast of them, shape (m,).
    learnt
        The scene the model was learnt from, if styles have joined it since.

    Returns
    -------
    DataFrame
        ``item, bucket, mean, q…``: one row per style and bucket from the checkpoint's to the end of its life.
    """
    launches = scene.launches
    days = days_of(scene, model.seconds, life_days=life_days, bucket=bucket)
    past = learnt or scene
    finished, expected = model.expected_of(past)
    place = launches.ids.get_indexer(past.launches.ids[finished])
    others = scene.known[place]  # a finished style that is asked for is no example of itself
    finished, expected = place[others], expected[others]
    curves = curves_from(
        days,
        finished,
        expected=expected,
        category=launches.category[finished],
        categories=len(launches.categories),
    )
    to_come, category = estimates.mean - features.so_far[rows], launches.category[rows]
    values = curves.quantiles(to_come, category, quantiles)
    last = _bucket(launches.launch[rows] + life_days * DAY - 1, BUCKETS[bucket])
    number = days.first[rows, None] + np.arange(values.shape[1])
    style, place = np.nonzero(number <= last[:, None])
    columns = {
        "item": launches.ids[rows].astype("str")[style],
        "bucket": dates_of(number[style, place], bucket).astype("datetime64[s]"),
        "mean": curves.mean(to_come, category)[style, place],
    }
    return pd.DataFrame(columns | {quantile_name(q): values[style, place, k] for k, q in enumerate(quantiles)})


@dataclass(frozen=True)
class Days:
    """What came of each style after a checkpoint, by bucket of its life.

    Parameters
    ----------
    first
        First bucket of each style as a number since 1970, shape (n,).
    pieces
        What was not known yet at the checkpoint, by the bucket it belongs to, shape (n, buckets).
    """

    first: np.ndarray
    pieces: np.ndarray


def days_of(scene: Scene, seconds: float, *, life_days: int, bucket: str) -> Days:
    """Lay what adds up to the totals on buckets, from the checkpoint to the end of a life.

    Counts that belong before the checkpoint but were not known by then come with its bucket.
    """
    size, launch = BUCKETS[bucket], scene.launches.launch
    events = scene.launches.events
    late = events.take((events.seen > seconds) & (events.age <= life_days * DAY))
    first = _bucket(launch + seconds, size)
    last = _bucket(launch + life_days * DAY - 1, size)
    width = int(np.max(last - first, initial=0)) + 1
    # A day's count is stamped with the midnight that ends it.
    place = _bucket(launch[late.style] + np.maximum(late.age, seconds) - 1, size) - first[late.style]
    at = late.style * width + np.clip(place, 0, width - 1)
    pieces = np.bincount(at, weights=scene.accrual.counts(late), minlength=len(launch) * width)
    return Days(first, np.maximum(pieces.reshape(len(launch), width), 0))


def dates_of(numbers: np.ndarray, bucket: str) -> np.ndarray:
    """Return the first day of buckets, datetime64[D]."""
    size = BUCKETS[bucket]
    return np.asarray(numbers * size + (_MONDAY if size > 1 else 0)).astype("datetime64[D]")


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Launch curves after a checkpoint.

    Parameters
    ----------
    share
        Expected share of what is still to come that falls on each bucket, by category, shape (categories, buckets).
    ratios
        By class of buckets (the next one, the two after…): what came over what was expected, ascending.
    """

    share: np.ndarray
    ratios: tuple[np.ndarray, ...]

    def mean(self, to_come: np.ndarray, category: np.ndarray) -> np.ndarray:
        """Return expected counts per bucket, shape (m, buckets)."""
        return np.asarray(to_come[:, None] * self.share[category])

    def quantiles(self, to_come: np.ndarray, category: np.ndarray, levels: Sequence[float]) -> np.ndarray:
        """Return quantiles per bucket, sorted and >= 0, shape (m, buckets, q)."""
        mean = self.mean(to_come, category)
        by_class = np.stack([np.quantile(ratios, levels) for ratios in self.ratios])
        return np.asarray(mean[:, :, None] * by_class[_classes(mean.shape[1])])


def curves_from(days: Days, rows: np.ndarray, *, expected: np.ndarray, category: np.ndarray, categories: int) -> Curves:
    """Learn the curves from finished styles.

    Parameters
    ----------
    rows
        Which styles are finished, shape (m,).
    expected
        What a backtest expected of each of them to come still, NaN where it did not say, shape (m,).
    category
        Of those styles, shape (m,).
    categories
        How many there are.

    Raises
    ------
    InputError
        If too few of them brought anything after the checkpoint that adds up to a total.
    """
    pieces = days.pieces[rows]
    came = pieces.sum(axis=1)
    some = came > 0
    if some.sum() < _FEWEST_STYLES:
        expectation = f"sales (or signals) that add up to the totals of at least {_FEWEST_STYLES} finished styles"
        raise InputError("--path", expectation, f"{int(some.sum())} such styles")
    everyone = pieces[some].sum(axis=0) / came[some].sum()
    sums = np.zeros((categories, pieces.shape[1]))
    np.add.at(sums, category[some], pieces[some] / came[some, None])
    number = np.bincount(category[some], minlength=categories)[:, None]
    share = (sums + _SHRINK * everyone) / (number + _SHRINK)
    return Curves(share=share, ratios=_ratios(pieces, np.where(np.isnan(expected), came, expected), share[category]))


def _ratios(pieces: np.ndarray, expected: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, ...]:
    said = expected[:, None] * share
    place = np.broadcast_to(_classes(pieces.shape[1]), pieces.shape)
    good = said > 0
    ratio = np.divide(pieces, said, out=np.zeros(pieces.shape), where=good)
    found = [np.sort(ratio[good & (place == k)]) for k in range(len(_EDGES) + 1)]
    everything = np.sort(ratio[good])
    return tuple(values if len(values) else everything for values in found)


def _classes(buckets: int) -> np.ndarray:
    return np.searchsorted(_EDGES, np.arange(buckets), side="right")


def _bucket(second: np.ndarray, size: int) -> np.ndarray:
    day = np.floor((second + ZONE_SECONDS) / DAY).astype(np.int64)
    return (day - (_MONDAY if size > 1 else 0)) // size
