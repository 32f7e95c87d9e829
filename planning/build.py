"""Checked frames → `PlanProblem`: the edge where names become indices and what cannot be planned gets its reason."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from contracts.tables import require_known
from planning.bom import component_usage, with_components, without_cycles
from planning.demand import demand_atoms, settle
from planning.firm import FirmWork, firm_work
from planning.modes import modes_from_routes, unusable_lots
from planning.problem import DemandAtoms, Floats, Ints, Modes, PlanProblem, Reason

__all__ = ["PlanTables", "problem_from_tables"]


@dataclass(frozen=True, kw_only=True)
class PlanTables:
    """The checked input tables and the names of their files for messages.

    `runs` holds the newest and the earlier runs of the forecast that `demand` comes from, where they are known,
    `notes` what was found when the tables were read.
    """

    demand: pd.DataFrame
    resources: pd.DataFrame
    routes: pd.DataFrame
    items: pd.DataFrame | None = None
    bom: pd.DataFrame | None = None
    firm: pd.DataFrame | None = None
    runs: pd.DataFrame | None = None
    sources: dict[str, str] = field(default_factory=dict)
    notes: tuple[Reason, ...] = ()

    def source(self, table: str) -> str:
        """Return the file name of a table, or the table's own name."""
        return self.sources.get(table, table)


def problem_from_tables(tables: PlanTables, *, firm_buckets: int = 0) -> tuple[PlanProblem, pd.DataFrame]:
    """Index the tables and settle what they leave open; the order of their rows does not matter.

    Parameters
    ----------
    tables
        Checked against the schemas of `planning.tables`.
    firm_buckets
        Buckets from the start whose orders stay as in the FIRM table, if there is one.

    Returns
    -------
    problem, firm_orders
        The arrays, and the rows of the FIRM table that stay as they are.

    Raises
    ------
    TableError
        A firm order on an unknown item, route step or resource.
    """
    notes = [*tables.notes, *_strangers(tables)]
    items, bom, endless = _items_and_parts(tables, notes)
    buckets = _horizon(tables)
    names = pd.Index(np.unique(tables.resources["resource"].to_numpy(object)), dtype=object)
    calendar = _calendar(tables, names, buckets, notes)
    routes = tables.routes.sort_values(["item", "route", "step", "resource"], ignore_index=True)
    modes, undoable = modes_from_routes(routes, items, names, source=tables.source("routes"))
    too_large, oversized = unusable_lots(modes, calendar["capacity"] + calendar["overtime"], items, names)
    notes += _short_buckets(calendar, names, buckets) + _take_outside(calendar, names, buckets)
    notes += undoable + oversized
    outside, promised = calendar.pop("outside"), calendar.pop("promised_load")
    money, last, known = _item_terms(tables, items, buckets)
    work = _firm(tables, (items, names), routes, buckets, firm_buckets)
    notes += work.reasons
    demand = _demand(tables, items, buckets, last, notes)
    modes = modes.keep(~too_large & ~np.isin(modes.item, items.get_indexer(endless)))
    firm_use = _firm_use(bom, items, work)
    wanted = demand.mean.sum(axis=1) + firm_use.sum(axis=1)
    notes += _without_route(items, modes, wanted > money["initial_stock"] + work.supply.sum(axis=1))
    problem = PlanProblem(
        items=items.to_numpy(object),
        resources=names.to_numpy(object),
        buckets=buckets.to_numpy().astype("datetime64[D]"),
        demand=settle(demand, np.isnan(money["backlog_cost"])),
        modes=modes,
        **calendar,
        **money,
        last=last,
        known=known,
        usage=component_usage(bom, modes, items),
        firm_hours=work.hours + outside,
        firm_supply=work.supply,
        firm_use=firm_use,
        closed=np.arange(len(buckets)) < (firm_buckets if tables.firm is not None and len(tables.firm) else 0),
        previous_hours=work.previous,
        promised_load=promised if promised.any() else None,
        notes=tuple(notes),
    )
    return problem, work.orders


def _items_and_parts(tables: PlanTables, notes: list[Reason]) -> tuple[pd.Index, pd.DataFrame, list[str]]:
    """Return the items to plan, what they are made of, and the items that contain themselves: nobody can make those."""
    bom = tables.bom if tables.bom is not None else pd.DataFrame({"parent": [], "component": [], "quantity": []})
    bom, cycles = without_cycles(bom)
    for cycle in cycles:
        detail = f"{tables.source('bom')}: {' -> '.join(cycle)} contains itself: none of them can be made"
        notes.append(Reason("cyclic_bom", detail, item=cycle[0]))
    items = _item_names(tables, bom)
    return items, _known_parts(bom, items, notes), sorted({item for cycle in cycles for item in cycle})


