"""Pieces of the console that several pages have."""

from __future__ import annotations

from typing import Any

from nicegui import ui

__all__ = ["card", "link"]


def link(text: str, address: str) -> ui.element:
    """Add a link to another part of the server (NiceGUI's own links stay below the console's path)."""
    made = ui.element("a").classes("button").props(f'href="{address}"')
    with made:
        ui.label(text)
    return made


def card(title: str, sub: str) -> Any:
    """Return a card with its title and what it is about; fill it inside a `with`."""
    made = ui.element("section").classes("card")
    with made, ui.element("div").classes("card-head"):
        ui.html(f"<h2>{title}</h2>", sanitize=False)
        ui.label(sub).classes("sub")
    return made
