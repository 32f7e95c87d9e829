"""Scorecards by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, gamma

from graph.scorecards.deliveries import observed
from graph.scorecards.lateness import LatenessModel
from graph.scorecards.params import ScorecardParams
from graph.scorecards.suppliers import COLUMNS, scorecards

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


def _mean(good: float, n: float, prior: float = 2) -> float:
    """Return a category's mean: that of all has half an observation good and half not more, and counts for some."""
    return (good + prior * (good + 0.5) / (n + 1)) / (n + prior)


def _frame(deliveries: pd.DataFrame, **options: Any) -> pd.DataFrame:
    return scorecards(deliveries, DAY, params=PARAMS, **options).frame.set_index("supplier_id")


def test_rates_are_shrunk_to_the_mean_of_all() -> None:
    """A: 3 of 4 on time, B: 1 of 3 (one is overdue); together 4 of 7, which count for two more."""
    cards = _frame(EIGHT)
    assert cards["n"].to_dict() == {"A": 4, "B": 3}
    assert cards["rank"].to_dict() == {"A": 1, "B": 2}
    good, bad = 2 * _mean(4, 7), 2 - 2 * _mean(4, 7)
    assert cards["otif"].tolist() == pytest.approx([(3 + good) / 6, (1 + good) / 5])
    for name, q in (("otif_low", 0.1), ("otif_high", 0.9)):
        expected = [beta.ppf(q, 3 + good, 1 + bad), beta.ppf(q, 1 + good, 2 + bad)]
        assert cards[name].tolist() == pytest.approx(expected)
    assert cards["otif_own"].tolist() == pytest.approx([4 / 6, 3 / 5])
    assert cards["otif_prior"].tolist() == pytest.approx([2 / 6, 2 / 5])
    assert cards["otif_n"].tolist() == pytest.approx([4, 3])


def test_lead_time_counts_what_is_overdue_so_far() -> None:
    """A: 0, −1, 0, +2 days; B: +4, 0 and ten days overdue by now; the mean of all is 15/7."""
    cards = _frame(EIGHT)
    bias = [(1 + 30 / 7) / 6, (14 + 30 / 7) / 5]
    assert cards["lead_time_bias_days"].tolist() == pytest.approx(bias)
    off = [[abs(day - bias[0]) for day in (0, -1, 0, 2)], [abs(day - bias[1]) for day in (4, 0, 10)]]
    both = sum(map(sum, off)) / 7
    expected = [(sum(off[0]) + 2 * both) / 6, (sum(off[1]) + 2 * both) / 5]
    assert cards["lead_time_mad_days"].tolist() == pytest.approx(expected)
    # within a day of the promise: A 3 of 4, B 1 of 3
    assert cards["lead_time_accuracy"].tolist() == pytest.approx([(3 + 2 * _mean(4, 7)) / 6, (1 + 2 * _mean(4, 7)) / 5])
    assert (cards["lead_time_bias_low"] < bias).all()
    assert (cards["lead_time_bias_high"] > bias).all()


def test_what_is_a_day_overdue_may_still_be_near_enough() -> None:
    """It is late, but not known to be out of the tolerance."""
    seen = observed(_deliveries(("A", "2026-03-01", None), ("A", "2026-02-01", None)), DAY, ScorecardParams())
    assert seen["late"].tolist() == [1, 1]
    assert np.isnan(seen["near"][0])
    assert seen["near"][1] == 0


def test_categories_are_the_prior() -> None:
    """Two newcomers with one good delivery each: the one in the punctual category is expected to stay so."""
    rows = [("P", "2026-02-01", "2026-02-01")] * 9 + [("L", "2026-02-01", "2026-02-09")] * 9
    rows += [("new P", "2026-02-01", "2026-02-01"), ("new L", "2026-02-01", "2026-02-01")]
    otif = _frame(_deliveries(*rows, category=["p"] * 9 + ["l"] * 9 + ["p", "l"]))["otif"]
    overall = 11.5 / 21
    assert otif["new P"] == pytest.approx((1 + 2 * (10 + 2 * overall) / 12) / 3)
    assert otif["new L"] == pytest.approx((1 + 2 * (1 + 2 * overall) / 12) / 3)


def test_fill_and_defects_need_their_columns() -> None:
    """100 of 100 with 2 faults and 50 of 100 with none; without the columns they are unknown."""
    rows = _deliveries(
        ("A", "2026-02-01", "2026-02-01"),
        ("B", "2026-02-01", "2026-02-01"),
        ordered_pieces=[100.0, 100],
        delivered_pieces=[100.0, 50],
        defective_pieces=[2.0, 0],
    )
    cards = _frame(rows)
    assert cards["fill_rate"].tolist() == pytest.approx([(1 + 2 * _mean(1.5, 2)) / 3, (0.5 + 2 * _mean(1.5, 2)) / 3])
    rate = _mean(2, 150, prior=100)
    assert cards.loc["A", "defect_ppm"] == pytest.approx((2 + 100 * rate) / 200 * 1e6)
    assert cards.loc["B", "defect_ppm"] == pytest.approx((0 + 100 * rate) / 150 * 1e6)
    assert cards.loc["A", "defect_ppm_low"] == pytest.approx(gamma.ppf(0.1, 2 + 100 * rate, scale=1 / 200) * 1e6)
    assert cards.loc["A", "otif"] > cards.loc["B", "otif"]  # half the pieces is not in full
    assert _frame(EIGHT)[["fill_rate", "defect_ppm", "composition_conformity", "rating"]].isna().all(axis=None)


