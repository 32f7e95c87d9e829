"""`evenflow promote`: a trained model becomes the one that serves."""

from __future__ import annotations

from pathlib import Path

import typer

from api.cli.output import emit
from api.cli.series_files import HOME, NAME
from api.settings import read_settings


def promote(
    *,
    version: str | None = typer.Argument(None, help="Version to promote; the challenger by default."),
    name: str = NAME,
    home: Path | None = HOME,
    seed: int = typer.Option(0, min=0, help="Taken like everywhere; promoting draws nothing at random."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Make a trained model the champion; servers of this home serve it from their next request on.

    Its files are checked byte for byte first; killed at any moment, the old or the new champion serves.

    Example: evenflow promote 3
    """
    from services.promote_models import promote_model

    del seed
    settings = read_settings(home=home)
    emit(promote_model(settings.home, version, name=name, uri=settings.mlflow_uri), as_json=as_json, title="Promoted")
