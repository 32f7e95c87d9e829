"""`evenflow run`: forecasts, a plan and matches of the loaded network in one step."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import emit, stderr
from api.cli.stages import stages
from api.settings import read_settings

__all__ = ["run_command"]


def run_command(
    home: Annotated[Path | None, typer.Option(help="Folder of loaded networks; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object of key figures.")] = False,  # noqa: FBT002
) -> None:
    """Forecast, plan and route the network that `evenflow load` loaded; `evenflow serve` then shows the results.

    What the network has no data for is left out, and why is said.

    Example: evenflow run --home my-net
    """
    from services.run_network import run_network
    from store.home import Home

    root = read_settings(home=home).home
    with stages() as report:
        found = run_network(Home(root), seed=seed, progress=report)
    done = {name: part for name, part in found.summary.items() if part is not None}
    if as_json:
        emit({"version": found.version, **found.summary, "skipped": found.skipped}, as_json=True, title="")
        return
    emit({"version": found.version, **done}, as_json=False, title=f"Computed on the network in {root}")
    for name, why in found.skipped.items():
        stderr.print(f"Not done: {name}: {why}", highlight=False)
    stderr.print(f"Next: evenflow serve --home {root}", highlight=False)
