"""`evenflow load`: a user's own network into the service."""

from __future__ import annotations

from pathlib import Path

import typer

from api.cli.output import emit, progress
from api.settings import read_settings


def load(
    directory: Path = typer.Argument(..., metavar="DIR", help="Folder with parties.csv and the other files."),
    *,
    home: Path | None = typer.Option(None, "--home", help="Where loaded networks live; EVENFLOW_HOME by default."),
    strict: bool = typer.Option(False, "--strict", help="Refuse the whole load if a row cannot be used."),
    settled: bool = typer.Option(False, "--settled", help="The files hold what `relate` recorded so far already."),
    seed: int = typer.Option(0, "--seed", min=0, help="Taken like everywhere; loading draws nothing at random."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Load your own network: parties, relations, products, routes, sales, signals, supply, orders.

    Rows that cannot be used go to DIR/quarantine with a reason; the rest becomes visible at once.

    Example: evenflow load my-network --strict
    """
    from services.load_network import load_network
    from store.home import Home

    del seed
    with progress() as report:
        where = Home(read_settings(home=home).home)
        loaded = load_network(directory, home=where, strict=strict, settled=settled, progress=report)
    emit(loaded.summary, as_json=as_json, title=f"Loaded {directory}")
