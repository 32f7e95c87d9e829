"""Any other export as a table (`csv`, `parquet`): the user says in a TOML file which column is what.

Only named columns are read. ``[cells]`` says which column holds a cell of the signals table (or ``external_id``,
``day``, ``amount_yuan``), ``[counts]`` which column counts what, ``[always]`` what holds for every row::

    source = "xiaohongshu"
    [cells]
    external_id = "note_id"
    content_id = "note_id"
    signal_time = "exported_at"
    observed_at = "exported_at"
    [counts]
    view = "read"
    favorite = "collect"
    [always]
    cumulative = true
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from contracts.errors import InputError, TableError
from forecast.tables import SIGNAL_KINDS, SIGNALS
from services.personal import is_personal

__all__ = ["read"]

_PARTS = ("source", "cells", "counts", "always")
_CELLS = (*SIGNALS.by_name, "external_id", "day", "amount_yuan")


def read(table: pd.DataFrame, layout: Mapping[str, Any], *, where: str, source: str) -> pd.DataFrame:
    """Return the raw signals of a table.

    Parameters
    ----------
    table
        The user's rows.
    layout
        Which column is what, as above; without ``[counts]`` each row is one signal with its own ``kind`` and ``count``.
    where, source
        What the layout and the table are called in messages.

    Raises
    ------
    InputError
        If the layout names a cell, a kind or a column that there is not, or one that says who a shopper is.

    Examples
    --------
    >>> told = pd.DataFrame({"note_id": ["n1"], "at": ["2026-03-01 10:00:00"], "read": ["900"], "collect": ["40"]})
    >>> cells = {"content_id": "note_id", "external_id": "note_id", "signal_time": "at", "observed_at": "at"}
    >>> layout = {"cells": cells, "counts": {"view": "read", "favorite": "collect"}}
    >>> read(told, layout, where="x.toml", source="x.csv")[["kind", "count", "content_id"]].to_numpy().tolist()
    [['view', '900', 'n1'], ['favorite', '40', 'n1']]
    """
    cells, counts, always = (_table(layout, name, where) for name in ("cells", "counts", "always"))
    _require(layout, _PARTS, where)
    _require(cells, _CELLS, f"{where} [cells]")
    _require(always, _CELLS, f"{where} [always]")
    _require(counts, SIGNAL_KINDS, f"{where} [counts]")
    for name, column in {**cells, **counts}.items():
        if column not in table:
            raise TableError(source, str(column), f"this column, which {where} names", ", ".join(map(str, table)))
        if is_personal(column) and name != "kol_id":
            raise InputError(f"{where}: {name}", "a column that does not say who a shopper is", column)
    named = pd.DataFrame({name: table[column] for name, column in cells.items()}, index=table.index).assign(**always)
    if "source" in layout:
        named["source"] = layout["source"]
    if not counts:
        return named
    kinds = [named.assign(kind=kind, count=table[column]) for kind, column in counts.items()]
    return pd.concat(kinds, ignore_index=True)


def _table(layout: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    found = layout.get(name, {})
    if not isinstance(found, Mapping):
        raise InputError(where, f"[{name}] as a table", found)
    return found


def _require(table: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for name in table:
        if name not in known:
            raise InputError(where, f"only {', '.join(known)}", name)
