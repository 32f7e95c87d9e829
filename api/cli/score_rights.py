"""`evenflow opt-out` and `evenflow review`: what those who are scored may do."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from api.cli.output import emit
from api.settings import read_settings
from contracts.errors import InputError

__all__ = ["opt_out", "review"]

_Home = Annotated[Path | None, typer.Option(help="Where loaded networks live; EVENFLOW_HOME by default.")]
_Seed = Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
_By = Annotated[str, typer.Option(help="Who says so.")]
_Words = Annotated[str, typer.Option(help="Why.")]


def opt_out(
    party: Annotated[
        str | None, typer.Argument(metavar="PARTY", help="The party; without it those that are out.")
    ] = None,
    *,
    back: Annotated[bool, typer.Option("--back", help="Let it be scored again.")] = False,
    by: _By = "",
    words: _Words = "",
    home: _Home = None,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Take a party out of scores: only kinds that nobody can trade without are told of it, and say so.

    Example: evenflow opt-out store-12 --by "the owner" --home my-net
    """
    del seed
    from services.scores.open_desk import open_desk
    from services.scores.rights import list_opt_outs, set_opt_out
    from services.viewer import Viewer
    from store.home import Home

    settings = read_settings(home=home)
    place = Home(settings.home)
    with open_desk(place, settings.database(), key=settings.secret()) as desk:
        told: dict[str, Any]
        if party is None:
            told = {"opt_outs": list_opt_outs(desk.rights, place.current(), Viewer())}
        else:
            told = set_opt_out(desk.rights, place.current(), Viewer(), party, opted_out=not back, by=by, words=words)
    emit(told, as_json=as_json, title="Opted out of scores")


def review(
    action: Annotated[Literal["list", "ask", "decide"], typer.Argument(help="What to do.")],
    name: Annotated[
        str | None, typer.Argument(metavar="ID", help="The score to ask about, or the review to decide.")
    ] = None,
    *,
    by: _By = "",
    words: _Words = "",
    decision: Annotated[
        Literal["upheld", "corrected", "withdrawn"] | None, typer.Option(help="What becomes of the score.")
    ] = None,
    correct: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Of a correction: an input as it should have been.")
    ] = None,
    state: Annotated[
        Literal["asked", "upheld", "corrected", "withdrawn"] | None, typer.Option(help="List only those.")
    ] = None,
    home: _Home = None,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Ask a human to look at a score again, list the queue, decide.

    Example: evenflow review ask 5f0c2a9be1d44c7f51d2a9b7 --by "the owner" --words "the carrier was late, not we"
    """
    del seed
    from api.cli.score import named_values
    from services.scores.open_desk import open_desk
    from store.home import Home

    if action != "list" and name is None:
        raise InputError("ID", f"what to {action} about", "nothing")
    if action == "decide" and decision is None:
        raise InputError("--decision", "upheld, corrected or withdrawn", "nothing")
    inputs = named_values(correct, "--correct")
    settings = read_settings(home=home)
    place = Home(settings.home)
    said = {"by": by, "words": words}
    with open_desk(place, settings.database(), key=settings.secret()) as desk:
        if action == "decide":
            told = _decided(desk, str(name), decision=str(decision), inputs=inputs, **said)
        else:
            told = _asked(desk, place, name, said) if action == "ask" else _listed(desk, state)
    emit(told, as_json=as_json, title="Reviews of scores")


def _asked(desk: Any, place: Any, score_id: str | None, said: dict[str, str]) -> dict[str, Any]:
    from services.scores.rights import ask_review
    from services.viewer import Viewer

    return ask_review(desk, place.current(), Viewer(), str(score_id), **said)


def _listed(desk: Any, state: str | None) -> dict[str, Any]:
    from services.scores.rights import list_reviews
    from services.viewer import Viewer

    return {"reviews": list_reviews(desk, None, Viewer(), state=state)}


def _decided(desk: Any, review_id: str, **decision: Any) -> dict[str, Any]:
    from services.scores.rights import decide_review
    from services.viewer import Viewer

    return decide_review(desk, Viewer(), review_id, **decision)
