"""The industrial router: rows of process steps become ways of making an item, one resource chosen for each step."""

from __future__ import annotations

import numpy as np
import pandas as pd

from contracts.errors import TableError
from planning.problem import Floats, Ints, Modes, Reason

__all__ = ["MAX_MODES_PER_ROUTE", "modes_from_routes", "unusable_lots"]

MAX_MODES_PER_ROUTE = 1000
_DEFAULTS = {
    "cost": 0.0,
    "setup_hours": 0.0,
    "minimum_lot": 0.0,
    "lot_multiple": 1.0,
    "lead_buckets": 0.0,
    "yield": 1.0,
}


def modes_from_routes(
    routes: pd.DataFrame, items: pd.Index, resources: pd.Index, *, source: str = "routes"
) -> tuple[Modes, list[Reason]]:
    """Enumerate the modes of every route.

    Parameters
    ----------
    routes
        Checked rows of `ROUTES`, sorted by its key; rows of items that `items` does not hold are passed over.
    items, resources
        The names that the indices of the modes point into.

    Returns
    -------
    modes, reasons
        A step for which no known resource is left makes its route unusable, with a reason.

    Raises
    ------
    TableError
        If a route has more than `MAX_MODES_PER_ROUTE` combinations of alternative resources.
    """
    rows = routes[["item", "route", "step", "resource", "hours_per_unit"]].copy()
    for name, value in _DEFAULTS.items():
        rows[name] = routes[name].fillna(value).astype(float) if name in routes else value
    rows["row"] = np.arange(len(rows))
    rows["route_id"] = rows.groupby(["item", "route"], sort=True).ngroup()
    rows["item_index"] = items.get_indexer(rows["item"])
    rows["resource_index"] = resources.get_indexer(rows["resource"])
    rows = rows[rows["item_index"] >= 0]
    usable, reasons = _drop_undoable(rows)
    _require_few(usable, source)
    return _modes(usable.reset_index(drop=True)), reasons


def _drop_undoable(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Reason]]:
    known = rows["resource_index"] >= 0
    doable = known.groupby([rows["route_id"], rows["step"]]).transform("any")
    lost = rows[~doable].drop_duplicates(["route_id", "step"])
    reasons = [
        Reason(
            "step_without_resource",
            f"item {row.item}, route {row.route}: nobody can do step {row.step} "
            f"(resource {row.resource} has no capacity rows)",
            item=str(row.item),
            resource=str(row.resource),
        )
        for row in lost.itertuples()
    ]
    return rows[known & ~rows["route_id"].isin(lost["route_id"])], reasons


def _require_few(rows: pd.DataFrame, source: str) -> None:
    alternatives = rows.groupby(["route_id", "step"]).size()
    combinations = alternatives.groupby(level=0).prod()
    if len(combinations) and combinations.max() > MAX_MODES_PER_ROUTE:
        worst = rows[rows["route_id"] == combinations.idxmax()].iloc[0]
        raise TableError(
            source,
            "resource",
            f"at most {MAX_MODES_PER_ROUTE} combinations of alternative resources in a route",
            f"{combinations.max()} for item {worst['item']}, route {worst['route']}",
        )


def _combinations(rows: pd.DataFrame) -> Ints:
    """Row chosen for each step of each mode, -1 beyond a route's last step; shape (modes, longest route)."""
    position = rows.groupby("route_id")["step"].rank(method="dense").astype(int) - 1
    chosen = pd.DataFrame({"route_id": rows["route_id"].unique()})
    for step in range(int(position.max()) + 1 if len(rows) else 0):
        at_step = rows.loc[position == step, ["route_id"]].reset_index(names=f"row_{step}")
        chosen = chosen.merge(at_step, on="route_id", how="left")
    picks = chosen.drop(columns="route_id").fillna(-1).to_numpy(np.int64)
    return picks if picks.size else np.zeros((0, 1), np.int64)


def _modes(rows: pd.DataFrame) -> Modes:
    picks = _combinations(rows)
    used = picks >= 0

    def of(name: str, otherwise: float) -> Floats:
        values = rows[name].to_numpy(float)
        return np.where(used, values[picks], otherwise) if len(values) else np.zeros(picks.shape)

    lead, good = of("lead_buckets", 0), of("yield", 1)
    share = np.cumprod(good, axis=1) / good if len(rows) else good
    multiple = of("lot_multiple", 1).astype(np.int64)
    first = picks[:, 0]
    ops = picks[used]
    return Modes(
        item=rows["item_index"].to_numpy(np.int64)[first],
        route=rows["route"].to_numpy(object)[first],
        lead=lead.sum(axis=1).astype(np.int64),
        output=good.prod(axis=1),
        cost=(of("cost", 0) * share).sum(axis=1),
        minimum=np.ceil((of("minimum_lot", 0) / share).max(axis=1) - 1e-9) if len(picks) else np.zeros(0),
        multiple=np.lcm.reduce(multiple, axis=1),
        op_mode=np.nonzero(used)[0],
        op_row=rows["row"].to_numpy(np.int64)[ops],
        op_resource=rows["resource_index"].to_numpy(np.int64)[ops],
        op_step=rows["step"].to_numpy(np.int64)[ops],
        op_offset=(np.cumsum(lead, axis=1) - lead)[used].astype(np.int64),
        op_lead=lead[used].astype(np.int64),
        op_hours=(of("hours_per_unit", 0) * share)[used],
        op_setup=of("setup_hours", 0)[used],
        op_share=share[used],
    )


def unusable_lots(modes: Modes, limit: Floats, items: pd.Index, resources: pd.Index) -> tuple[np.ndarray, list[Reason]]:
    """Find the modes whose smallest lot no bucket can hold.

    Parameters
    ----------
    limit
        Shape (R, T): capacity with overtime, hours.

    Returns
    -------
    too_large, reasons
        Flags of shape (M,), and one reason per item and resource.
    """
    smallest = np.maximum(modes.minimum, np.where(modes.multiple > 1, modes.multiple, 0))
    hours = smallest[modes.op_mode] * modes.op_hours + modes.op_setup
    most = limit.max(axis=1, initial=0.0)
    over = (hours > most[modes.op_resource] + 1e-9) & (hours > 0) & (most[modes.op_resource] > 0)
    too_large = np.bincount(modes.op_mode, weights=over, minlength=len(modes.item)) > 0
    found = {
        (int(modes.item[modes.op_mode[o]]), int(modes.op_resource[o])): float(hours[o]) for o in np.flatnonzero(over)
    }
    reasons = [
        Reason(
            "lot_above_capacity",
            f"item {items[p]}: its smallest lot takes {lot:g} h on {resources[r]}, "
            f"which has at most {most[r]:g} h in a bucket",
            item=str(items[p]),
            resource=str(resources[r]),
        )
        for (p, r), lot in sorted(found.items())
    ]
    return too_large, reasons
