"""`evenflow order`: decide about a production order of the loaded network's plan or of a file; list the decisions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.output import emit
from api.settings import read_settings
from contracts.errors import InputError

__all__ = ["order"]


def order(
    *,
    order_id: Annotated[str | None, typer.Option("--id", help="The order; without it decisions are listed.")] = None,
    to: Annotated[str | None, typer.Option(help="Next state: firm, released, done, cancelled, proposed.")] = None,
    pieces: Annotated[int | None, typer.Option(help="Pieces that start its first step; makes it firm.")] = None,
    start: Annotated[str | None, typer.Option(help="Day its first step starts, YYYY-MM-DD; makes it firm.")] = None,
    by: Annotated[str, typer.Option(help="Who decides.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    orders: Annotated[Path | None, typer.Option(help="A plan's orders; the loaded network's without it.")] = None,
    out: Annotated[Path | None, typer.Option(help="With --orders: the orders after it (.csv or .parquet).")] = None,
    log: Annotated[Path | None, typer.Option(help="With --orders: file of decisions, appended to.")] = None,
    home: Annotated[Path | None, typer.Option(help="Folder of the loaded network; EVENFLOW_HOME by default.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Release, finish, cancel, resize or move a production order; who, when, why, old and new are logged.

    Example: evenflow order --orders plan.csv --id PO-7 --to firm --by li --reason "fabric is in"
    --out plan.csv --log log.jsonl
    """
    del seed
    terms = {"state": to, "pieces": pieces, "start": start}
    if orders is not None:
        told = _in_file((orders, out, log), order_id, terms, by=by, reason=reason)
    else:
        told = _in_home(read_settings(home=home).home, order_id, terms, by=by, reason=reason)
    emit(told, as_json=as_json, title="Production orders")


def _in_home(root: Path, order_id: str | None, terms: dict[str, Any], *, by: str, reason: str) -> dict[str, Any]:
    from planning.order_states import OrderChange
    from services.production_orders import decide_order, order_decisions

    if order_id is None or not any(terms.values()):
        return {"decisions": order_decisions(root, order_id=order_id)}
    return decide_order(root, OrderChange(order_id=order_id, **terms), by=by, reason=reason)


def _in_file(
    files: tuple[Path, Path | None, Path | None], order_id: str | None, terms: dict[str, Any], *, by: str, reason: str
) -> dict[str, Any]:
    from planning.order_states import OrderChange
    from services.files import check_writable, read_raw, write_table
    from services.production_orders import decide_in_table

    orders, out, log = files
    for option, value in (("--id", order_id), ("--out", out), ("--log", log)):
        if value is None:
            raise InputError(option, "this option beside --orders", "nothing")
    assert order_id is not None and out is not None and log is not None  # noqa: PT018 (for the type checker)
    check_writable(out)
    change = OrderChange(order_id=order_id, **terms)
    changed, record = decide_in_table(read_raw(orders), change, log, by=by, reason=reason, source=orders.name)
    write_table(changed, out)
    return record
