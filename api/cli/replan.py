"""`evenflow replan`: a new plan of the loaded network that leaves firm orders alone, and what it changed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import emit, progress
from api.settings import read_settings

__all__ = ["replan"]


def replan(
    *,
    home: Annotated[Path | None, typer.Option(help="Folder of the loaded network; EVENFLOW_HOME by default.")] = None,
    params: Annotated[Path | None, typer.Option(help=r"TOML file with \[weights], \[horizon] and \[solve].")] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the orders there (.csv or .parquet).")] = None,
    diff: Annotated[Path | None, typer.Option(help="Also write what changed there (.csv or .parquet).")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Accepted by every command; planning is deterministic.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Plan the loaded network anew from its orders as they stand: what is firm stays, the rest follows the forecast.

    Example: evenflow replan --home my-net --diff changes.csv
    """
    from contracts.params import read_toml
    from planning.plan_diff import diff_lines
    from services.files import check_writable, write_table
    from services.network_plan import plan_network
    from store.home import Home

    wanted = {name: path for name, path in (("orders", out), ("diff", diff)) if path is not None}
    for name, path in wanted.items():
        check_writable(path, params, *(other for also, other in wanted.items() if also != name))
    tables = None if params is None else read_toml(params)
    snapshot = Home(read_settings(home=home).home).current()
    with progress() as report:
        made = plan_network(snapshot, params=tables, replan=True, seed=seed, progress=report).report
    for name, path in wanted.items():
        write_table(getattr(made, name), path)
    assert made.diff is not None
    emit(made.summary | {"changes": diff_lines(made.diff)}, as_json=as_json, title="Re-plan")
