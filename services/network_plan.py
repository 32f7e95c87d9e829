"""What the loaded network says about production: the tables that a plan reads."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from contracts.errors import NotReadyError
from store.snapshot import Snapshot

__all__ = ["NetworkTables", "network_tables"]


@dataclass(frozen=True)
class NetworkTables:
    """The tables of a plan, and the items left out because the network has no route for them."""

    demand: pd.DataFrame
    resources: pd.DataFrame
    routes: pd.DataFrame
    without_route: list[str]


def network_tables(snapshot: Snapshot) -> NetworkTables:
    """Return demand (the weekly forecast), resources (the supply in hours) and routes of a loaded network.

    A supply row without a bucket holds for every bucket of the demand.

    Raises
    ------
    NotReadyError
        If no weekly forecast was computed, or the network names no routes or no resources.
    """
    demand = snapshot.result("weekly_forecast")
    if not isinstance(demand, pd.DataFrame):
        raise NotReadyError("no weekly forecast has been computed on this network yet: run `evenflow demo`")
    routes, supply = snapshot.table("routes"), snapshot.table("supply")
    supply = supply[supply["resource"].notna()] if "resource" in supply else supply.iloc[:0]
    for name, table in (("routes", routes), ("supply rows with a resource", supply)):
        if table.empty:
            raise NotReadyError(f"the loaded network has no {name}: load them with `evenflow load DIR`")
    demand = demand.rename(columns={"unique_id": "item", "ds": "bucket"})
    known = demand["item"].isin(routes["item"])
    return NetworkTables(
        demand=demand[known],
        resources=_by_bucket(supply, demand["bucket"].drop_duplicates().sort_values()),
        routes=routes,
        without_route=sorted(demand.loc[~known, "item"].unique()),
    )


def _by_bucket(supply: pd.DataFrame, buckets: pd.Series) -> pd.DataFrame:
    kept = [name for name in ("resource", "bucket", "capacity", "overtime") if name in supply]
    rows = supply[kept]
    dated = rows[rows["bucket"].notna()] if "bucket" in rows else rows.iloc[:0]
    standing = rows.drop(index=dated.index).drop(columns="bucket", errors="ignore")
    every = standing.merge(buckets.to_frame("bucket"), how="cross")
    summed = pd.concat([dated, every]).groupby(["resource", "bucket"], as_index=False).sum()
    return summed[summed["bucket"].isin(buckets)]
