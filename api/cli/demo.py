"""`evenflow demo`: the whole product on a market of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.demo_table import demo_table
from api.cli.output import emit, stderr
from api.cli.stages import stages
from api.settings import Settings, read_settings

__all__ = ["demo"]


def demo(
    *,
    home: Annotated[Path | None, typer.Option(help="Folder that keeps the market; EVENFLOW_HOME by default.")] = None,
    scale: Annotated[str, typer.Option(help="tiny, small, default or a number of parties, 10 to 6000000.")] = "default",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything simulated.")] = 0,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after the job; serve nothing.")] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on; this machine only by default.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes any free one.")] = None,
    files: Annotated[Path | None, typer.Option(help="Only write small example input files there and stop.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object of key figures.")] = False,
) -> None:
    """Do the main job on demo data: net, forecasts, level plan, a day of orders routed; then serve it.

    Real-shaped sales of a public retail sample (the `demo` extra) in a simulated market. Also writes example input
    files for every command.

    Example: evenflow demo --scale tiny --no-serve --json

    Example: evenflow demo --files examples
    """
    if files is not None:
        _write_files(files, seed, as_json=as_json)
        return
    settings = read_settings(home=home, host=host, port=port)
    _run(settings, scale, seed, as_json=as_json)
    if not no_serve:
        from api.cli.serve import serve

        serve(settings)


def _write_files(directory: Path, seed: int, *, as_json: bool) -> None:
    from services.example_files import write_examples

    emit(write_examples(directory, seed=seed), as_json=as_json, title=f"Simulated example files in {directory}")


def _run(settings: Settings, scale: str, seed: int, *, as_json: bool) -> None:
    from services.run_demo import run_demo
    from store.home import Home

    with stages() as report:
        found = run_demo(Home(settings.home), scale=scale, seed=seed, progress=report)
    if found.reused:
        stderr.print(f"These are the kept results of an earlier run in {settings.home} (same scale, seed and code).")
    if found.displaced:
        stderr.print(
            f"Your own network {found.displaced} is no longer current in {settings.home}; `evenflow load` your folder "
            "again to have it back with its results, and give one of them a --home of its own."
        )
    if as_json:
        emit({**found.figures, "reused": found.reused}, as_json=True, title="")
        return
    emit(demo_table(found.figures), as_json=False, title=f"Evenflow demo, scale {scale}, seed {seed}")
    stderr.print(f"Real: {found.figures['real']}.\nSimulated: {found.figures['simulated']}.", highlight=False)
