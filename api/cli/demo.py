"""`evenflow demo`: the whole product on a market of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.output import emit, progress, stderr
from api.settings import Settings

__all__ = ["demo"]

# Figures shown to people, in the order of the job; --json has them all.
_SHOWN = (
    "parties",
    "relations",
    "sales_rows",
    "series",
    "forecast_wape",
    "baseline_wape",
    "interval_coverage",
    "load_cv",
    "unlevelled_load_cv",
    "idle_hours",
    "overtime_hours",
    "plan_fill_rate",
    "plan_gap",
    "orders",
    "fill_rate",
    "match_gap",
    "mean_promised_days",
    "cost_parts_fen",
    "shares_fen",
    "seconds",
)


def demo(
    *,
    home: Annotated[Path | None, typer.Option(help="Folder that keeps the market; EVENFLOW_HOME by default.")] = None,
    scale: Annotated[str, typer.Option(help="tiny, small, default or a number of parties, 10 to 6000000.")] = "default",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything simulated.")] = 0,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop after the job; serve nothing.")] = False,
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
    settings = Settings()
    settings = settings if home is None else settings.model_copy(update={"home": home})
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

    with progress() as report:
        found = run_demo(Home(settings.home), scale=scale, seed=seed, progress=report)
    if found.reused:
        stderr.print(f"These are the kept results of an earlier run in {settings.home} (same scale, seed and code).")
    figures: Mapping[str, Any] = {**found.figures, "reused": found.reused}
    shown = figures if as_json else {name: figures[name] for name in _SHOWN}
    emit(shown, as_json=as_json, title=f"Evenflow demo, scale {scale}, seed {seed}")
    if not as_json:
        stderr.print(f"Real: {figures['real']}.\nSimulated: {figures['simulated']}.", highlight=False)
