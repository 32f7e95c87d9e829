"""Who a party deals with, and who could introduce it to another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError
from graph.arrays import Array
from graph.blocks import Ties
from graph.network import SupplyNetwork
from graph.paths import holding, introduction, path_text
from graph.relations import ALWAYS, NEVER
from graph.tables import PARTY_KINDS
from services.viewer import Viewer

__all__ = ["party_neighbours", "party_path"]

_EVERYTHING = Viewer()
_TIMEZONE = "Asia/Shanghai"
_DATES = ["valid_from", "valid_to"]
_COLUMNS = ["id", "party_kind", "relation", "direction", "weight", *_DATES]


def party_neighbours(
    network: SupplyNetwork,
    party_id: str,
    *,
    kind: str | None = None,
    direction: str = "both",
    as_of: dt.date | None = None,
    viewer: Viewer = _EVERYTHING,
) -> pd.DataFrame:
    """Return who a party is related to, the strongest ties first.

    Parameters
    ----------
    kind
        One relation kind; all by default.
    direction
        ``out`` (relations that start at the party), ``in`` (that lead to it) or ``both``.
    as_of
        Only relations that hold on this day.
    viewer
        Who asks: relations it may not know of are left out.

    Returns
    -------
    DataFrame
        ``id, party_kind, relation, direction, weight, valid_from, valid_to`` (ISO dates: it holds from the first day
        until the day before the second; None = open).

    Raises
    ------
    UnknownIdError
        If there is no such party or relation kind, or the viewer may not know of the party.
    InputError
        If `direction` is none of the three.
    """
    if direction not in ("out", "in", "both"):
        raise InputError("direction", "out, in or both", direction)
    at = np.array([viewer.position(network, party_id)])
    parts = []
    for name in [kind] if kind is not None else list(network.blocks):
        block = network.block(name)
        for way in ("out", "in"):
            if direction in (way, "both"):
                _, other, relation = block.out_of(at) if way == "out" else block.into(at)
                keep = viewer.sees_between(network, np.repeat(at, len(other)), other)
                if as_of is not None:
                    keep &= holding(block, relation, (as_of - dt.date(1970, 1, 1)).days)
                columns = {"other": other[keep], "weight": block.values("weight", relation[keep]).astype(float)}
                columns |= {day: _dates(block, day, relation[keep]) for day in _DATES}
                parts.append(pd.DataFrame({**columns, "relation": name, "direction": way}))
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["other", "weight"], dtype=float)
    other = rows["other"].to_numpy(np.int64)
    rows = rows.assign(id=network.parties.ids.texts_at(other), party_kind=_kinds(network, other))
    rows = rows.reindex(columns=_COLUMNS)
    rows[_DATES] = rows[_DATES].astype(object).where(rows[_DATES].notna(), None)
    return rows.sort_values(["weight", "id"], ascending=[False, True], kind="stable", ignore_index=True)


def party_path(
    network: SupplyNetwork,
    source: str,
    target: str,
    *,
    kinds: Sequence[str] | None = None,
    max_hops: int = 6,
    as_of: dt.date | None = None,
    viewer: Viewer = _EVERYTHING,
) -> dict[str, Any]:
    """Return the best introduction of one party to another, as plain values.

    Parameters
    ----------
    kinds, max_hops
        Relation kinds to go by (all by default), and the longest path looked for.
    as_of
        The day on which the relations hold; today (Asia/Shanghai) by default: nobody introduces over a tie that ended.
    viewer
        Who asks: paths over relations it may not know of are not told.

    Returns
    -------
    dict
        ``source, target, as_of, found, path`` (``S < D > F``: each arrow points as the relation does), ``hops``,
        ``strength`` (its weakest tie, None without steps), ``steps`` (``source, target, relation, forward, weight``)
        and ``reason`` (why there is none, else empty).

    Raises
    ------
    UnknownIdError
        If there is no such party or relation kind, or the viewer may not know of a party.
    InputError
        If `max_hops` is below 1.
    """
    for party in (source, target):
        viewer.position(network, party)
    visible = None if viewer.tenant is None else (lambda src, dst: viewer.sees_between(network, src, dst))
    day = as_of or pd.Timestamp.now(tz=_TIMEZONE).date()
    found = introduction(network, source, target, kinds=kinds, max_hops=max_hops, day=day, visible=visible)
    steps = found or []
    reason = "" if found is not None else f"no path of at most {max_hops} relations that you may know of"
    if found is not None and not steps:
        reason = "they are the same party"
    return {
        "source": source,
        "target": target,
        "as_of": day.isoformat(),
        "found": found is not None,
        "path": path_text(steps),
        "hops": len(steps),
        "strength": min((step.weight for step in steps), default=None),
        "steps": [vars(step) for step in steps],
        "reason": reason,
    }


def _dates(block: Ties, name: str, relations: Array) -> npt.NDArray[np.object_]:
    """Return relations' days as ISO texts, None where they are open."""
    if name not in block.names:
        return np.full(len(relations), None, dtype=object)
    days = block.values(name, relations)
    texts: npt.NDArray[np.object_] = np.datetime_as_string(days.astype("datetime64[D]")).astype(object)
    texts[(days == ALWAYS) | (days == NEVER)] = None
    return texts


def _kinds(network: SupplyNetwork, positions: np.ndarray) -> list[str]:
    return [PARTY_KINDS[code] for code in network.parties.kind[positions]]
