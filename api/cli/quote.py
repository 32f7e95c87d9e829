"""`evenflow quote`: what each factory can promise for a new order, and what an earlier date would cost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import emit, progress
from api.settings import read_settings
from contracts.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from services.quote_dates import QuoteReport

__all__ = ["quote"]


def quote(
    *,
    item: Annotated[str | None, typer.Option(help="What is ordered; or --orders.")] = None,
    pieces: Annotated[int | None, typer.Option(help="How many.")] = None,
    orders: Annotated[Path | None, typer.Option(help="Several orders: order_id, item, pieces.")] = None,
    demand: Annotated[Path | None, typer.Option(help="Demand; the loaded network's plan without it.")] = None,
    resources: Annotated[Path | None, typer.Option(help="Capacity calendar, with `factory`.")] = None,
    routes: Annotated[Path | None, typer.Option(help="Process steps.")] = None,
    items: Annotated[Path | None, typer.Option(help="Costs, stock and life of the items.")] = None,
    bom: Annotated[Path | None, typer.Option(help="Bill of materials.")] = None,
    firm: Annotated[Path | None, typer.Option(help="The current plan's orders; firm ones are never moved.")] = None,
    params: Annotated[Path | None, typer.Option(help=r"TOML file with \[weights], \[horizon] and \[solve].")] = None,
    options: Annotated[int, typer.Option(min=1, max=50, help="Most dates per factory.")] = 5,
    out: Annotated[Path | None, typer.Option(help="Quotes to write (.csv or .parquet).")] = None,
    home: Annotated[Path | None, typer.Option(help="Folder of the loaded network; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Accepted by every command; quoting is deterministic.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Quote due dates: per factory the earliest date without moving firm work, later ones, and the price of each.

    Example: evenflow quote --item tee --pieces 500 --demand forecast.csv --resources resources.csv
    --routes routes.csv --firm plan.csv --out quotes.csv
    """
    del seed
    from services.files import check_writable, write_table

    given = {"demand": demand, "resources": resources, "routes": routes, "items": items, "bom": bom, "firm": firm}
    if out is not None:
        check_writable(out, *given.values(), orders, params)
    asked = _asked(item, pieces, orders)
    files = {name: path for name, path in given.items() if path is not None}
    if files:
        found = _from_files(asked, files, orders, params, options)
    else:
        found = _from_network(asked, read_settings(home=home).home, params, options)
    if out is not None:
        write_table(found.quotes, out)
    emit(found.summary | {"quotes": found.quotes.to_dict("records")}, as_json=as_json, title="Quotes")


def _from_files(
    asked: pd.DataFrame, files: dict[str, Path], orders: Path | None, params: Path | None, options: int
) -> QuoteReport:
    from contracts.params import read_toml
    from planning.params import PlanParams
    from services.files import read_raw
    from services.quote_dates import quote_orders

    for name in ("demand", "resources", "routes"):
        if name not in files:
            raise InputError(f"--{name}", "demand, resources and routes together, or none of the tables", "nothing")
    names = {name: path.name for name, path in files.items()}
    with progress() as report:
        return quote_orders(
            asked,
            **{name: read_raw(path) for name, path in files.items()},
            params=None if params is None else PlanParams.from_tables(read_toml(params), where=params.name),
            options=options,
            sources=names | ({} if orders is None else {"orders": orders.name}),
            progress=report,
        )


def _from_network(asked: pd.DataFrame, root: Path, params: Path | None, options: int) -> QuoteReport:
    from contracts.params import read_toml
    from services.quote_dates import quote_network
    from store.home import Home

    terms = None if params is None else read_toml(params)
    with progress() as report:
        return quote_network(Home(root).current(), asked, params=terms, options=options, progress=report)


def _asked(item: str | None, pieces: int | None, orders: Path | None) -> pd.DataFrame:
    import pandas as pd

    from services.files import read_raw

    if (orders is None) == (item is None) or (item is None) != (pieces is None):
        raise InputError("--item", "either --item with --pieces, or --orders", "both" if orders and item else "neither")
    if orders is not None:
        return read_raw(orders)
    return pd.DataFrame({"order_id": ["new"], "item": [item], "pieces": [pieces]})
