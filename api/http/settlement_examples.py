"""The examples of settlement in the OpenAPI document; a test posts each one."""

from __future__ import annotations

from typing import Any

__all__ = ["PREVIEW_EXAMPLES", "SETTLEMENT_EXAMPLES"]

_RULES = {
    "name": "spring 2026",
    "rest": "brand",
    "rules": [
        {"role": "platform", "of": "price", "percent": 5},
        {"role": "workshop", "fixed_fen": 300, "per": "piece"},
        {"role": "kol", "tiers": [[0, 10], [10000, 15]], "filled_by": "touch"},
        {"role": "guide", "percent": 8, "filled_by": "binding", "within_days": 365},
    ],
    "discounts": [{"order_number": 1, "percent": 20, "paid_by": "brand"}],
    "attribution": {"window_days": {"live": 3, "link": 14}},
}
_BODY = {
    "rules": _RULES,
    "sales": [
        {
            "sale_id": "s-1",
            "sold_at": "2026-03-02T20:15:00+08:00",
            "price_fen": 39800,
            "cost_fen": 12000,
            "pieces": 2,
            "order_number": 1,
            "journey_id": "link-9",
            "binding_id": "round-3",
            "platform": "shop",
            "workshop": "w-1",
            "kol": "kol-8",
            "brand": "acme",
        }
    ],
    "touches": [
        {"journey_id": "link-9", "touched_at": "2026-02-25T21:00:00+08:00", "channel": "link", "party_id": "kol-7"}
    ],
    "bindings": [{"binding_id": "round-3", "party_id": "guide-2", "starts_on": "2026-03-01"}],
}

PREVIEW_EXAMPLES: dict[str, Any] = {
    "a first order": {"summary": "What a KOL, a guide, a workshop, a platform and the brand would get", "value": _BODY},
}

SETTLEMENT_EXAMPLES: dict[str, Any] = {
    "a sale and its return": {
        "summary": "Demand that arose with one KOL and closed with another; a piece comes back",
        "value": {
            **_BODY,
            "returns": [
                {"return_id": "r-1", "sale_id": "s-1", "returned_at": "2026-03-09T12:00:00+08:00", "pieces": 1}
            ],
        },
    },
}