def _item_names(tables: PlanTables, bom: pd.DataFrame) -> pd.Index:
    """Items that are demanded, firmly ordered or needed for those."""
    wanted = set(tables.demand["item"])
    if tables.firm is not None:
        require_known(
            tables.firm, "item", tables.routes["item"].unique(), source=tables.source("firm"), kind="item of the routes"
        )
        wanted |= set(tables.firm["item"])
    return pd.Index(sorted(with_components(wanted, bom)), dtype=object)


def _horizon(tables: PlanTables) -> pd.DatetimeIndex:
    """Every bucket from the first that has capacity rows, whether the calendar or only the demand names it."""
    calendar = tables.resources["bucket"]
    demanded = tables.demand["bucket"]
    both = pd.concat([calendar, demanded[demanded >= calendar.min()]])
    return pd.DatetimeIndex(both.unique()).sort_values()


def _calendar(tables: PlanTables, names: pd.Index, buckets: pd.DatetimeIndex, notes: list[Reason]) -> dict[str, Floats]:
    frame = tables.resources
    r, t = names.get_indexer(frame["resource"]), buckets.get_indexer(frame["bucket"])
    given = np.zeros((len(names), len(buckets)), bool)
    given[r, t] = True
    notes += [_hole(names[i], buckets[~given[i]]) for i in np.flatnonzero(~given.all(axis=1))]
    tables_by_column = {}
    for column in ("capacity", "overtime", "min_run", "outside", "promised_share"):
        table = np.zeros(given.shape)
        if column in frame:
            table[r, t] = frame[column].fillna(0.0)
        tables_by_column[column] = table
    return tables_by_column


def _take_outside(calendar: dict[str, Floats], names: pd.Index, buckets: pd.DatetimeIndex) -> list[Reason]:
    """Cut the hours of other customers to those there are, and turn promised shares into loads."""
    limit = calendar["capacity"] + calendar["overtime"]
    over = calendar["outside"] > limit
    calendar["outside"] = np.minimum(calendar["outside"], limit)
    left = np.maximum(calendar["capacity"] - calendar["outside"], 0.0)
    calendar["promised_load"] = calendar.pop("promised_share") * left
    calendar["promised_load"] += np.where(calendar["promised_load"].any(axis=1), calendar["outside"].T, 0.0).T
    return [
        Reason(
            "outside_overload",
            f"resource {names[r]}: other customers take more than its hours in {over[r].sum()} bucket(s), the first is "
            f"{buckets[over[r]][0]:%Y-%m-%d}: taken as full",
            resource=str(names[r]),
            bucket=f"{buckets[over[r]][0]:%Y-%m-%d}",
        )
        for r in np.flatnonzero(over.any(axis=1))
    ]


def _hole(resource: str, missing: pd.DatetimeIndex) -> Reason:
    first = f"{missing[0]:%Y-%m-%d}"
    return Reason(
        "calendar_hole",
        f"resource {resource} has no row for {len(missing)} bucket(s), the first is {first}: taken as closed",
        resource=str(resource),
        bucket=first,
    )


def _short_buckets(calendar: dict[str, Floats], names: pd.Index, buckets: pd.DatetimeIndex) -> list[Reason]:
    """Resources whose minimum run is longer than an open bucket has hours: they stay closed there."""
    limit = calendar["capacity"] + calendar["overtime"]
    too_long = (calendar["min_run"] > limit) & (limit > 0)
    return [
        Reason(
            "minimum_run",
            f"resource {names[r]}: its minimum run exceeds its hours in {too_long[r].sum()} bucket(s), the first is "
            f"{buckets[too_long[r]][0]:%Y-%m-%d}: nothing runs there",
            resource=str(names[r]),
            bucket=f"{buckets[too_long[r]][0]:%Y-%m-%d}",
        )
        for r in np.flatnonzero(too_long.any(axis=1))
    ]


