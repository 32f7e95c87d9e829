"""Launch forecasts and economics of styles as files say them → arrays that decisions and choices are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from contracts.errors import InputError, TableError
from forecast.launch.checkpoints import Checkpoint, checkpoints_from
from planning.launch_tables import LAUNCH_TERMS, launch_forecast_schema
from planning.tables import quantile_levels, require_rising

__all__ = ["LaunchFrames", "launch_frames"]

_DEFAULTS = {
    "salvage_fen": 0.0,
    "first_lead_days": 0.0,
    "lead_time_days": 0.0,
    "minimum_order": 1.0,
    "demanded": 0.0,
    "stock": 0.0,
    "on_order": 0.0,
    "on_order_days": 0.0,
}


@dataclass(frozen=True)
class LaunchFrames:
    """Checked forecasts and terms.

    Parameters
    ----------
    forecasts
        One row per style and checkpoint, in the files' order.
    terms
        One row per style, indexed by ``style_id``, defaults filled in.
    levels
        Quantile columns and their levels.
    checkpoints
        All checkpoints of the forecasts, in the order of time.
    """

    forecasts: pd.DataFrame
    terms: pd.DataFrame
    levels: dict[str, float]
    checkpoints: tuple[Checkpoint, ...]

    def at(self, checkpoint: str) -> pd.DataFrame:
        """Return the forecasts of a checkpoint."""
        return self.forecasts[self.forecasts["checkpoint"] == checkpoint].reset_index(drop=True)

    def terms_of(self, styles: pd.Series, column: str) -> NDArray[np.float64]:
        """Return a column of the terms for styles."""
        return np.asarray(self.terms.loc[styles, column], dtype=float)

    def quantiles(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Return the forecasts' quantiles, shape (rows, levels)."""
        return np.asarray(rows[list(self.levels)], dtype=float)


def launch_frames(
    launches: pd.DataFrame, styles: pd.DataFrame, *, at: str | None = None, sources: Mapping[str, str] | None = None
) -> LaunchFrames:
    """Check both tables and join them.

    Parameters
    ----------
    at
        The only checkpoint that matters.

    Raises
    ------
    TableError
        Naming the file, the column and the row.
    InputError
        If `at` is none of the forecasts' checkpoints.
    """
    names = {"launches": "launches", "styles": "styles", **(sources or {})}
    forecasts = launch_forecast_schema(launches).check(launches, names["launches"])
    levels = quantile_levels(forecasts)
    if len(levels) < 2:
        told = ", ".join(map(str, launches.columns))
        raise TableError(names["launches"], "q0.5", "at least two quantile columns such as q0.1, q0.9", told)
    require_rising(forecasts, names["launches"])
    checkpoints = checkpoints_from(list(dict.fromkeys(forecasts["checkpoint"])), option=names["launches"])
    if at is not None and at not in {c.name for c in checkpoints}:
        raise InputError("--at", f"a checkpoint of {names['launches']} ({', '.join(c.name for c in checkpoints)})", at)
    terms = _terms(LAUNCH_TERMS.check(styles, names["styles"]), names["styles"])
    wanted = forecasts if at is None else forecasts[forecasts["checkpoint"] == at]
    missing = ~wanted["style_id"].isin(terms.index).to_numpy()
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        style = wanted["style_id"].iloc[row]
        raise TableError(
            names["launches"],
            "style_id",
            f"a style of {names['styles']}",
            style,
            row=int(wanted.index[row]) + 1,
            bad_rows=int(missing.sum()),
        )
    return LaunchFrames(forecasts, terms, levels, checkpoints)


def _terms(checked: pd.DataFrame, source: str) -> pd.DataFrame:
    terms = checked.copy()
    for column, default in _DEFAULTS.items():
        terms[column] = terms[column].fillna(default) if column in terms else default
    cost = terms["unit_cost_fen"]
    terms["chase_cost_fen"] = terms["chase_cost_fen"].fillna(cost) if "chase_cost_fen" in terms else cost
    terms["minimum_order"] = terms["minimum_order"].clip(lower=1)
    if "reserved" in terms:
        terms["reserved"] = terms["reserved"].fillna(0.0)
    for column in ("unit_cost_fen", "chase_cost_fen"):
        _require_between(terms, column, source)
    return terms.set_index("style_id")


def _require_between(terms: pd.DataFrame, column: str, source: str) -> None:
    bad = ~((terms["salvage_fen"] < terms[column]) & (terms[column] < terms["price_fen"])).to_numpy()
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        low, high = terms["salvage_fen"].iloc[row], terms["price_fen"].iloc[row]
        expected = f"more than salvage_fen ({low:g}) and less than price_fen ({high:g})"
        raise TableError(source, column, expected, f"{terms[column].iloc[row]:g}", row=row + 1, bad_rows=int(bad.sum()))
