"""`evenflow explode`: wanted pieces in, what each component, step and resource has to do out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import emit

__all__ = ["explode"]


def explode(
    *,
    demand: Annotated[Path, typer.Option(help="Forecast or demand: item, bucket, y or mean or q0.5.")],
    routes: Annotated[Path, typer.Option(help="Process steps: item, route, step, resource, hours_per_unit.")],
    out: Annotated[Path, typer.Option(help="Steps with pieces, hours, release and due to write (.csv or .parquet).")],
    bom: Annotated[Path | None, typer.Option(help="Bill of materials: parent, component, quantity.")] = None,
    items: Annotated[Path | None, typer.Option(help="Stock on hand: item, initial_stock.")] = None,
    needs: Annotated[Path | None, typer.Option(help="Needs per item and bucket, net of stock, to write.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Translate wanted styles into bills of materials, process steps, resources and hours, without looking at capacity.

    Example: evenflow explode --demand forecast.csv --routes routes.csv --bom bom.csv --out steps.csv --needs needs.csv
    """
    del seed
    from services.explode_requirements import explode_requirements
    from services.files import check_writable, read_raw, write_table

    given = {"demand": demand, "routes": routes, "bom": bom, "items": items}
    check_writable(out, *given.values(), needs)
    if needs is not None:
        check_writable(needs, *given.values(), out)
    files = {name: path for name, path in given.items() if path is not None}
    found = explode_requirements(
        **{name: read_raw(path) for name, path in files.items()},
        sources={name: path.name for name, path in files.items()},
    )
    write_table(found.steps, out)
    if needs is not None:
        write_table(found.needs, needs)
    emit(found.summary, as_json=as_json, title="Requirements")
