"""`evenflow score`: any kind of judgement about any subjects, with range, parts and reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.output import emit
from api.settings import read_settings
from contracts.errors import EvenflowError, InputError

__all__ = ["named_values", "score"]


_Kind = Annotated[
    str, typer.Argument(metavar="KIND", help="Kind of score, or `kinds` to list them; `--json` tells each in full.")
]
_Subject = Annotated[list[str] | None, typer.Option(help="Who or what is scored; may be given several times.")]
_Subjects = Annotated[Path | None, typer.Option(help="Or a table: subject, and columns named like the kind's context.")]
_Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A field of the context, for all subjects.")
]
_Context = Annotated[Path | None, typer.Option(help="A table of contexts, one a row: every subject is scored in each.")]
_WhatIf = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="An input to take instead of what is known; the answer isn't kept."),
]
_AsOf = Annotated[str | None, typer.Option(help="Day, or moment with time zone: nothing later is looked at.")]
_Replay = Annotated[str | None, typer.Option(metavar="ID", help="Compute a kept score of this kind again.")]
_Out = Annotated[Path | None, typer.Option(help="Scores to write (.csv or .parquet).")]
_Parts = Annotated[Path | None, typer.Option(help="What each is made of, to write.")]
_Keep = Annotated[bool, typer.Option("--keep/--dry-run", help="Keep the scores, to replay and compare later.")]
_Home = Annotated[Path | None, typer.Option(help="Where loaded networks live; EVENFLOW_HOME by default.")]
_Seed = Annotated[int, typer.Option(min=0, help="Taken like everywhere; nothing here is drawn at random.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def score(
    kind: _Kind,
    *,
    subject: _Subject = None,
    subjects: _Subjects = None,
    set_: _Set = None,
    context: _Context = None,
    what_if: _WhatIf = None,
    as_of: _AsOf = None,
    replay: _Replay = None,
    out: _Out = None,
    parts: _Parts = None,
    keep: _Keep = True,
    home: _Home = None,
    seed: _Seed = 0,
    as_json: _AsJson = False,
) -> None:
    """Score parties, styles or areas of the loaded network: value, range, evidence, parts that sum to it, reasons.

    Example: evenflow score supplier --subject factory-7 --home my-net
    """
    del seed
    from services.scores.open_desk import open_desk
    from services.scores.registry import kind_of
    from store.home import Home

    if kind == "kinds":
        _emit_kinds(as_json=as_json)
        return
    kind_of(kind)
    _require_subjects(subject, subjects, replay)
    _require_writable([out, parts], [subjects, context])
    settings = read_settings(home=home)
    place = Home(settings.home)
    options = {"as_of": as_of, "keep": keep, "inputs": named_values(what_if, "--what-if")}
    with open_desk(place, settings.database(), key=settings.secret()) as desk:
        if replay is not None:
            _replay(desk, place, replay, as_json=as_json)
            return
        setting = (named_values(set_, "--set"), context)
        scores, made_of = _scored(desk, place, kind, (subject, subjects), setting=setting, options=options)
    _write(scores, made_of, out, parts)
    _emit(scores, made_of, kind, out, as_json=as_json)


def _require_subjects(subject: list[str] | None, subjects: Path | None, replay: str | None) -> None:
    if sum(bool(one) for one in (subject, subjects, replay)) != 1:
        raise InputError("--subject", "one of --subject, --subjects and --replay", "none or several of them")


def _require_writable(outputs: list[Path | None], inputs: list[Path | None]) -> None:
    from services.files import check_writable

    for path in outputs:
        if path is not None:
            check_writable(path, *(one for one in inputs if one is not None))


def _emit_kinds(*, as_json: bool) -> None:
    from services.scores.registry import all_kinds

    told = {name: one.told() if as_json else one.judges for name, one in all_kinds().items()}
    emit(told, as_json=as_json, title="Kinds of scores")


def _scored(
    desk: Any,
    place: Any,
    kind: str,
    asked: tuple[list[str] | None, Path | None],
    *,
    setting: tuple[dict[str, Any], Path | None],
    options: dict[str, Any],
) -> tuple[Any, Any]:
    import pandas as pd

    from services.files import read_raw
    from services.scores.score_files import score_subjects

    (names, path), (fixed, contexts) = asked, setting
    rows = pd.DataFrame({"subject": names}) if path is None else read_raw(path)
    table = None if contexts is None else read_raw(contexts)
    sources = ("--subject" if path is None else path.name, "--context" if contexts is None else contexts.name)
    rows = rows.assign(**{name: value for name, value in fixed.items() if name not in rows})
    return score_subjects(desk, place.current(), kind, rows, context=table, sources=sources, **options)


def _replay(desk: Any, place: Any, score_id: str, *, as_json: bool) -> None:
    from services.viewer import Viewer

    found = desk.replay(place.current(), Viewer(), score_id)
    emit(found, as_json=as_json, title=f"Replayed {score_id}")
    if not found["same"]:
        raise EvenflowError(f"score {score_id}: computed again it is not the same")


def named_values(given: list[str] | None, option: str) -> dict[str, Any]:
    """Return NAME=VALUE pairs; numbers as numbers, an empty value as unknown."""
    pairs: dict[str, Any] = {}
    for one in given or ():
        name, equals, value = one.partition("=")
        if not name or not equals:
            raise InputError(option, "NAME=VALUE", one)
        pairs[name] = _value(value)
    return pairs


def _value(text: str) -> Any:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if text.lstrip("+-").isdigit() else number


def _write(scores: Any, made_of: Any, out: Path | None, parts: Path | None) -> None:
    from services.files import write_table

    for frame, path in ((scores, out), (made_of, parts)):
        if path is not None:
            write_table(frame, path)


def _emit(scores: Any, made_of: Any, kind: str, out: Path | None, *, as_json: bool) -> None:
    failed = int(scores["id"].isna().sum())
    if len(scores) == 1 and failed:
        raise EvenflowError(str(scores["reason"].iloc[0]))
    counts: dict[str, Any] = {"kind": kind, "scores": len(scores) - failed, "not_scored": failed}
    if out is not None:
        emit(counts | {"out": str(out)}, as_json=as_json, title=f"{kind} scores")
        return
    told = []
    for row in scores.to_dict("records"):
        own = made_of[made_of["id"] == row["id"]] if len(made_of) else made_of
        told.append(row | {"parts": dict(zip(own["part"], own["contribution"], strict=True)) if len(own) else {}})
    if as_json:
        emit(counts | {"rows": told}, as_json=True, title="")
        return
    for row in told:
        emit(row | {"reason": str(row["reason"]).split("; ")}, as_json=False, title=f"{kind}: {row['subject']}")
