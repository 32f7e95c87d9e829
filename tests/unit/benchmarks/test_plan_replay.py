"""The replay benchmark on worlds small enough for a test."""

import pytest

from benchmarks.plan_replay import figures, frontier, tune
from benchmarks.plan_world import make_world
from planning.replay_paired import paired_with_first


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make worlds small."""
    monkeypatch.setattr("benchmarks.plan_replay.make_world", lambda seed: make_world(seed, n_styles=40, n_factories=2))


def test_tables_and_policies_fit_together() -> None:
    """A small world runs through every kind of policy; counting on revisions costs less than not."""
    found = figures([1], ["ours", "quantiles", "heijunka_rule"])
    cost = {name: rows[0]["cost"]["total"] for name, rows in found.items()}
    assert cost["ours"] < cost["quantiles"] < cost["heijunka_rule"]
    paired = paired_with_first(found)["quantiles"]
    assert paired["better_in"] == 1
    assert paired["cost_ratio"] == cost["ours"] / cost["quantiles"]


def test_tuning_takes_the_cheapest_combination(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two combinations tried the one of less cost is returned, with that cost."""
    grids = "benchmarks.plan_replay.GRIDS"
    monkeypatch.setattr(grids, {"chase": ((1,), (0, 2), (0.0,))})
    both = tune("chase", (1,))
    monkeypatch.setattr(grids, {"chase": ((1,), (2 - both["rule"].cover,), (0.0,))})
    assert tune("chase", (1,))["cost"] > both["cost"]


def test_a_dearer_lateness_buys_fill() -> None:
    """The frontier's points carry what was asked and what it brought."""
    low, high = frontier([1], [{"late_factor": 0.3}, {"late_factor": 3.0}])
    assert low["firm"] == 1
    assert low["late_factor"] == 0.3
    assert low["fill_rate"] < high["fill_rate"]
    assert low["leftover"] < high["leftover"]
