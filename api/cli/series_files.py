"""The series of a command: a user's own files, or the loaded network's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from contracts.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CALENDAR",
    "HOME",
    "KNOWN",
    "NAME",
    "ORIGINS",
    "SALES",
    "STATIC",
    "only_decisions",
    "series_tables",
    "weights_name",
]

SALES = typer.Option(None, help="Table with unique_id, ds, y and optionally available; the loaded network by default.")
STATIC = typer.Option(None, help="Attributes of the series.")
KNOWN = typer.Option(None, help="unique_id, ds and regressors known ahead (price, promotion).")
CALENDAR = typer.Option(None, help="ds and columns that hold for all series (events, holidays).")
HOME = typer.Option(None, help="Folder of loaded networks and trained models; EVENFLOW_HOME by default.")
NAME = typer.Option("demand", help="Name of the model: one champion each (match weights: match_weights).")
ORIGINS = typer.Option(3, min=1, help="Earlier origins to score at, one horizon apart.")


def series_tables(home: Path, **paths: Path | None) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Return the tables given, or the loaded network's, and what messages call them.

    Raises
    ------
    InputError
        If there are other tables without sales.
    """
    from services.files import read_raw

    given = {name: path for name, path in paths.items() if path is not None}
    if "sales" in given:
        return {name: read_raw(path) for name, path in given.items()}, {n: path.name for n, path in given.items()}
    if "static" in given:
        raise InputError("--static", "--sales beside it (the loaded network's series have their own)", given["static"])
    from services.network_forecast import network_series
    from store.home import Home

    own = network_series(Home(home).current())
    extra = {name: read_raw(path) for name, path in given.items()}
    return {**own, **extra}, {"sales": "sales of the network", **{name: path.name for name, path in given.items()}}


def weights_name(name: str) -> str:
    """Return the name of match weights: `match_weights` unless another than a forecast's default was given."""
    return "match_weights" if name == "demand" else name


def only_decisions(others: dict[str, Path | None]) -> None:
    """Refuse the options of forecasts where match weights or an offer model are meant."""
    for option, path in others.items():
        if path is not None:
            raise InputError(
                option,
                "none for match weights (--decisions) and offers (--promotions): the figures are in the JSON",
                path,
            )
