"""Compiled loops where numba is there, the same loops in plain Python (slower) where it is not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import update_wrapper
from importlib.util import find_spec
from typing import Any, TypeVar, cast

__all__ = ["HAVE_NUMBA", "NO_NUMBA_NOTE", "compiled", "inlined", "lean", "merged"]

F = TypeVar("F", bound=Callable[..., Any])

HAVE_NUMBA = find_spec("numba") is not None
_MAKING = threading.RLock()
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


def lean(function: F) -> F:
    """Merge a function that makes no arrays: references to those it reads are not counted.

    In loops that read many arrays by their names in tuples the counting takes several times as long as the reading.
    Whoever calls it holds the arrays meanwhile; numba refuses to compile one that makes an array. The option is one
    that numba may drop: without it the loops count, and are as right as before.
    """
    return _on_disk(function, forceinline=True, _nrt=False)


def _on_disk(function: F, **options: Any) -> F:
    """Compile with numba, if it is there, and keep the machine code where a folder can be written.

    That is beside the source, else in the user's cache folder; where neither can be, every process compiles anew.
    """
    return cast("F", _Later(function, options)) if HAVE_NUMBA else function


class _Later:
    """A function that imports numba, which takes seconds, once it is called and not before."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        update_wrapper(self, function)
        self._function, self._options = function, options
        self._begun = self._made = None

    def __call__(self, *arguments: Any) -> Any:
        return (self._made or self._make())(*arguments)

    def __getattr__(self, name: str) -> Any:  # what numba's own functions have: `py_func`, `signatures`
        return getattr(self._make(), name)

    def _make(self) -> Any:
        """Return numba's function; where it names others of this kind, these stand for numba's from now on, too."""
        with _MAKING:
            if self._begun is None:
                self._begun = _numba_function(self._function, self._options)
                names = self._function.__globals__
                for name, value in list(names.items()):
                    if isinstance(value, _Later):
                        names[name] = value._make()
                self._made = self._begun
            return self._begun


def _numba_function(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    from numba import njit

    options = {name: value for name, value in options.items() if not name.startswith("_") or _takes(name)}
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:
        return njit(**options)(function)


def _takes(option: str) -> bool:
    """Return whether the numba at hand has an option that is not among those it documents."""
    from numba.core.registry import cpu_target

    return hasattr(cpu_target.options, option)
