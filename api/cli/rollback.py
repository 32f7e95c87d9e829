"""`evenflow rollback`: the champion before this one serves again."""

from __future__ import annotations

from pathlib import Path

import typer

from api.cli.output import emit
from api.cli.series_files import HOME, NAME
from api.settings import read_settings


def rollback(
    *,
    name: str = NAME,
    home: Path | None = HOME,
    seed: int = typer.Option(0, min=0, help="Taken like everywhere; returning draws nothing at random."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Make the champion before this one the champion again.

    Example: evenflow rollback
    """
    from services.promote_models import rollback_model

    del seed
    settings = read_settings(home=home)
    emit(rollback_model(settings.home, name=name, uri=settings.mlflow_uri), as_json=as_json, title="Rolled back")
