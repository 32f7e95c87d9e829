"""`evenflow demo`: the whole product on a market of its own."""

from __future__ import annotations

from pathlib import Path

import typer

from api.cli.output import emit


def demo(
    files: Path = typer.Option(..., "--files", help="Write small example input files there and stop."),
    seed: int = typer.Option(0, help="Seed of everything simulated."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),  # noqa: FBT001
) -> None:
    """Try every command on example files.

    Example: evenflow demo --files examples
    """
    from services.example_files import write_examples

    emit(dict(write_examples(files, seed=seed)), as_json=as_json, title=f"Simulated example files in {files}")
