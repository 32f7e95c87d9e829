"""What past runs of a forecast tell of the next ones: how spread narrows, which way levels drift, and together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planning.problem import Floats
from planning.recourse_history import ForecastHistory
from planning.recourse_sales import hear_sales
from planning.recourse_sizes import size_odds

__all__ = ["Outlook", "outlook"]

_SETTLED = 3  # age from which an item's level counts as known for the drift
_SELLING = 3  # ages up to which, where nothing is known yet, each bucket of sales is taken to halve the variance
_PRIOR_STEPS = 1.0  # steps of narrowing that this belief counts for
_PRIOR_REVISIONS = 50.0  # revisions as wide as stated that the stretch starts from
_PRIOR_RUNS = 4.0  # runs without a common part that the market starts from


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What is expected of the forecasts to come, for P items over the next T buckets.

    Parameters
    ----------
    stated
        Shape (P,): standard deviation of the log level that the newest run states; 0 = it is known, or not forecast.
    spread
        Shape (P, T + 1): the one expected at the start of each bucket from now on, >= 0, never rising.
    factor
        Shape (P,): what to multiply the newest run by, for the sales that it has not heard and the drift to come.
    market
        Standard deviation of the part of a revision that all items share.
    """

    stated: Floats
    spread: Floats
    factor: Floats
    market: float


def outlook(history: ForecastHistory, now: int, ahead: int, *, prior_items: float) -> Outlook:
    """Learn from the runs known at the start of a bucket.

    Parameters
    ----------
    prior_items
        Settled items without a revision that the drift starts from, > 0.
    """
    known = history.until(now)
    n_items = len(history.first)
    if not len(known.made):
        still = np.zeros((n_items, ahead + 1))
        return Outlook(stated=still[:, 0], spread=still, factor=np.ones(n_items), market=0.0)
    age = now - history.first
    lowest, n_ages = int(age.min()), int(age.max() - age.min()) + ahead + 2
    heard = hear_sales(known)
    stated = np.nan_to_num(known.spread[-1])
    known = heard.correct(known)
    drift = _drift(known, lowest, n_ages, prior_items)
    shift, width = _by_size(known, drift[np.clip(known.age - lowest, 0, n_ages - 1)])
    narrowing = _narrowing(known, lowest, n_ages)
    total = np.concatenate([[0.0], np.cumsum(narrowing)])
    at = age[:, None] - lowest + np.arange(ahead + 1)
    spread = (
        np.nan_to_num(known.spread[-1])[:, None] * np.exp((total[at + 1] - total[at[:, :1] + 1]) / 2) * _stretch(known)
    )
    return Outlook(
        stated=stated,
        spread=spread * width[:, None],
        factor=np.exp(drift[age - lowest] + heard.shift[-1] + shift),
        market=_market(known),
    )


def _by_size(known: ForecastHistory, drift: Floats) -> tuple[Floats, Floats]:
    """Return what sizes that came true add to the newest levels, and how they stretch their spreads, shapes (P,)."""
    size = known.size + np.cumsum(np.nan_to_num(known.revision), axis=0) + drift
    seen = np.isfinite(known.spread) & np.isfinite(size)
    first, last = seen.argmax(axis=0), len(seen) - 1 - seen[::-1].argmax(axis=0)
    over = np.flatnonzero(seen.any(axis=0) & (known.age[-1] >= _SETTLED))
    odds = size_odds(*((size[run[over], over], known.spread[run[over], over]) for run in (first, last)))
    shift, width = np.zeros(seen.shape[1]), np.ones(seen.shape[1])
    now = seen[-1]
    shift[now], width[now] = odds.believe(size[-1, now], known.spread[-1, now])
    return shift, width


def _by_age(values: Floats, known: ForecastHistory, wanted: NDArray[np.bool_], lowest: int, n_ages: int) -> Floats:
    """Return count and sum of the wanted values by age, shape (2, ages); ages below the lowest are left out."""
    at = known.age - lowest
    wanted = wanted & (at >= 0) & (at < n_ages)
    count = np.bincount(at[wanted], minlength=n_ages)
    return np.stack([count, np.bincount(at[wanted], weights=values[wanted], minlength=n_ages)])


def _narrowing(known: ForecastHistory, lowest: int, n_ages: int) -> Floats:
    """Mean change of the log variance on reaching an age, <= 0, shape (ages,)."""
    variance = np.where(known.spread > 1e-9, known.spread, np.nan) ** 2
    step = np.full(variance.shape, np.nan)
    step[1:] = np.log(variance[1:] / variance[:-1])
    count, total = _by_age(step, known, known.dated & np.isfinite(step), lowest, n_ages)
    age = np.arange(n_ages) + lowest
    believed = np.where((age >= 1) & (age <= _SELLING), np.log(0.5), 0.0)
    return np.asarray(np.minimum((total + _PRIOR_STEPS * believed) / (count + _PRIOR_STEPS), 0.0))


def _drift(known: ForecastHistory, lowest: int, n_ages: int, prior_items: float) -> Floats:
    """Mean log revision from an age until settled, shape (ages,)."""
    revision = np.nan_to_num(known.revision)
    still_to_come = revision.sum(axis=0) - np.cumsum(revision, axis=0)
    settled = known.age[-1] >= _SETTLED
    count, total = _by_age(still_to_come, known, known.dated & settled, lowest, n_ages)
    return np.asarray(total / (count + prior_items))


def _fall(known: ForecastHistory) -> Floats:
    """Variance that each run was to resolve by the stated spreads, shape (R, P); NaN where unknown."""
    fall = np.full(known.spread.shape, np.nan)
    fall[1:] = known.spread[:-1] ** 2 - known.spread[1:] ** 2
    return np.where(np.isfinite(known.revision) & (fall > 0), fall, np.nan)


def _stretch(known: ForecastHistory) -> float:
    """Spread shown by the revisions / spread stated by the quantiles."""
    fall = _fall(known)
    counts = np.isfinite(fall)
    if not counts.any():
        return 1.0
    prior = _PRIOR_REVISIONS * float(fall[counts].mean())
    revision = known.revision[counts] - known.revision[counts].mean()
    return float(np.sqrt((prior + (revision**2).sum()) / (prior + fall[counts].sum())))


def _market(known: ForecastHistory) -> float:
    """Return the standard deviation of what all revisions of a run share, 0 unless it stands out from chance."""
    moved = np.isfinite(known.revision) & (np.abs(np.nan_to_num(known.revision)) > 1e-9)
    n = moved.sum(axis=1)
    runs = n >= 2
    if runs.sum() < 2:
        return 0.0
    change = np.where(moved, known.revision, 0.0)[runs]
    n, moved = n[runs], moved[runs]
    centre = change.sum() / n.sum()
    mean = change.sum(axis=1) / n - centre
    own = (np.where(moved, change - centre - mean[:, None], 0.0) ** 2).sum() / max(float((n - 1).sum()), 1.0)
    by_chance = own / n
    beyond = float((mean**2 / np.maximum(by_chance, 1e-12)).mean())
    if beyond <= 1 + 3 * np.sqrt(2 / len(n)):
        return 0.0
    common = max(float((mean**2 - by_chance).mean()), 0.0)
    return float(np.sqrt(common * len(n) / (len(n) + _PRIOR_RUNS)))
