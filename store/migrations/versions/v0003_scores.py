"""Scores, their models and outcomes, opt-outs and reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go forward."""
    _scores()
    _outcomes()
    _rights()


def downgrade() -> None:
    """Go back."""
    for table in ("score_reviews", "score_opt_outs", "score_outcomes", "score_models", "scores"):
        op.drop_table(table)


def _texts(*names: str, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=nullable) for name in names]


def _moment(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _number(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=False)


def _scores() -> None:
    op.create_table(
        "scores",
        *_texts("score_id", "tenant", "kind", "subject", "context", "as_of"),
        _moment("as_of_ms"),
        *(_number(name) for name in ("value", "low", "high")),
        *_texts("model_version", "inputs_hash", "inputs", "told", "origin"),
        _moment("created_at_ms"),
        sa.PrimaryKeyConstraint("score_id", name="pk_scores"),
    )
    op.create_index("ix_scores_tenant_kind_subject_as_of_ms", "scores", ["tenant", "kind", "subject", "as_of_ms"])
    op.create_index("ix_scores_subject_created_at_ms", "scores", ["subject", "created_at_ms"])
    op.create_table(
        "score_models",
        *_texts("tenant", "model_version", "body"),
        sa.PrimaryKeyConstraint("tenant", "model_version", name="pk_score_models"),
    )


def _outcomes() -> None:
    op.create_table(
        "score_outcomes",
        *_texts("tenant", "outcome_id"),
        *_texts("score_id", nullable=True),
        *_texts("kind", "subject"),
        *_texts("context", nullable=True),
        _number("value"),
        _moment("at_ms"),
        *_texts("digest"),
        _moment("created_at_ms"),
        sa.PrimaryKeyConstraint("tenant", "outcome_id", name="pk_score_outcomes"),
    )
    name = "ix_score_outcomes_tenant_kind_subject_at_ms"
    op.create_index(name, "score_outcomes", ["tenant", "kind", "subject", "at_ms"])


def _rights() -> None:
    op.create_table(
        "score_opt_outs",
        *_texts("party_id"),
        _moment("created_at_ms"),
        *_texts("tenant"),
        sa.Column("opted_out", sa.SmallInteger, nullable=False),
        *_texts("by", "words"),
        sa.PrimaryKeyConstraint("party_id", "created_at_ms", name="pk_score_opt_outs"),
        sa.CheckConstraint("opted_out IN (0, 1)", name="out_or_in"),
    )
    op.create_table(
        "score_reviews",
        *_texts("review_id"),
        sa.Column("step", sa.SmallInteger, nullable=False),
        *_texts("tenant", "decider", "score_id", "state", "by", "words"),
        *_texts("corrected_score_id", nullable=True),
        _moment("created_at_ms"),
        sa.PrimaryKeyConstraint("review_id", "step", name="pk_score_reviews"),
        sa.CheckConstraint(
            "(step = 0 AND state = 'asked') OR (step = 1 AND state <> 'asked')", name="asked_then_decided"
        ),
        sa.CheckConstraint("state IN ('asked', 'upheld', 'corrected', 'withdrawn')", name="state_known"),
    )
    op.create_index("ix_score_reviews_tenant_created_at_ms", "score_reviews", ["tenant", "created_at_ms"])
    op.create_index("ix_score_reviews_decider_created_at_ms", "score_reviews", ["decider", "created_at_ms"])
