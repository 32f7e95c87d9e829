"""The examples of the planning operations in the OpenAPI document; a test posts each one."""

from __future__ import annotations

from typing import Any

__all__ = [
    "BOX_EXAMPLES",
    "DISPATCH_EXAMPLES",
    "FRONTIER_EXAMPLES",
    "PLANNING_EXAMPLES",
    "QUOTE_EXAMPLES",
    "REPLAY_EXAMPLES",
    "REQUIREMENT_EXAMPLES",
    "SCENARIO_EXAMPLES",
]

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

SCENARIO_EXAMPLES: dict[str, Any] = {
    "a fair and an outage": {
        "summary": "A fair that sells a fifth more, and mill a without hours in the second week",
        "value": {
            **_TWO_MILLS,
            "scenarios": [
                {"name": "fair", "demand": 1.2},
                {"name": "mill a down", "down": [{"factory": "mill-a", "start": "2026-03-09", "end": "2026-03-09"}]},
                {"name": "no overtime, late is dearer", "overtime": 0, "late": 2},
            ],
        },
    },
}

_PATHS = [
    {
        "path": "a",
        "item": "tee",
        "bucket": week,
        "y": 50 + 10 * k,
        "as_of": _WEEKS[0],
        "q0.1": 40,
        "q0.5": 55,
        "q0.9": 80,
    }
    for k, week in enumerate(_WEEKS)
]

FRONTIER_EXAMPLES: dict[str, Any] = {
    "firm weeks": {
        "summary": "What a firm week and dearer lateness do, replayed on one history",
        "value": {
            **{name: _TWO_MILLS[name] for name in ("resources", "routes", "items")},
            "paths": _PATHS,
            "late": [0.5, 2],
            "firm_buckets": [0, 1],
        },
    },
}

REPLAY_EXAMPLES: dict[str, Any] = {
    "one history": {
        "summary": "Three policies on one history of three weeks",
        "value": {
            **{name: _TWO_MILLS[name] for name in ("resources", "routes", "items")},
            "paths": _PATHS,
            "policies": ["ours", "chase", "level"],
        },
    },
    "orders alone": {
        "summary": "One level pace without any forecast",
        "value": {
            **{name: _TWO_MILLS[name] for name in ("resources", "routes", "items")},
            "paths": [
                {"path": "a", "item": "tee", "bucket": row["bucket"], "y": row["y"], "as_of": None} for row in _PATHS
            ],
            "policies": ["pace"],
            "replay": {"pace": {"reach": 3}},
        },
    },
}

DISPATCH_EXAMPLES: dict[str, Any] = {
    "two workshops": {
        "summary": "Cutting stays in the central factory; sewing goes to the better of two qualified workshops",
        "value": {
            "demand": [{"item": "tee", "bucket": week, "y": 30} for week in _WEEKS],
            "resources": [
                {"resource": name, "bucket": week, "capacity": 40, "factory": shop}
                for name, shop in (("cutting", "central"), ("sewing-1", "ws-1"), ("sewing-2", "ws-2"))
                for week in _WEEKS
            ],
            "routes": [
                {"item": "tee", "route": "own", "step": step, "resource": name, "hours_per_unit": hours}
                for step, name, hours in ((10, "cutting", 0.2), (20, "sewing-1", 1.0), (20, "sewing-2", 1.0))
            ],
            "items": [{"item": "tee", "holding_cost": 0.1, "backlog_cost": 5.0, "lost_cost": 50.0}],
            "workshops": [{"workshop": "ws-1", "otif_low": 0.9}, {"workshop": "ws-2", "otif_low": 0.6}],
            "outside": [{"resource": "sewing-1", "bucket": "2026-03-09", "hours": 20}],
            "terms": {"late_cost": 4.0},
        },
    },
}

PLANNING_EXAMPLES: dict[str, dict[str, Any]] = {
    "/v1/requirements": REQUIREMENT_EXAMPLES,
    "/v1/boxes": BOX_EXAMPLES,
    "/v1/quotes": QUOTE_EXAMPLES,
    "/v1/scenarios": SCENARIO_EXAMPLES,
    "/v1/frontiers": FRONTIER_EXAMPLES,
    "/v1/replays": REPLAY_EXAMPLES,
    "/v1/dispatches": DISPATCH_EXAMPLES,
}
"""All of them, by the path they are posted to."""
