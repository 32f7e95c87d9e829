"""The examples of the operations on launches and waves; a test posts each one."""

from __future__ import annotations

from typing import Any

__all__ = ["DECISION_EXAMPLES", "SELECTION_EXAMPLES", "WAVE_EXAMPLES"]

_FORECASTS: list[dict[str, Any]] = [
    {"style_id": "dress-1", "checkpoint": "0h", "q0.1": 400, "q0.5": 1_500, "q0.9": 9_000, "p_hit": 0.2},
    {"style_id": "dress-1", "checkpoint": "3d", "q0.1": 900, "q0.5": 1_500, "q0.9": 2_600, "p_hit": 0.05},
    {"style_id": "dress-2", "checkpoint": "0h", "q0.1": 60, "q0.5": 150, "q0.9": 500, "p_hit": 0.01},
    {"style_id": "dress-2", "checkpoint": "3d", "q0.1": 100, "q0.5": 150, "q0.9": 260, "p_hit": 0.0},
]
_TERMS: list[dict[str, Any]] = [
    {
        "style_id": name,
        "launch_at": "2026-03-02T20:00:00+08:00",
        "price_fen": 12_900,
        "unit_cost_fen": 5_200,
        "salvage_fen": 2_000,
        "lead_time_days": 4,
        "minimum_order": 200,
    }
    for name in ("dress-1", "dress-2")
]

DECISION_EXAMPLES: dict[str, Any] = {
    "two styles at launch": {
        "summary": "What to order at launch, and what three days of sales would be worth knowing first",
        "value": {"launches": _FORECASTS, "styles": _TERMS, "at": "0h"},
    },
}

SELECTION_EXAMPLES: dict[str, Any] = {
    "one of two": {
        "summary": "Only one can be made: the one more likely to be a hit",
        "value": {"launches": _FORECASTS, "styles": _TERMS, "count": 1, "objective": "hit", "at": "0h"},
    },
}

_COMMUNITIES = ("c-1", "c-2", "c-3")
_DAYS = ("2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05")


def _orders() -> list[dict[str, Any]]:
    """Three finished waves, and the first half hour of a fourth that runs half as strong again."""
    counts = {"14:05": 30, "14:20": 18, "14:50": 12, "16:10": 9, "20:30": 6}
    rows = [
        {"wave_id": f"wave-{i}", "community_id": name, "placed_at": f"{day}T{at}:00+08:00", "orders": n + k}
        for i, day in enumerate(_DAYS[:3], start=1)
        for k, name in enumerate(_COMMUNITIES)
        for at, n in counts.items()
    ]
    return rows + [
        {"wave_id": "wave-4", "community_id": name, "placed_at": f"{_DAYS[3]}T{at}:00+08:00", "orders": n}
        for name in _COMMUNITIES
        for at, n in {"14:05": 45, "14:20": 27}.items()
    ]


WAVE_EXAMPLES: dict[str, Any] = {
    "half an hour into a wave": {
        "summary": "Three communities, three finished waves, a fourth that began at 14:00",
        "value": {
            "pushes": [
                {
                    "wave_id": f"wave-{i}",
                    "community_id": name,
                    "push_at": f"{day}T14:00:00+08:00",
                    "members": 300,
                    "coupon": "5 yuan off",
                }
                for i, day in enumerate(_DAYS, start=1)
                for name in _COMMUNITIES
            ],
            "orders": _orders(),
            "as_of": "2026-03-05T14:30:00+08:00",
        },
    },
}
