"""Which kinds of scores there are: every module of `services.scores.kinds` is one."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from contracts.errors import UnknownIdError
from services.scores import kinds
from services.scores.contract import Kind

__all__ = ["all_kinds", "kind_of"]


@cache
def all_kinds() -> dict[str, Kind]:
    """Return the kinds by name, sorted."""
    found = [import_module(f"{kinds.__name__}.{module.name}").KIND for module in iter_modules(kinds.__path__)]
    return {kind.name: kind for kind in sorted(found, key=lambda kind: kind.name)}


def kind_of(name: str) -> Kind:
    """Return a kind; raises UnknownIdError if there is none of that name."""
    found = all_kinds().get(name)
    if found is None:
        raise UnknownIdError("score kind", name, where=f"kind, one of {', '.join(all_kinds())}")
    return found
