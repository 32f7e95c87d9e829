"""`evenflow plan`: files in, production orders out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
    params: Annotated[Path | None, typer.Option(help=r"TOML file with \[weights], \[horizon] and \[solve].")] = None,
    boxes: Annotated[Path | None, typer.Option(help="Heijunka boxes to write: slots per resource and day.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Accepted by every command; planning is deterministic.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Plan level-loaded production orders from demand and capacity.

    Example: evenflow plan --demand forecast.csv --resources resources.csv --routes routes.csv
    --items items.csv --params plan.toml --out orders.csv --boxes boxes.csv
    """
    from contracts.params import read_toml
    from planning.params import PlanParams
    from services.files import check_writable, read_raw, write_table
    from services.plan_production import plan_production

    inputs = (demand, resources, routes, items, bom, firm, params)
    check_writable(out, *inputs)
    if boxes is not None:
        check_writable(boxes, out, *inputs)
    settings = None if params is None else PlanParams.from_tables(read_toml(params), where=params.name)
    given = {"demand": demand, "resources": resources, "routes": routes, "items": items, "bom": bom, "firm": firm}
    files = {name: path for name, path in given.items() if path is not None}
    tables = {name: read_raw(path) for name, path in files.items()}
    with progress() as report:
        result = plan_production(
            **tables,
            params=settings,
            seed=seed,
            boxes=boxes is not None,
            sources={name: path.name for name, path in files.items()},
            progress=report,
        )
    write_table(result.orders, out)
    if boxes is not None and result.boxes is not None:
        write_table(result.boxes, boxes)
    emit(result.summary, as_json=as_json, title="Plan")
