"""One thing that is kept, as `services.why` tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

__all__ = ["Record", "plain", "plain_row"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """One thing that is kept.

    Parameters
    ----------
    kind
        What it is: ``reservation``, ``order``, ``plan``, ``forecast``, ``score`` …, or the topic of an event.
    told
        What it is, in words.
    at
        When it was made; None if that is not kept.
    facts
        Figures and versions.
    causes
        Ids of what led to it.
    causes_in_all
        How many there are, if not all are named.
    """

    id: str
    kind: str
    told: str
    at: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    causes: Sequence[str] = ()
    causes_in_all: int = 0


def plain(value: Any) -> Any:
    """Return a cell of a table as plain data.

    Examples
    --------
    >>> plain(pd.Timestamp("2026-03-01")), plain(pd.Series([2])[0]), plain(pd.NaT)
    ('2026-03-01T00:00:00', 2, None)
    """
    if value is None or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value


def plain_row(row: Mapping[Any, Any] | pd.Series) -> dict[str, Any]:
    """Return a row of a table as plain data."""
    return {str(name): plain(value) for name, value in row.items()}
