"""`evenflow why`: from any number back to its causes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import to_json
from api.settings import read_settings

__all__ = ["why"]


def why(
    record_id: Annotated[str, typer.Argument(help="Id of an order, reservation, plan, price version, …", metavar="ID")],
    *,
    home: Annotated[Path | None, typer.Option(help="Folder of the network; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell what led to something: match, prices, plan, forecast, signals and sales, by ids and versions, as a tree.

    Takes the id of whatever is kept or shown: an order, a reservation (res-…), a fact (fact:…), prices (prices-7), a
    plan (plan-…), a production order, a forecast or a day of it (soap@s1/2026-03-02), a score, a sale, a job, …

    Example: evenflow why o-1 --home my-net
    """
    del seed
    from services.viewer import Viewer
    from services.why import as_rows, lines_of
    from services.why import why as look
    from store.database import Database

    settings = read_settings(home=home)
    database = Database.open(settings.database())
    try:
        found = look(settings.home, database, record_id, viewer=Viewer())
    finally:
        database.close()
    if as_json:
        typer.echo(to_json({"id": found.id, "records": as_rows(found)}).decode())
        return
    for line in lines_of(found):
        typer.echo(line)
