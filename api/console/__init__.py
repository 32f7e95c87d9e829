"""The planner console: a page beside the API, present if the extra `console` is installed."""

from __future__ import annotations

from importlib.util import find_spec

from fastapi import FastAPI

__all__ = ["mount"]


def mount(app: FastAPI) -> bool:
    """Add the console at `/console`, once per process; return whether its extra is installed."""
    if find_spec("nicegui") is None:
        return False
    from api.console.page import add_page

    add_page(app)
    return True
