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
    return _on_disk(function)


def inlined(function: F) -> F:
    """Compile a function into each of its callers: passing many arrays to a small function costs more than it does."""
    return _on_disk(function, inline="always")


def merged(function: F) -> F:
    """Compile a function once and let the machine code of its callers hold it: for many arrays and many callers."""
    return _on_disk(function, forceinline=True)


def _on_disk(function: F, **options: Any) -> F:
    """Compile with numba, if it is there, and keep the machine code where a folder can be written.

    That is beside the source, else in the user's cache folder; where neither can be, every process compiles anew.
    """
    if not HAVE_NUMBA:
        return function
    from numba import njit

    try:
        return cast("F", njit(cache=True, **options)(function))
    except RuntimeError:
        return cast("F", njit(**options)(function))
