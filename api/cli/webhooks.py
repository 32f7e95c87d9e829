"""`evenflow webhooks`: who is told of events, what was not taken, and what of it is sent again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.opened import opened_database
from api.cli.output import emit, to_json
from contracts.errors import InputError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Look at webhooks and send again what was not taken.")

_Home = Annotated[Path | None, typer.Option(help="Folder of the embedded database; EVENFLOW_HOME by default.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_Id = Annotated[str, typer.Argument(help="Id of the webhook: wh-…")]
_STATES = ("waiting", "delivered", "dead")


@app.command("list")
def list_command(*, home: _Home = None, as_json: _Json = False) -> None:
    """List the webhooks of all tenants; never their secrets.

    Example: evenflow webhooks list --home my-net
    """
    from services.viewer import Viewer
    from services.webhooks import list_webhooks, webhook_row

    with opened_database(home) as database:
        rows = [webhook_row(one) for one in list_webhooks(database, Viewer())]
    _show("webhooks", rows, as_json=as_json)


@app.command()
def deliveries(
    webhook: _Id,
    *,
    state: Annotated[str | None, typer.Option(help="waiting, delivered or dead; all without it.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 100,
    home: _Home = None,
    as_json: _Json = False,
) -> None:
    """Show what became of a webhook's events, the newest first, and what the receiver answered.

    Example: evenflow webhooks deliveries wh-01a22e0ced33a630f3bc31b4 --state dead
    """
    from services.viewer import Viewer
    from services.webhooks import delivery_row, list_deliveries

    if state is not None and state not in _STATES:
        raise InputError("--state", f"one of {', '.join(_STATES)}", state)
    with opened_database(home) as database:
        found = list_deliveries(database, Viewer(), webhook, state=state, before=None, limit=limit)
    _show("deliveries", [delivery_row(one) for one in found], as_json=as_json)


@app.command("resend")
def resend_command(
    webhook: _Id,
    number: Annotated[int | None, typer.Argument(min=1, help="Number of the event, without evt-.")] = None,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="Everything that is dead.")] = False,
    home: _Home = None,
    as_json: _Json = False,
) -> None:
    """Send an event again, whatever became of it, or all that are dead; a server or worker does so at once.

    Example: evenflow webhooks resend wh-01a22e0ced33a630f3bc31b4 4711

    Example: evenflow webhooks resend wh-01a22e0ced33a630f3bc31b4 --dead
    """
    from services.reserve import wall_clock_ms
    from services.viewer import Viewer
    from services.webhooks import resend, resend_dead

    if (number is None) != dead:
        raise InputError("resend", "the number of an event, or --dead", "both" if dead else "neither")
    with opened_database(home) as database:
        if number is None:
            again = resend_dead(database, Viewer(), webhook, now_ms=wall_clock_ms())
        else:
            resend(database, Viewer(), webhook, number, now_ms=wall_clock_ms())
            again = 1
    emit({"webhook": webhook, "sent_again": again}, as_json=as_json, title="Sent again")


def _show(name: str, rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        typer.echo(to_json({name: rows}).decode())
        return
    table = Table(title=f"{len(rows):,} {name}", title_justify="left")
    for column in rows[0] if rows else ():
        table.add_column(column, no_wrap=column in ("id", "number"))
    for row in rows:
        table.add_row(*(" ".join(cell) if isinstance(cell, list) else str(cell or "") for cell in row.values()))
    Console().print(table)
