"""Examples of facts; a test posts each one."""

from __future__ import annotations

from typing import Any

__all__ = ["FACT_EXAMPLES"]

_ORDER = {
    "key": "erp-4711",
    "kind": "order",
    "occurred_at": "2026-03-02T14:00:03+08:00",
    "order_id": "o-4711",
    "sku_id": "soap",
    "pieces": 30,
    "buyer_id": "s1",
}
_SALE = {
    "key": "pos-17",
    "kind": "sale",
    "occurred_at": "2026-03-02T21:30:00+08:00",
    "unique_id": "soap@store-1",
    "ds": "2026-03-02",
    "pieces": 5,
}

FACT_EXAMPLES: dict[str, Any] = {
    "an order": {"summary": "One order, as the shop's system names it", "value": _ORDER},
    "a corrected sale": {
        "summary": "A sale, and its correction: three pieces, not five",
        "value": {
            "facts": [
                _SALE,
                {
                    **_SALE,
                    "key": "pos-17-b",
                    "corrects": "pos-17",
                    "occurred_at": "2026-03-03T09:00:00+08:00",
                    "pieces": 3,
                },
            ]
        },
    },
    "a supplier is down": {
        "summary": "A supplier has nothing left for now",
        "value": {
            "key": "f1-down",
            "kind": "capacity_change",
            "occurred_at": "2026-03-02T15:00:00+08:00",
            "supplier_id": "f1",
            "left_share": 0,
        },
    },
    "a push to communities": {
        "summary": "A coupon at two o'clock; orders of these communities in the day after it are its wave",
        "value": {
            "key": "wave-0302",
            "kind": "push",
            "occurred_at": "2026-03-01T18:00:00+08:00",
            "wave_id": "wave-0302",
            "push_at": "2026-03-02T14:00:00+08:00",
            "coupon": "5-off",
            "communities": [{"community_id": "s1", "members": 180}, {"community_id": "s2", "members": 95}],
        },
    },
}
