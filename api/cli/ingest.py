"""`evenflow ingest` and `evenflow forget`: what platforms tell, taken in; a party, forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from api.cli.opened import opened_database
from api.cli.output import emit, progress
from api.settings import read_settings

if TYPE_CHECKING:
    from services.ingest import Inlet

__all__ = ["forget", "ingest"]

_HOME = typer.Option(None, "--home", help="Folder it is kept in; EVENFLOW_HOME by default.")
_SEED = typer.Option(0, "--seed", min=0, help="Taken like everywhere; nothing here is drawn at random.")
_JSON = typer.Option(False, "--json", help="Print one JSON object.")


def ingest(
    source: str = typer.Argument(
        ...,
        metavar="SOURCE",
        help="wechat-articles, wechat-miniprogram, wechat-promoters, wechat-shop, wecom-groups, wecom-members, weibo, "
        "douyin, taobao, csv, or facts: orders, sales, progress … for `evenflow worker` (.ndjson, .csv, .parquet).",
    ),
    file: Path = typer.Argument(
        ..., metavar="FILE", help="The platform's answers as JSON, one or one a line; a table for csv."
    ),
    *,
    style_map: Path | None = typer.Option(None, "--map", help="Which post, product or page is about which style."),
    columns: Path | None = typer.Option(None, "--columns", help="For csv: a TOML file that says which column is what."),
    observed_at: str | None = typer.Option(
        None,
        "--observed-at",
        help="When it became known, by default as usual: days the next morning, orders at once, "
        "counters when the file was written.",
    ),
    account: str | None = typer.Option(None, "--account", help="Your account it is from."),
    kol: str | None = typer.Option(None, "--kol", help="Guide or KOL it is from; kept as a keyed hash."),
    content: str | None = typer.Option(None, "--content", help="Post or video it is about, if the answers don't say."),
    strict: bool = typer.Option(False, "--strict", help="Keep nothing if a row cannot be used."),
    home: Path | None = _HOME,
    seed: int = _SEED,
    as_json: bool = _JSON,
) -> None:
    """Take in signals and orders of a platform; the same file again changes nothing.

    Shoppers' ids, names, phones and addresses are never kept; ids of promoters, guides and KOLs become keyed hashes.
    Rows that cannot be used go to quarantine/ beside the file with a reason.

    Example: evenflow ingest weibo posts.json --map styles.csv --observed-at "2026-03-01 12:00:00" --json
    """
    from services.ingest import call_of, ingest_file

    del seed
    if source == "facts":
        _take_facts(file, home, strict=strict, as_json=as_json)
        return
    call = call_of(file, observed_at=observed_at, account_id=account, kol_id=kol, content_id=content)
    with progress() as report:
        found = ingest_file(
            source, file, _inlet(home), call=call, style_map=style_map, layout=columns, strict=strict, progress=report
        )
    emit(found.summary, as_json=as_json, title=f"Took in {file}")


def _take_facts(file: Path, home: Path | None, *, strict: bool, as_json: bool) -> None:
    """Take in a file of facts."""
    from services.flow.intake import take_fact_file
    from services.reserve import wall_clock_ms

    with opened_database(home) as database, progress() as report:
        found = take_fact_file(
            database, file, now_ms=wall_clock_ms(), names=_inlet(home).names, strict=strict, progress=report
        )
    emit(found, as_json=as_json, title=f"Took in {file}")


def forget(
    party: str = typer.Argument(..., metavar="ID", help="Promoter, guide or KOL, as the platform calls it."),
    home: Path | None = _HOME,
    seed: int = _SEED,
    as_json: bool = _JSON,  # noqa: FBT001
) -> None:
    """Forget a party: rows it had stay as counts without a name, and its name is never kept again.

    Example: evenflow forget zhangsan
    """
    from services.ingest import forget_party

    del seed
    with opened_database(home) as database:
        found = forget_party(party, _inlet(home), database)
    emit(found, as_json=as_json, title="Forgotten")


def _inlet(home: Path | None) -> Inlet:
    from services.ingest import Inlet

    settings = read_settings(home=home)
    return Inlet.of(settings.home, key=settings.secret())
