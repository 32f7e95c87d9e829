"""`evenflow reach`: whom to ask so that most are reached together."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli import output

__all__ = ["reach"]


def reach(
    *,
    home: Annotated[Path | None, typer.Option(help="Folder of loaded networks; EVENFLOW_HOME by default.")] = None,
    out: Annotated[Path, typer.Option(help="Who, in order, and what each adds (.csv or .parquet).")],
    k: Annotated[int, typer.Option(min=1, max=10_000, help="How many to choose at most.")] = 10,
    seed: Annotated[int, typer.Option(min=0, max=2**20 - 1, help="Of the samples.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Choose KOLs, guides, group leaders and communities that reach the most together: overlaps count once.

    Example: evenflow reach --home my-net --k 5 --out reach.csv
    """
    from api.settings import read_settings
    from services.files import check_writable, write_table
    from services.network_reach import network_reach
    from store.home import Home

    check_writable(out)
    report = network_reach(Home(read_settings(home=home).home).current(), k=k, seed=seed)
    write_table(report.chosen, out)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="reach")
