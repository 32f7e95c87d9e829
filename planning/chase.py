"""Chase capacity: hours held for work that is not known yet, against the price of leaving them idle.

The hours that unknown work may want of a resource in a bucket become an item of their own, one hour a piece, that can
only be made in its bucket: too few cost `[weights] chase` an hour, too many are idle. Known work is planned around it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from planning.build import PlanTables
from planning.params import PlanWeights
from planning.problem import Floats, PlanProblem
from planning.tables import quantile_levels

__all__ = ["held_figures", "held_hours", "hold_chase", "is_held"]

_MARK = "chase|"


def is_held(items: pd.Series | np.ndarray) -> np.ndarray:
    """Whether items stand for hours that are held."""
    return np.array([str(item).startswith(_MARK) for item in np.asarray(items, object)], dtype=bool)


def hold_chase(tables: PlanTables, weights: PlanWeights) -> PlanTables:
    """Add an item per resource and bucket whose quantile columns say that unknown work may come.

    Parameters
    ----------
    tables
        Checked; quantile columns of `resources` are hours, empty = none.
    """
    given = quantile_levels(tables.resources)
    if not given:
        return tables
    hours = tables.resources[list(given)].fillna(0.0).to_numpy(float)
    rows = tables.resources[hours[:, -1] > 0]
    hours = np.sort(hours[hours[:, -1] > 0], axis=1)
    names = [f"{_MARK}{r}|{b:%Y-%m-%d}" for r, b in zip(rows["resource"], rows["bucket"], strict=True)]
    wanted = quantile_levels(tables.demand) or given
    demand = tables.demand
    if "y" in demand:
        demand = demand.assign(**dict.fromkeys(wanted, demand["y"])).drop(columns="y")
    levels = (np.array(list(which.values())) for which in (given, wanted))
    held = pd.DataFrame(_at_levels(hours, *levels), columns=list(wanted)).assign(
        item=names, bucket=rows["bucket"].array
    )
    route = {"item": names, "route": "held", "step": 1, "resource": rows["resource"].array, "hours_per_unit": 1.0}
    terms = {
        "item": names,
        "holding_cost": 0.0,
        "backlog_cost": 0.0,
        "leftover_cost": weights.idle,
        "lost_cost": weights.chase,
        "known_from": rows["bucket"].array,
        "last_bucket": rows["bucket"].array,
    }
    items = pd.DataFrame({"item": []}) if tables.items is None else tables.items
    return replace(
        tables,
        demand=pd.concat([demand, held], ignore_index=True),
        routes=pd.concat([tables.routes, pd.DataFrame(route)], ignore_index=True),
        items=pd.concat([items, pd.DataFrame(terms)], ignore_index=True),
    )


def _at_levels(hours: Floats, given: Floats, wanted: Floats) -> Floats:
    """Read quantiles at other levels, straight lines between normal scores, level beyond the outer ones."""
    return np.stack([np.interp(ndtri(wanted), ndtri(given), row) for row in hours]).reshape(-1, len(wanted))


def held_hours(orders: pd.DataFrame, load: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take held hours out of the orders and show them in the load as `held`.

    Returns
    -------
    orders, load
        Orders of real items; the load whose `hours` are those of real work.
    """
    held = is_held(orders["item"])
    if not held.any():
        return orders, load
    per_bucket = orders[held].groupby(["resource", "start"])["hours"].sum().rename("held")
    shown = load.merge(per_bucket, how="left", left_on=["resource", "bucket"], right_index=True)
    shown["held"] = shown["held"].fillna(0.0)
    shown["hours"] = np.maximum(shown["hours"] - shown["held"], 0.0)
    return orders[~held].reset_index(drop=True), shown


def held_figures(problem: PlanProblem, position: Floats) -> dict[str, float]:
    """Return the hours held, and those expected to stay unused or to find no room.

    Parameters
    ----------
    position
        Shape (P, T): cumulative supply, as in `planning.evaluate.Outcome`.
    """
    held = np.flatnonzero(is_held(problem.items))
    last = problem.last[held]
    hours, chance = position[held, last], problem.demand.chance[held]
    gap = hours[:, None] - problem.demand.pieces[held, :, last]
    return {
        "hours": float(hours.sum()),
        "unused_hours": float((chance * np.maximum(gap, 0.0)).sum()),
        "unmet_hours": float((chance * np.maximum(-gap, 0.0)).sum()),
        "expected_hours": float(problem.demand.mean[held].sum()),
    }
