"""The benchmark of offers runs and compares, at a small size."""

import pytest

from benchmarks.offers import main
from benchmarks.offers_reach import reach
from benchmarks.offers_rows import calibration, pairs, sales_per_offer


def test_rows_say_what_they_claim():
    """Caps are kept, bounds hold, ours sells more than its peers, expectations are of the right size."""
    found = pairs(400)
    assert found["caps_broken"] == found["equal_values"]["caps_broken"] == 0
    assert found["highs"]["our_bound_to_highs"] >= 1 - 1e-6
    assert found["gap"] >= 0
    told = sales_per_offer(400, 1)
    assert told["offers_ours"] == told["offers_round_robin"] == told["offers_audience"]
    assert told["pieces_to_round_robin"] > 2
    assert calibration(400, 1)["random_pairs"]["true_to_expected"][5] == pytest.approx(1, abs=0.5)


def test_reach_is_scored_on_samples_that_did_not_choose():
    """The choice is certified, and no worse than the best connected and the best sellers."""
    found = reach(300, 1)
    assert 0.5 <= found["of_upper_bound"] <= 1
    assert found["to_degree"] >= 1
    assert found["to_attributed_sales"] >= 1


def test_an_unknown_row_is_refused(capsys):
    """By the rows there are; nothing is printed as a result."""
    with pytest.raises(SystemExit):
        main(["--rows", "nonsense", "--json"])
    assert not capsys.readouterr().out
