"""Wanted pieces, routes and bills of materials → requirements per step and resource, from tables in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import TableError
from planning.industrial_router import explode
from planning.tables import BOM, ITEMS, ROUTES
from services.plan_production import checked_demand

__all__ = ["RequirementsReport", "explode_requirements"]


@dataclass(frozen=True, kw_only=True)
class RequirementsReport:
    """What has to be done, as tables and figures.

    Parameters
    ----------
    steps, needs
        As in `planning.industrial_router.Requirements`.
    load
        `resource, bucket, hours` by the bucket in which the work starts.
    summary
        Figures and reasons.
    """

    steps: pd.DataFrame
    needs: pd.DataFrame
    load: pd.DataFrame
    summary: dict[str, Any]


def explode_requirements(
    demand: pd.DataFrame,
    routes: pd.DataFrame,
    *,
    bom: pd.DataFrame | None = None,
    items: pd.DataFrame | None = None,
    sources: Mapping[str, str] | None = None,
) -> RequirementsReport:
    """Translate wanted pieces into what each component, step and resource has to do, and when.

    Parameters
    ----------
    demand, routes, bom, items
        Raw tables as in docs/reference/files.md; of the items only `initial_stock` counts. A forecast is taken at its
        mean, else its median.

    Raises
    ------
    TableError
        Naming the file, the column and the first bad row; or the cycle in the bill of materials.
    """
    names = dict(sources or {})
    wanted = _pieces(checked_demand(demand, names.get("demand", "demand")), names.get("demand", "demand"))
    checked_bom = None if bom is None else BOM.check(bom, names.get("bom"))
    found = explode(
        wanted,
        ROUTES.check(routes, names.get("routes")),
        checked_bom,
        None if items is None else _stock(ITEMS.check(items, names.get("items"))),
        source=names.get("bom", "bom"),
    )
    load = found.steps.groupby(["resource", "release"], as_index=False)["hours"].sum()
    return RequirementsReport(
        steps=found.steps,
        needs=found.needs,
        load=load.rename(columns={"release": "bucket"}),
        summary=_summary(found.steps, found.needs) | {"reasons": [reason.as_dict() for reason in found.reasons]},
    )


def _pieces(demand: pd.DataFrame, source: str) -> pd.DataFrame:
    """Return one number of pieces per row."""
    column = next((name for name in ("y", "mean", "q0.5") if name in demand), None)
    if column is None:
        raise TableError(source, "q0.5", "a column y, mean or q0.5", ", ".join(map(str, demand.columns)))
    empty = np.flatnonzero(demand[column].isna())
    if len(empty):
        raise TableError(source, column, "a number >= 0", "an empty cell", row=int(empty[0]) + 1, bad_rows=len(empty))
    return demand[["item", "bucket"]].assign(pieces=demand[column])


def _stock(items: pd.DataFrame) -> pd.Series:
    held = items["initial_stock"] if "initial_stock" in items else pd.Series(0.0, index=items.index)
    return held.fillna(0.0).set_axis(items["item"])


def _summary(steps: pd.DataFrame, needs: pd.DataFrame) -> dict[str, Any]:
    return {
        "items": int(needs["item"].nunique()),
        "bought": sorted(needs.loc[(needs["source"] == "buy") & (needs["made"] > 0), "item"].unique()),
        "steps": len(steps),
        "hours": float(steps["hours"].sum()),
        "hours_by_resource": {str(k): float(v) for k, v in steps.groupby("resource")["hours"].sum().items()},
        "first_release": None if steps.empty else f"{steps['release'].min():%Y-%m-%d}",
    }
