"""A consumer-goods maker's half year: the plan against what its own factory did."""

import pytest

from benchmarks.plan_supplygraph import run_supplygraph


@pytest.mark.data
def test_the_plan_is_more_level_than_the_factory_with_less_stock_and_less_owed(data_dir) -> None:
    """On the maker's own orders and capacity, the days the factory ran are much more alike."""
    found = run_supplygraph(data_dir)
    assert found["factory"]["cv"] == pytest.approx(0.434, abs=0.01)
    assert found["rolling"]["cv"] <= 0.20
    assert found["plan"]["cv"] <= 0.20
    for plan in (found["plan"], found["rolling"]):
        assert plan["mean_stock"] <= found["factory"]["mean_stock"]
        assert plan["mean_backlog"] <= found["factory"]["mean_backlog"]
