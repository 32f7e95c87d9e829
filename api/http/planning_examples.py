"""The examples of the planning operations in the OpenAPI document; a test posts each one."""

from __future__ import annotations

from typing import Any

__all__ = ["BOX_EXAMPLES", "PLANNING_EXAMPLES", "QUOTE_EXAMPLES", "REQUIREMENT_EXAMPLES"]

REQUIREMENT_EXAMPLES: dict[str, Any] = {
    "a jacket": {
        "summary": "Ninety jackets: cut with a tenth lost, then sewn; two sleeves each",
        "value": {
            "demand": [
                {"item": "jacket", "bucket": "2026-03-02", "y": 0},
                {"item": "jacket", "bucket": "2026-03-16", "y": 90},
            ],
            "routes": [
                {
                    "item": "jacket",
                    "route": "own",
                    "step": 10,
                    "resource": "cutting",
                    "hours_per_unit": 0.1,
                    "yield": 0.9,
                    "lead_buckets": 1,
                },
                {"item": "jacket", "route": "own", "step": 20, "resource": "sewing", "hours_per_unit": 0.5},
                {"item": "sleeve", "route": "own", "step": 10, "resource": "sewing", "hours_per_unit": 0.05},
            ],
            "bom": [{"parent": "jacket", "component": "sleeve", "quantity": 2}],
            "items": [{"item": "sleeve", "initial_stock": 40}],
        },
    },
}

_WEEKS = ("2026-03-02", "2026-03-09", "2026-03-16")
_TWO_MILLS: dict[str, Any] = {
    "demand": [{"item": "tee", "bucket": week, "y": 60} for week in _WEEKS],
    "resources": [
        {"resource": line, "bucket": week, "capacity": 40, "overtime": 10, "factory": mill}
        for line, mill in (("a-1", "mill-a"), ("b-1", "mill-b"))
        for week in _WEEKS
    ],
    "routes": [
        {"item": "tee", "route": "own", "step": 1, "resource": line, "hours_per_unit": 0.5} for line in ("a-1", "b-1")
    ],
    "items": [{"item": "tee", "holding_cost": 0.1, "backlog_cost": 5.0, "lost_cost": 50.0}],
}

QUOTE_EXAMPLES: dict[str, Any] = {
    "two mills": {
        "summary": "When could either of two mills deliver a hundred more tees, and at what price?",
        "value": {**_TWO_MILLS, "orders": [{"order_id": "new-1", "item": "tee", "pieces": 100}]},
    },
}

BOX_EXAMPLES: dict[str, Any] = {
    "a mixed day": {
        "summary": "Two orders of a day on one line, mixed in six slots",
        "value": {
            "orders": [
                {
                    "order_id": "PO-1-1",
                    "item": "tee",
                    "route": "own",
                    "step": 1,
                    "resource": "line-1",
                    "pieces": 120,
                    "hours": 6.0,
                    "start": "2026-03-02",
                },
                {
                    "order_id": "PO-2-1",
                    "item": "cap",
                    "route": "own",
                    "step": 1,
                    "resource": "line-1",
                    "pieces": 60,
                    "hours": 2.0,
                    "start": "2026-03-02",
                },
            ],
            "slots_per_day": 6,
        },
    },
}

PLANNING_EXAMPLES: dict[str, dict[str, Any]] = {
    "/v1/requirements": REQUIREMENT_EXAMPLES,
    "/v1/boxes": BOX_EXAMPLES,
    "/v1/quotes": QUOTE_EXAMPLES,
}
"""All of them, by the path they are posted to."""
