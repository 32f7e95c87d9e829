"""Query parameters: a route takes those it declares; any other is told to be a mistake, never passed over."""

from __future__ import annotations

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError

__all__ = ["declared", "take_declared"]


async def take_declared(request: Request) -> None:
    """Refuse a request of the API with a query parameter that its route does not declare; runs before every route.

    Pages for people are asked with whatever a messenger put behind their link, so only the API is so strict.

    Raises
    ------
    RequestValidationError
        Names each such parameter, and those there are.
    """
    if not request.scope["query_string"] or not request.scope["path"].startswith("/v1/"):
        return
    names = declared(request.scope["route"].dependant)
    there_are = f"one of the parameters {', '.join(sorted(names))}" if names else "no parameters in the query"
    faults = [
        {"type": "extra_forbidden", "loc": ("query", name), "msg": there_are, "input": f"{name}={value}"}
        for name, value in request.query_params.multi_items()
        if name not in names
    ]
    if faults:
        raise RequestValidationError(faults)


def declared(dependant: Dependant) -> set[str]:
    """Return the names of the query parameters that a route and what it depends on declare."""
    return {field.alias for field in dependant.query_params}.union(*map(declared, dependant.dependencies))
