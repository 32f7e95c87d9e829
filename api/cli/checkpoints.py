"""`evenflow checkpoints`: what a style of the loaded network will come to, how that estimate moved, and why."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from api.cli.output import emit
from api.settings import read_settings
from contracts.errors import InputError

__all__ = ["checkpoints"]


def checkpoints(
    style: str = typer.Argument(..., metavar="STYLE", help="Style of the loaded network."),
    *,
    estimate: bool = typer.Option(False, "--estimate", help="Make an estimate first, from all that was observed."),
    as_of: str | None = typer.Option(None, "--as-of", help="With --estimate: nothing observed later; now by default."),
    at: str | None = typer.Option(None, "--at", help="With --estimate: an earlier time after the launch, like 24h."),
    replay: str | None = typer.Option(None, "--replay", help="Compute the estimate of this id again."),
    out: Path | None = typer.Option(None, "--out", help="Also write the estimates there (.csv or .parquet)."),
    home: Path | None = typer.Option(None, "--home", help="Where loaded networks live; EVENFLOW_HOME by default."),
    seed: int = typer.Option(0, "--seed", min=0, help="With --estimate: the same seed gives the same numbers."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Tell every estimate of a style that was made, how it moved from each to the next, and why.

    Example: evenflow checkpoints dress-7 --estimate --as-of "2026-03-02 12:00:00"
    """
    from services.files import check_writable
    from services.ingest import Inlet
    from services.launch_estimates import LaunchDesk, moves
    from store.home import Home

    if out is not None:
        check_writable(out)
    settings = read_settings(home=home)
    desk = LaunchDesk(Home(settings.home), Inlet.of(settings.home, key=settings.secret()), seed=seed)
    if replay is not None:
        emit(desk.replay(replay, style_id=style), as_json=as_json, title=f"Replayed {replay}")
        return
    if estimate:
        desk.estimate(style, as_of=_moment(as_of), checkpoint=at)
    told = desk.history(style)
    if out is not None:
        _write(told, out)
    found = {"style_id": style, "estimates": told, "moves": moves(told)}
    emit(found if as_json else _brief(found), as_json=as_json, title=f"Estimates of {style}")


def _moment(told: str | None) -> Any:
    import pandas as pd

    from forecast.signal_times import parse_times

    moment = parse_times(pd.Series([told or datetime.now(UTC).isoformat()])).iloc[0]
    if pd.isna(moment):
        raise InputError("--as-of", "a moment like 2026-03-01 12:00:00", told)
    return moment


def _write(told: list[dict[str, Any]], out: Path) -> None:
    import pandas as pd

    from services.files import write_table

    flat = [{**{k: v for k, v in row.items() if not isinstance(v, dict | list)}, **row["quantiles"]} for row in told]
    write_table(pd.DataFrame(flat), out)


def _brief(found: dict[str, Any]) -> dict[str, Any]:
    """Return a line per estimate for people: what it was, and what had come since the one before."""
    lines: dict[str, Any] = {}
    for told, move in zip(found["estimates"], [None, *found["moves"]], strict=True):
        low, high = told["quantiles"]["q0.1"], told["quantiles"]["q0.9"]
        chance = "" if told["p_hit"] is None else f", hit {told['p_hit']:.0%}"
        came = "" if move is None else ", ".join(f"{kind} {count:+g}" for kind, count in move["came"].items())
        words = f"{told['mean']:,.0f} ({low:,.0f} to {high:,.0f}){chance}: {told['drivers']}"
        lines[f"{told['checkpoint']}, {told['estimate_id']}"] = f"{words}\nsince: {came}" if came else words
    return lines or {"none": "-"}
