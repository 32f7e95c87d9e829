"""What an examination finds: each look says what it looked at, how it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "State"]

State = Literal["well", "watch", "wrong"]


@dataclass(frozen=True)
class Finding:
    """What one look found.

    Parameters
    ----------
    check
        What was looked at.
    state
        ``well``; ``watch``: it works, but not for ever; ``wrong``: something does not work.
    found
        What was found.
    advice
        What to do; empty where nothing is to be done.
    """

    check: str
    state: State
    found: str
    advice: str = ""
