"""What to do with each new style at its checkpoints: commit, wait, chase, cut, move capacity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contracts.errors import InputError
from contracts.params import params_from
from forecast.launch.checkpoints import Checkpoint
from planning.early_decisions import ACTIONS, DecisionParams, DecisionProblem, Decisions, solve
from planning.launch_tables import LAUNCH_PATHS
from services.launch_frames import LaunchFrames, launch_frames

__all__ = ["DecideParams", "DecisionReport", "LifeParams", "decide_launches"]

_DAY_SECONDS = 86_400
_LEAST_NARROWING = 0.05
_MOST_DAYS = 365
_REASONS = {
    "pays": "{pieces:,} pieces now are expected to earn most",
    "worth_waiting": "the next checkpoint will know more, and an order then still pays",
    "covered": "what is on hand or ordered covers what is still expected to sell",
    "too_late": "an order would arrive when the style's life is over",
    "too_small": "no order of the smallest size pays, now or at the next checkpoint",
    "worth_more_elsewhere": "its capacity earns more with other styles",
}


@dataclass(frozen=True, kw_only=True)
class LifeParams:
    """How a style sells over its life where no path is given.

    Parameters
    ----------
    days
        Days on sale, 1 to 365.
    peak_day
        Day on which most is sold, > 0 (gamma-shaped curve).
    """

    days: int = 25
    peak_day: float = 3.0

    def __post_init__(self) -> None:
        if isinstance(self.days, bool) or not isinstance(self.days, int) or not 1 <= self.days <= 365:
            raise ValueError(f"Expected days to be a whole number in [1, 365], got {self.days!r}.")
        if not 0 < self.peak_day <= 365:
            raise ValueError(f"Expected peak_day in (0, 365], got {self.peak_day!r}.")

    def curve(self) -> NDArray[np.float64]:
        """Return the share sold by the end of each day, shape (days,)."""
        age = np.arange(self.days) + 0.5
        daily = age * np.exp(-age / self.peak_day)
        return np.asarray(daily.cumsum() / daily.sum())


@dataclass(frozen=True, kw_only=True)
class DecideParams:
    """The tables of `decide.toml`: `[decide]`, `[life]` and `[spread]`.

    Parameters
    ----------
    spread
        Log spread of the forecasts by checkpoint (any unit), as a backtest measured it; what is missing is the median
        spread of the forecasts given.
    """

    decide: DecisionParams = field(default_factory=DecisionParams)
    life: LifeParams = field(default_factory=LifeParams)
    spread: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_tables(cls, tables: Mapping[str, Any], *, where: str = "decide.toml") -> DecideParams:
        """Build the parameters from a TOML file's tables.

        Raises
        ------
        InputError
            Naming the table and the value that is unknown or out of range.
        """
        for name, table in tables.items():
            if name not in ("decide", "life", "spread"):
                raise InputError(where, "only the tables decide, life, spread", name)
            if not isinstance(table, Mapping):
                raise InputError(f"{where} [{name}]", "a table", table)
        spread = tables.get("spread", {})
        for name, value in spread.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < np.inf:
                raise InputError(f"{where} [spread] {name}", "a number > 0", value)
        return cls(
            decide=params_from(tables.get("decide", {}), DecisionParams, where=f"{where} [decide]"),
            life=params_from(tables.get("life", {}), LifeParams, where=f"{where} [life]"),
            spread=dict(spread),
        )


@dataclass(frozen=True)
class DecisionReport:
    """Decisions, one row per style and checkpoint, and key figures as plain values."""

    decisions: pd.DataFrame
    summary: dict[str, Any]


def decide_launches(
    launches: pd.DataFrame,
    styles: pd.DataFrame,
    *,
    path: pd.DataFrame | None = None,
    at: str | None = None,
    params: DecideParams | None = None,
    seed: int = 0,
    sources: Mapping[str, str] | None = None,
) -> DecisionReport:
    """Decide about each style at each checkpoint of its forecasts.

    Parameters
    ----------
    launches
        Forecasts of the styles' totals (`planning.launch_tables.LAUNCH_FORECASTS`), as ``evenflow launch`` writes.
    styles
        Their economics and where they stand (`LAUNCH_TERMS`).
    path
        Expected pieces per day from a checkpoint on (`LAUNCH_PATHS`), as ``evenflow launch --path`` writes; a style
        whose path begins later than the decision, or that has none, sells as `params.life` says.
    at
        The only checkpoint to decide at; all by default.
    sources
        File names of the tables, for messages.

    Raises
    ------
    TableError
        If a table is wrong; names the file, the column and the row.
    """
    params = params or DecideParams()
    frames = launch_frames(launches, styles, at=at, sources=sources)
    daily = None if path is None else _daily(path, frames, (sources or {}).get("path", "path"))
    spread = _spreads(frames, params.spread)
    made, prices = [], {}
    for now, following in zip(frames.checkpoints, [*frames.checkpoints[1:], None], strict=True):
        if at is not None and now.name != at:
            continue
        rows = frames.at(now.name)
        problem = _problem(frames, rows, now, following, spread=spread, curve=_curves(rows, now, daily, params.life))
        found = solve(problem, params=params.decide, seed=seed)
        made.append(_table(frames, rows, found))
        prices[now.name] = found.capacity_price
    decisions = pd.concat(made, ignore_index=True)
    return DecisionReport(decisions, _summary(decisions, spread, prices))


def _spreads(frames: LaunchFrames, told: Mapping[str, float]) -> dict[str, float]:
    """Return the log spread of each checkpoint, from the parameters or as the median over the styles."""
    low, high = (list(frames.levels)[i] for i in (0, -1))
    logs = np.log1p(frames.forecasts[high]) - np.log1p(frames.forecasts[low])
    median = logs.groupby(frames.forecasts["checkpoint"]).median()
    return {c.name: float(told.get(c.name, median[c.name])) for c in frames.checkpoints}


def _problem(
    frames: LaunchFrames,
    rows: pd.DataFrame,
    now: Checkpoint,
    following: Checkpoint | None,
    *,
    spread: dict[str, float],
    curve: NDArray[np.float64],
) -> DecisionProblem:
    n, days = len(rows), now.seconds / _DAY_SECONDS
    column = {name: frames.terms_of(rows["style_id"], name) for name in frames.terms if name in _NUMBERS}
    begun = column["demanded"] + column["stock"] + column["on_order"] > 0
    narrowing, ahead = 1.0, np.nan
    if following is not None:
        ahead = following.seconds / _DAY_SECONDS
        narrowing = float(np.clip(spread[following.name] / max(spread[now.name], 1e-9), _LEAST_NARROWING, 1.0))
    return DecisionProblem(
        levels=np.array(list(frames.levels.values())),
        quantiles=frames.quantiles(rows),
        age=np.full(n, days),
        next_age=np.full(n, ahead),
        narrowing=np.full(n, narrowing),
        curve=curve,
        demanded=column["demanded"],
        stock=column["stock"],
        on_order=column["on_order"],
        on_order_age=column["on_order_days"],
        price=column["price_fen"],
        unit_cost=np.where(begun, column["chase_cost_fen"], column["unit_cost_fen"]),
        later_cost=column["chase_cost_fen"],
        salvage=column["salvage_fen"],
        lead_days=np.where(begun, column["lead_time_days"], column["first_lead_days"]),
        later_lead_days=column["lead_time_days"],
        minimum=column["minimum_order"],
        reserved=column.get("reserved"),
    )


_NUMBERS = (
    "price_fen", "unit_cost_fen", "chase_cost_fen", "salvage_fen", "first_lead_days", "lead_time_days",
    "minimum_order", "demanded", "stock", "on_order", "on_order_days", "reserved",
)  # fmt: skip


def _daily(path: pd.DataFrame, frames: LaunchFrames, source: str) -> pd.DataFrame:
    """Return ``style_id, day, mean``: expected pieces by day of life."""
    names = {"item": "style_id", "bucket": "ds"}
    daily = LAUNCH_PATHS.check(path.rename(columns={a: b for a, b in names.items() if b not in path}), source)
    if "launch_at" not in frames.terms or frames.terms["launch_at"].isna().any():
        raise InputError("--styles", f"launch_at of every style, to tell the days of {source}", "styles without it")
    daily = daily[daily["style_id"].isin(frames.terms.index)]
    launch = daily["style_id"].map(frames.terms["launch_at"].dt.tz_localize(None).dt.normalize())
    daily = daily.assign(day=(daily["ds"] - launch).dt.days)
    return daily[daily["day"].between(0, _MOST_DAYS)]


def _curves(rows: pd.DataFrame, now: Checkpoint, daily: pd.DataFrame | None, life: LifeParams) -> NDArray[np.float64]:
    """Return the share sold by the end of each day, shape (n, days): from the path, else the usual curve."""
    usual = life.curve()
    if daily is None:
        return np.tile(usual, (len(rows), 1))
    style = pd.Index(rows["style_id"]).get_indexer(pd.Index(daily["style_id"]))
    day, pieces = daily["day"].to_numpy()[style >= 0], daily["mean"].to_numpy()[style >= 0]
    style = style[style >= 0]
    width = max(len(usual), int(day.max(initial=0)) + 1)
    sums = np.bincount(style * width + day, pieces, len(rows) * width).reshape(-1, width).cumsum(axis=1)
    first = np.full(len(rows), width)
    np.minimum.at(first, style, day)
    told = (first * _DAY_SECONDS <= now.seconds) & (sums[:, -1] > 0)
    padded = np.concatenate([usual, np.ones(width - len(usual))])
    return np.where(told[:, None], sums / np.maximum(sums[:, -1:], 1e-12), padded)


def _table(frames: LaunchFrames, rows: pd.DataFrame, found: Decisions) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "style_id": rows["style_id"],
            "checkpoint": rows["checkpoint"],
            "action": pd.Series(found.action, dtype="str"),
            "pieces": found.pieces,
            "reason": pd.Series(found.reason, dtype="str"),
            "detail": [_REASONS[why].format(pieces=n) for why, n in zip(found.reason, found.pieces, strict=True)],
            "profit_fen": found.profit,
            "commit_pieces": found.commit_pieces,
            "commit_profit_fen": found.commit_profit,
            "wait_profit_fen": np.where(np.isfinite(found.wait_profit), found.wait_profit, np.nan),
            "stop_profit_fen": found.stop_profit,
            "cost_of_waiting_fen": found.cost_of_waiting,
            "option_value_fen": found.option_value,
            "latest_useful_day": found.latest_age,
            "moved_pieces": found.moved,
        }
    )
    whole = ["commit_pieces", "latest_useful_day", *(name for name in table if str(name).endswith("_fen"))]
    table[whole] = table[whole].round().astype("Int64")
    if "launch_at" in frames.terms:
        launch = pd.Series(
            frames.terms.loc[rows["style_id"], "launch_at"].to_numpy(), dtype=frames.terms["launch_at"].dtype
        )
        day = launch.dt.tz_localize(None).dt.normalize() + pd.to_timedelta(table["latest_useful_day"], unit="D")
        table["latest_useful_date"] = day
    return table


def _summary(decisions: pd.DataFrame, spread: dict[str, float], prices: dict[str, float]) -> dict[str, Any]:
    by_checkpoint = {}
    for name, rows in decisions.groupby("checkpoint", sort=False):
        counts = rows["action"].value_counts()
        by_checkpoint[name] = {
            **{action: int(counts.get(action, 0)) for action in ACTIONS},
            "pieces": int(rows["pieces"].sum()),
            "profit_fen": float(rows["profit_fen"].sum()),
            "option_value_fen": float(rows["option_value_fen"].sum()),
            "capacity_price_fen": prices[str(name)],
        }
    return {
        "styles": int(decisions["style_id"].nunique()),
        "decisions": len(decisions),
        "spread": spread,
        "checkpoints": by_checkpoint,
    }
