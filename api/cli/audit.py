"""`evenflow audit`: who wrote what over the API, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli.opened import opened_database
from api.cli.output import to_json

__all__ = ["audit"]

_SHOWN = ("position", "at", "principal", "method", "path", "status")  # all of it with --json


def audit(
    *,
    principal: Annotated[str | None, typer.Option(help="Only of this key or token.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only of this tenant; an empty text = the operator's own.")] = None,
    method: Annotated[str | None, typer.Option(help="Only POST, PUT, DELETE, CLI (commands) or CONSOLE.")] = None,
    path: Annotated[str | None, typer.Option(help="Only paths that begin so.")] = None,
    status: Annotated[int | None, typer.Option(min=100, max=599, help="Only answered with this status.")] = None,
    since: Annotated[
        str | None, typer.Option(help="From this moment on (ISO 8601; China's time unless it says).")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this moment.")] = None,
    after: Annotated[int, typer.Option(min=0, help="After this position: `next` of the page before.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Lines at most.")] = 100,
    home: Annotated[
        Path | None, typer.Option(help="Folder of the embedded database; EVENFLOW_HOME by default.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object: `lines` and `next`.")] = False,
) -> None:
    """Show the audit, the oldest line first: writes asked for over the API, refused ones, too, and of commands.

    Example: evenflow audit --path /v1/reservations --since 2026-11-11
    """
    from services.access import OPERATOR
    from services.audit import audited, search_of

    search = search_of(
        tenant=tenant, principal=principal, method=method, path=path, status=status, since=since, until=until
    )
    with opened_database(home) as database:
        lines = audited(database, OPERATOR, search=search, after=after, limit=limit) if database.made else []
    following = lines[-1]["position"] if len(lines) == limit else None
    if as_json:
        typer.echo(to_json({"lines": lines, "next": following}).decode())
    else:
        _print(lines, following)


def _print(lines: list[dict[str, object]], following: object) -> None:
    table = Table(*_SHOWN, title="Audit", title_justify="left")
    for line in lines:
        table.add_row(*("" if line[name] is None else str(line[name]) for name in _SHOWN))
    Console().print(table)
    if following is not None:
        typer.echo(f"more: --after {following}")
