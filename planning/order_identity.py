"""Which order of a new plan is which order of the last one, so that an order that moves keeps its id."""

from __future__ import annotations

from hashlib import blake2s

import numpy as np
import pandas as pd

from planning.problem import Floats

__all__ = ["lot_names", "lots_of", "name_lots"]

_KEY = ["item", "route", "at", "start"]
_MOVE_DAYS = 28.0
"""An order that would have moved by more is another one."""
_ELSEWHERE, _RESIZED = 0.5, 0.25  # against 1 for a move by `_MOVE_DAYS`
_UNLIKE = 1.0 + _ELSEWHERE + _RESIZED + 1e-6  # no pair costs as much


def lot_names(orders: pd.DataFrame) -> pd.Series:
    """Return each row's order without its step: all steps of an order share it.

    Examples
    --------
    >>> lot_names(pd.DataFrame({"order_id": ["PO-1-10", "PO-1-20", "own"], "step": [10, 20, 5]})).tolist()
    ['PO-1', 'PO-1', 'own']
    """
    both = (orders[column].to_numpy(object) for column in ("order_id", "step"))
    names = [str(name).removesuffix(f"-{step}") for name, step in zip(*both, strict=True)]
    return pd.Series(names, index=orders.index, dtype="str")


def lots_of(orders: pd.DataFrame) -> pd.DataFrame:
    """Return one row per order: `lot, item, route, at` (its resources), `start, due, pieces, hours, state, reason`.

    `start` and `pieces` are the first step's, `due` and `reason` the last step's.
    """
    rows = orders.assign(lot=lot_names(orders)).sort_values(["lot", "step"], kind="stable")
    found = rows.groupby("lot", sort=True).agg(
        item=("item", "first"),
        route=("route", "first"),
        start=("start", "first"),
        due=("due", "last"),
        pieces=("pieces", "first"),
        hours=("hours", "sum"),
        state=("state", "last"),
        reason=("reason", "last"),
    )
    found.insert(2, "at", _resources(rows))
    return found.reset_index()


def _resources(rows: pd.DataFrame) -> list[str]:
    """Return the resources of each lot, in words; rows are sorted by lot."""
    firsts = np.flatnonzero(~rows["lot"].duplicated().to_numpy())
    listed = np.add.reduceat("," + rows["resource"].astype(str).to_numpy(object), firsts)
    return [str(names)[1:] for names in listed]


def name_lots(lots: pd.DataFrame, previous: pd.DataFrame, taken: set[str]) -> list[str]:
    """Return a name for each lot of a new plan: the previous one it continues, or a new one.

    A lot that is made as before, where and when it was before, keeps its name; of the others of an item those are
    paired that moved least (`linear_sum_assignment`), and what moved by more than four weeks is new.

    Parameters
    ----------
    lots
        `item, route, at, start, pieces`; no two alike in the first four.
    previous
        The lots that the plan may continue, with the same columns and `lot`.
    taken
        Names that no new lot may get: fixed orders, and those done or cancelled.

    Examples
    --------
    >>> columns = {"item": ["a"], "route": ["r"], "at": ["L"], "pieces": [10]}
    >>> before = pd.DataFrame(columns | {"lot": ["PO-7"], "start": pd.to_datetime(["2026-01-05"])})
    >>> name_lots(pd.DataFrame(columns | {"start": pd.to_datetime(["2026-01-12"])}), before, set())
    ['PO-7']
    """
    names = pd.Series(None, index=range(len(lots)), dtype=object)
    if len(previous):
        lots = lots.reset_index(drop=True)
        same = lots[_KEY].merge(previous.drop_duplicates(_KEY)[[*_KEY, "lot"]], on=_KEY, how="left")["lot"]
        names = same.astype(object)
        rest = previous[~previous["lot"].isin(set(same.dropna()))]
        _pair_moved(lots[names.isna()], rest, names)
    used = taken | set(previous["lot"] if len(previous) else ()) | set(names.dropna())
    found = []
    for name, *key, start in zip(names, *(lots[column].astype(object) for column in _KEY), strict=True):
        found.append(name if isinstance(name, str) else _new_name((*key, str(start)[:10]), used))
        used.add(found[-1])
    return found


def _pair_moved(lots: pd.DataFrame, previous: pd.DataFrame, names: pd.Series) -> None:
    before = dict(list(previous.groupby("item")))
    for item, mine in lots.groupby("item"):
        if item not in before:
            continue
        old = before[item].sort_values("lot")
        cost = _unlikeness(mine, old)
        from scipy.optimize import linear_sum_assignment  # takes longer to import than a server has to start

        new_row, old_row = linear_sum_assignment(cost)
        near = cost[new_row, old_row] < _UNLIKE
        names.loc[mine.index[new_row[near]]] = old["lot"].to_numpy(object)[old_row[near]]


def _unlikeness(new: pd.DataFrame, old: pd.DataFrame) -> Floats:
    days = np.abs(new["start"].to_numpy()[:, None] - old["start"].to_numpy()) / np.timedelta64(1, "D")
    place = [new[name].to_numpy(object)[:, None] != old[name].to_numpy(object) for name in ("route", "at")]
    pieces, were = new["pieces"].to_numpy(float)[:, None], old["pieces"].to_numpy(float)
    resized = np.abs(pieces - were) / np.maximum(np.maximum(pieces, were), 1.0)
    cost = days / _MOVE_DAYS + _ELSEWHERE * (place[0] | place[1]) + _RESIZED * resized
    return np.asarray(np.where(days <= _MOVE_DAYS, cost, _UNLIKE), float)


def _new_name(key: tuple[object, ...], used: set[str]) -> str:
    """Return a name made of what, how, where and when, so that the same plan has the same names."""
    text, turn = "\x1f".join(map(str, key)), 0
    while True:
        again = f"\x1f{turn}" if turn else ""
        name = "PO-" + blake2s((text + again).encode(), digest_size=8).hexdigest()
        if name not in used:
            return name
        turn += 1
