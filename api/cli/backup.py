"""`evenflow backup` and `evenflow restore`: a home and its embedded database as of one moment."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import emit
from api.settings import read_settings

__all__ = ["backup", "restore"]

_Seed = Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing is drawn at random.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def backup(
    place: Annotated[Path, typer.Argument(help="Folder to make for it; it must not be there yet.", metavar="DIR")],
    *,
    home: Annotated[Path | None, typer.Option(help="Folder to back up; EVENFLOW_HOME by default.")] = None,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Back up the home and its embedded database as they are at one moment, while servers run.

    It holds the home's secrets: keep it as safe. PostgreSQL is backed up by pg_dump, before this.

    Example: evenflow backup backups/monday
    """
    del seed
    from services.backup import back_up
    from store.database import Database

    settings = read_settings(home=home)
    database = Database.open(settings.database())
    try:
        told = back_up(settings.home, database, place, taken_at=datetime.now(UTC).isoformat(timespec="seconds"))
    finally:
        database.close()
    emit(told, as_json=as_json, title="Backed up")


def restore(
    place: Annotated[Path, typer.Argument(help="Folder that `evenflow backup` made.", metavar="DIR")],
    *,
    home: Annotated[Path | None, typer.Option(help="Folder to make; EVENFLOW_HOME by default.")] = None,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Restore a backup where there is no home yet: every file is checked first, and nothing is overwritten.

    Example: evenflow restore backups/monday --home .evenflow
    """
    del seed
    from services.backup import restore as put_back
    from store.database import Database

    settings = read_settings(home=home)
    database = Database.open(settings.database())
    try:
        told = put_back(place, settings.home, database)
    finally:
        database.close()
    emit(told, as_json=as_json, title="Restored")
