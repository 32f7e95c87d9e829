"""Paired comparison of policies against figures worked by hand."""

import pytest

from contracts.errors import InputError
from contracts.params import params_from
from planning.params import ReplayParams, RuleParams
from planning.replay_paired import mean_figures, paired_with_first


def path(total: float, fill: float | None) -> dict:
    return {"cost": {"total": total, "leftover": 1.0}, "fill_rate": fill, "nervousness": None}


def test_differences_are_taken_path_by_path() -> None:
    """Three paths that differ by 1, 2 and 3: mean 2, standard error 1/sqrt(3), t(2, .975) = 4.3027."""
    figures = {"ours": [path(t, 0.9) for t in (10, 20, 30)], "rule": [path(t, 0.8) for t in (11, 22, 33)]}
    found = paired_with_first(figures)["rule"]
    assert found["cost"]["difference"] == pytest.approx(-2)
    assert found["cost"]["low"] == pytest.approx(-2 - 4.30265 / 3**0.5, rel=1e-5)
    assert found["cost_ratio"] == pytest.approx(60 / 66)
    assert found["better_in"] == 3
    assert found["fill_rate"]["high"] == pytest.approx(0.1)
    assert "nervousness" not in found


def test_one_path_has_no_interval() -> None:
    """A single difference has no spread."""
    found = paired_with_first({"ours": [path(1, None)], "rule": [path(2, 0.5)]})["rule"]
    assert found["cost"] == {"difference": -1.0, "low": None, "high": None}
    assert "fill_rate" not in found


def test_figures_that_a_path_lacks_are_left_out_of_the_mean() -> None:
    """Means are over the paths that have the figure."""
    assert mean_figures([path(1, None), path(3, 0.5)]) == {
        "cost": 2.0,
        "leftover": 1.0,
        "fill_rate": 0.5,
        "nervousness": None,
    }


def test_rules_take_their_own_tables() -> None:
    """A rule's table replaces its tuned parameters; `smoothing` replaces those of the others."""
    settings = params_from({"smoothing": 7, "rules": {"chase": {"cover": 3}}}, ReplayParams, where="[replay]")
    assert settings.rules["chase"] == RuleParams(cover=3)
    assert settings.rules["level"].smoothing == 7
    with pytest.raises(InputError, match="rules among chase"):
        params_from({"rules": {"guess": {}}}, ReplayParams, where="[replay]")
    with pytest.raises(InputError, match="only cover, safety, smoothing"):
        params_from({"rules": {"chase": {"speed": 1}}}, ReplayParams, where="[replay]")
