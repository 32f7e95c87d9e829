"""Orders that are fixed already, and the previous plan that new orders are compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from contracts.errors import TableError
from planning.order_identity import lot_names
from planning.problem import Floats, Reason

__all__ = ["FirmWork", "firm_work"]


@dataclass(frozen=True, kw_only=True)
class FirmWork:
    """What the FIRM table fixes.

    Parameters
    ----------
    hours
        Shape (R, T): hours that fixed orders take.
    supply, started
        Shape (P, T): good pieces that they deliver, and pieces whose first step starts, in a bucket.
    previous
        Shape (rows of the routes table, T): hours of the proposed orders; None if there are none.
    orders
        The fixed rows, as given, with `hours` filled in.
    """

    hours: Floats
    supply: Floats
    started: Floats
    previous: Floats | None
    orders: pd.DataFrame
    reasons: list[Reason]

    @classmethod
    def none(cls, shape: tuple[int, int, int]) -> FirmWork:
        """Return nothing fixed, for P items, R resources and T buckets."""
        p, r, t = shape
        empty = np.zeros((p, t))
        return cls(
            hours=np.zeros((r, t)), supply=empty, started=empty, previous=None, orders=pd.DataFrame(), reasons=[]
        )


def firm_work(
    firm: pd.DataFrame,
    routes: pd.DataFrame,
    *,
    items: pd.Index,
    resources: pd.Index,
    buckets: pd.DatetimeIndex,
    firm_buckets: int,
    source: str = "firm",
) -> FirmWork:
    """Split the FIRM table into what stays and what may still change.

    Firm and released orders stay. Of the proposed ones, all operations of an order stay if one of them starts in the
    firm buckets; the others are the previous plan. Done and cancelled ones are passed over: what is done is in stock.

    Parameters
    ----------
    routes
        Checked rows of `ROUTES` sorted by its key; `previous` is indexed by their positions.

    Raises
    ------
    TableError
        A row whose item, route, step and resource are not in the routes table, or an order twice at one of them.
    """
    rows = _match(firm, routes, source)
    rows["bucket_index"] = buckets.searchsorted(rows["start"], side="right") - 1
    done, rows = rows[rows["state"] == "done"], rows[~rows["state"].isin(("done", "cancelled"))]
    beyond = (rows["start"] >= _end(buckets)).to_numpy()
    later_rows, rows = rows[beyond & rows["state"].isin(("firm", "released"))], rows[~beyond]
    fixed = _stays(rows, firm_buckets)
    stay, loose = rows[fixed], rows[~fixed]
    shape = (len(items), len(resources), len(buckets))
    hours, previous = np.zeros(shape[1:]), np.zeros((len(routes), shape[2]))
    here = stay[stay["bucket_index"] >= 0]
    np.add.at(hours, (resources.get_indexer(here["resource"]), here["bucket_index"]), here["hours"])
    later = loose[loose["bucket_index"] >= 0]
    np.add.at(previous, (later["route_row"], later["bucket_index"]), later["hours"])
    return FirmWork(
        hours=hours,
        supply=_supply(stay, items, buckets),
        started=_started(here, items, shape[2]),
        previous=previous if len(later) else None,
        orders=stay,
        reasons=_past(rows) + _beyond(later_rows) + _done(done),
    )


def _match(firm: pd.DataFrame, routes: pd.DataFrame, source: str) -> pd.DataFrame:
    key = ["item", "route", "step", "resource"]
    wanted = [*key, "hours_per_unit", *[c for c in ("setup_hours", "yield", "lead_buckets") if c in routes]]
    known = routes[wanted].assign(route_row=np.arange(len(routes)))
    known["last_step"] = known["step"] == known.groupby(["item", "route"])["step"].transform("max")
    known["first_step"] = known["step"] == known.groupby(["item", "route"])["step"].transform("min")
    rows = firm.drop(columns=[c for c in wanted[4:] if c in firm]).merge(known, on=key, how="left")
    lost = rows["route_row"].isna().to_numpy()
    if lost.any():
        row = int(np.flatnonzero(lost)[0])
        got = ", ".join(f"{c} {rows[c].iloc[row]}" for c in key)
        raise TableError(source, "step", "a step of a route, on a resource that can do it", got, row=row + 1)
    _require_once(rows, [*key, "start"], source)
    for name, value in (("setup_hours", 0.0), ("yield", 1.0), ("lead_buckets", 0.0)):
        rows[name] = rows[name].fillna(value).astype(float) if name in rows else value
    computed = rows["pieces"] * rows["hours_per_unit"] + rows["setup_hours"] * (rows["pieces"] > 0)
    rows["hours"] = rows["hours"].fillna(computed) if "hours" in rows else computed
    rows["state"] = rows["state"].fillna("firm") if "state" in rows else "firm"
    rows["route_row"] = rows["route_row"].astype(np.int64)
    return rows


def _require_once(rows: pd.DataFrame, place: list[str], source: str) -> None:
    """Refuse an order that is listed twice at one place: its hours would count twice."""
    if "order_id" not in rows:
        return
    twice = np.flatnonzero(rows["order_id"].notna() & rows.duplicated(["order_id", *place]))
    if twice.size:
        row = int(twice[0])
        expected = "each order once on a step, resource and start"
        raise TableError(source, "order_id", expected, rows["order_id"].iloc[row], row=row + 1, bad_rows=twice.size)


def _stays(rows: pd.DataFrame, firm_buckets: int) -> np.ndarray:
    fixed = rows["state"].isin(("firm", "released")) | (rows["bucket_index"] < firm_buckets)
    if "order_id" not in rows:
        return np.asarray(fixed, bool)
    together = fixed.groupby([lot_names(rows), rows["item"], rows["route"]]).transform("any")
    return np.asarray(np.where(rows["order_id"].isna(), fixed, together), bool)


def _supply(stay: pd.DataFrame, items: pd.Index, buckets: pd.DatetimeIndex) -> Floats:
    supply = np.zeros((len(items), len(buckets)))
    finished = stay[stay["last_step"]]
    arrival = (finished["bucket_index"] + finished["lead_buckets"]).astype(int)
    if "due" in finished:
        due = finished["due"]
        arrival = arrival.where(due.isna(), buckets.searchsorted(due.fillna(buckets[0]), side="left"))
    inside = (arrival < len(buckets)).to_numpy()
    finished, arrival = finished[inside], np.maximum(arrival[inside], 0)
    np.add.at(supply, (items.get_indexer(finished["item"]), arrival), finished["pieces"] * finished["yield"])
    return supply


def _started(here: pd.DataFrame, items: pd.Index, n_buckets: int) -> Floats:
    started = np.zeros((len(items), n_buckets))
    first = here[here["first_step"]]
    np.add.at(started, (items.get_indexer(first["item"]), first["bucket_index"]), first["pieces"])
    return started


def _end(buckets: pd.DatetimeIndex) -> pd.Timestamp:
    """First date after the last bucket, which is taken to be as long as buckets usually are."""
    if len(buckets) == 1:
        return pd.Timestamp.max
    length = np.median(np.diff(buckets.to_numpy()).astype("timedelta64[D]").astype(int))
    if (buckets.day == 1).all() and length >= 28:
        return pd.Timestamp(buckets[-1] + pd.offsets.MonthBegin(round(float(length) / 30.4)))
    return pd.Timestamp(buckets[-1] + pd.Timedelta(days=float(length)))


def _beyond(rows: pd.DataFrame) -> list[Reason]:
    return [
        Reason(
            "beyond_horizon",
            f"order {getattr(row, 'order_id', row.item)} of item {row.item} starts on {row.start:%Y-%m-%d}, "
            "after the last bucket: it is left out here",
            item=str(row.item),
            pieces=float(row.pieces),
        )
        for row in rows.itertuples()
    ]


def _done(rows: pd.DataFrame) -> list[Reason]:
    last = rows[rows["last_step"]]
    good = np.floor(last["pieces"] * last["yield"] + 1e-6).groupby(last["item"]).sum()
    return [
        Reason("done", f"item {item}: {pieces:g} pieces of done orders are taken to be in its initial_stock", item=item)
        for item, pieces in good.items()
    ]


def _past(rows: pd.DataFrame) -> list[Reason]:
    early = rows[rows["bucket_index"] < 0]
    return [
        Reason(
            "past",
            f"order {getattr(row, 'order_id', row.item)} of item {row.item} started on {row.start:%Y-%m-%d}, "
            "before the first bucket: its hours are not counted here",
            item=str(row.item),
            pieces=float(row.pieces),
        )
        for row in early.itertuples()
    ]
