"""`evenflow outcomes` and `evenflow reliability`: what came true, and how well the scores foretold it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.output import emit
from api.settings import read_settings

__all__ = ["outcomes", "reliability"]

_Home = Annotated[Path | None, typer.Option(help="Where loaded networks live; EVENFLOW_HOME by default.")]
_Seed = Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def outcomes(
    file: Annotated[Path, typer.Argument(help="Outcomes: outcome_id, value, at, and score_id or kind and subject.")],
    *,
    home: _Home = None,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Keep what came true, each outcome once, joined to the score that foretold it.

    Example: evenflow outcomes outcomes.csv --home my-net
    """
    del seed
    from services.files import read_raw
    from services.scores.open_desk import open_desk
    from services.scores.score_files import take_outcomes
    from store.home import Home

    settings = read_settings(home=home)
    frame = read_raw(file)
    with open_desk(Home(settings.home), settings.database(), key=settings.secret()) as desk:
        told = take_outcomes(desk, frame, source=file.name)
    refused = [f"{row['outcome_id']}: {row['reason']}" for row in told["rows"] if row["state"] == "refused"]
    shown = told if as_json else {name: told[name] for name in told if name != "rows"} | {"reasons": refused}
    emit(shown, as_json=as_json, title="Outcomes")
    if told["refused"]:
        raise typer.Exit(1)


def reliability(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Kind of score.")],
    *,
    model_version: Annotated[str | None, typer.Option(help="Only scores of this version.")] = None,
    home: _Home = None,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Compare a kind's scores with the outcomes known later: Brier score, log loss, calibration in tenths.

    Example: evenflow reliability supplier --home my-net
    """
    del seed
    from services.scores.open_desk import open_desk
    from services.viewer import Viewer
    from store.home import Home

    settings = read_settings(home=home)
    with open_desk(Home(settings.home), settings.database(), key=settings.secret()) as desk:
        told = desk.reliability(Viewer(), kind, model_version=model_version)
    emit(told, as_json=as_json, title=f"Reliability of {kind}")
