"""`evenflow train`: a model trained, scored on earlier origins, registered and kept; it becomes the challenger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from api.cli.output import emit, progress
from api.cli.series_files import CALENDAR, HOME, KNOWN, NAME, SALES, STATIC, series_tables
from api.settings import read_settings

if TYPE_CHECKING:
    from services.train_models import Training


def train(
    *,
    sales: Path | None = SALES,
    static: Path | None = STATIC,
    known: Path | None = KNOWN,
    calendar: Path | None = CALENDAR,
    name: str = NAME,
    horizon: int = typer.Option(28, help="Longest horizon that can be asked for, in periods, 1 to 730."),
    hierarchy: str = typer.Option("", help="Static columns to total by, e.g. store_id,dept_id,store_id+dept_id."),
    freq: str = typer.Option("D", help="Period of the data: D, W, W-MON, M, Q or Y."),
    country: str | None = typer.Option(None, help="Country whose feasts count, e.g. CN."),
    backtest: int = typer.Option(3, min=1, help="Earlier origins to score at, simple models beside ours."),
    model: str = typer.Option("auto", help="auto, lightgbm, seasonal_window, seasonal_naive, moving_level, tsb, sba."),
    reconcile: str = typer.Option("scaled", help="How levels and series agree: scaled, least_squares or bottom_up."),
    home: Path | None = HOME,
    out: Path | None = typer.Option(
        None, help="Also write the scores there, a row per origin and model (.csv or .parquet)."
    ),
    seed: int = typer.Option(0, min=0, help="The same data and seed give the same model, byte for byte."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Train a forecasting model on your sales, score it, register it in mlflow and make it the challenger.

    Example: evenflow train --sales sales.csv --static static.csv --horizon 28
    """
    from services.champion import shelf_of
    from services.files import check_writable
    from services.train_models import Recipe, train_model  # heavy: keeps `evenflow --help` instant

    if out is not None:
        check_writable(out, sales, static, known, calendar)
    settings = read_settings(home=home)
    shelf_of(settings.home, name)  # a name that no model can have is told before anything is read
    tables, sources = series_tables(settings.home, sales=sales, static=static, known=known, calendar=calendar)
    how: Any = {"freq": freq, "country": country, "model": model, "reconcile": reconcile, "seed": seed}
    recipe = Recipe(horizon=horizon, hierarchy=_names(hierarchy), **how)
    where: Any = {"home": settings.home, "name": name, "uri": settings.mlflow_uri}
    with progress() as report:
        done = train_model(tables, recipe=recipe, origins=backtest, sources=sources, progress=report, **where)
    _tell(done, out, as_json=as_json)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _tell(done: Training, out: Path | None, *, as_json: bool) -> None:
    from services.files import write_table
    from services.train_models import score_table

    told = {"name": done.name, "version": done.version, "role": "challenger", **done.fitted.card}
    if out is not None:
        write_table(score_table(done.fitted.scores), out)
    if as_json:
        emit(told | {"backtest": done.fitted.scores}, as_json=True, title="")
        return
    short = {
        key: told[key] for key in ("name", "version", "role", "model", "data", "origins", "metrics", "value_added")
    }
    emit(short | {"next": "evenflow compare, evenflow promote"}, as_json=False, title="Trained")