def _item_terms(tables: PlanTables, items: pd.Index, buckets: pd.DatetimeIndex) -> tuple[dict[str, Floats], Ints, Ints]:
    frame = tables.items if tables.items is not None else pd.DataFrame({"item": pd.Series(dtype=str)})
    terms = frame.set_index("item").reindex(items)

    def money(name: str, otherwise: float) -> Floats:
        given = terms[name].astype(float) if name in terms else pd.Series(np.nan, index=items)
        return np.asarray(given.fillna(otherwise), float)

    def position(name: str, side: str, otherwise: int) -> Ints:
        if name not in terms:
            return np.full(len(items), otherwise, np.int64)
        dates = pd.to_datetime(terms[name])
        found = buckets.searchsorted(dates.fillna(buckets[0]), side=side)
        return np.where(dates.isna(), otherwise, found - (side == "right")).astype(np.int64)

    names = ("holding_cost", "leftover_cost", "setup_cost", "lost_cost", "initial_stock")
    terms_by_name = {name: money(name, 0.0) for name in names} | {"backlog_cost": money("backlog_cost", np.nan)}
    return terms_by_name, position("last_bucket", "right", len(buckets) - 1), position("known_from", "left", 0)


def _strangers(tables: PlanTables) -> list[Reason]:
    """Name what only the table of items knows: a slip of the pen, perhaps."""
    if tables.items is None:
        return []
    others = [tables.demand["item"], tables.routes["item"]]
    others += [] if tables.firm is None else [tables.firm["item"]]
    others += [] if tables.bom is None else [tables.bom["parent"], tables.bom["component"]]
    strange = sorted(set(tables.items["item"]).difference(*others))
    detail = f"{tables.source('items')}: {len(strange)} item(s) in no other table, the first is"
    return [Reason("unknown_item", f"{detail} {strange[0]}: not planned", item=str(strange[0]))] if strange else []


def _demand(
    tables: PlanTables, items: pd.Index, buckets: pd.DatetimeIndex, last: Ints, notes: list[Reason]
) -> DemandAtoms:
    frame = tables.demand
    item = items.get_indexer(frame["item"])
    past = (frame["bucket"] < buckets[0]).to_numpy()
    bucket = np.where(past, 0, buckets.get_indexer(frame["bucket"]))
    first = np.zeros(len(items), np.int64)
    if tables.items is not None and "first_bucket" in tables.items:
        dates = tables.items.set_index("item")["first_bucket"].reindex(items)
        first = np.where(dates.isna(), 0, buckets.searchsorted(dates.fillna(buckets[0]))).astype(np.int64)
    outside = (bucket > last[item]) | (bucket < first[item])
    atoms = demand_atoms(frame[~outside], item[~outside], bucket[~outside], (len(items), len(buckets)))
    for flags, code, what in (
        (past & ~outside, "past", f"was due before the first bucket {buckets[0]:%Y-%m-%d}: taken as due at once"),
        (outside, "outside_life", "lies outside its first and last bucket: not planned"),
    ):
        named = sorted(set(frame.loc[flags, "item"]))
        notes += [Reason(code, f"item {name}: demand {what}", item=str(name)) for name in named]
    return atoms


def _without_route(items: pd.Index, modes: Modes, needed: np.ndarray) -> list[Reason]:
    made = np.bincount(modes.item, minlength=len(items)) > 0
    return [
        Reason("no_route", f"item {items[i]}: demanded but no usable route makes it", item=str(items[i]))
        for i in np.flatnonzero(needed & ~made)
    ]


def _firm(
    tables: PlanTables,
    names: tuple[pd.Index, pd.Index],
    routes: pd.DataFrame,
    buckets: pd.DatetimeIndex,
    firm_buckets: int,
) -> FirmWork:
    items, resources = names
    if tables.firm is None:
        return FirmWork.none((len(items), len(resources), len(buckets)))
    return firm_work(
        tables.firm,
        routes,
        items=items,
        resources=resources,
        buckets=buckets,
        firm_buckets=firm_buckets,
        source=tables.source("firm"),
    )


def _known_parts(bom: pd.DataFrame, items: pd.Index, notes: list[Reason]) -> pd.DataFrame:
    """Return the rows whose parent is planned; the others ask for nothing here and are named."""
    known = bom["parent"].isin(items)
    notes += [
        Reason(
            "bom_not_planned", f"item {name}: neither demanded nor ordered, so its components are not", item=str(name)
        )
        for name in sorted(set(bom.loc[~known, "parent"]))
    ]
    return bom[known].reset_index(drop=True)


def _firm_use(bom: pd.DataFrame, items: pd.Index, work: FirmWork) -> Floats:
    use = np.zeros(work.supply.shape)
    parent, component = items.get_indexer(bom["parent"]), items.get_indexer(bom["component"])
    np.add.at(use, component, work.started[parent] * bom["quantity"].to_numpy(float)[:, None])
    return use
