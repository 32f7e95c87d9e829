"""`evenflow sell-in`: shipments to distributors against their sales, and who is being stuffed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli import output

__all__ = ["sell_in_command"]


def sell_in_command(
    *,
    sell_in: Annotated[Path, typer.Option(help="Shipments: distributor_id, ds, pieces[, sku_id].")],
    sell_through: Annotated[Path, typer.Option(help="What shoppers bought: distributor_id, ds, pieces[, sku_id].")],
    out: Annotated[Path, typer.Option(help="Checks to write, one row per distributor (.csv or .parquet).")],
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day that counts; the last one there is.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the months drawn for the ranges.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare sell-in with sell-through per distributor: bullwhip, excess stock, end-of-period spikes, a score.

    Example: evenflow sell-in --sell-in shipments.csv --sell-through sales_of_distributors.csv --out checks.csv
    """
    import pandas as pd

    from services.check_sell_in import compare_sell_in
    from services.files import check_writable, read_raw, write_table

    check_writable(out, sell_in, sell_through)
    report = compare_sell_in(
        read_raw(sell_in),
        read_raw(sell_through),
        as_of=None if as_of is None else pd.Timestamp(as_of),
        seed=seed,
        sources={"sell_in": sell_in.name, "sell_through": sell_through.name},
    )
    write_table(report.checks, out)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="sell-in")
