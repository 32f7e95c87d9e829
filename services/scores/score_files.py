"""Scores of many subjects, and outcomes, from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from contracts.errors import EvenflowError, InputError
from services.scores.contract import Field, Kind
from services.scores.desk import Asked, ScoreDesk
from services.scores.outcomes import record_outcomes
from services.scores.registry import kind_of
from services.scores.tables import OUTCOMES, SUBJECTS
from services.viewer import Viewer
from store.snapshot import Snapshot

__all__ = ["outcome_rows", "score_subjects", "take_outcomes"]

_OPERATOR = Viewer()
_SHOWN = ("id", "value", "low", "high", "evidence_n", "rank", "as_of", "model_version", "inputs_hash")


def score_subjects(
    desk: ScoreDesk,
    snapshot: Snapshot,
    kind_name: str,
    subjects: pd.DataFrame,
    *,
    context: pd.DataFrame | None = None,
    as_of: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    keep: bool = True,
    sources: tuple[str, str] = ("subjects", "context"),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score subjects, each in each context.

    Parameters
    ----------
    subjects
        Raw rows (`services.scores.tables.SUBJECTS`); columns named like fields of the kind's context are context.
    context
        Further context columns, one row per context to score in; what a subject's own row says counts before it.
    as_of, inputs, keep
        Those of `services.scores.desk.Asked`.
    sources
        The files' names for messages.

    Returns
    -------
    scores, parts
        ``subject``, the context, then ``id, value, low, high, evidence_n, rank, as_of, model_version, inputs_hash,
        reason`` (all in one text; of what can't be scored, why) in the order of the rows; and per part ``id, subject,
        part, part_value, part_unit, contribution``.

    Raises
    ------
    TableError
        If a table is wrong; names the file, the column and the row.
    """
    kind = kind_of(kind_name)
    rows = SUBJECTS.check(subjects, sources[0])
    if context is not None and context.empty:
        raise InputError(sources[1], "at least one row", "an empty table")
    settings = [{}] if context is None else [_context(kind, row) for row in context.to_dict("records")]
    asked = [
        Asked(
            kind=kind.name,
            subject=row["subject"],
            context=setting | _context(kind, row),
            as_of=as_of,
            inputs=inputs or {},
            keep=keep,
        )
        for row in rows.to_dict("records")
        for setting in settings
    ]
    told = desk.score_many(snapshot, _OPERATOR, asked)
    return _scores(asked, told), _parts(told)


def take_outcomes(desk: ScoreDesk, frame: pd.DataFrame, *, source: str = "outcomes") -> dict[str, Any]:
    """Keep the outcomes of a file; see `services.scores.outcomes.record_outcomes`."""
    return record_outcomes(desk.book, _OPERATOR, outcome_rows(frame, source=source))


def outcome_rows(frame: pd.DataFrame, *, source: str = "outcomes") -> list[dict[str, Any]]:
    """Return the rows of a file of outcomes (`services.scores.tables.OUTCOMES`) with their contexts."""
    rows = OUTCOMES.check(frame, source).to_dict("records")
    names = [column.name for column in OUTCOMES.columns]
    found = []
    for row in rows:
        plain = {name: _cell(row.get(name)) for name in names if _cell(row.get(name)) is not None}
        kind = plain.get("kind")
        setting = _context(kind_of(str(kind)), row) if kind is not None else {}
        found.append(plain | ({"context": setting} if setting else {}))
    return found


def _context(kind: Kind, row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the cells of a row that are context of a kind."""
    given = {one.name: _typed(one, _cell(row.get(one.name))) for one in kind.context}
    return {name: value for name, value in given.items() if value is not None}


def _typed(field: Field, cell: Any) -> Any:
    """Return a cell of a file as the field wants it; what can't be is left for the field to refuse."""
    if cell is None or field.kind not in ("number", "whole"):
        return cell if cell is None else str(cell)
    try:
        number = float(cell)
    except (TypeError, ValueError):
        return cell
    return int(number) if field.kind == "whole" and number.is_integer() else number


def _cell(cell: Any) -> Any:
    return None if cell is None or pd.isna(cell) or cell == "" else cell


def _scores(asked: Sequence[Asked], told: Sequence[dict[str, Any] | EvenflowError]) -> pd.DataFrame:
    rows = []
    for one, answer in zip(asked, told, strict=True):
        head = {"subject": one.subject, **one.context}
        if isinstance(answer, EvenflowError):
            rows.append({**head, **dict.fromkeys(_SHOWN), "reason": str(answer)})
        else:
            rows.append({**head, **{name: answer[name] for name in _SHOWN}, "reason": "; ".join(answer["reasons"])})
    frame = pd.DataFrame(rows)
    return frame[[*(name for name in frame if name not in (*_SHOWN, "reason")), *_SHOWN, "reason"]]


def _parts(told: Sequence[dict[str, Any] | EvenflowError]) -> pd.DataFrame:
    rows = [
        {
            "id": answer["id"],
            "subject": answer["subject"],
            "part": part["name"],
            "part_value": part["value"],
            "part_unit": part["unit"],
            "contribution": part["contribution"],
        }
        for answer in told
        if not isinstance(answer, EvenflowError)
        for part in answer["parts"]
    ]
    return pd.DataFrame(rows, columns=None if rows else ["id", "subject", "part"])
