"""One thing that needs a person, and how cells of tables become its values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

__all__ = ["Found", "moment", "number", "text"]


@dataclass(frozen=True, kw_only=True)
class Found:
    """One thing that needs a person.

    Parameters
    ----------
    kind
        ``unfilled order``, ``late promise``, ``short of items``, ``overtime``, ``idle``, ``plan change``,
        ``backorder``, ``capacity cut``, ``prices refused``, ``forecast shift``, ``parked work``; and of
        `services.exception_flow` ``refused order`` and ``unused fact``.
    subject, place
        What and whom it touches.
    when
        The day it is about.
    amount, unit
        How much.
    stake_fen
        Money at stake: what is expected to be lost if nobody acts (`services.stakes`); 0 where there is no price.
    why, action
        What happened, and what is proposed.
    """

    kind: str
    subject: str
    place: str | None = None
    when: datetime | None = None
    amount: float
    unit: str
    stake_fen: float
    why: str
    action: str


def text(value: Any) -> str | None:
    """Return a cell's text; None where it is empty."""
    return None if value is None or pd.isna(value) else str(value)


def moment(value: Any) -> datetime | None:
    """Return a cell's moment; None where it is empty."""
    return None if value is None or pd.isna(value) else pd.Timestamp(value).to_pydatetime()


def number(value: Any) -> float:
    """Return a cell's number; 0 where it is empty."""
    return 0.0 if value is None or pd.isna(value) else float(value)
