"""What came true: taken in once, and joined to the scores that foretold it."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from contracts.errors import EvenflowError, InputError, UnknownIdError
from services.scores.contract import Field, Kind, check_fields, digest
from services.scores.desk import last_moment, moment_of
from services.scores.registry import kind_of
from services.viewer import Viewer
from store.score_book import KeptScore, ScoreBook

__all__ = ["record_outcomes"]

_TEXT = {"kind": "text", "required": True}
_ID = Field(name="outcome_id", description="The outcome's id.", kind="text", required=True)
_NAMES = ("outcome_id", "score_id", "kind", "subject", "context", "value", "at")
_MOST = 1e15


def record_outcomes(book: ScoreBook, viewer: Viewer, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Keep what came true, each outcome once, and tell which score foretold it.

    Parameters
    ----------
    viewer
        Whose outcomes they are: they are joined to its own scores only.
    rows
        ``outcome_id``, ``value``, ``at`` and either ``score_id`` or ``kind`` and ``subject``, perhaps with ``context``.
        One party names the score, or is itself the subject. A score that is named was told, or of a day, before ``at``.

    Returns
    -------
    dict
        ``applied`` (new), ``known`` (sent before), ``refused``, ``joined`` (of the first two, those that a score
        foretold), and per row ``outcome_id, state`` (applied, known, refused), ``score_id`` (None yet if nothing
        foretold it) and ``reason`` (of a refusal).
    """
    tenant = viewer.tenant or ""
    fates: list[dict[str, Any]] = []
    good: dict[int, dict[str, Any]] = {}
    seen: set[str] = set()
    for place, row in enumerate(rows):
        fates.append({"outcome_id": row.get("outcome_id"), "state": "refused", "score_id": None, "reason": None})
        try:
            checked = _checked(book, viewer, row)
        except EvenflowError as error:
            fates[place]["reason"] = str(error)
            continue
        if checked["outcome_id"] in seen:
            fates[place]["reason"] = "outcome_id: expected each once in a batch"
            continue
        seen.add(checked["outcome_id"])
        good[place] = checked
    _keep(book, tenant, good, fates)
    states = [fate["state"] for fate in fates]
    joined = sum(fate["score_id"] is not None for fate in fates)
    return {state: states.count(state) for state in ("applied", "known", "refused")} | {"joined": joined, "rows": fates}


def _keep(book: ScoreBook, tenant: str, good: dict[int, dict[str, Any]], fates: list[dict[str, Any]]) -> None:
    places = list(good)
    told = book.add_outcomes(tenant, list(good.values()))
    for state, which in (("applied", told.applied), ("known", told.known)):
        for at in which:
            fates[places[at]]["state"] = state
    for at in told.changed:
        fates[places[at]]["reason"] = "outcome_id: expected the same outcome as before under this id, got another"
    by_kind: dict[str, list[int]] = defaultdict(list)
    for place, row in good.items():
        if fates[place]["state"] != "refused":
            by_kind[row["kind"]].append(place)
    for kind, at_places in by_kind.items():
        found = book.foretold(tenant, kind, [good[place]["outcome_id"] for place in at_places])
        for place in at_places:
            fates[place]["score_id"] = found.get(good[place]["outcome_id"])


def _checked(book: ScoreBook, viewer: Viewer, row: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(row) - set(_NAMES)
    if unknown:
        raise InputError("outcome", f"only {', '.join(_NAMES)}", min(unknown))
    name = _ID.check(row.get("outcome_id"), "outcome")
    at = moment_of(str(row.get("at") or ""))
    kind, subject, context = _meant(book, viewer, row, int(at.timestamp() * 1000))
    value = _value(kind, row.get("value"))
    told = {"score_id": row.get("score_id"), "kind": kind.name, "subject": subject, "context": context, "value": value}
    told |= {"at_ms": int(at.timestamp() * 1000)}
    return {"outcome_id": name, **told, "digest": digest(told)}


def _meant(book: ScoreBook, viewer: Viewer, row: Mapping[str, Any], at_ms: int) -> tuple[Kind, str, str | None]:
    """Return the kind, subject and context of the score that is meant."""
    if row.get("score_id") is not None:
        told = _named(book, viewer.tenant or "", row, at_ms).told
        return kind_of(told["kind"]), str(told["subject"]), None
    kind_name, subject = row.get("kind"), row.get("subject")
    if not isinstance(kind_name, str) or not isinstance(subject, str) or not subject:
        raise InputError("outcome", "a score_id, or a kind and a subject", kind_name if subject else subject)
    if viewer.party not in (None, subject):
        raise InputError("outcome.subject", f"{viewer.party}, or the score_id of a score you were told", subject)
    kind = kind_of(kind_name)
    given = {name: value for name, value in (row.get("context") or {}).items() if value is not None}
    known = [one for one in kind.context if one.name in given]
    checked = check_fields(known, given, "outcome.context") if given else None
    return kind, subject, None if checked is None else orjson.dumps(checked, option=orjson.OPT_SORT_KEYS).decode()


def _named(book: ScoreBook, tenant: str, row: Mapping[str, Any], at_ms: int) -> KeptScore:
    """Return the score that an outcome names: a prediction, made without the outcome."""
    score_id = str(row["score_id"])
    kept = book.find(score_id)
    if kept is None or kept.tenant != tenant:
        raise UnknownIdError("score", score_id, where="outcome.score_id")
    told = kept.told
    for name in ("kind", "subject"):
        if row.get(name) not in (None, told[name]):
            raise InputError(f"outcome.{name}", f"{told[name]}, as of the score, or nothing", row[name])
    if told["what_if"]:
        raise InputError("outcome.score_id", "a score as it was told", f"{score_id}, which corrects one")
    if at_ms <= min(last_moment(told["as_of"]), kept.created_at_ms):
        raise InputError("outcome.at", f"a time after {told['as_of']}, up to which the score knew", row["at"])
    return kept


def _value(kind: Kind, value: object) -> float:
    most, least = (1.0, 0.0) if kind.is_probability else (_MOST, -_MOST)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InputError("outcome.value", "a number", value)
    if not least <= value <= most:
        expected = "a number from 0 to 1, as the kind is a probability" if kind.is_probability else "a number"
        raise InputError("outcome.value", expected, value)
    return float(value)
