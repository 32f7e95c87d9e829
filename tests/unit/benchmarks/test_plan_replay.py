"""The replay benchmark on worlds small enough for a test."""

from benchmarks.plan_replay import figures
from benchmarks.plan_world import make_world
from planning.replay_paired import paired_with_first


def test_tables_and_policies_fit_together(monkeypatch) -> None:
    """A small world runs through every kind of policy; counting on revisions costs less than not."""
    monkeypatch.setattr("benchmarks.plan_replay.make_world", lambda seed: make_world(seed, n_styles=60, n_factories=2))
    found = figures([1], ["ours", "quantiles", "heijunka_rule"])
    cost = {name: rows[0]["cost"]["total"] for name, rows in found.items()}
    assert cost["ours"] < cost["quantiles"] < cost["heijunka_rule"]
    paired = paired_with_first(found)["quantiles"]
    assert paired["better_in"] == 1
    assert paired["cost_ratio"] == cost["ours"] / cost["quantiles"]
