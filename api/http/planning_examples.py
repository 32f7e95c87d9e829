"""The examples of the planning operations in the OpenAPI document; a test posts each one."""

from __future__ import annotations

from typing import Any

__all__ = ["BOX_EXAMPLES", "REQUIREMENT_EXAMPLES"]

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
