"""The examples of the OpenAPI document; a test posts each one and expects the answer it promises."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

__all__ = [
    "CANDIDATE_EXAMPLES",
    "CREDIT_PRICE_EXAMPLES",
    "EVENT_EXAMPLES",
    "FORECAST_EXAMPLES",
    "LAUNCH_EXAMPLES",
    "MATCH_EXAMPLES",
    "PLAN_EXAMPLES",
    "SIGNAL_EXAMPLES",
]

_WEEK = (4, 3, 5, 4, 6, 9, 8)  # sales by weekday: the weekend sells twice as much


def _sales(days: int = 56) -> list[dict[str, Any]]:
    first = date(2026, 1, 5)
    return [
        {"unique_id": "soap@store-1", "ds": (first + timedelta(days=n)).isoformat(), "y": _WEEK[n % 7]}
        for n in range(days)
    ]


FORECAST_EXAMPLES: dict[str, Any] = {
    "one series": {
        "summary": "Eight weeks of one product in one store, seven days ahead",
        "value": {"sales": _sales(), "horizon": 7, "quantiles": [0.1, 0.5, 0.9]},
    },
}

PLAN_EXAMPLES: dict[str, Any] = {
    "two weeks": {
        "summary": "One item on one line: a quiet week, then a busy one",
        "value": {
            "demand": [
                {"item": "soap", "bucket": "2026-03-02", "y": 100},
                {"item": "soap", "bucket": "2026-03-09", "y": 300},
            ],
            "resources": [
                {"resource": "line-1", "bucket": "2026-03-02", "capacity": 40, "overtime": 8},
                {"resource": "line-1", "bucket": "2026-03-09", "capacity": 40, "overtime": 8},
            ],
            "routes": [{"item": "soap", "route": "main", "step": 1, "resource": "line-1", "hours_per_unit": 0.2}],
            "items": [{"item": "soap", "holding_cost": 0.1, "backlog_cost": 5.0, "lost_cost": 50.0}],
        },
    },
}

MATCH_EXAMPLES: dict[str, Any] = {
    "your tables": {
        "summary": "Two orders compete for the better of two factories",
        "value": {
            "orders": [{"order_id": "o-1", "pieces": 60}, {"order_id": "o-2", "pieces": 60}],
            "suppliers": [
                {"supplier_id": "factory-a", "capacity": 80},
                {"supplier_id": "factory-b", "capacity": 100},
            ],
            "candidates": [
                {"order_id": "o-1", "supplier_id": "factory-a", "score": 0.9},
                {"order_id": "o-1", "supplier_id": "factory-b", "score": 0.3},
                {"order_id": "o-2", "supplier_id": "factory-a", "score": 0.8},
                {"order_id": "o-2", "supplier_id": "factory-b", "score": 0.7},
            ],
        },
    },
    "process steps": {
        "summary": "A split factory's sewing goes to the two workshops that are qualified for it, by cost and days",
        "value": {
            "orders": [
                {"order_id": "cut-7", "pieces": 400, "sku_id": "dress-7", "process_step": "cutting"},
                {"order_id": "sew-7", "pieces": 400, "sku_id": "dress-7", "process_step": "sewing"},
            ],
            "suppliers": [
                {
                    "supplier_id": f"{workshop}: {step}",
                    "process_step": step,
                    "capacity": hours,
                    "hours_per_piece": each,
                    "cost_fen": cost,
                    "lead_time_days": days,
                }
                for workshop, step, hours, each, cost, days in (
                    ("central", "cutting", 80, 0.1, 300, 2.0),
                    ("w-1", "sewing", 120, 0.5, 900, 4.0),
                    ("w-2", "sewing", 160, 0.6, 800, 5.0),
                    ("w-3", "sewing", 200, 0.4, 700, 3.0),
                )
            ],
            "qualified": [
                {"supplier_id": "central: cutting", "process_step": "cutting"},
                {"supplier_id": "w-1: sewing", "process_step": "sewing", "sku_id": "dress-7"},
                {"supplier_id": "w-2: sewing", "process_step": "sewing"},
            ],
            "weights": {
                "parts": {
                    "cost_fen": {"weight": 0.5, "scale": 1000.0},
                    "lead_time_days": {"weight": 0.2, "scale": 7.0},
                }
            },
            "language": "zh",
        },
    },
}

CREDIT_PRICE_EXAMPLES: dict[str, Any] = {
    "sixty days": {
        "summary": "10 000 yuan on 60 days at 7.3 % a year, a tenth kept back until day 90, a buyer who is often late",
        "value": {
            "orders": [
                {
                    "amount_fen": 1_000_000,
                    "days": 60,
                    "annual_rate": 0.073,
                    "retained_share": 0.1,
                    "acceptance_days": 90,
                    "p_late": 0.3,
                    "days_late": 20,
                    "p_unpaid": 0.01,
                    "loss_share": 0.6,
                }
            ]
        },
    },
}

CANDIDATE_EXAMPLES: dict[str, Any] = {
    "loaded network": {
        "summary": "Who could fill one order, from the network that `evenflow load` loaded",
        "value": {
            "orders": [{"order_id": "o-1", "sku_id": "soap", "pieces": 12, "buyer_id": "s1"}],
            "top": 5,
            "filters": {"max_lead_time_days": 10, "without": ["f9"]},
            "introductions": True,
        },
    },
}

EVENT_EXAMPLES: dict[str, Any] = {
    "a new store": {
        "summary": "A store opens, a factory begins to supply it, and another store buys once more",
        "value": {
            "events": [
                {"event_id": "e-1", "event": "party", "id": "s3", "kind": "store", "region": "Hangzhou"},
                {
                    "event_id": "e-2",
                    "event": "relation",
                    "at": "2026-03-01",
                    "src": "f1",
                    "dst": "s3",
                    "kind": "supplies",
                },
                {
                    "event_id": "e-3",
                    "event": "trade",
                    "at": "2026-03-02",
                    "src": "f1",
                    "dst": "s1",
                    "kind": "supplies",
                    "amount_fen": 480_000,
                },
            ]
        },
    },
}

SIGNAL_EXAMPLES: dict[str, Any] = {
    "a teaser": {
        "summary": "Reposts of a teaser so far, and a preorder that a KOL brought",
        "value": {
            "signals": [
                {
                    "style_id": "dress-7",
                    "kind": "repost",
                    "count": 31,
                    "cumulative": True,
                    "source": "weibo",
                    "content_id": "post-1",
                    "signal_time": "2026-03-01T12:00:00+08:00",
                    "observed_at": "2026-03-01T12:00:00+08:00",
                },
                {
                    "style_id": "dress-7",
                    "kind": "preorder",
                    "count": 2,
                    "unit": "pieces",
                    "source": "shop",
                    "content_id": "order-1",
                    "kol_id": "kol-9",
                    "amount_fen": 39800,
                    "signal_time": "2026-03-01T12:05:00+08:00",
                    "observed_at": "2026-03-01T12:05:00+08:00",
                },
            ]
        },
    },
}


def _launched(number: int) -> dict[str, Any]:
    day = (date(2026, 1, 5) + timedelta(days=2 * number)).isoformat()
    finished = {} if number == 8 else {"total": 400 + 150 * (number % 5), "final_at": f"{day}T23:00:00+08:00"}
    return {"style_id": f"dress-{number}", "launch_at": f"{day}T20:00:00+08:00", **finished}


def _teased(number: int) -> dict[str, Any]:
    day = (date(2026, 1, 5) + timedelta(days=2 * number)).isoformat()
    at = {"signal_time": f"{day}T12:00:00+08:00", "observed_at": f"{day}T12:00:00+08:00"}
    return {"style_id": f"dress-{number}", "kind": "repost", "count": 20 + 10 * (number % 5), **at}


LAUNCH_EXAMPLES: dict[str, Any] = {
    "a teaser": {
        "summary": "Eight styles that are over, and a ninth whose teaser is out",
        "value": {
            "styles": [_launched(number) for number in range(9)],
            "signals": [_teased(number) for number in range(9)],
            "checkpoints": ["0h"],
        },
    },
}
