"""Example requests about offers: they stand in the OpenAPI, and the tests run them."""

from __future__ import annotations

from typing import Any

__all__ = ["ANSWER_EXAMPLES", "OFFER_EXAMPLES", "OFFER_POSTS"]

_HISTORY = [
    {"seller_id": seller, "style_id": f"dress-{number}", "category": "dresses", "price_fen": 19900,
     "shown_on": f"2026-01-{number:02d}", "hour": 20, "accepted": accepted, "pieces": pieces, "returned": pieces // 8}
    for number, (seller, accepted, pieces) in enumerate(
        [("kol-1", True, 12), ("kol-2", True, 3), ("kol-1", False, 0), ("kol-2", True, 5), ("kol-1", True, 16)], 1
    )
]  # fmt: skip
OFFER_EXAMPLES: dict[str, Any] = {
    "two sellers": {
        "summary": "A dress and a coat for two sellers, one of them with one approach left, over three days",
        "value": {
            "sellers": [
                {"seller_id": "kol-1", "audience": 5000, "categories": "dresses", "price_fen": 18900},
                {"seller_id": "kol-2", "audience": 2000, "approaches_per_week": 1, "quiet_from": 12, "quiet_to": 14},
            ],
            "styles": [
                {"style_id": "dress-9", "category": "dresses", "price_fen": 19900, "margin_fen": 6000},
                {"style_id": "coat-1", "category": "coats", "price_fen": 49900, "margin_fen": 15000, "sellers_cap": 1},
            ],
            "history": _HISTORY,
            "free": [{"ds": f"2026-01-{day:02d}", "free_hours": 8.0} for day in (6, 7, 8)],
            "limits": {"approaches_per_week": 2},
        },
    },
}
ANSWER_EXAMPLES: dict[str, Any] = {
    "accepted": {
        "summary": "The seller takes the dress",
        "value": {"seller_id": "kol-1", "style_id": "dress-9", "state": "accepted"},
    },
}
OFFER_POSTS: dict[str, dict[str, Any]] = {"/v1/offers": OFFER_EXAMPLES, "/v1/offers/answers": ANSWER_EXAMPLES}
