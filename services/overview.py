"""What a planner sees first: where money is at stake, how level the plan is, what of it is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from services.stakes import BACKLOG, Stakes
from store.snapshot import Snapshot

__all__ = [
    "attention",
    "levelness",
    "remedy_of",
    "simulated_rows",
    "simulated_tables",
    "unlevelled_load",
]

_SHORT = {
    "no_capacity": "no capacity left before they are needed",
    "priced_out": "making more would cost more than being short",
}
_OTHER_SHORT = {
    "no_route": "name a route that makes it",
    "component": "get its component sooner",
    "firm_horizon": "make fewer weeks firm",
    "lead_time": "tell the buyer, or start sooner next time",
    "priced_out": "price being late or short higher, if it matters more",
}
_UNFILLED = {
    "below_minimum": "join it with other orders of the sku",
    "late": "agree on a later day",
    "full": "find another supplier, or wait a day",
    "outbid": "find another supplier, or wait a day",
    "out_of_territory": "find a supplier who delivers there",
    "exclusive": "buy it from the holder of the territory, or agree with them",
    "no_delivery": "find a carrier who goes there, or split the order",
    "over_price": "agree on a higher price",
    "no_candidates": "find a supplier of the sku",
}
_IDLE = ("capacity without work", "take other work, or plan fewer hours")
_OVERTIME = ("work above capacity", "start sooner, or move work to another line")
_COLUMNS = ["kind", "subject", "place", "when", "amount", "unit", "stake_fen", "why", "remedy"]


def attention(
    *,
    orders: pd.DataFrame,
    products: pd.DataFrame,
    matches: pd.DataFrame | None = None,
    load: pd.DataFrame | None = None,
    plan_summary: Mapping[str, Any] | None = None,
    routes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return what needs a person, the most money at stake first.

    Parameters
    ----------
    orders, products
        Tables of the network: due dates and prices.
    matches, load, plan_summary
        What was computed on it, as far as it was. The summary's ``fen_per_hour`` are the plan's own prices of an
        idle hour and of one of overtime.
    routes
        Which items a resource works on: prices what it is short of when the plan names the resource only.

    Returns
    -------
    pandas.DataFrame
        ``kind`` (unfilled order, late promise, short of items, overtime, idle), ``subject``, ``place``, ``when``,
        ``amount`` in ``unit``, ``stake_fen``, ``why`` and ``remedy``. The stake of an order or an item that is not
        filled is the margin of its pieces, of a late one what lateness costs; that of hours is their price.
    """
    stakes = Stakes.of(products, plan_summary)
    parts = []
    if matches is not None:
        parts += [_unfilled(matches, orders, stakes), _late(matches, orders, stakes)]
    if plan_summary is not None:
        parts.append(_short(plan_summary, stakes.margin, routes))
    if load is not None:
        parts.append(_hours(load, "idle", stakes.hours("idle", 1.0), *_IDLE))
        parts.append(_hours(load, "overtime", stakes.hours("overtime", 1.0), *_OVERTIME))
    parts = [part for part in parts if len(part)]
    if not parts:
        return pd.DataFrame(columns=_COLUMNS)
    parts = [part.assign(when=pd.to_datetime(part["when"])) for part in parts]
    found = pd.concat(parts, ignore_index=True)[_COLUMNS]
    return found.sort_values("stake_fen", ascending=False, kind="stable", ignore_index=True)


def remedy_of(reason: str) -> str:
    """Return what helps an order that was not filled for a reason; empty if the reason is none of the router's.

    Examples
    --------
    >>> remedy_of("over_price"), remedy_of("something else")
    ('agree on a higher price', '')
    """
    return _UNFILLED.get(reason, "")