def test_composition_counts_tested_deliveries() -> None:
    """A: 9 of 10 tested pieces and 10 of 10 conform; B was never tested and is expected to be like A."""
    rows = _deliveries(
        ("A", "2026-02-01", "2026-02-01"),
        ("A", "2026-02-02", "2026-02-02"),
        ("B", "2026-02-01", "2026-02-01"),
        tested_pieces=[10, 10, np.nan],
        conforming_pieces=[9, 10, np.nan],
    )
    cards = _frame(rows)
    mean = _mean(1.9, 2)
    assert cards["composition_conformity"].to_dict() == pytest.approx({"A": (1.9 + 2 * mean) / 4, "B": mean})
    assert cards["composition_conformity_n"].to_dict() == pytest.approx({"A": 2, "B": 0})


def test_pieces_come_with_the_delivery() -> None:
    """What is counted on arrival is not known before."""
    columns = {"delivered_pieces": [10.0], "defective_pieces": [3.0], "tested_pieces": [5.0]}
    seen = observed(_deliveries(("A", "2026-02-20", "2026-03-20"), **columns), DAY, ScorecardParams())
    assert seen[["pieces", "defects", "tested"]].isna().all(axis=None)


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
    one, two = (scorecards(pd.concat([EIGHT, rows]), DAY).frame for rows in (later, unknown))
    pd.testing.assert_frame_equal(one, two)


def test_the_rank_is_by_what_can_be_relied_on() -> None:
    """Both of 2 on time is the better mean than 80 of 100, but less sure: the 10 % quantile ranks it below."""
    days = pd.date_range("2025-10-01", periods=100).strftime("%Y-%m-%d")
    rows = [("many", day, day if number < 80 else "2026-02-01") for number, day in enumerate(days)]
    cards = _frame(_deliveries(*rows, *(("few", day, day) for day in days[:2])))
    assert cards.loc["few", "otif"] > cards.loc["many", "otif"]
    assert cards.loc["few", "otif_low"] < cards.loc["many", "otif_low"]
    assert cards["rank"].to_dict() == {"many": 1, "few": 2}
    assert cards.index.tolist() == ["many", "few"]


def test_few_observations_rank_below_many_equally_good_ones() -> None:
    """The mean of the few is drawn to that of all, and they are less sure."""
    rows = [("many", "2026-02-01", "2026-02-01")] * 50 + [("one", "2026-02-01", "2026-02-01")]
    rows += [("bad", "2026-02-01", "2026-02-09")] * 5
    assert _frame(_deliveries(*rows)).index.tolist() == ["many", "one", "bad"]


def test_nothing_known_yet_gives_no_scorecards() -> None:
    """A table of open deliveries, and a day before everything."""
    for day in (DAY, pd.Timestamp("2020-01-01")):
        cards = scorecards(_deliveries(("A", "2026-03-09", None)), day)
        assert cards.frame.empty
        assert cards.frame.columns[: len(COLUMNS)].tolist() == list(COLUMNS)
        assert cards.score("A")["value"] is None
        assert cards.parts().empty


def test_one_supplier_is_its_own_category() -> None:
    """All good so far, and a failure remains possible."""
    card = _frame(_deliveries(("A", "2026-02-01", "2026-02-01"))).loc["A"]
    assert 0.5 < card["otif_low"] < card["otif"] < card["otif_high"] <= 1


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
        ({"source_cap": -1}, "source_cap: expected a number >= 0, got -1"),
        ({"low": 1}, r"low: expected a number in \(0, 0.5\), got 1"),
    ],
)
def test_parameters_out_of_range_are_refused(options: dict[str, float], message: str) -> None:
    """By name."""
    with pytest.raises(ValueError, match=message):
        ScorecardParams(**options)


@pytest.mark.parametrize("day", ["0001-01-01", "1677-09-01", "2262-04-12", "9999-12-31"])
def test_a_far_day_is_answered(day: str) -> None:
    """Even of deliveries in nanoseconds, which cannot tell it: what has not arrived is late by centuries."""
    cards = scorecards(EIGHT, pd.Timestamp(day), params=PARAMS).frame.set_index("supplier_id")
    assert cards["n"].to_dict() == ({} if pd.Timestamp(day) < DAY else {"A": 4, "B": 4})
    if len(cards):
        assert cards.loc["B", "lead_time_bias_days"] > 365 * 200 / 4
