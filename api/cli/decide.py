"""`evenflow decide` and `evenflow select`: what to do with new styles, and which of them to make."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import emit

__all__ = ["decide", "select"]

_LAUNCHES = typer.Option(help="Forecasts of the styles' totals, as `evenflow launch` writes them.")
_STYLES = typer.Option(help="Styles: style_id, price_fen, unit_cost_fen, lead_time_days, stock …")


class Objective(StrEnum):
    """What a choice is for."""

    profit = "profit"
    hit = "hit"
    best = "best"


def decide(
    *,
    launches: Annotated[Path, _LAUNCHES],
    styles: Annotated[Path, _STYLES],
    out: Annotated[Path, typer.Option(help="Decisions to write, one row per style and checkpoint (.csv or .parquet).")],
    path: Annotated[
        Path | None, typer.Option(help="Expected pieces per day, as `evenflow launch --path` writes.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="The only checkpoint to decide at, like 3d; all by default.")] = None,
    params: Annotated[Path | None, typer.Option(help=r"TOML file with \[decide], \[life] and \[spread].")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Accepted by every command; nothing here is random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Decide at each checkpoint of a launch: commit, wait, chase, cut, or move the capacity to other styles.

    Example: evenflow decide --launches launch.csv --styles styles.csv --at 3d --out decisions.csv
    """
    from contracts.params import read_toml
    from services.decide_launches import DecideParams, decide_launches
    from services.files import check_writable, read_raw, write_table

    check_writable(out, launches, styles, path, params)
    settings = None if params is None else DecideParams.from_tables(read_toml(params), where=params.name)
    given = {"launches": launches, "styles": styles, "path": path}
    files = {name: file for name, file in given.items() if file is not None}
    report = decide_launches(
        **{name: read_raw(file) for name, file in files.items()},
        at=at,
        params=settings,
        seed=seed,
        sources={name: file.name for name, file in files.items()},
    )
    write_table(report.decisions, out)
    emit(report.summary | {"out": str(out)}, as_json=as_json, title="Decisions")


def select(
    *,
    launches: Annotated[Path, _LAUNCHES],
    styles: Annotated[Path, _STYLES],
    count: Annotated[int, typer.Option(min=1, help="How many can be made.")],
    out: Annotated[Path, typer.Option(help="Candidates to write, the chosen first (.csv or .parquet).")],
    objective: Annotated[
        Objective, typer.Option(help="Most profit, the best chance of a hit, or of the one that sells most.")
    ] = Objective.profit,
    at: Annotated[str | None, typer.Option(help="The checkpoint whose forecasts count; the latest by default.")] = None,
    correlation: Annotated[float, typer.Option(help="How far the candidates win or lose together, in [0, 1).")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the samples drawn.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Choose which candidate styles to make, and say how likely the hit is among them.

    Example: evenflow select --launches launch.csv --styles styles.csv --count 3 --objective hit --out chosen.csv
    """
    from planning.selection import SelectionParams
    from services.files import check_writable, read_raw, write_table
    from services.select_styles import select_styles

    check_writable(out, launches, styles)
    report = select_styles(
        read_raw(launches),
        read_raw(styles),
        count=count,
        at=at,
        correlation=correlation,
        params=SelectionParams(objective=objective.value),
        seed=seed,
        sources={"launches": launches.name, "styles": styles.name},
    )
    write_table(report.candidates, out)
    emit(report.summary | {"out": str(out)}, as_json=as_json, title="Selection")
