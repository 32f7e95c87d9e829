"""The industrial router: pieces wanted of styles → what each component, step and resource has to do, and when.

Material requirements planning (Orlicky, *Material Requirements Planning*, 1975) over routes with yields: needs are
netted against stock item by item from the styles down, sized by the rules of the lots, and set back by the lead times.
Capacity is not looked at: that is the plan's work.
"""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import TopologicalSorter

import numpy as np
import pandas as pd

from planning.bom import require_acyclic
from planning.modes import modes_from_routes
from planning.problem import Floats, Ints, Modes, Reason

__all__ = ["NEED_COLUMNS", "STEP_COLUMNS", "Requirements", "explode"]

STEP_COLUMNS = (
    "item",
    "due",
    "route",
    "step",
    "resource",
    "alternatives",
    "pieces",
    "good_pieces",
    "hours",
    "release",
    "ready",
)
NEED_COLUMNS = ("item", "bucket", "source", "wanted", "from_stock", "made", "left")
_EPS = 1e-9
_DAYS = 7


@dataclass(frozen=True)
class Requirements:
    """What has to be done.

    Parameters
    ----------
    steps
        One row per item, bucket it is due in and step: `resource` is the one that costs least, `alternatives` the
        others; `pieces` start the step, `good_pieces` come out of it; `hours` with set-up; work on it starts in bucket
        `release` and its output can be used in bucket `ready`.
    needs
        One row per item and bucket it is wanted in: pieces `wanted`, taken `from_stock`, good pieces `made` (or
        bought: `source`), and `left` in stock afterwards.
    reasons
        What cannot be done as asked: no route, a step nobody can do, a release before the first bucket.
    """

    steps: pd.DataFrame
    needs: pd.DataFrame
    reasons: tuple[Reason, ...]


def explode(
    demand: pd.DataFrame,
    routes: pd.DataFrame,
    bom: pd.DataFrame | None = None,
    stock: pd.Series | None = None,
    *,
    source: str = "bom",
) -> Requirements:
    """Translate wanted pieces into requirements per component, step and resource.

    Parameters
    ----------
    demand
        Columns `item, bucket, pieces` (good pieces, >= 0); buckets set the grain, their usual step is the length of
        the buckets before the first.
    routes
        Checked rows of `planning.tables.ROUTES`. An item without a route is bought: its pieces come when wanted.
    bom
        Checked rows of `planning.tables.BOM`: components are taken when the first step starts.
    stock
        Pieces on hand by item.

    Raises
    ------
    TableError
        If an item is, through any number of levels, a component of itself.

    Examples
    --------
    >>> wanted = pd.DataFrame({"item": ["tee"], "bucket": pd.to_datetime(["2026-01-19"]), "pieces": [90.0]})
    >>> route = {"item": ["tee"], "route": ["r"], "step": [1], "resource": ["sew"], "hours_per_unit": [0.5]}
    >>> found = explode(wanted, pd.DataFrame(route | {"lead_buckets": [1], "yield": [0.9]}))
    >>> print(found.steps[["pieces", "hours", "release"]].to_string(index=False))
     pieces  hours    release
        100   50.0 2026-01-12
    """
    parts = pd.DataFrame({"parent": [], "component": [], "quantity": []}) if bom is None else bom
    require_acyclic(parts, source=source)
    items = _levels(demand, parts)
    calendar = _Calendar.of(demand)
    best, reasons = _best_modes(routes, items)
    wanted = _Needs(items, calendar, demand)
    steps, needs = [], []
    for item in items:
        row = _item_needs(item, wanted, 0.0 if stock is None else float(stock.get(item, 0.0)), best)
        needs.append(row)
        mode = best.get(item)
        if mode is not None and row.started.any():
            steps.append(_steps(row, mode, calendar))
            wanted.take(parts[parts["parent"] == item], row, mode.lead)
        elif mode is None and item in set(parts["parent"]):
            reasons.append(Reason("no_route", f"item {item}: has components but no usable route makes it", item=item))
    table = pd.concat(steps, ignore_index=True) if steps else pd.DataFrame(columns=list(STEP_COLUMNS))
    return Requirements(table, _need_table(needs, calendar, best), (*reasons, *_too_late(table, calendar)))


