"""`evenflow prices`: what one more piece of each supplier is worth; made anew, looked at, activated, rolled back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from api.cli import output
from api.settings import read_settings

__all__ = ["prices"]

Cause = Literal["nightly", "supplier_down", "supplier_back", "capacity_cut", "wave", "manual"]


def prices(
    *,
    action: Annotated[Literal["show", "history", "refresh", "activate"], typer.Argument(help="What to do.")] = "show",
    version: Annotated[int | None, typer.Argument(min=1, help="Version to show or to activate.")] = None,
    orders: Annotated[Path | None, typer.Option(help="refresh: orders like those to come; the network's else.")] = None,
    cause: Annotated[Cause, typer.Option(help="refresh: why.")] = "nightly",
    share: Annotated[float, typer.Option(help="refresh: how many such days of orders are to come today.")] = 1.0,
    down: Annotated[list[str] | None, typer.Option(help="refresh: supplier that is down; repeat it.")] = None,
    back: Annotated[list[str] | None, typer.Option(help="refresh: supplier that is back; repeat it.")] = None,
    cut: Annotated[
        list[str] | None, typer.Option(help="refresh: SUPPLIER=SHARE of its offers left; repeat it.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="show, refresh: prices to write (.csv, .parquet, .xlsx).")] = None,
    home: Annotated[Path | None, typer.Option(help="Folder of loaded networks; EVENFLOW_HOME by default.")] = None,
    top: Annotated[int, typer.Option(min=1, max=100, help="refresh: candidates per order.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show the prices of capacity that single orders are decided at, make new ones, let an earlier version serve.

    Example: evenflow prices refresh --cause supplier_down --down F1 --share 0.5 && evenflow prices show --json
    """
    from services.files import check_writable, write_table
    from store.prices import PriceShelf

    del seed
    root = read_settings(home=home).home
    shelf = PriceShelf(root)
    if out is not None:
        check_writable(out, orders)
    if action == "refresh":
        record = _events(down or [], back or [], cut or [])
        table, summary = _refreshed(root, record, orders, {"cause": cause, "share": share, "top": top})
    elif action == "history":
        serving = shelf.current()
        facts = [one.facts | {"serves": one == serving} for one in shelf.versions()]
        table, summary = None, {"serves": None if serving is None else serving.number, "versions": facts}
    else:
        table, summary = _shown(shelf, version, activate=action == "activate")
    if out is not None and table is not None:
        write_table(table, out)
        summary = summary | {"out": str(out)}
    output.emit(summary, as_json=as_json, title="prices")


def _refreshed(root: Path, events: list[dict[str, Any]], orders: Path | None, options: dict[str, Any]) -> Any:
    """Record what suppliers lost or have again, then make prices."""
    from services.files import read_raw
    from services.refresh_prices import record_left, refresh_prices
    from store.home import Home
    from store.prices import PriceShelf

    snapshot, shelf = Home(root).current(), PriceShelf(root)
    record_left(snapshot, shelf, events)
    given = None if orders is None else read_raw(orders)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    with output.progress() as progress:
        report = refresh_prices(snapshot, shelf, at=at, orders=given, progress=progress, **options)
    return report.prices, report.summary


def _events(down: list[str], back: list[str], cut: list[str]) -> list[dict[str, Any]]:
    from contracts.errors import InputError

    events: list[dict[str, Any]] = [{"event": "supplier_down", "supplier_id": name} for name in down]
    events += [{"event": "supplier_back", "supplier_id": name} for name in back]
    for text in cut:
        name, _, share = text.rpartition("=")
        try:
            left = float(share)
        except ValueError:
            raise InputError("--cut", "SUPPLIER=SHARE", text) from None
        events.append({"event": "capacity_cut", "supplier_id": name, "left_share": left})
    return events


def _shown(shelf: Any, version: int | None, *, activate: bool) -> tuple[Any, dict[str, Any]]:
    """Return a version's prices and facts, the serving one's by default."""
    from contracts.errors import InputError, NotReadyError

    if activate and version is None:
        raise InputError("VERSION", "the version to activate", None)
    if activate:
        shelf.activate(version)
    serving = shelf.current()
    one = serving if version is None else shelf.get(version)
    if one is None:
        raise NotReadyError("no prices have been made yet: `evenflow prices refresh`")
    table = one.table().sort_values("price", ascending=False, kind="stable", ignore_index=True)
    dearest = table.head(10)[["supplier_id", "good", "price"]].to_dict("records")
    left = {"left_now": shelf.left()}
    return table, one.facts | {"serves": one == serving} | left | {"dearest": dearest}
