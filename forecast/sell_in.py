"""Sell-in against sell-through: bullwhip, and distributors who are sent more than shoppers buy.

Channel stuffing leaves two traces. Stock grows: cumulative sell-in runs ahead of cumulative sell-through by more than
growing sales explain. And it comes at the end of a month or quarter, when somebody's target is counted. An honest
promotion leaves neither: its goods are sold some weeks later, and it falls on any day.

Sell-in is never demand: nothing here reaches a forecast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

_DAYS_OF_MONTH = 30.4
_DRAWS = 400
_NEW = 28
_RARE, _RARE_WEIGHT = 3, 0.4
_CYCLES = {"month": 1, "quarter": 3}


@dataclass(frozen=True, kw_only=True)
class SellInParams:
    """What counts as too much.

    Parameters
    ----------
    cover_days
        Days of sales that a distributor's stock is expected to last; it grows with sales, >= 0.
    end_days
        Last days of a month or quarter that are looked at, 1 … 14.
    patience_days
        How long goods may wait for their promotion before they count as too many, >= 1.
    tolerated_months
        Months of sales in excess that score 0.5, > 0.
    tolerated_share
        Share of sell-in beyond the usual in the last days of a period that scores 0.5, in (0, 1).
    fewest_months
        Whole months needed to score anybody, >= 3.
    alarm
        Score whose lower end is called stuffing, in (0, 1).
    """

    cover_days: float = 30.0
    end_days: int = 5
    patience_days: int = 42
    tolerated_months: float = 1.0
    tolerated_share: float = 0.2
    fewest_months: int = 6
    alarm: float = 0.5

    def __post_init__(self) -> None:
        if self.cover_days < 0 or not 1 <= self.end_days <= 14 or self.patience_days < 1 or self.fewest_months < 3:
            raise ValueError("Expected cover_days >= 0, end_days in 1 … 14, patience_days >= 1 and fewest_months >= 3.")
        if self.tolerated_months <= 0 or not (0 < self.tolerated_share < 1 and 0 < self.alarm < 1):
            raise ValueError("Expected tolerated_months > 0, tolerated_share and alarm in (0, 1).")


@dataclass(frozen=True, kw_only=True)
class SellInCheck:
    """What sell-in and sell-through of one distributor say.

    Parameters
    ----------
    sell_in, sell_through
        Pieces in all.
    bullwhip
        Variance of weekly sell-in over that of weekly sell-through; NaN if nothing was sold.
    excess_months
        Months of present sales that lie there beyond what is expected.
    end_share, usual_share
        Share of sell-in in the last days of the worse of month and quarter, and that of as many other days.
    score, low, high
        How much it looks like stuffing, 0 … 1, with its 80 % range over the months; NaN with too little history.
    stuffing
        Whether even the lower end is an alarm.
    reasons
        What the score stands on, in words.
    """

    sell_in: float
    sell_through: float
    bullwhip: float
    excess_months: float
    end_share: float
    usual_share: float
    score: float
    low: float
    high: float
    stuffing: bool
    reasons: tuple[str, ...]


def check_sell_in(
    sell_in: np.ndarray,
    sell_through: np.ndarray,
    days: np.ndarray,
    *,
    params: SellInParams | None = None,
    seed: int = 0,
) -> list[SellInCheck]:
    """Check each distributor.

    Parameters
    ----------
    sell_in, sell_through
        Pieces by day, shape (n, T); goods sent back are negative.
    days
        datetime64[D], consecutive, shape (T,).
    seed
        Of the months drawn, the same for each distributor: nobody's range depends on who else is there.

    Returns
    -------
    One check per distributor.
    """
    chosen = params or SellInParams()
    calendar = _Calendar.of(days)
    return [
        _check(into, out, calendar, chosen, np.random.default_rng(seed))
        for into, out in zip(sell_in.astype(float), sell_through.astype(float), strict=True)
    ]


@dataclass(frozen=True)
class _Calendar:
    """Month of each day (0, 1, …), days to the end of its month and quarter, and which months are whole."""

    month: np.ndarray
    to_end: dict[str, np.ndarray]
    quarter: np.ndarray
    whole: np.ndarray

    @classmethod
    def of(cls, days: np.ndarray) -> _Calendar:
        months = days.astype("datetime64[M]")
        number = months.astype(np.int64)
        next_month = (months + 1).astype("datetime64[D]")
        quarter = number // 3
        next_quarter = ((quarter + 1) * 3).astype("datetime64[M]").astype("datetime64[D]")
        index = number - number[0]
        length = (next_month - months.astype("datetime64[D]")).astype(np.int64)
        seen = np.bincount(index)
        to_end = {"month": next_month - days, "quarter": next_quarter - days}
        return cls(
            index,
            {name: distance.astype(np.int64) - 1 for name, distance in to_end.items()},
            quarter,
            seen == np.bincount(index, length) / np.maximum(seen, 1),
        )


def _check(
    into: np.ndarray, out: np.ndarray, calendar: _Calendar, params: SellInParams, rng: np.random.Generator
) -> SellInCheck:
    whole = np.flatnonzero(calendar.whole)
    bullwhip, excess = _bullwhip(into, out), _excess_months(into, out, params)
    if len(whole) < params.fewest_months or into.sum() <= 0:
        nan, reason = float("nan"), f"not scored: {len(whole)} whole months, {params.fewest_months} needed"
        if into.sum() <= 0:
            reason = "not scored: no sell-in"
        return SellInCheck(
            sell_in=float(into.sum()), sell_through=float(out.sum()), bullwhip=bullwhip, excess_months=excess,
            end_share=nan, usual_share=nan, score=nan, low=nan, high=nan, stuffing=False, reasons=(reason,),
        )  # fmt: skip
    spikes = {cycle: _spike(into, out, calendar, cycle, params) for cycle in _CYCLES}
    draws = rng.integers(0, len(whole), (_DRAWS, len(whole)))
    drawn_excess = _drawn_excess(into, out, calendar, whole, excess)
    cover = _graded(np.append(drawn_excess(draws), excess) / params.tolerated_months)
    often = np.median(np.bincount(calendar.month, into > 0)[whole]) >= _RARE  # who orders once a month has one end
    weight = 1.0 if often else _RARE_WEIGHT
    ends = {cycle: weight * _graded(spike.drawn(rng) / params.tolerated_share) for cycle, spike in spikes.items()}
    worst = max(ends, key=lambda cycle: float(ends[cycle][-1]))
    score = 1 - (1 - cover) * (1 - ends[worst])
    low, high = (float(q) for q in np.quantile(score[:-1], [0.1, 0.9]))
    return SellInCheck(
        sell_in=float(into.sum()),
        sell_through=float(out.sum()),
        bullwhip=bullwhip,
        excess_months=excess,
        end_share=spikes[worst].end,
        usual_share=spikes[worst].usual,
        score=float(score[-1]),
        low=min(low, float(score[-1])),
        high=max(high, float(score[-1])),
        stuffing=bool(min(low, float(score[-1])) >= params.alarm),
        reasons=_reasons(excess, worst, spikes[worst], params),
    )


def _graded(ratio: np.ndarray) -> np.ndarray:
    """Grade what is found over what is tolerated: 0 at half of it, 0.5 at it, 1 at one and a half."""
    return np.clip(np.asarray(ratio, dtype=float) - 0.5, 0, 1)


def _bullwhip(into: np.ndarray, out: np.ndarray) -> float:
    weeks = len(into) // 7 * 7
    if weeks < 14:
        return float("nan")
    weekly = [x[-weeks:].reshape(-1, 7).sum(axis=1).var() for x in (into, out)]
    return float(weekly[0] / weekly[1]) if weekly[1] > 0 else float("nan")


def _excess_months(into: np.ndarray, out: np.ndarray, params: SellInParams) -> float:
    """Months of sales in stock beyond what growth explains: the least of the last weeks, as a promotion may wait."""
    window = int(3 * _DAYS_OF_MONTH)
    rate, before = out[-window:].mean(), out[:window].mean()
    if not (into[:_NEW] > 0).any() and not (out[:_NEW] > 0).any():  # a newcomer had no stock to begin with
        before = 0.0
    if rate <= 0:
        return float("inf") if into.sum() > 0 else 0.0
    stock = np.cumsum(into - out)
    explained = params.cover_days * max(rate - before, 0)
    return float((stock[-params.patience_days :].min() - explained) / (rate * _DAYS_OF_MONTH))


def _drawn_excess(
    into: np.ndarray, out: np.ndarray, calendar: _Calendar, whole: np.ndarray, excess: float
) -> Callable[[np.ndarray], np.ndarray]:
    """Return what the excess would be had other months been seen: months are drawn with replacement."""
    net = np.bincount(calendar.month, into - out)[whole]
    monthly = np.bincount(calendar.month, out)[whole][-3:].mean()

    def drawn(draws: np.ndarray) -> np.ndarray:
        moved = (net[draws].sum(axis=1) - net.sum()) / max(monthly, 1e-9)
        return np.asarray(excess + moved) if np.isfinite(excess) else np.full(len(draws), np.inf)

    return drawn


@dataclass(frozen=True)
class _Spike:
    """Shares of sell-in in the last days of each period, and in as many days of other phases; what sales did is off."""

    end: float
    usual: float
    beyond: np.ndarray

    def drawn(self, rng: np.random.Generator) -> np.ndarray:
        """Mean share beyond the usual for periods drawn with replacement, the mean of all of them last."""
        if not len(self.beyond):
            return np.zeros(_DRAWS + 1)
        draws = rng.integers(0, len(self.beyond), (_DRAWS, len(self.beyond)))
        return np.append(self.beyond[draws].mean(axis=1), self.beyond.mean())


def _spike(into: np.ndarray, out: np.ndarray, calendar: _Calendar, cycle: str, params: SellInParams) -> _Spike:
    """Compare the last days of each month (of each quarter: in its last month) with the days before them."""
    last = calendar.to_end[cycle] < params.end_days
    months = np.unique(calendar.month[last])
    months = months[calendar.whole[months]]
    shares = []
    for values in (into, out):
        total = np.bincount(calendar.month, values)[months]
        end = np.bincount(calendar.month, values * last)[months]
        shares.append(np.divide(end, total, out=np.full(len(months), np.nan), where=total > 0))
    days = np.bincount(calendar.month)[months]
    usual = params.end_days / days
    own = (shares[0] - usual) - np.maximum(np.nan_to_num(shares[1] - usual), 0)
    beyond = own[np.isfinite(own)]
    if len(beyond) < _CYCLES["quarter"]:
        beyond = beyond[:0]
    end_share = float(np.nanmean(shares[0])) if np.isfinite(shares[0]).any() else float("nan")
    return _Spike(end_share, float(usual.mean()) if len(usual) else float("nan"), beyond)


def _reasons(excess: float, cycle: str, spike: _Spike, params: SellInParams) -> tuple[str, ...]:
    out = []
    if excess > params.tolerated_months / 2:
        out.append(
            f"{excess:.1f} months of sales in stock beyond what growth explains"
            if np.isfinite(excess)
            else "goods come in and nothing is sold"
        )
    if len(spike.beyond) and spike.beyond.mean() > params.tolerated_share / 2:
        out.append(
            f"the last {params.end_days} days of a {cycle} take {spike.end:.0%} of the month's sell-in; "
            f"{spike.usual:.0%} would be even"
        )
    return tuple(out) or ("sell-in follows sell-through",)
