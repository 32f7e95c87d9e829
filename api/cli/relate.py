"""`evenflow relate` and `evenflow handover`: changes of the loaded network between two loads."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import typer

from api.cli.output import emit
from api.settings import read_settings
from contracts.errors import InputError, TableError

_HOME = typer.Option(None, "--home", help="Where loaded networks live; EVENFLOW_HOME by default.")
_SEED = typer.Option(0, "--seed", min=0, help="Taken like everywhere; nothing here is drawn at random.")
_JSON = typer.Option(False, "--json", help="Print one JSON object.")
_OPTION_OF = {"src": "--from", "dst": "--to", "kind": "--kinds", "at": "--at", "share": "--share"}


def relate(
    events: Path = typer.Argument(..., metavar="EVENTS", help="Events: .csv, .parquet or .ndjson."),
    home: Path | None = _HOME,
    strict: bool = typer.Option(False, "--strict", help="Record nothing if a row cannot be used."),  # noqa: FBT001
    seed: int = _SEED,
    as_json: bool = _JSON,  # noqa: FBT001
) -> None:
    """Record changes of the loaded network: parties, relations, trades, handovers; they are visible at once.

    Rows that cannot be used go to quarantine/ beside the file with a reason; the others count together or not at all.
    The same event again changes nothing.

    Example: evenflow relate events.csv --json
    """
    from services.relate import relate_file
    from store.home import Home

    del seed
    report = relate_file(events, home=Home(read_settings(home=home).home), strict=strict)
    emit(report.summary, as_json=as_json, title=f"Recorded {events}")


def handover(
    *,
    leaver: str = typer.Option(..., "--from", metavar="ID", help="Party that leaves."),
    successor: str = typer.Option(..., "--to", metavar="ID", help="Party that follows."),
    at: dt.datetime = typer.Option(..., "--at", formats=["%Y-%m-%d"], help="First day on which it is the successor's."),
    kinds: str | None = typer.Option(None, "--kinds", help="Relation kinds that pass, joined by commas; all of them."),
    share: float = typer.Option(1.0, "--share", min=0, max=1, help="Share of each tie's strength that is kept."),
    event_id: str | None = typer.Option(None, "--event-id", help="Your id of the event; made from the others."),
    home: Path | None = _HOME,
    seed: int = _SEED,
    as_json: bool = _JSON,
) -> None:
    """Pass somebody's relations to a successor as of a day: history intact, nothing counted twice.

    Example: evenflow handover --from guide-1 --to guide-2 --at 2026-03-01
    """
    from services.relate import hand_over
    from store.home import Home

    del seed
    day = at.date().isoformat()
    event = {
        "event_id": event_id or f"handover {leaver} {successor} {day}",
        "event": "handover",
        "src": leaver,
        "dst": successor,
        "at": day,
        "share": share,
    } | ({"kind": kinds.replace(",", "|")} if kinds else {})
    try:
        told = hand_over(event, home=Home(read_settings(home=home).home))
    except TableError as error:
        raise InputError(_OPTION_OF.get(error.column or "", "--event-id"), error.expected, error.got) from None
    emit(told, as_json=as_json, title=f"Handed over from {leaver} to {successor}")
