"""`evenflow sell-in`: shipments to distributors against their sales, and who is being stuffed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli import output
from api.settings import read_settings
from contracts.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from services.check_sell_in import SellInReport

__all__ = ["sell_in_command"]


def sell_in_command(
    *,
    out: Annotated[Path, typer.Option(help="Checks to write, one row per distributor (.csv or .parquet).")],
    sell_in: Annotated[
        Path | None, typer.Option(help="Shipments: distributor_id, ds, pieces; the loaded network's by default.")
    ] = None,
    sell_through: Annotated[Path | None, typer.Option(help="What shoppers bought: distributor_id, ds, pieces.")] = None,
    home: Annotated[Path | None, typer.Option(help="Folder of loaded networks; EVENFLOW_HOME by default.")] = None,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day that counts; the last one there is.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the months drawn for the ranges.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare sell-in with sell-through per distributor: bullwhip, excess stock, end-of-period spikes, a score.

    Example: evenflow sell-in --sell-in shipments.csv --sell-through sales_of_distributors.csv --out checks.csv

    Example: evenflow sell-in --home my-net --out checks.csv
    """
    import pandas as pd

    from services.files import check_writable, write_table

    check_writable(out, sell_in, sell_through)
    given = {"sell_in": sell_in, "sell_through": sell_through}
    files = {name: path for name, path in given.items() if path is not None}
    report = _checked(files, home, as_of=None if as_of is None else pd.Timestamp(as_of), seed=seed)
    write_table(report.checks, out)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="sell-in")


def _checked(files: dict[str, Path], home: Path | None, *, as_of: pd.Timestamp | None, seed: int) -> SellInReport:
    """Compare the two files, or without files what the loaded network has."""
    from services.check_sell_in import compare_sell_in
    from services.files import read_raw
    from services.network_sell_in import check_network
    from store.home import Home

    if not files:
        return check_network(Home(read_settings(home=home).home).current(), as_of=as_of, seed=seed)
    if len(files) < 2:
        raise InputError(
            "--sell-in, --sell-through",
            "both, or neither (the loaded network's)",
            f"--{min(files).replace('_', '-')} alone",
        )
    if home is not None:
        raise InputError("--home", "no files beside it: they are checked instead of the loaded network", home)
    names = {name: path.name for name, path in files.items()}
    return compare_sell_in(**{n: read_raw(p) for n, p in files.items()}, as_of=as_of, seed=seed, sources=names)
