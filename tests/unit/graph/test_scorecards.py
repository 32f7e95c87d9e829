"""Scorecards by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from graph.scorecards.lateness import LatenessModel
from graph.scorecards.suppliers import COLUMNS, ScorecardParams, observed, scorecards

DAY = pd.Timestamp("2026-03-02")
# Evidence that hardly fades, and a prior worth two deliveries.
PARAMS = ScorecardParams(half_life_days=1e9, prior_deliveries=2, prior_pieces=100)


def _deliveries(*rows: tuple[str, str, str | None], **columns: list[object]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["supplier_id", "promised_at", "delivered_at"]).assign(**columns)
    return frame.astype({"promised_at": "datetime64[ns]", "delivered_at": "datetime64[ns]"})


EIGHT = _deliveries(
    ("A", "2026-02-01", "2026-02-01"),
    ("A", "2026-02-02", "2026-02-01"),
    ("A", "2026-02-03", "2026-02-03"),
    ("A", "2026-02-04", "2026-02-06"),
    ("B", "2026-02-01", "2026-02-05"),
    ("B", "2026-02-02", "2026-02-02"),
    ("B", "2026-02-20", None),
    ("B", "2026-03-09", None),  # not due yet: not known
)


def test_rates_are_shrunk_to_the_mean_of_all() -> None:
    """A: 3 of 4 on time, B: 1 of 3 (one is overdue); together 4 of 7, which counts for two more each."""
    cards = scorecards(EIGHT, DAY, params=PARAMS).set_index("supplier_id")
    assert cards["n"].to_dict() == {"A": 4, "B": 3}
    assert cards["otif"].tolist() == pytest.approx([(3 + 8 / 7) / 6, (1 + 8 / 7) / 5])
    low = [beta.ppf(0.1, 3 + 8 / 7, 1 + 6 / 7), beta.ppf(0.1, 1 + 8 / 7, 2 + 6 / 7)]
    assert cards["otif_low"].tolist() == pytest.approx(low)


def test_lead_time_bias_counts_what_is_overdue_so_far() -> None:
    """A: 0, −1, 0, +2 days; B: +4, 0 and ten days overdue by now; the mean of all is 15/7."""
    cards = scorecards(EIGHT, DAY, params=PARAMS).set_index("supplier_id")
    assert cards["lead_time_bias_days"].tolist() == pytest.approx([(1 + 30 / 7) / 6, (14 + 30 / 7) / 5])


def test_categories_are_the_prior() -> None:
    """Two newcomers with one good delivery each: the one in the punctual category is expected to stay so."""
    rows = [("P", "2026-02-01", "2026-02-01")] * 9 + [("L", "2026-02-01", "2026-02-09")] * 9
    rows += [("new P", "2026-02-01", "2026-02-01"), ("new L", "2026-02-01", "2026-02-01")]
    cards = scorecards(_deliveries(*rows, category=["p"] * 9 + ["l"] * 9 + ["p", "l"]), DAY, params=PARAMS)
    otif = cards.set_index("supplier_id")["otif"]
    # the mean of all is 11 of 20; p: (10 + 2 * .55) / 12, l: (1 + 2 * .55) / 12
    assert otif["new P"] == pytest.approx((1 + 2 * (10 + 1.1) / 12) / 3)
    assert otif["new L"] == pytest.approx((1 + 2 * (1 + 1.1) / 12) / 3)


def test_fill_and_defects_need_their_columns() -> None:
    """100 of 100 with 2 faults and 50 of 100 with none; without the columns they are unknown."""
    rows = _deliveries(
        ("A", "2026-02-01", "2026-02-01"),
        ("B", "2026-02-01", "2026-02-01"),
        ordered_pieces=[100.0, 100],
        delivered_pieces=[100.0, 50],
        defective_pieces=[2.0, 0],
    )
    cards = scorecards(rows, DAY, params=PARAMS).set_index("supplier_id")
    assert cards["fill_rate"].tolist() == pytest.approx([(1 + 1.5) / 3, (0.5 + 1.5) / 3])
    rate = 2 / 150
    assert cards.loc["A", "defect_ppm"] == pytest.approx((2 + 100 * rate) / 200 * 1e6)
    assert cards.loc["B", "defect_ppm"] == pytest.approx((0 + 100 * rate) / 150 * 1e6)
    assert cards.loc["A", "otif"] > cards.loc["B", "otif"]  # half the pieces is not in full
    assert scorecards(EIGHT, DAY)[["fill_rate", "defect_ppm"]].isna().all(axis=None)


def test_old_deliveries_fade() -> None:
    """Two half-lives ago a delivery counts a quarter."""
    rows = _deliveries(("A", "2025-03-07", "2025-03-07"), ("A", "2026-03-02", "2026-03-02"))
    assert observed(rows, DAY, ScorecardParams())["weight"].tolist() == pytest.approx([0.25, 1.0])


def test_the_future_is_not_looked_at() -> None:
    """What happens after the day changes no scorecard of the day."""
    later = _deliveries(
        ("A", "2026-02-27", "2026-03-05"), ("C", "2026-03-01", "2026-03-30"), ("C", "2026-03-20", "2026-03-20")
    )
    unknown = later.assign(delivered_at=pd.NaT)
    one, two = (scorecards(pd.concat([EIGHT, rows]), DAY) for rows in (later, unknown))
    pd.testing.assert_frame_equal(one, two)


def test_the_order_of_rows_does_not_matter() -> None:
    """Up to rounding."""
    pd.testing.assert_frame_equal(scorecards(EIGHT, DAY), scorecards(EIGHT[::-1], DAY))


def test_few_observations_rank_below_many_equally_good_ones() -> None:
    """By the low quantile, not by the mean."""
    rows = [("many", "2026-02-01", "2026-02-01")] * 50 + [("one", "2026-02-01", "2026-02-01")]
    rows += [("bad", "2026-02-01", "2026-02-09")] * 5
    assert scorecards(_deliveries(*rows), DAY, params=PARAMS)["supplier_id"].tolist() == ["many", "one", "bad"]


def test_nothing_known_yet_gives_no_scorecards() -> None:
    """A table of open deliveries."""
    cards = scorecards(_deliveries(("A", "2026-03-09", None)), DAY)
    assert cards.empty
    assert cards.columns.tolist() == list(COLUMNS)


def test_lateness_adds_up_what_is_known() -> None:
    """The late lane raises everybody's odds; what was never seen adds nothing."""
    rows = pd.DataFrame(
        {
            "supplier": ["A", "A", "B", "B"] * 10,
            "lane": ["x", "y"] * 20,
            "category": "",
            "weight": 1.0,
            "late": [1.0, 0, 1, 0] * 10,
        }
    )
    model = LatenessModel.fit(rows, prior=5)
    late, punctual, unseen = model.predict(
        pd.DataFrame({"supplier": ["A", "A", "Z"], "lane": ["x", "y", "z"], "category": ""})
    )
    assert late > 0.8 > 0.2 > punctual
    assert unseen == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"half_life_days": 0}, "half_life_days: expected a number > 0, got 0"),
        ({"prior_deliveries": -1}, "prior_deliveries"),
        ({"prior_pieces": np.nan}, "prior_pieces"),
        ({"low": 1}, r"low: expected a number in \(0, 1\), got 1"),
    ],
)
def test_parameters_out_of_range_are_refused(options: dict[str, float], message: str) -> None:
    """By name."""
    with pytest.raises(ValueError, match=message):
        ScorecardParams(**options)
