"""Factories that make a sku in steps, some of them at workshops that supply them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from graph.arrays import expand, starts_of
from graph.candidates.layout import BASES, Int32
from graph.network import SupplyNetwork
from graph.paths import holding
from graph.tables import PARTY_KINDS

__all__ = ["Dispatched", "dispatched"]

_WEEK = 7.0
_KEY = ["item", "route", "maker"]


@dataclass(frozen=True)
class Dispatched:
    """Offers of factories that make a sku in steps.

    Parameters
    ----------
    offers
        One row per item and factory: ``item, supplier, basis`` (codes into `BASES`), ``capacity`` (pieces a day),
        ``minimum_order, lead_time_days``, ``team`` (row of `members`).
    start, members
        Positions of the others that do steps, in the order of the steps: ``members[start[t]:start[t + 1]]``.
    """

    offers: pd.DataFrame
    start: Int32
    members: Int32


def dispatched(
    network: SupplyNetwork,
    resources: pd.DataFrame,
    routes: pd.DataFrame,
    categories: pd.DataFrame,
    day: int | None = None,
) -> Dispatched:
    """Return what factories can make by routes.

    A factory can take a route if each step can be done by itself or by somebody who `supplies` it, and if it does a
    step itself or trades the item's category. It does a step itself where it can; else the fastest, then the largest
    does. Its capacity is that of the scarcest step, its lead time its own and that of each step done by others, one
    after the other. Of several routes the fastest, then the largest counts.

    Parameters
    ----------
    resources
        Rows of `graph.tables.SUPPLY` in force that offer a resource: hours a bucket (a week, unless dated buckets are
        closer).
    routes
        ``item, route, step, resource, hours_per_unit``, perhaps ``minimum_lot``.
    categories
        ``item`` and ``category``.
    day
        Day (since 1970-01-01) on which relations must hold; any day without.
    """
    steps = _steps(network, resources, routes)
    does = _makers(network, steps, day)
    own_step = does.groupby(_KEY)["own"].transform("any")
    does = does[own_step | _trades(network, does, categories)]
    best = does.sort_values(["own", "lead", "capacity", "doer"], ascending=[False, True, False, True], kind="stable")
    best = best.drop_duplicates([*_KEY, "step"]).sort_values([*_KEY, "step"], kind="stable")
    offers = _offers(network, best, steps)
    return _with_teams(offers, best)


def bucket_days(resources: pd.DataFrame) -> float:
    """Return how many days a bucket of hours is: the least gap between dated rows, a week without."""
    days = np.unique(pd.to_datetime(resources["bucket"]).dropna().to_numpy("datetime64[D]").astype(np.int64))
    return float(np.diff(days).min()) if len(days) > 1 else _WEEK


def _steps(network: SupplyNetwork, resources: pd.DataFrame, routes: pd.DataFrame) -> pd.DataFrame:
    """Return who can do each step: item, route, step, doer, capacity (pieces a day), lead, lot."""
    doer = network.parties.ids.positions(resources["supplier_id"].astype("str"))
    usual = network.parties.numbers["lead_time_days"][doer].astype(float)
    lead = resources["lead_time_days"].to_numpy(np.float64, na_value=np.nan)
    hours = pd.DataFrame(
        {
            "resource": resources["resource"].astype("str").to_numpy(),
            "doer": doer,
            "hours": resources["capacity"].to_numpy(np.float64) / bucket_days(resources),
            "lead": np.nan_to_num(np.where(np.isnan(lead), usual, lead)),
        }
    )
    lot = pd.to_numeric(routes["minimum_lot"]).fillna(0.0) if "minimum_lot" in routes else 0.0
    asked = routes[["item", "route", "step", "resource", "hours_per_unit"]].assign(lot=lot)
    rows = asked.merge(hours, on="resource", how="left")
    each = rows["hours_per_unit"].to_numpy(np.float64)
    room = np.divide(rows["hours"].to_numpy(np.float64), each, out=np.full(len(rows), np.inf), where=each > 0)
    return rows.assign(capacity=room, doer=rows["doer"].fillna(-1).astype(np.int32))


def _makers(network: SupplyNetwork, steps: pd.DataFrame, day: int | None) -> pd.DataFrame:
    """Return each step with the factories that may have it done: columns of `steps`, maker, own."""
    able = steps[steps["doer"] >= 0].reset_index(drop=True)
    doers = able["doer"].to_numpy()
    block = network.block("supplies")
    which, maker, relation = block.out_of(doers)
    if day is not None:
        holds = holding(block, relation, day)
        which, maker = which[holds], maker[holds]
    factory = network.parties.kind == PARTY_KINDS.index("factory")
    itself = np.flatnonzero(factory[doers])
    row = np.concatenate((itself, which))
    pairs = able.iloc[row].assign(maker=np.concatenate((doers[itself], maker)))
    pairs = pairs[factory[pairs["maker"].to_numpy()]]
    return pairs.assign(own=pairs["maker"] == pairs["doer"])


def _trades(network: SupplyNetwork, does: pd.DataFrame, categories: pd.DataFrame) -> np.ndarray:
    """Return which rows' makers trade the item's category."""
    parties = network.parties
    makers, row = np.unique(does["maker"].to_numpy(), return_inverse=True)
    which, place = expand(parties.category_start, makers)
    known = pd.MultiIndex.from_arrays([which, np.asarray(parties.category)[place]])
    of_item = categories.drop_duplicates("item").set_index("item")["category"].reindex(does["item"])
    code = parties.categories.positions(of_item.astype("str"))
    asked: np.ndarray = pd.MultiIndex.from_arrays([row, code]).isin(known)
    return asked


def _offers(network: SupplyNetwork, best: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Return the best whole route of each item and maker."""
    asked = steps.groupby(["item", "route"])["step"].nunique().rename("asked")
    done = best.assign(others=np.where(best["own"], 0.0, best["lead"]), away=~best["own"]).groupby(_KEY, sort=False)
    rows = done.agg(
        steps=("step", "size"),
        capacity=("capacity", "min"),
        minimum_order=("lot", "max"),
        others=("others", "sum"),
        away=("away", "any"),
    ).reset_index()
    rows = rows.join(asked, on=["item", "route"])
    rows = rows[(rows["steps"] == rows["asked"]) & np.isfinite(rows["capacity"])]
    own = np.nan_to_num(network.parties.numbers["lead_time_days"][rows["maker"].to_numpy(np.int64)].astype(float))
    rows = rows.assign(
        lead_time_days=own + rows["others"],
        basis=np.where(rows["away"], BASES.index("workshop"), BASES.index("route")).astype(np.int8),
    )
    rows = rows.sort_values(["lead_time_days", "capacity", "route"], ascending=[True, False, True], kind="stable")
    return rows.drop_duplicates(["item", "maker"])


def _with_teams(offers: pd.DataFrame, best: pd.DataFrame) -> Dispatched:
    offers = offers.sort_values(["item", "maker"], kind="stable").reset_index(drop=True)
    team = offers[_KEY].assign(team=np.arange(len(offers)))
    members = best[~best["own"]].merge(team, on=_KEY).drop_duplicates(["team", "doer"])
    members = members.sort_values(["team", "step"], kind="stable")
    rows = offers.rename(columns={"maker": "supplier"}).assign(team=np.arange(len(offers)))
    names = ["item", "supplier", "basis", "capacity", "minimum_order", "lead_time_days", "team"]
    return Dispatched(
        rows[names], starts_of(members["team"].to_numpy(np.int32), len(offers)), members["doer"].to_numpy(np.int32)
    )
