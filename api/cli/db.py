"""`evenflow db`: bring the database of transactions to the form that this program needs, or back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from api.cli.output import emit
from api.settings import read_settings
from contracts.errors import InputError

__all__ = ["db"]


def db(
    action: Annotated[Literal["upgrade", "downgrade", "current"], typer.Argument(help="What to do.")],
    *,
    to: Annotated[str | None, typer.Option(help="Form to go to: a number such as 0001, or base for none.")] = None,
    home: Annotated[Path | None, typer.Option(help="Folder with the file; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Upgrade the database at EVENFLOW_DATABASE_URL, downgrade it, or tell which form it has.

    A SQLite file upgrades itself; PostgreSQL does on this command only. A downgrade loses what only newer forms hold.

    Example: evenflow db upgrade
    """
    del seed
    from services.database_form import change_form

    if action == "downgrade" and to is None:
        raise InputError("--to", "the form to go back to", "nothing")
    if action == "current" and to is not None:
        raise InputError("--to", "nothing beside current", to)
    emit(change_form(read_settings(home=home).database(), action, to=to), as_json=as_json, title="Database")