def unlevelled_load(demand: pd.DataFrame, routes: pd.DataFrame) -> pd.DataFrame:
    """Return the hours each resource would work if every bucket made exactly its own demand.

    Parameters
    ----------
    demand
        ``item``, ``bucket``, ``mean`` pieces.
    routes
        The network's routes; alternative resources of a step share it evenly, the first route of an item is taken.

    Returns
    -------
    pandas.DataFrame
        ``resource``, ``bucket``, ``hours``.
    """
    first = routes.drop_duplicates("item")[["item", "route"]]
    rows = routes.merge(first, on=["item", "route"])
    share = rows.groupby(["item", "step"])["resource"].transform("size")
    rows = rows.assign(hours_per_piece=rows["hours_per_unit"] / share)
    work = demand.merge(rows[["item", "resource", "hours_per_piece"]], on="item")
    work["hours"] = work["mean"] * work["hours_per_piece"]
    return work.groupby(["resource", "bucket"], as_index=False)["hours"].sum()


def levelness(load: pd.DataFrame) -> float:
    """Return how much resources' hours vary between buckets: the mean of their coefficients of variation, by hours.

    Examples
    --------
    >>> weeks = pd.DataFrame({"resource": ["a"] * 2, "bucket": [1, 2], "hours": [30.0, 50.0]})
    >>> levelness(weeks)
    0.25
    """
    by_resource = load.groupby("resource")["hours"]
    mean, spread = by_resource.mean().to_numpy(), by_resource.std(ddof=0).to_numpy()
    return float(spread.sum() / mean.sum()) if mean.sum() > 0 else 0.0


def simulated_tables(snapshot: Snapshot) -> dict[str, str]:
    """Return which tables hold simulated rows: ``all`` or ``some`` of them, by table."""
    found = {}
    for name in snapshot.counts:
        path = snapshot.root / "tables" / f"{name}.parquet"
        if path.exists() and "simulated" in pq.read_schema(path).names:
            truthy = simulated_rows(pq.read_table(path, columns=["simulated"]).to_pandas())
            if truthy.any():
                found[name] = "all" if truthy.all() else "some"
    return found


def simulated_rows(table: pd.DataFrame) -> pd.Series:
    """Return which rows say that they are simulated, boolean."""
    if "simulated" not in table:
        return pd.Series(data=False, index=table.index)
    return table["simulated"].astype(str).str.lower().eq("true")


def _told(matches: pd.DataFrame, orders: pd.DataFrame, stakes: Stakes) -> pd.DataFrame:
    known = [name for name in ("sku_id", "due_date") if name in orders and name not in matches]
    rows = matches.merge(orders[["order_id", *known]], on="order_id", how="left") if known else matches.copy()
    rows["stake_fen"] = rows["pieces"] * rows["sku_id"].map(stakes.margin).astype("float64").fillna(0.0)
    return rows.assign(subject=rows["order_id"], amount=rows["pieces"], unit="pieces", when=rows.get("due_date"))


def _unfilled(matches: pd.DataFrame, orders: pd.DataFrame, stakes: Stakes) -> pd.DataFrame:
    rows = _told(matches[matches["supplier_id"].isna()], orders, stakes)
    reason = rows["reason"] if "reason" in rows else pd.Series("", index=rows.index)
    remedy = reason.map(_UNFILLED).fillna("find another supplier")
    return rows.assign(kind="unfilled order", place=rows["sku_id"], why=reason, remedy=remedy)


def _late(matches: pd.DataFrame, orders: pd.DataFrame, stakes: Stakes) -> pd.DataFrame:
    rows = _told(matches[matches["supplier_id"].notna()], orders, stakes)
    if "promised_date" not in rows or "due_date" not in rows:
        return rows.iloc[:0]
    days = (pd.to_datetime(rows["promised_date"]) - pd.to_datetime(rows["due_date"])).dt.days
    rows = rows.assign(kind="late promise", place=rows["supplier_id"], days=days)[days > 0]
    lateness = (
        rows["pieces"] * rows["sku_id"].map(stakes.price).astype("float64").fillna(0.0) * BACKLOG * rows["days"] / 7
    )
    rows["stake_fen"] = np.minimum(lateness, rows["stake_fen"])
    return rows.assign(
        remedy="tell the buyer, or send it by a faster way",
        why=[f"promised {days:.0f} {'day' if days == 1 else 'days'} after its due date" for days in rows["days"]],
    )