@dataclass(frozen=True)
class _Calendar:
    """Buckets that demand names, and as many before them as lead times reach back."""

    first: pd.Timestamp
    buckets: pd.DatetimeIndex
    days: int

    @classmethod
    def of(cls, demand: pd.DataFrame) -> _Calendar:
        named = pd.DatetimeIndex(demand["bucket"].unique()).sort_values()
        gaps = np.diff(named.to_numpy()).astype("timedelta64[D]").astype(int)
        days = int(np.min(gaps)) if len(gaps) else _DAYS
        return cls(named[0], pd.date_range(named[0], named[-1], freq=f"{days}D").union(named), days)

    def date(self, index: Ints) -> pd.DatetimeIndex:
        """Return the date of each bucket; negative indices lie before the first."""
        inside = self.buckets[np.clip(index, 0, len(self.buckets) - 1)]
        return pd.DatetimeIndex(inside + pd.to_timedelta(np.minimum(index, 0) * self.days, unit="D"))


@dataclass(frozen=True)
class _Mode:
    """One way of making an item: the mode of least cost, then least hours."""

    route: str
    lead: int
    output: float
    minimum: float
    multiple: int
    steps: Ints
    resources: list[str]
    alternatives: list[str]
    hours: Floats
    setup: Floats
    share: Floats
    out: Floats
    offset: Ints
    until: Ints


class _Needs:
    """Good pieces wanted of each item by bucket; what is wanted before the first bucket counts in the first."""

    def __init__(self, items: list[str], calendar: _Calendar, demand: pd.DataFrame) -> None:
        self._row = {item: k for k, item in enumerate(items)}
        self.pieces = np.zeros((len(items), len(calendar.buckets)))
        at = calendar.buckets.get_indexer(demand["bucket"])
        np.add.at(self.pieces, (demand["item"].map(self._row), at), demand["pieces"].to_numpy(float))

    def of(self, item: str) -> Floats:
        """Return the pieces wanted of an item, shape (T,)."""
        return np.asarray(self.pieces[self._row[item]])

    def take(self, parts: pd.DataFrame, row: _ItemNeeds, lead: int) -> None:
        """Add what the starts of an item take of its components."""
        at = np.maximum(np.arange(self.pieces.shape[1]) - lead, 0)
        for component, quantity in zip(parts["component"], parts["quantity"], strict=True):
            np.add.at(self.pieces[self._row[component]], at, row.started * float(quantity))


@dataclass(frozen=True)
class _ItemNeeds:
    item: str
    wanted: Floats
    from_stock: Floats
    started: Floats
    made: Floats
    left: Floats


def _levels(demand: pd.DataFrame, bom: pd.DataFrame) -> list[str]:
    """Return all items that are wanted, each after everything it is a component of."""
    parts = bom.groupby("parent")["component"].apply(list).to_dict()
    reached: dict[str, set[str]] = {}
    frontier = {str(item) for item in demand["item"]}
    while frontier:
        for item in frontier:
            reached.setdefault(item, set())
        pairs = [(item, str(component)) for item in frontier for component in parts.get(item, [])]
        known = set(reached)
        for item, component in pairs:
            reached.setdefault(component, set()).add(item)
        frontier = {component for _, component in pairs} - known
    return list(TopologicalSorter({item: sorted(reached[item]) for item in sorted(reached)}).static_order())


def _best_modes(routes: pd.DataFrame, items: list[str]) -> tuple[dict[str, _Mode], list[Reason]]:
    rows = routes.sort_values(["item", "route", "step", "resource"], ignore_index=True)
    names = pd.Index(sorted(items), dtype=object)
    resources = pd.Index(sorted(rows["resource"].unique()), dtype=object)
    modes, reasons = modes_from_routes(rows, names, resources)
    hours = np.bincount(modes.op_mode, weights=modes.op_hours, minlength=len(modes.item))
    order = np.lexsort((np.arange(len(modes.item)), hours / modes.output, modes.cost / modes.output, modes.item))
    _, first = np.unique(modes.item[order], return_index=True)
    others = rows.groupby(["item", "route", "step"])["resource"].apply(list).to_dict()
    return {str(names[modes.item[m]]): _mode(modes, int(m), names, resources, others) for m in order[first]}, reasons


