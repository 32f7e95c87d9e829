"""The tables of the database, by topic; importing this package knows them all."""

from __future__ import annotations

from store.schema.access import API_KEYS, AUDIT
from store.schema.base import METADATA
from store.schema.flow import FACTS, PARKED_WORK, STAGES
from store.schema.reservations import CAPACITIES, CREDITS, DECISIONS, RESERVATIONS
from store.schema.scores import SCORE_MODELS, SCORE_OPT_OUTS, SCORE_OUTCOMES, SCORE_REVIEWS, SCORES
from store.schema.settlement import SETTLEMENT_ENTRIES, SETTLEMENT_EVENTS, SETTLEMENT_RULES
from store.schema.webhooks import DELIVERIES, WEBHOOKS
from store.schema.writes import IDEMPOTENCY, OUTBOX

__all__ = [
    "API_KEYS",
    "AUDIT",
    "CAPACITIES",
    "CREDITS",
    "DECISIONS",
    "DELIVERIES",
    "FACTS",
    "IDEMPOTENCY",
    "METADATA",
    "OUTBOX",
    "PARKED_WORK",
    "RESERVATIONS",
    "SCORES",
    "SCORE_MODELS",
    "SCORE_OPT_OUTS",
    "SCORE_OUTCOMES",
    "SCORE_REVIEWS",
    "SETTLEMENT_ENTRIES",
    "SETTLEMENT_EVENTS",
    "SETTLEMENT_RULES",
    "STAGES",
    "WEBHOOKS",
]