def _summed(detail: pd.Series) -> pd.Series:
    """Return how many further items a reason sums up, before the worst one's name; nothing for one about one item."""
    count = detail.astype(object).fillna("").astype(str).str.extract(r"^(\d+) more item", expand=False)
    return (count + " more items, worst: ").fillna("")


def _short(summary: Mapping[str, Any], prices: pd.Series, routes: pd.DataFrame | None) -> pd.DataFrame:
    """One row per reason of the plan for being short: of an item, or of all items of a resource together."""
    rows = pd.DataFrame([reason for reason in summary.get("reasons", []) if reason.get("pieces", 0) >= 1])
    if rows.empty:
        return pd.DataFrame(columns=_COLUMNS)
    rows = rows.reindex(columns=["code", "detail", "item", "resource", "bucket", "pieces"])
    rows["item"] = rows["item"].astype(object)  # all empty, it would be a column of numbers
    price = rows["item"].map(prices).fillna(rows["resource"].map(_mean_prices(routes, prices)))
    told = (
        rows["detail"].astype(object).fillna("").astype(str).str.rpartition("first: ")[2]
    )  # a sum of several items: the item that its words name
    words = rows["code"].map(_SHORT).fillna(told)
    return rows.assign(
        kind="short of items",
        subject=_summed(rows["detail"]) + rows["item"].fillna(rows["resource"]),
        place=rows["resource"],
        when=rows["bucket"],
        amount=rows["pieces"],
        unit="pieces",
        stake_fen=rows["pieces"] * price.fillna(prices.mean() if len(prices) else 0.0),
        why=words.where(rows["item"].notna(), told),
        remedy=_more_hours(rows, routes),
    )


def _more_hours(rows: pd.DataFrame, routes: pd.DataFrame | None) -> list[str]:
    """Return what would help with each shortage: the hours that the missing pieces take, where they are lacking."""
    hours: dict[Any, float] = {}
    if routes is not None and not routes.empty:
        for key in (["item", "resource"], "resource"):
            hours |= routes.groupby(key)["hours_per_unit"].mean().to_dict()
    found = []
    for row in rows.itertuples():
        each = hours.get((row.item, row.resource), hours.get(row.resource))
        if row.code in _OTHER_SHORT or each is None or not isinstance(row.resource, str):
            found.append(_OTHER_SHORT.get(row.code, "add capacity, or sell less of it"))
        else:
            by = f" by {row.bucket}" if isinstance(row.bucket, str) else ""
            found.append(f"{row.pieces * each:,.0f} h more on {row.resource}{by}")
    return found


def _mean_prices(routes: pd.DataFrame | None, prices: pd.Series) -> pd.Series:
    """Mean price of the items that each resource works on."""
    if routes is None or routes.empty:
        return pd.Series(dtype="float64")
    return routes.assign(price=routes["item"].map(prices)).groupby("resource")["price"].mean()


def _hours(load: pd.DataFrame, column: str, fen_per_hour: float, why: str, remedy: str) -> pd.DataFrame:
    """One row per resource: its hours of that kind over the plan, dated by its worst bucket."""
    rows = load[load[column] > 0]
    if rows.empty:
        return pd.DataFrame(columns=_COLUMNS)
    worst = rows.loc[rows.groupby("resource")[column].idxmax()].set_index("resource")["bucket"]
    hours = rows.groupby("resource")[column].sum()
    share = hours / load.groupby("resource")["capacity"].sum().reindex(hours.index)
    return pd.DataFrame(
        {
            "kind": column,
            "subject": hours.index,
            "place": hours.index,
            "when": worst.reindex(hours.index).to_numpy(),
            "amount": hours.to_numpy(),
            "unit": "hours",
            "stake_fen": np.asarray(hours * fen_per_hour),
            "why": [f"{why}: {value:.1%} of it over the plan" for value in share],
            "remedy": remedy,
        }
    )
