"""A planner's adjustments: applied on top of the statistical forecast, never in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["FACTOR", "PIECES", "Override", "apply_overrides", "value_added"]

FACTOR, PIECES = "factor", "pieces"


@dataclass(frozen=True, kw_only=True)
class Override:
    """One adjustment of a series, or of a node of a level (``region=North``, ``total``), over some days.

    Parameters
    ----------
    id, at, by, reason, note
        Its name, when it was made (ISO), by whom, why: a word that recurs, and a sentence.
    unique_id, start, end
        What is adjusted, from which to which day (ISO, both included).
    kind, value
        ``factor`` multiplies every day; ``pieces`` is the new total of these days, spread in proportion to what was
        expected (evenly where nothing was).
    days, statistical, old, new
        The days of the forecast it touched: the statistical forecast, and what counted before and after it. Pieces.
    run
        The forecast it was made on.
    """

    id: str
    at: str
    by: str
    reason: str
    note: str
    unique_id: str
    start: str
    end: str
    kind: str
    value: float
    days: tuple[str, ...] = ()
    statistical: tuple[float, ...] = ()
    old: tuple[float, ...] = ()
    new: tuple[float, ...] = ()
    run: str = ""


def apply_overrides(
    mean: np.ndarray, days: np.ndarray, overrides: Sequence[Override], rows_of: Callable[[str], np.ndarray]
) -> np.ndarray:
    """Return the final forecast: each override works on what the ones before it left.

    Parameters
    ----------
    mean
        Statistical forecast, shape (n, horizon).
    days
        Its days, datetime64[D].
    overrides
        In the order in which they were made.
    rows_of
        The rows of an identifier: one of a series, the members of a node, none of what is not forecast.

    Examples
    --------
    >>> days = np.array(["2026-01-05", "2026-01-06"], dtype="datetime64[D]")
    >>> told = {"at": "", "by": "li", "reason": "fair", "note": "", "start": "2026-01-05", "end": "2026-01-05"}
    >>> twice = Override(id="1", unique_id="a", kind=FACTOR, value=2.0, **told)
    >>> apply_overrides(np.array([[3.0, 3.0]]), days, [twice], lambda name: np.array([0]))
    array([[6., 3.]])
    """
    final = np.array(mean, dtype=float)
    for override in overrides:
        rows = rows_of(override.unique_id)
        inside = (days >= np.datetime64(override.start)) & (days <= np.datetime64(override.end))
        if len(rows) and inside.any():
            place = np.ix_(rows, np.flatnonzero(inside))
            final[place] = _adjusted(final[place], override)
    return final


def value_added(overrides: Sequence[Override], actual: Callable[[Override], np.ndarray]) -> list[dict[str, Any]]:
    """Return what overrides were worth, by planner and reason, then in all.

    Parameters
    ----------
    actual
        Pieces sold on each of an override's days, NaN where not known yet.

    Returns
    -------
    Rows of ``by, reason, overrides, days, pieces, wape_statistical, wape_final, value_added`` (how much lower the WAPE
    is by the override; negative = it did harm); overrides without a known day are left out.
    """
    groups: dict[tuple[str, str], list[np.ndarray]] = {}
    for override in overrides:
        truth = actual(override)
        seen = np.isfinite(truth)
        if seen.any():
            cells = np.stack([truth, np.asarray(override.statistical), np.asarray(override.new)])[:, seen]
            groups.setdefault((override.by, override.reason), []).append(cells)
            groups.setdefault(("all", "all"), []).append(cells)
    last = {key: groups[key] for key in sorted(groups, key=lambda key: (key == ("all", "all"), key))}
    return [_worth(by, reason, parts) for (by, reason), parts in last.items()]


def _adjusted(block: np.ndarray, override: Override) -> np.ndarray:
    if override.kind == FACTOR:
        return block * override.value
    total = block.sum()
    return block * (override.value / total) if total > 0 else np.full(block.shape, override.value / block.size)


def _worth(by: str, reason: str, parts: Sequence[np.ndarray]) -> dict[str, Any]:
    truth, statistical, final = np.concatenate(parts, axis=1)
    pieces = float(truth.sum())
    errors: Mapping[str, float] = {
        name: float(np.abs(mean - truth).sum() / pieces) if pieces > 0 else float("nan")
        for name, mean in (("wape_statistical", statistical), ("wape_final", final))
    }
    gain = errors["wape_statistical"] - errors["wape_final"]
    told = {"by": by, "reason": reason, "overrides": len(parts), "days": truth.size, "pieces": pieces}
    return {**told, **errors, "value_added": gain}
