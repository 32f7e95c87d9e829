"""Scores that were told, what came true of them, who opted out, and what people were asked to look at again."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Double, Index, SmallInteger, Table, Text

from store.schema.base import METADATA, moment, tenant

__all__ = ["REVIEW_STATES", "SCORES", "SCORE_MODELS", "SCORE_OPT_OUTS", "SCORE_OUTCOMES", "SCORE_REVIEWS"]

REVIEW_STATES = ("asked", "upheld", "corrected", "withdrawn")

SCORES = Table(
    "scores",
    METADATA,
    Column("score_id", Text, primary_key=True),
    tenant(),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("as_of", Text, nullable=False),
    moment("as_of_ms"),
    Column("value", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("inputs_hash", Text, nullable=False),
    Column("inputs", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("origin", Text, nullable=False),
    moment("created_at_ms"),
    Index(None, "tenant", "kind", "subject", "as_of_ms"),
    Index(None, "subject", "created_at_ms"),
)
"""Answers and the inputs they can be computed from again. `as_of_ms` is the last moment that could have a part in it.

`origin` is ``asked``, or ``review``: what a review made of another one, no prediction.
"""

SCORE_MODELS = Table(
    "score_models",
    METADATA,
    tenant(key=True),
    Column("model_version", Text, primary_key=True),
    Column("body", Text, nullable=False),
)
"""What was learnt from everybody, each version once."""

SCORE_OUTCOMES = Table(
    "score_outcomes",
    METADATA,
    tenant(key=True),
    Column("outcome_id", Text, primary_key=True),
    Column("score_id", Text),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("context", Text),
    Column("value", Double, nullable=False),
    moment("at_ms"),
    Column("digest", Text, nullable=False),
    moment("created_at_ms"),
    Index(None, "tenant", "kind", "subject", "at_ms"),
)
"""What came true: of one score, or of the latest one before it of the same kind, subject and, if given, context."""

SCORE_OPT_OUTS = Table(
    "score_opt_outs",
    METADATA,
    Column("party_id", Text, primary_key=True),
    Column("created_at_ms", BigInteger, primary_key=True, autoincrement=False),
    tenant(),
    Column("opted_out", SmallInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("words", Text, nullable=False),
    CheckConstraint("opted_out IN (0, 1)", "out_or_in"),
)
"""Who went out and came back, never changed: the latest row of a party counts."""

SCORE_REVIEWS = Table(
    "score_reviews",
    METADATA,
    Column("review_id", Text, primary_key=True),
    Column("step", SmallInteger, primary_key=True, autoincrement=False),
    tenant(),
    Column("decider", Text, nullable=False),
    Column("score_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("corrected_score_id", Text),
    moment("created_at_ms"),
    CheckConstraint("(step = 0 AND state = 'asked') OR (step = 1 AND state <> 'asked')", "asked_then_decided"),
    CheckConstraint(f"state IN ({', '.join(repr(state) for state in REVIEW_STATES)})", "state_known"),
    Index(None, "tenant", "created_at_ms"),
    Index(None, "decider", "created_at_ms"),
)
"""Reviews, a row per step, never changed: asked by `tenant` (step 0), decided once by `decider` (step 1)."""
