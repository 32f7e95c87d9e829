"""`evenflow forecast`: sales in a file, probabilistic demand in another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from api.cli.output import emit, progress
from api.settings import read_settings
from contracts.errors import InputError
from forecast.conformal import DEFAULT_QUANTILES

_MODELS = "auto, lightgbm, seasonal_window, seasonal_naive, moving_level, tsb, sba; champion: as promoted."


def forecast(
    *,
    sales: Path = typer.Option(..., help="Table with unique_id, ds, y and optionally available."),
    out: Path = typer.Option(..., help="Where the forecast is written (.csv or .parquet)."),
    horizon: int | None = typer.Option(None, help="Periods ahead, 1 to 730; 28, or as long as the champion learnt."),
    static: Path | None = typer.Option(None, help="Attributes of the series; ids without sales get a forecast too."),
    known: Path | None = typer.Option(None, help="unique_id, ds and regressors known ahead (price, promotion)."),
    calendar: Path | None = typer.Option(None, help="ds and columns that hold for all series (events, holidays)."),
    country: str | None = typer.Option(None, help="Code of a country whose feasts count, moving ones too, e.g. CN."),
    quantiles: str = typer.Option(",".join(map(str, DEFAULT_QUANTILES)), help="Levels in (0, 1), joined by commas."),
    hierarchy: str = typer.Option("", help="Static columns to total by, e.g. store_id,dept_id,store_id+dept_id."),
    freq: str | None = typer.Option(None, help="Period of the data: D (the default), W, W-MON, M, Q or Y."),
    bucket: str | None = typer.Option(None, help="Forecast sums over this period, e.g. W-MON: weeks from Monday on."),
    backtest: int = typer.Option(0, min=0, help="Earlier origins to score the models at."),
    model: str = typer.Option("auto", help=_MODELS),
    reconcile: str | None = typer.Option(None, help="How levels and series agree: scaled, least_squares or bottom_up."),
    home: Path | None = typer.Option(None, help="Folder of the champion; EVENFLOW_HOME by default."),
    seed: int = typer.Option(0, min=0, help="The same seed gives the same file."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Forecast demand with calibrated ranges from a table of sales.

    Example: evenflow forecast --sales sales.csv --static static.csv --out forecast.csv --horizon 28 --bucket W-MON
    """
    from services.champion import forecast_by  # heavy: keeps `evenflow --help` instant
    from services.files import check_writable, read_raw, write_table

    check_writable(out, sales, static, known, calendar)
    given = _given(sales=sales, static=static, known=known, calendar=calendar)
    frames, levels = {name: read_raw(path) for name, path in given.items()}, _levels(quantiles)
    with progress() as report:
        answer = forecast_by(
            frames.pop("sales"),
            home=read_settings(home=home).home,
            model=model,
            options=_given(horizon=horizon, country=country, freq=freq, bucket=bucket, reconcile=reconcile)
            | {"backtest": backtest, "seed": seed, "quantiles": levels, "hierarchy": _names(hierarchy)},
            **frames,
            sources={name: path.name for name, path in given.items()},
            progress=report,
        )
    write_table(answer.forecast, out)
    emit(answer.summary | {"out": str(out)}, as_json=as_json, title="Forecast")


def _given(**options: Any) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _levels(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise InputError("--quantiles", "numbers between 0 and 1 separated by commas", text) from None
