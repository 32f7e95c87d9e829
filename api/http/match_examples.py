"""Examples of the routes beside `POST /v1/matches`; a test posts each one."""

from __future__ import annotations

from typing import Any

__all__ = [
    "BACKORDER_EXAMPLES",
    "BACKORDER_ROUTE_EXAMPLES",
    "MATCHING_EXAMPLES",
    "MATCH_REPLAY_EXAMPLES",
    "REFRESH_EXAMPLES",
    "ROUTE_EXAMPLES",
    "TWO_SIDED_EXAMPLES",
]

MATCH_REPLAY_EXAMPLES: dict[str, Any] = {
    "what if a factory is down": {
        "summary": "Two past orders by the optimum, online and round robin, and with factory-a down",
        "value": {
            "orders": [
                {"order_id": "o-1", "pieces": 60, "due_days": 3.0},
                {"order_id": "o-2", "pieces": 60, "due_days": 9.0},
            ],
            "suppliers": [
                {"supplier_id": "factory-a", "capacity": 80},
                {"supplier_id": "factory-b", "capacity": 100},
            ],
            "candidates": [
                {"order_id": "o-1", "supplier_id": "factory-a", "score": 0.9, "lead_time_days": 2.0},
                {"order_id": "o-1", "supplier_id": "factory-b", "score": 0.3, "lead_time_days": 5.0},
                {"order_id": "o-2", "supplier_id": "factory-a", "score": 0.8, "lead_time_days": 2.0},
                {"order_id": "o-2", "supplier_id": "factory-b", "score": 0.7, "lead_time_days": 5.0},
            ],
            "policies": ["batch", "online", "round_robin"],
            "variants": {"a is down": {"capacities": {"factory-a": 0}}, "fair": {"floor": 0.9}},
        },
    },
}
ROUTE_EXAMPLES: dict[str, Any] = {
    "refused once": {
        "summary": "One order on the loaded network that f2 has refused already, explained in Chinese",
        "value": {
            "order": {"order_id": "o-1", "sku_id": "soap", "pieces": 12, "buyer_id": "s1"},
            "rejected_by": ["f2"],
            "top": 10,
            "language": "zh",
        },
    },
}
REFRESH_EXAMPLES: dict[str, Any] = {
    "a cut": {
        "summary": "f2 has half of its capacity left, and half a day of orders like these is still to come",
        "value": {
            "cause": "capacity_cut",
            "events": [{"event": "capacity_cut", "supplier_id": "f2", "left_share": 0.5}],
            "share": 0.5,
            "orders": [
                {"order_id": "y-1", "sku_id": "soap", "pieces": 90, "buyer_id": "s1"},
                {"order_id": "y-2", "sku_id": "soap", "pieces": 90, "buyer_id": "s1"},
            ],
        },
    },
}
TWO_SIDED_EXAMPLES: dict[str, Any] = {
    "two guides": {
        "summary": "Two guides, one offer a week each; dress-1 goes to one of them, who refused dress-2 last week",
        "value": {
            "sellers": [{"seller_id": "guide-1", "cap": 1}, {"seller_id": "guide-2", "cap": 1}],
            "offers": [{"offer_id": "dress-1", "cap": 1}, {"offer_id": "dress-2", "cap": 1}],
            "pairs": [
                {"seller_id": "guide-1", "offer_id": "dress-1", "value": 3.0, "seller_value": 2.0, "offer_value": 1.0},
                {"seller_id": "guide-1", "offer_id": "dress-2", "value": 2.0, "seller_value": 1.0, "offer_value": 1.0},
                {"seller_id": "guide-2", "offer_id": "dress-1", "value": 2.5, "seller_value": 2.0, "offer_value": 0.5},
                {
                    "seller_id": "guide-2",
                    "offer_id": "dress-2",
                    "value": 1.0,
                    "seller_value": 1.0,
                    "offer_value": 0.0,
                    "state": "refused",
                },
            ],
        },
    },
}
BACKORDER_EXAMPLES: dict[str, Any] = {
    "twelve pieces": {
        "summary": "Twelve pieces that found no room wait",
        "value": {"order": {"order_id": "b-1", "sku_id": "soap", "pieces": 12, "buyer_id": "s1"}},
    },
}
BACKORDER_ROUTE_EXAMPLES: dict[str, Any] = {
    "a tenth a day": {
        "summary": "What waits, decided now; a day of waiting is worth 0.1 a piece",
        "value": {"ageing": 0.1, "language": "en"},
    },
}
MATCHING_EXAMPLES: dict[str, dict[str, Any]] = {
    "/v1/matches/replay": MATCH_REPLAY_EXAMPLES,
    "/v1/matches/route": ROUTE_EXAMPLES,
    "/v1/matches/two-sided": TWO_SIDED_EXAMPLES,
    "/v1/prices/refresh": REFRESH_EXAMPLES,
    "/v1/backorders": BACKORDER_EXAMPLES,
    "/v1/backorders/route": BACKORDER_ROUTE_EXAMPLES,
}
