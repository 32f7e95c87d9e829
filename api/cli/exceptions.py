"""`evenflow exceptions`: what needs a person, by money at stake; close one with what was done."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.cli.output import emit, to_json
from api.settings import Settings, read_settings
from contracts.errors import InputError

if TYPE_CHECKING:
    from services.exceptions import Known

__all__ = ["exceptions"]

_SHOWN = 20


def exceptions(
    *,
    close: Annotated[str | None, typer.Option(help="Id of an exception to close.")] = None,
    done: Annotated[str | None, typer.Option(help="What was done about it.")] = None,
    closed: Annotated[bool, typer.Option("--all", help="Show closed ones, too.")] = False,
    home: Annotated[Path | None, typer.Option(help="Folder of the network; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List what needs a person, the most money at stake first, or close one with what was done about it.

    Late and unfilled orders, shortages, overtime, idle hours, changes of the plan, old backorders, capacity cuts,
    refused prices, forecasts that moved, work that failed.

    Example: evenflow exceptions --home my-net

    Example: evenflow exceptions --close exc-5f0c1d2e3a4b5c6d --done "moved 200 pieces to line 2"
    """
    del seed
    settings = read_settings(home=home)
    if (close is None) != (done is None):
        raise InputError("--done", "what was done, together with --close ID", done or "nothing")
    if close is None:
        _list(settings, closed=closed, as_json=as_json)
    else:
        _close(settings, close, str(done), as_json=as_json)


def _list(settings: Settings, *, closed: bool, as_json: bool) -> None:
    from services.exceptions import list_exceptions
    from store.database import Database

    database = Database.open(settings.database())
    try:
        found = list_exceptions(settings.home, database, now=datetime.now(UTC))
    finally:
        database.close()
    wanted = [one for one in found if closed or one.closed is None]
    total = sum(one.found.stake_fen for one in wanted)
    if as_json:
        rows = [_row(one) for one in wanted]
        typer.echo(to_json({"total": len(wanted), "stake_fen": total, "exceptions": rows}).decode())
        return
    Console().print(
        _table(
            wanted[:_SHOWN], f"{len(wanted):,} exception{'' if len(wanted) == 1 else 's'}, ¥{total / 100:,.0f} at stake"
        )
    )
    if len(wanted) > _SHOWN:
        typer.echo(f"... and {len(wanted) - _SHOWN:,} more (--json has them all)")


def _close(settings: Settings, exception_id: str, done: str, *, as_json: bool) -> None:
    from dataclasses import asdict

    from services.exceptions import close_exception
    from store.database import Database

    database = Database.open(settings.database())
    try:
        now = datetime.now(UTC)
        closing = close_exception(settings.home, database, exception_id, by=getpass.getuser(), done=done, now=now)
    finally:
        database.close()
    emit(asdict(closing), as_json=as_json, title="Closed")


def _row(known: Known) -> dict[str, Any]:
    from dataclasses import asdict

    return {"id": known.id, **asdict(known.found), "closed": None if known.closed is None else asdict(known.closed)}


def _table(known: list[Known], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in ("id", "kind", "what", "at stake", "why", "what to do"):
        table.add_column(column, no_wrap=column == "id")
    for one in known:
        found = one.found
        touched = f"{found.subject}\n{found.place}" if found.place and found.place != found.subject else found.subject
        action = found.action if one.closed is None else f"closed by {one.closed.by}: {one.closed.done}"
        table.add_row(one.id, found.kind, touched, f"¥{found.stake_fen / 100:,.0f}", found.why, action)
    return table
