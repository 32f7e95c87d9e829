"""`evenflow keys`: make, list, rotate and revoke the keys of the API."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.output import emit
from api.settings import read_settings

if TYPE_CHECKING:
    from services.keys import MadeKey
    from store.database import Database

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Make, list, rotate and revoke the keys of the API.")

_Home = Annotated[Path | None, typer.Option(help="Folder of the embedded database; EVENFLOW_HOME by default.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_KeyId = Annotated[str, typer.Argument(help="Id of the key: the part between the underscores.")]


@app.command()
def create(
    *,
    name: Annotated[str, typer.Option(help="What the key is for.")],
    role: Annotated[str, typer.Option(help="planner, router, scientist, party or admin.")],
    scope: Annotated[list[str] | None, typer.Option(help="Some of the role's scopes; all without it.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Tenant it is bound to; the operator's without it.")] = None,
    party: Annotated[str | None, typer.Option(help="Party it speaks for (role party).")] = None,
    days: Annotated[int | None, typer.Option(help="How long it counts; until revoked without it.")] = None,
    requests_per_second: Annotated[float | None, typer.Option(help="Its own limit.")] = None,
    home: _Home = None,
    as_json: _Json = False,
) -> None:
    """Make a key and print it, this once: only its hash is kept.

    Example: evenflow keys create --name "order router" --role router
    """
    from services.keys import create_key

    made = create_key(
        _database(home),
        name=name,
        role=role,
        scopes=scope,
        tenant=tenant,
        party=party,
        days=days,
        requests_per_second=requests_per_second,
        now_ms=_now_ms(),
    )
    _show(made, as_json=as_json)


@app.command("list")
def list_command(*, home: _Home = None, as_json: _Json = False) -> None:
    """List all keys, ended ones included; never the keys themselves.

    Example: evenflow keys list
    """
    from services.keys import key_row, list_keys

    now_ms = _now_ms()
    emit({"keys": [key_row(key, now_ms=now_ms) for key in list_keys(_database(home))]}, as_json=as_json, title="Keys")


@app.command()
def rotate(
    key_id: _KeyId,
    *,
    overlap_hours: Annotated[float, typer.Option(help="How long the old key still counts.")] = 24,
    home: _Home = None,
    as_json: _Json = False,
) -> None:
    """Make a key that opens the same and print it, this once; the old one ends after the overlap.

    Example: evenflow keys rotate 4k0q1m9x2b7c --overlap-hours 1
    """
    from services.keys import rotate_key

    made = rotate_key(_database(home), key_id, now_ms=_now_ms(), overlap_hours=overlap_hours)
    _show(made, as_json=as_json)


@app.command()
def revoke(key_id: _KeyId, *, home: _Home = None, as_json: _Json = False) -> None:
    """End a key; running servers notice within seconds.

    Example: evenflow keys revoke 4k0q1m9x2b7c
    """
    from services.keys import key_row, revoke_key

    now_ms = _now_ms()
    emit(key_row(revoke_key(_database(home), key_id, now_ms=now_ms), now_ms=now_ms), as_json=as_json, title="Ended")


def _database(home: Path | None) -> Database:
    from store.database import Database

    return Database.open(read_settings(home=home).database())


def _show(made: MadeKey, *, as_json: bool) -> None:
    from services.keys import key_row

    told = key_row(made.key, now_ms=made.key.created_at_ms)
    if as_json:
        told |= {"key": made.secret}
    else:
        typer.echo(f"{made.secret}\nCopy it now: it is not kept and cannot be shown again.")
    emit(told, as_json=as_json, title="New key")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