def _mode(
    modes: Modes, mode: int, names: pd.Index, resources: pd.Index, others: dict[tuple[str, str, int], list[str]]
) -> _Mode:
    ops = np.flatnonzero(modes.op_mode == mode)
    item, route = str(names[modes.item[mode]]), str(modes.route[mode])
    chosen = [str(name) for name in resources[modes.op_resource[ops]]]
    steps = modes.op_step[ops]
    share = modes.op_share[ops]
    return _Mode(
        route=route,
        lead=int(modes.lead[mode]),
        output=float(modes.output[mode]),
        minimum=float(modes.minimum[mode]),
        multiple=int(modes.multiple[mode]),
        steps=steps,
        resources=chosen,
        alternatives=[
            ", ".join(name for name in others[item, route, int(step)] if name != own)
            for step, own in zip(steps, chosen, strict=True)
        ],
        hours=modes.op_hours[ops],
        setup=modes.op_setup[ops],
        share=share,
        out=np.append(share[1:], modes.output[mode]),
        offset=modes.op_offset[ops],
        until=modes.op_offset[ops] + modes.op_lead[ops],
    )


def _item_needs(item: str, needs: _Needs, stock: float, best: dict[str, _Mode]) -> _ItemNeeds:
    """Net the needs of an item against what is there, bucket by bucket, and size the lots."""
    wanted, mode = needs.of(item), best.get(item)
    from_stock, started, made, left = np.zeros((4, len(wanted)))
    there = stock
    for t, pieces in enumerate(wanted):
        from_stock[t] = min(there, pieces)
        missing = pieces - from_stock[t]
        if missing > _EPS:
            started[t] = missing if mode is None else _lot(missing, mode)
            made[t] = started[t] * (1.0 if mode is None else mode.output)
        there += made[t] - pieces
        left[t] = there
    return _ItemNeeds(item, wanted, from_stock, started, made, left)


def _lot(missing: float, mode: _Mode) -> float:
    pieces = max(np.ceil(missing / mode.output - 1e-6), mode.minimum)
    return float(np.ceil(pieces / mode.multiple - _EPS) * mode.multiple)


def _steps(row: _ItemNeeds, mode: _Mode, calendar: _Calendar) -> pd.DataFrame:
    due = np.flatnonzero(row.started)
    n = len(mode.steps)
    bucket, pieces = np.repeat(due, n), np.repeat(row.started[due], n)

    def every(values: object) -> np.ndarray:
        return np.tile(np.asarray(values), len(due))

    start = bucket - mode.lead + every(mode.offset)
    return pd.DataFrame(
        {
            "item": row.item,
            "due": calendar.date(bucket),
            "route": mode.route,
            "step": every(mode.steps),
            "resource": every(mode.resources),
            "alternatives": every(mode.alternatives),
            "pieces": np.floor(pieces * every(mode.share) + 1e-6).astype(np.int64),
            "good_pieces": np.floor(pieces * every(mode.out) + 1e-6).astype(np.int64),
            "hours": pieces * every(mode.hours) + every(mode.setup),
            "release": calendar.date(start),
            "ready": calendar.date(bucket - mode.lead + every(mode.until)),
        }
    )


def _need_table(needs: list[_ItemNeeds], calendar: _Calendar, best: dict[str, _Mode]) -> pd.DataFrame:
    parts = []
    for row in needs:
        t = np.flatnonzero(row.wanted > _EPS)
        columns = {name: getattr(row, name)[t] for name in ("wanted", "from_stock", "made", "left")}
        source = "make" if row.item in best else "buy"
        parts.append(pd.DataFrame({"item": row.item, "bucket": calendar.buckets[t], "source": source, **columns}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(NEED_COLUMNS))


def _too_late(steps: pd.DataFrame, calendar: _Calendar) -> list[Reason]:
    early = steps[steps["release"] < calendar.first].drop_duplicates(["item", "due"])
    return [
        Reason(
            "lead_time",
            f"item {row.item}: for {row.due:%Y-%m-%d} step {row.step} should start on {row.release:%Y-%m-%d}, "
            "before the first bucket",
            item=str(row.item),
            bucket=f"{row.due:%Y-%m-%d}",
            pieces=float(row.pieces),
        )
        for row in early.itertuples()
    ]
