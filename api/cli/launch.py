"""`evenflow launch`: styles and early signals in, the distribution of each style's total out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import emit, progress
from contracts.errors import InputError

__all__ = ["launch"]

_Record = Annotated[Path | None, typer.Option(help="What KOLs sold before: kol_id, category, reached, orders, until.")]


def launch(
    *,
    styles: Annotated[Path, typer.Option(help="Styles: style_id, launch_at, attributes; total where it is known.")],
    signals: Annotated[Path, typer.Option(help="Signals: style_id, signal_time, observed_at, kind, count …")],
    out: Annotated[Path, typer.Option(help="Where the forecast is written (.csv or .parquet).")],
    sales: Annotated[Path | None, typer.Option(help="Daily sales: style_id, ds, y.")] = None,
    kols: Annotated[Path | None, typer.Option(help="KOLs that the signals name: kol_id, followers, trust.")] = None,
    kol_record: _Record = None,
    path: Annotated[Path | None, typer.Option(help="What is still to come by day or week, for evenflow plan.")] = None,
    path_at: Annotated[str | None, typer.Option(help="Checkpoint of --path; the last by default.")] = None,
    bucket: Annotated[str, typer.Option(help="Buckets of --path: D or W-MON.")] = "D",
    life_days: Annotated[int, typer.Option(min=1, max=730, help="Days that a style sells, for --path.")] = 25,
    checkpoints: Annotated[str, typer.Option(help="Times after the launch, joined by commas.")] = "0h,1h,6h,24h,7d",
    quantiles: Annotated[str, typer.Option(help="Levels in (0, 1), joined by commas.")] = "0.1,0.5,0.9",
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same file.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Forecast what new styles will come to, at checkpoints from their launch on.

    Example: evenflow launch --styles styles.csv --signals signals.csv --checkpoints 0h,24h,7d --out launch.csv
    """
    from services.files import check_writable, read_raw, write_table
    from services.forecast_launches import forecast_launches

    files = _given(styles=styles, signals=signals, sales=sales, kols=kols, kol_record=kol_record)
    check_writable(out, path, *files.values())
    check_writable(path or out, *files.values())
    names = [name.strip() for name in checkpoints.split(",") if name.strip()]
    with progress() as report:
        answer = forecast_launches(
            **{name: read_raw(file) for name, file in files.items()},
            checkpoints=names,
            quantiles=_levels(quantiles),
            path_at=path_at or "".join(names[-1:]) if path is not None else None,
            bucket=bucket,
            life_days=life_days,
            seed=seed,
            sources={name: file.name for name, file in files.items()},
            progress=report,
        )
    write_table(answer.forecast, out)
    if path is not None and answer.path is not None:
        write_table(answer.path, path)
    emit(answer.summary | {"out": str(out)}, as_json=as_json, title="Launch")


def _given(**files: Path | None) -> dict[str, Path]:
    return {name: file for name, file in files.items() if file is not None}


def _levels(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise InputError("--quantiles", "numbers between 0 and 1 separated by commas", text) from None
