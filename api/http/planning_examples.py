"""The examples of the planning operations in the OpenAPI document; a test posts each one."""

from __future__ import annotations

from typing import Any

__all__ = ["REQUIREMENT_EXAMPLES"]

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
