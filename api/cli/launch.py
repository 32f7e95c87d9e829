"""`evenflow launch`: styles and early signals in, the distribution of each style's total out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import emit, progress
from contracts.errors import InputError

__all__ = ["launch"]


def launch(
    *,
    styles: Annotated[Path, typer.Option(help="Styles: style_id, launch_at, attributes; total where it is known.")],
    signals: Annotated[Path, typer.Option(help="Signals: style_id, signal_time, observed_at, kind, count …")],
    out: Annotated[Path, typer.Option(help="Where the forecast is written (.csv or .parquet).")],
    sales: Annotated[Path | None, typer.Option(help="Daily sales: style_id, ds, y.")] = None,
    kols: Annotated[Path | None, typer.Option(help="KOLs that the signals name: kol_id, followers, trust.")] = None,
    checkpoints: Annotated[str, typer.Option(help="Times after the launch, joined by commas.")] = "0h,1h,6h,24h,7d",
    quantiles: Annotated[str, typer.Option(help="Levels in (0, 1), joined by commas.")] = "0.1,0.5,0.9",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same file.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Forecast what new styles will come to, at checkpoints before and after their launch.

    Example: evenflow launch --styles styles.csv --signals signals.csv --checkpoints 0h,24h,7d --out launch.csv
    """
    from services.files import check_writable, read_raw, write_table
    from services.forecast_launches import forecast_launches

    check_writable(out, styles, signals, sales, kols)
    given = {"styles": styles, "signals": signals, "sales": sales, "kols": kols}
    files = {name: path for name, path in given.items() if path is not None}
    tables = {name: read_raw(path) for name, path in files.items()}
    with progress() as report:
        answer = forecast_launches(
            **tables,
            checkpoints=checkpoints.split(","),
            quantiles=_levels(quantiles),
            seed=seed,
            sources={name: path.name for name, path in files.items()},
            progress=report,
        )
    write_table(answer.forecast, out)
    emit(answer.summary | {"out": str(out)}, as_json=as_json, title="Launch")


def _levels(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise InputError("--quantiles", "numbers between 0 and 1 separated by commas", text) from None
