"""The demo's figures for people."""

from api.cli.demo_table import demo_table

FIGURES = {
    "parties": 3_000, "relations": 12_345, "sales_rows": 10, "series": 5,
    "baseline": "moving_level", "forecast_wape": 0.4921, "baseline_wape": 0.5, "interval_coverage": 0.956,
    "load_cv": 0.0004, "unlevelled_load_cv": 0.055, "plan_fill_rate": 0.979, "idle_hours": 1.2, "overtime_hours": 0.0,
    "plan_cost_fen": 945_364_9.08, "plan_gap": 0.0008,
    "orders": 100, "fill_rate": 0.92, "match_gap": 0.0, "mean_promised_days": None,
    "cost_parts_fen": {"goods": 123_456}, "shares_fen": {"group_leader": 50}, "seconds": {"plan": 1.234},
}  # fmt: skip


def test_money_is_in_yuan_and_shares_in_percent():
    """Neither fen nor the names of variables."""
    table = demo_table(FIGURES)
    assert table["Plan"]["cost"] == "¥94,536"
    assert table["Plan"]["expected demand made in time"] == "97.9 %"
    assert table["Forecast"]["best simple rule (moving level)"] == "50.0 %"
    assert table["Orders of a day"]["margin of the group leader"] == "¥0"
    assert table["Orders of a day"]["days until the promise, on average"] == "-"
    assert "_" not in str(table)
