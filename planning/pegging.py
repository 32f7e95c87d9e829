"""Which demand each production order covers, first in, first out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planning.order_identity import lot_names, lots_of
from planning.problem import Floats, Ints, PlanProblem

__all__ = ["PEG_COLUMNS", "peg_orders"]

PEG_COLUMNS = ("order_id", "item", "pieces", "covers", "bucket", "parent_order")
_EPS = 1e-6


def peg_orders(
    problem: PlanProblem, orders: pd.DataFrame, routes: pd.DataFrame, bom: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Peg stock and orders to demand.

    Demand is the median path; an item that others are made of is also asked for by their orders, when they start.

    Parameters
    ----------
    orders
        Columns of `planning.orders.ORDER_COLUMNS`.
    routes
        Their steps, for the yield of the last one.
    bom
        `parent, component, quantity`.

    Returns
    -------
    pegs
        `order_id` (without step; ``stock`` for opening stock), `item`, good `pieces`, what they cover: ``demand`` of
        `bucket`, a ``component`` of `parent_order` that starts in `bucket`, or ``cover`` (against demand above the
        median, or what fills up a lot). Pieces per order add up to its good pieces; demand that nothing covers has
        no row.
    """
    lots = lots_of(orders) if len(orders) else pd.DataFrame(columns=["lot", "item", "start", "due", "pieces"])
    lots["good"] = lots["lot"].map(_good_pieces(orders, routes)) if len(lots) else []
    needs = pd.concat([_demand(problem), _component_needs(lots, bom)], ignore_index=True)
    supplies = pd.concat([_stock(problem), _arrivals(lots)], ignore_index=True)
    if supplies.empty:
        return pd.DataFrame(columns=list(PEG_COLUMNS))
    return _pegged(
        supplies.sort_values(["item", "at", "lot"], kind="stable"),
        needs.sort_values(["item", "at", "covers", "parent_order"], kind="stable"),
    )


def _good_pieces(orders: pd.DataFrame, routes: pd.DataFrame) -> pd.Series:
    """Pieces that come out of each order's last step."""
    key = ["item", "route", "step", "resource"]
    rows = orders.assign(lot=lot_names(orders)).sort_values("step").drop_duplicates("lot", keep="last")
    if "yield" not in routes:
        return rows.set_index("lot")["pieces"].astype(float)
    found = rows.merge(routes[[*key, "yield"]], on=key, how="left").set_index("lot")
    return found["pieces"] * found["yield"].fillna(1.0)


def _demand(problem: PlanProblem) -> pd.DataFrame:
    below = np.cumsum(problem.demand.chance, axis=1) - problem.demand.chance
    middle = (below < 0.5).sum(axis=1) - 1
    median = np.take_along_axis(problem.demand.pieces, middle[:, None, None], axis=1)[:, 0]
    item, bucket = np.nonzero(median > _EPS)
    return pd.DataFrame(
        {
            "item": problem.items[item],
            "at": pd.to_datetime(problem.buckets[bucket]),
            "pieces": median[item, bucket],
            "covers": "demand",
            "parent_order": None,
        }
    )


def _component_needs(lots: pd.DataFrame, bom: pd.DataFrame | None) -> pd.DataFrame:
    columns = ["item", "at", "pieces", "covers", "parent_order"]
    if bom is None or bom.empty or lots.empty:
        return pd.DataFrame(columns=columns)
    used = lots.merge(bom, left_on="item", right_on="parent")
    taken = pd.DataFrame({"item": used["component"], "at": used["start"], "pieces": used["pieces"] * used["quantity"]})
    return taken.assign(covers="component", parent_order=used["lot"])[columns]


def _stock(problem: PlanProblem) -> pd.DataFrame:
    held = problem.initial_stock > _EPS
    return pd.DataFrame(
        {"item": problem.items[held], "lot": "stock", "at": pd.Timestamp.min, "pieces": problem.initial_stock[held]}
    )


def _arrivals(lots: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"item": lots["item"], "lot": lots["lot"], "at": lots["due"], "pieces": lots["good"]})


def _pegged(supplies: pd.DataFrame, needs: pd.DataFrame) -> pd.DataFrame:
    """Peg supplies to needs, both in the order in which they are taken, item by item."""
    supply, need, pieces = _cuts(supplies, needs)
    pegs = pd.DataFrame(
        {
            "order_id": supplies["lot"].to_numpy(object)[supply],
            "item": supplies["item"].to_numpy(object)[supply],
            "pieces": pieces,
        }
    )
    known = need >= 0
    told = {"covers": ("covers", "cover"), "bucket": ("at", None), "parent_order": ("parent_order", None)}
    for column, (of, otherwise) in told.items():
        values = np.full(len(pegs), otherwise, dtype=object)
        values[known] = needs[of].to_numpy(object)[need[known]]
        pegs[column] = values
    pegs["bucket"] = pd.to_datetime(pegs["bucket"])
    return _merged(pegs)


def _cuts(supplies: pd.DataFrame, needs: pd.DataFrame) -> tuple[Ints, Ints, Floats]:
    """Return the row of the supply, the row of the need (-1 = none) and the pieces of each peg."""
    made, asked = (frame["pieces"].to_numpy(float) for frame in (supplies, needs))
    names, starts = np.unique(supplies["item"].to_numpy(str), return_index=True)
    wanted = needs["item"].to_numpy(str)
    first, last = (np.searchsorted(wanted, names, side) for side in ("left", "right"))
    parts = [
        _cut(made[start:end], asked[low:high], start, low)
        for start, end, low, high in zip(starts, [*starts[1:], len(made)], first, last, strict=True)
    ]
    supply, need, pieces = (np.concatenate(column) for column in zip(*parts, strict=True))
    kept = pieces > _EPS
    return supply[kept], need[kept], pieces[kept]


def _cut(made: Floats, asked: Floats, first_made: int, first_asked: int) -> tuple[Ints, Ints, Floats]:
    """Cut what one item's supplies make where one of them, or a need, ends."""
    have, want = np.cumsum(made), np.cumsum(asked)
    ends = np.union1d(have, want[want < have[-1]])
    pieces = np.diff(ends, prepend=0.0)
    middle = ends - pieces / 2
    need = np.searchsorted(want, middle)
    return (
        np.searchsorted(have, middle) + first_made,
        np.where(need < len(want), need + first_asked, -1),
        pieces,
    )


def _merged(pegs: pd.DataFrame) -> pd.DataFrame:
    keys = [name for name in PEG_COLUMNS if name != "pieces"]
    found = pegs.groupby(keys, dropna=False, sort=False, as_index=False)["pieces"].sum()
    return found[list(PEG_COLUMNS)]
