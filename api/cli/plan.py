"""`evenflow plan`: files in, production orders out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.output import emit, progress

__all__ = ["plan"]


def plan(
    *,
    demand: Annotated[Path, typer.Option(help="Forecast or demand: item, bucket, y or quantile columns.")],
    resources: Annotated[Path, typer.Option(help="Capacity calendar: resource, bucket, capacity in hours.")],
    routes: Annotated[Path, typer.Option(help="Process steps: item, route, step, resource, hours_per_unit.")],
    out: Annotated[Path, typer.Option(help="Production orders to write (.csv or .parquet).")],
    items: Annotated[Path | None, typer.Option(help="Costs, stock and life of the items.")] = None,
    bom: Annotated[Path | None, typer.Option(help="Bill of materials: parent, component, quantity.")] = None,
    firm: Annotated[Path | None, typer.Option(help="Orders that are firm already, or the whole previous plan.")] = None,
    previous: Annotated[
        Path | None,
        typer.Option(help="The last plan: its orders keep their ids, what is firm stays, changes are told."),
    ] = None,
    params: Annotated[Path | None, typer.Option(help=r"TOML file with \[weights], \[horizon] and \[solve].")] = None,
    load: Annotated[
        Path | None, typer.Option(help="Hours per resource and bucket to write: idle, overtime, what binds them.")
    ] = None,
    late: Annotated[
        Path | None, typer.Option(help="Pieces owed per item and bucket to write, and what keeps them late.")
    ] = None,
    boxes: Annotated[Path | None, typer.Option(help="Heijunka boxes to write: slots per resource and day.")] = None,
    pegs: Annotated[Path | None, typer.Option(help="Which demand each order covers, to write.")] = None,
    diff: Annotated[Path | None, typer.Option(help="What changed against --previous, to write.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Accepted by every command; planning is deterministic.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Plan level-loaded production orders from demand and capacity.

    Example: evenflow plan --demand forecast.csv --resources resources.csv --routes routes.csv
    --items items.csv --params plan.toml --out orders.csv --boxes boxes.csv
    """
    inputs = {"demand": demand, "resources": resources, "routes": routes, "items": items, "bom": bom, "firm": firm}
    outputs = {"orders": out, "load": load, "late": late, "boxes": boxes, "pegs": pegs, "diff": diff}
    summary = _planned(inputs | {"previous": previous}, outputs, params, seed)
    emit(summary, as_json=as_json, title="Plan")


def _planned(
    inputs: Mapping[str, Path | None], outputs: Mapping[str, Path | None], params: Path | None, seed: int
) -> dict[str, Any]:
    """Plan from files to files and return the key figures."""
    from contracts.params import read_toml
    from planning.params import PlanParams
    from planning.plan_diff import diff_lines
    from services.files import read_raw, write_table
    from services.plan_production import plan_production

    wanted = _checked_outputs(inputs, outputs, params)
    settings = None if params is None else PlanParams.from_tables(read_toml(params), where=params.name)
    files = {name: path for name, path in inputs.items() if path is not None}
    tables = {name: read_raw(path) for name, path in files.items()}
    with progress() as report:
        result = plan_production(
            **tables,
            params=settings,
            seed=seed,
            boxes="boxes" in wanted,
            pegs="pegs" in wanted,
            sources={name: path.name for name, path in files.items()},
            progress=report,
        )
    for name, path in wanted.items():
        write_table(getattr(result, name), path)
    return result.summary | ({} if result.diff is None else {"changes": diff_lines(result.diff)})


def _checked_outputs(
    inputs: Mapping[str, Path | None], outputs: Mapping[str, Path | None], params: Path | None
) -> dict[str, Path]:
    """Return the outputs asked for, once it is sure that each can be written and is no other file."""
    from contracts.errors import InputError
    from services.files import check_writable

    if outputs["diff"] is not None and inputs["previous"] is None:
        raise InputError("--diff", "--previous beside it: the plan to compare with", "no --previous")
    wanted = {name: path for name, path in outputs.items() if path is not None}
    for name, path in wanted.items():
        check_writable(path, *inputs.values(), params, *(other for also, other in wanted.items() if also != name))
    return wanted
