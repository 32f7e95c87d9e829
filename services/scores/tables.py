"""Files of scores: who is asked about, and what came true."""

from __future__ import annotations

from contracts.tables import Column, TableSchema

__all__ = ["OUTCOMES", "SUBJECTS"]

SUBJECTS = TableSchema(
    name="subjects",
    columns=(
        Column(
            name="subject",
            kind="str",
            description="What is scored: the id of a party, a style or an area, as the kind says. Further columns "
            "named like fields of the kind's context are that context.",
        ),
    ),
)

OUTCOMES = TableSchema(
    name="outcomes",
    key=("outcome_id",),
    columns=(
        Column(name="outcome_id", kind="str", description="Your own id: sent again it counts once."),
        Column(
            name="score_id",
            kind="str",
            required=False,
            nullable=True,
            description="The score it is the outcome of; or give kind and subject.",
        ),
        Column(
            name="kind",
            kind="str",
            required=False,
            nullable=True,
            description="Kind of score: the latest one told for an earlier day is meant. Further columns named like "
            "fields of its context are the context that it must have been told for.",
        ),
        Column(name="subject", kind="str", required=False, nullable=True, description="Subject of the score."),
        Column(
            name="value",
            kind="float",
            description="What came true, in the unit of the kind: 1 or 0 for one event, the share of several.",
        ),
        Column(name="at", kind="str", description="Day (YYYY-MM-DD) or moment with time zone when it was known."),
    ),
)
