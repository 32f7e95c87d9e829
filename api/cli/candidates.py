"""`evenflow candidates`: orders in, who could fill each of them out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from api.cli import output
from api.settings import read_settings

__all__ = ["candidates"]


def candidates(
    *,
    orders: Annotated[Path, typer.Option(help="Orders: order_id, sku_id, pieces, buyer_id[, ship_to, due_date …].")],
    out: Annotated[Path, typer.Option(help="Candidates to write (.csv or .parquet).")],
    home: Annotated[Path | None, typer.Option(help="Folder of loaded networks; EVENFLOW_HOME by default.")] = None,
    top: Annotated[int, typer.Option(help="Candidates per order, 1 to 100.")] = 20,
    kind: Annotated[list[str] | None, typer.Option(help="Kind of supplier; repeat it for several.")] = None,
    category: Annotated[str | None, typer.Option(help="The supplier makes or trades this category.")] = None,
    max_distance_km: Annotated[float, typer.Option(help="From where the goods leave; unknown is too far.")] = math.inf,
    max_lead_time_days: Annotated[float, typer.Option(help="Until delivery, the carrier's days included.")] = math.inf,
    min_tie_strength: Annotated[float, typer.Option(help="Weakest tie on the path; above 0 no stranger.")] = 0.0,
    strangers: Annotated[bool, typer.Option(help="Whether suppliers that no path leads to are found.")] = True,
    stock_only: Annotated[bool, typer.Option("--stock-only", help="Only goods on hand.")] = False,
    without: Annotated[list[str] | None, typer.Option(help="Supplier left out; repeat it for several.")] = None,
    introductions: Annotated[
        bool, typer.Option("--introductions", help="Look for the best introduction to each eligible stranger.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find who could fill orders on the loaded network: from stock or capacity, by which path, when, and why not.

    Example: evenflow candidates --orders orders.csv --out candidates.csv --home my-net --top 5
    """
    from graph.candidates.filters import Filters
    from services.files import check_writable, read_raw, write_table
    from services.find_candidates import find_candidates
    from store.home import Home

    del seed
    check_writable(out, orders)
    who = {"kinds": tuple(kind or ()), "without": tuple(without or ()), "category": category, "strangers": strangers}
    bounds = {"max_distance_km": max_distance_km, "max_lead_time_days": max_lead_time_days}
    filters = Filters(**who, **bounds, min_tie_strength=min_tie_strength, stock_only=stock_only)  # type: ignore[arg-type]
    snapshot = Home(read_settings(home=home).home).current()
    report = find_candidates(snapshot, read_raw(orders), top=top, filters=filters, introductions=introductions)
    write_table(report.candidates, out)
    output.emit(report.summary | {"out": str(out)}, as_json=as_json, title="candidates")
