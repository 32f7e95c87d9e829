"""Scorecards and trust must beat the simple rates on real histories."""

from pathlib import Path

import pytest

from benchmarks.reputation import lateness, scms_deliveries, trust


@pytest.mark.data
def test_lateness_beats_raw_rates(data_dir: Path) -> None:
    """On deliveries of medicines after 2010: better ranking and better probabilities."""
    scores = lateness(scms_deliveries(data_dir))
    for baseline in ("vendor_raw_rate", "category_mean"):
        assert scores["ours"]["auc"] > scores[baseline]["auc"] + 0.05
        assert scores["ours"]["brier"] < scores[baseline]["brier"]


@pytest.mark.data
def test_trust_beats_counting_judgements(data_dir: Path) -> None:
    """On the last fifth of traders' judgements of each other, however much the counts are smoothed."""
    aucs = trust(data_dir)["auc"]
    baseline = max(value for name, value in aucs.items() if name.startswith("beta"))
    assert aucs["ours_global"] > baseline + 0.01
    assert aucs["ours_pairwise"] > baseline + 0.01
