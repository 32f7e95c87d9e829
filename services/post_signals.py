"""Signals sent one by one or in batches: each is new, known or cannot be used, and the sender hears which."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError
from forecast.signal_intake import sift
from forecast.tables import SIGNALS
from services.ingest import Inlet

__all__ = ["post_signals"]


def post_signals(rows: Sequence[Mapping[str, Any]], inlet: Inlet) -> dict[str, Any]:
    """Keep signals, durable when this returns; the same row again changes nothing.

    Parameters
    ----------
    rows
        Cells by name (`forecast.tables.SIGNALS`); other names are not read. ``kol_id`` becomes a keyed hash.
    inlet
        Where they go.

    Returns
    -------
    dict
        ``applied, known, quarantined`` as counts, ``ignored_fields`` and per row in ``results`` its number (1 = the
        first), ``status`` (applied, known, quarantined) and ``reason``.

    Raises
    ------
    InputError
        If a text of a row has half a surrogate pair, which no file can hold.
    """
    _require_characters(rows)
    cells = [{name: _cell(row.get(name)) for name in SIGNALS.by_name} for row in rows]
    raw = pd.DataFrame(cells, columns=list(SIGNALS.by_name), dtype=object)
    raw["kol_id"] = inlet.names.of(raw["kol_id"])
    good, bad = sift(raw, SIGNALS)
    added = inlet.facts.signals.add(good)
    status = np.full(len(rows), "quarantined", dtype=object)
    usable = np.setdiff1d(np.arange(len(rows)), bad["row"].to_numpy(int) - 1)
    status[usable] = np.where(added.new, "applied", "known")
    reasons = dict(zip(bad["row"], bad["reason"], strict=True))
    return {
        "applied": added.applied,
        "known": added.known,
        "quarantined": len(bad),
        "ignored_fields": sorted({str(name) for row in rows for name in row if name not in SIGNALS.by_name})[:20],
        "results": [
            {"row": number, "status": told, "reason": reasons.get(number)}
            for number, told in enumerate(status, start=1)
        ],
    }


def _cell(value: Any) -> Any:
    """Return a cell that may be kept: a single value."""
    return value if isinstance(value, str | int | float | bool) else None


def _require_characters(rows: Sequence[Mapping[str, Any]]) -> None:
    for number, row in enumerate(rows, start=1):
        try:
            json.dumps(row, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise InputError(f"signals, row {number}", "texts of whole characters", "half a surrogate pair") from None
