"""Examples of group orders; a test posts each one."""

from __future__ import annotations

from typing import Any

from api.http.launch_examples import WAVE_EXAMPLES

__all__ = ["GROUP_EXAMPLES", "HOLD_WAVES_EXAMPLES"]

_EARLIER: dict[str, Any] = WAVE_EXAMPLES["half an hour into a wave"]["value"]

GROUP_EXAMPLES: dict[str, Any] = {
    "two hours": {
        "summary": "Three communities, a coupon at two o'clock or in the evening, 60 pieces for both",
        "value": {
            "communities": [
                {"community_id": "c-1", "members": 300, "pushes_per_week": 2, "opted_in": True},
                {"community_id": "c-2", "members": 300, "quiet_from": 13, "quiet_to": 15, "opted_in": True},
                {"community_id": "c-3", "members": 300, "opted_in": False},
            ],
            "waves": [
                {
                    "wave_id": f"wave-{hour}",
                    "push_at": f"2026-03-06T{hour}:00:00+08:00",
                    "sku_id": "soap",
                    "coupon": "5 yuan off",
                    "margin_fen": 1_200,
                    "coupon_fen": 500,
                    "pieces": 60,
                }
                for hour in (14, 20)
            ],
            "pushes": [row for row in _EARLIER["pushes"] if row["wave_id"] != "wave-4"],
            "orders": [row for row in _EARLIER["orders"] if row["wave_id"] != "wave-4"],
            "as_of": "2026-03-05T14:30:00+08:00",
        },
    },
}

HOLD_WAVES_EXAMPLES: dict[str, Any] = {
    "one wave": {
        "summary": "Pieces of the factory's day for the wave at two o'clock",
        "value": {
            "waves": [
                {
                    "wave_id": "wave-14",
                    "sku_id": "soap",
                    "buyer_id": "platform",
                    "supplier_id": "f1",
                    "bucket": "2026-03-06",
                    "pieces": 40,
                }
            ]
        },
    },
}
