"""Checkpoints: how long after its launch a style is looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from contracts.errors import InputError

__all__ = ["DEFAULT_CHECKPOINTS", "Checkpoint", "checkpoints_from"]

DEFAULT_CHECKPOINTS = ("0h", "1h", "6h", "24h", "7d")

_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
_NAME = re.compile(r"([0-9]{1,6})([mhd])")


@dataclass(frozen=True, order=True)
class Checkpoint:
    """A time after the launch.

    Parameters
    ----------
    seconds
        Since the launch, >= 0.
    name
        As the user wrote it.
    """

    seconds: int
    name: str


def checkpoints_from(names: Sequence[str], *, option: str = "--checkpoints") -> tuple[Checkpoint, ...]:
    """Return checkpoints in the order of time.

    Raises
    ------
    InputError
        If a name is not a whole number of minutes, hours or days, or two are the same time.

    Examples
    --------
    >>> [c.seconds for c in checkpoints_from(["7d", "0h", "90m"])]
    [0, 5400, 604800]
    """
    found = []
    for name in names:
        match = _NAME.fullmatch(name.strip())
        if match is None:
            raise InputError(option, "whole minutes, hours or days after the launch, like 0h,90m,7d", name)
        found.append(Checkpoint(int(match[1]) * _SECONDS[match[2]], name.strip()))
    if not found:
        raise InputError(option, "at least one checkpoint, like 0h", "none")
    ordered = tuple(sorted(found))
    for early, late in pairwise(ordered):
        if early.seconds == late.seconds:
            raise InputError(option, "each time once", f"{early.name},{late.name}")
    return ordered
