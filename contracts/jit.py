"""Compiled loops where numba is there, the same loops in plain Python (slower) where it is not."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeVar, cast

__all__ = ["HAVE_NUMBA", "NO_NUMBA_NOTE", "compiled", "inlined", "merged"]

F = TypeVar("F", bound=Callable[..., Any])

HAVE_NUMBA = find_spec("numba") is not None
NO_NUMBA_NOTE = "numba is not installed: the loops ran in plain Python, which is slower"


def compiled(function: F) -> F:
    """Compile a function of numbers and arrays on its first call and keep the machine code on disk."""
    if not HAVE_NUMBA:
        return function
    from numba import njit

    return cast("F", njit(cache=True)(function))


def inlined(function: F) -> F:
    """Compile a function into each of its callers: passing many arrays to a small function costs more than it does."""
    if not HAVE_NUMBA:
        return function
    from numba import njit

    return cast("F", njit(cache=True, inline="always")(function))


def merged(function: F) -> F:
    """Compile a function once and let the machine code of its callers hold it: for many arrays and many callers."""
    if not HAVE_NUMBA:
        return function
    from numba import njit

    return cast("F", njit(cache=True, forceinline=True)(function))
