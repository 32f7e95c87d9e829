"""A demand file that holds several runs of a forecast: the newest is the demand, the others are its history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from contracts.tables import Column, TableSchema
from planning.forecasts import Forecasts
from planning.problem import Floats, PlanProblem
from planning.tables import demand_schema, quantile_levels

__all__ = ["RUNS", "forecast_runs", "has_runs", "newest_run", "runs_schema"]

RUNS = TableSchema(
    name="demand",
    key=("item", "bucket", "as_of"),
    columns=(
        Column(name="as_of", kind="date", description="when the row was forecast; the newest is the demand"),
        Column(
            name="y",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1e9,
            description="pieces demanded in a past bucket; empty = not known",
        ),
    ),
)


def has_runs(frame: pd.DataFrame) -> bool:
    """Whether a demand table says when its quantiles were forecast."""
    return "as_of" in frame and bool(quantile_levels(frame))


def runs_schema(frame: pd.DataFrame) -> TableSchema:
    """Return the schema of several runs with the quantile columns that a frame has."""
    plain = demand_schema(frame)
    own = {column.name for column in RUNS.columns}
    return replace(RUNS, columns=tuple(c for c in plain.columns if c.name not in own) + RUNS.columns)


def newest_run(runs: pd.DataFrame) -> pd.DataFrame:
    """Return the demand that the newest run forecasts."""
    newest = runs[runs["as_of"] == runs["as_of"].max()]
    return newest.drop(columns=["as_of", "y"], errors="ignore").reset_index(drop=True)


def forecast_runs(runs: pd.DataFrame, problem: PlanProblem) -> tuple[Forecasts, Floats, int]:
    """Count the buckets of all runs along one axis.

    Parameters
    ----------
    runs
        Checked rows of `runs_schema`.

    Returns
    -------
    forecasts, sold, now
        The runs without what lies outside the items' lives; pieces sold in past buckets, shape (P, axis), NaN = not
        known; and the problem's first bucket on the axis.
    """
    planned = pd.DatetimeIndex(problem.buckets)
    past = pd.DatetimeIndex(runs["bucket"].unique())
    axis = past[past < planned[0]].union(planned)
    now = int(axis.get_indexer(planned[:1])[0])
    rows = runs.assign(
        made=np.minimum(axis.searchsorted(runs["as_of"]), now),
        position=axis.get_indexer(runs["bucket"]),
        number=pd.Index(problem.items).get_indexer(runs["item"]),
    )
    rows = rows[(rows["position"] >= 0) & (rows["number"] >= 0)]
    sold = _sold(rows, (len(problem.items), len(axis)), now)
    rows = rows[rows["as_of"] == rows.groupby("made")["as_of"].transform("max")]
    rows = rows[rows["position"] <= problem.last[rows["number"]] + now].sort_values("made", kind="stable")
    levels = quantile_levels(runs)
    forecasts = Forecasts(
        as_of=rows["made"].to_numpy(np.int64),
        item=rows["number"].to_numpy(np.int64),
        bucket=rows["position"].to_numpy(np.int64),
        quantiles=np.sort(rows[list(levels)].to_numpy(float), axis=1),
        levels=np.array(list(levels.values())),
    )
    return forecasts, sold, now


def _sold(rows: pd.DataFrame, shape: tuple[int, int], now: int) -> Floats:
    sold = np.full(shape, np.nan)
    if "y" in rows:
        told = rows[rows["y"].notna() & (rows["position"] < now)]
        sold[told["number"], told["position"]] = told["y"]
    return sold
