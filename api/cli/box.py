"""`evenflow box`: the heijunka box of a plan's orders, as a table, an Excel file or a page to print."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import emit
from contracts.errors import InputError

if TYPE_CHECKING:
    from services.make_boxes import BoxReport

__all__ = ["box"]


def box(
    *,
    orders: Annotated[Path, typer.Option(help="A plan's production orders (.csv or .parquet).")],
    out: Annotated[Path, typer.Option(help="Box to write: .csv, .parquet, .xlsx, or .html to print.")],
    slots: Annotated[int, typer.Option(min=1, max=480, help="Slots per day.")] = 8,
    day_start: Annotated[str, typer.Option(help="When the first slot begins, HH:MM.")] = "08:00",
    day_hours: Annotated[float, typer.Option(help="Hours from the first slot's start to the last one's end.")] = 8.0,
    work_days: Annotated[str, typer.Option(help="Weekdays worked, Monday = 0.")] = "0,1,2,3,4",
    language: Annotated[str, typer.Option(help="Of the page to print: en or zh.")] = "en",
    seed: Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing is drawn at random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Cut orders into pitch-sized lots, mix them evenly and give each its slot, its start and its due minute.

    Example: evenflow box --orders plan.csv --out box.html --language zh
    """
    del seed
    from planning.boxes import BoxParams
    from services.files import read_raw
    from services.make_boxes import make_boxes
    from services.print_box import LANGUAGES

    if language not in LANGUAGES:
        raise InputError("--language", f"one of {', '.join(LANGUAGES)}", language)
    days = tuple(int(day) for day in work_days.split(",") if day.strip().isdigit())
    if ",".join(map(str, days)) != work_days.replace(" ", ""):
        raise InputError("--work-days", "weekdays such as 0,1,2,3,4", work_days)
    _check_box(out, orders)
    try:
        params = BoxParams(slots_per_day=slots, day_start=day_start, day_hours=day_hours, work_days=days)
    except ValueError as error:
        raise InputError("the working day", "values in range", error) from None
    found = make_boxes(read_raw(orders), params=params, source=orders.name)
    _write(found, out, language)
    emit(found.summary, as_json=as_json, title="Heijunka box")


def _check_box(out: Path, orders: Path) -> None:
    from services.files import check_writable

    if out.suffix not in (".csv", ".parquet", ".xlsx", ".html"):
        raise InputError(str(out), "a name ending in .csv, .parquet, .xlsx or .html", out.suffix or "no suffix")
    check_writable(out.with_suffix(".csv") if out.suffix in (".xlsx", ".html") else out, orders)


def _write(found: BoxReport, out: Path, language: str) -> None:
    from services.excel import excel_bytes
    from services.files import write_table, write_whole
    from services.print_box import box_page

    if out.suffix == ".html":
        page = box_page(found.boxes, found.takt, language=language)
        write_whole(out, lambda path: _put(path, page.encode()))
    elif out.suffix == ".xlsx":
        book = excel_bytes({"box": found.boxes, "takt": found.takt, "dues": found.dues})
        write_whole(out, lambda path: _put(path, book))
    else:
        write_table(found.boxes, out)


def _put(path: Path, data: bytes) -> None:
    path.write_bytes(data)
