"""The examples of reservations in the OpenAPI document; a test posts each one."""

from __future__ import annotations

from typing import Any

__all__ = ["CAPACITY_EXAMPLES", "HOLD_EXAMPLES"]

HOLD_EXAMPLES: dict[str, Any] = {
    "order only": {
        "summary": "The loaded network finds who could fill it",
        "value": {"order_id": "o-1", "sku_id": "soap", "pieces": 30, "buyer_id": "s1", "ttl_seconds": 600},
    },
}

CAPACITY_EXAMPLES: dict[str, Any] = {
    "two suppliers": {
        "summary": "What two suppliers offer of a sku on a day, and what a buyer may take from one on credit",
        "value": {
            "capacities": [
                {"supplier_id": "f1", "good": "soap", "bucket": "2026-12-01", "offered": 100},
                {"supplier_id": "f2", "good": "soap", "bucket": "2026-12-01", "offered": 80},
            ],
            "credits": [{"buyer_id": "s1", "supplier_id": "f1", "limit_fen": 5_000_000}],
        },
    },
}
