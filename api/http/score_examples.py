"""The examples of scores in the OpenAPI document; a test posts each one."""

from __future__ import annotations

from typing import Any

__all__ = ["OPT_OUT_EXAMPLES", "OUTCOME_EXAMPLES", "SCORE_EXAMPLES", "SCORE_POSTS"]

SCORE_EXAMPLES: dict[str, Any] = {
    "a match": {
        "summary": "What a piece of an order is worth that one supplier fills",
        "value": {
            "kind": "match",
            "subject": "f1",
            "context": {"sku_id": "soap", "pieces": 12, "buyer_id": "s1"},
            "as_of": "2026-03-01",
        },
    },
    "a what-if": {
        "summary": "The same if it cost 600 fen a piece; not kept",
        "value": {
            "kind": "match",
            "subject": "f1",
            "context": {"sku_id": "soap", "pieces": 12, "buyer_id": "s1"},
            "as_of": "2026-03-01",
            "inputs": {"unit_cost_fen": 600},
        },
    },
    "trust": {"summary": "Whether a stranger can be trusted", "value": {"kind": "trust", "subject": "f2"}},
}

OUTCOME_EXAMPLES: dict[str, Any] = {
    "a delivery": {
        "summary": "A delivery that arrived on time and in full, a day on which nothing had foretold it",
        "value": {
            "outcomes": [
                {"outcome_id": "lot-1", "kind": "supplier", "subject": "f1", "value": 1.0, "at": "2026-03-09"},
            ]
        },
    },
}

OPT_OUT_EXAMPLES: dict[str, Any] = {
    "a small shop": {
        "summary": "A store that does not want to be scored",
        "value": {"party_id": "s1", "by": "the owner", "words": "we would rather not"},
    },
}

SCORE_POSTS = {
    "/v1/scores": SCORE_EXAMPLES,
    "/v1/outcomes": OUTCOME_EXAMPLES,
    "/v1/scores/opt-outs": OPT_OUT_EXAMPLES,
}
