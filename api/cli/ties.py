"""`evenflow neighbours` and `evenflow path`: who a party deals with, and who could introduce it to another."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.cli.output import to_json
from api.settings import read_settings
from contracts.errors import InputError

__all__ = ["neighbours", "path"]

_Home = Annotated[Path | None, typer.Option(help="Folder of loaded networks; EVENFLOW_HOME by default.")]
_AsOf = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only relations that hold on this day.")]
_Seed = Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def neighbours(
    party: Annotated[str, typer.Argument(metavar="ID", help="Your id of the party.")],
    *,
    kind: Annotated[str | None, typer.Option(help="One relation kind; all by default.")] = None,
    direction: Annotated[str, typer.Option(help="out (relations that start at the party), in or both.")] = "both",
    as_of: _AsOf = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rows to print.")] = 20,
    home: _Home = None,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """List who a party of the loaded network deals with, the strongest ties first.

    Relations that ended are listed, too, with the first day on which they no longer held (`valid_to`), unless --as-of
    says a day.

    Example: evenflow neighbours sim-store-0000001 --kind distributes --direction in
    """
    from services.party_ties import party_neighbours
    from store.home import Home

    del seed
    _require_kinds([kind] if kind is not None else [])
    network = Home(read_settings(home=home).home).current().network()
    day = None if as_of is None else as_of.date()
    found = party_neighbours(network, party, kind=kind, direction=direction, as_of=day)
    rows = found.head(limit).to_dict("records")
    if as_json:
        typer.echo(to_json({"party": party, "total": len(found), "neighbours": rows}).decode())
        return
    columns = ["id", "party_kind", "relation", "direction", "weight"]
    ended = any(row["valid_to"] for row in rows)
    _print(f"{party}: {len(rows)} of {len(found)} relations", rows, [*columns, "valid_to"] if ended else columns)


def path(
    source: Annotated[str, typer.Argument(metavar="A", help="Party to be introduced.")],
    target: Annotated[str, typer.Argument(metavar="B", help="Party to be introduced to.")],
    *,
    kind: Annotated[list[str] | None, typer.Option(help="Relation kind to use; repeat it; all by default.")] = None,
    max_hops: Annotated[int, typer.Option(min=1, help="Longest path looked for.")] = 6,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day on which the relations hold; today by default.")
    ] = None,
    home: _Home = None,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Find the best introduction of one party of the loaded network to another.

    The shortest path; of those the one whose weakest tie is the strongest.

    Example: evenflow path sim-community-0000001 sim-factory-0000001
    """
    from services.party_ties import party_path
    from store.home import Home

    del seed
    _require_kinds(kind or [])
    network = Home(read_settings(home=home).home).current().network()
    found = party_path(
        network, source, target, kinds=kind, max_hops=max_hops, as_of=None if as_of is None else as_of.date()
    )
    if as_json:
        typer.echo(to_json(found).decode())
    elif not found["steps"]:
        typer.echo(f"{source} to {target}: {found['reason']}")
    else:
        title = f"{found['path']} (weakest tie {found['strength']:.2f})"
        _print(title, found["steps"], ["source", "target", "relation", "forward", "weight"])


def _require_kinds(kinds: list[str]) -> None:
    """Raise for a relation kind that does not exist; names those that do."""
    from graph.tables import RELATION_KINDS

    for kind in kinds:
        if kind not in RELATION_KINDS:
            raise InputError("--kind", f"one of {', '.join(RELATION_KINDS)}", kind)


def _print(title: str, rows: list[dict[str, object]], columns: list[str]) -> None:
    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(name, no_wrap=name == "id", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in columns))
    Console().print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    return "-" if value is None else str(value)
