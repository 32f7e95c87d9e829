"""Tie strength grows with trade and fades without."""

from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InputError
from graph.trust.strength import TieParams, tie_strength, updated

DAY = pd.Timestamp("2026-03-02")


def _trades(*rows: tuple[str, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["at", "amount_fen"]).assign(src="A", dst="B", kind="supplies")
    return frame.assign(at=pd.to_datetime(frame["at"]))


def test_one_trade_today_counts_in_full() -> None:
    """log1p(10 000 fen / 100) and nothing faded."""
    tie = tie_strength(_trades(("2026-03-02", 10_000)), DAY).iloc[0]
    assert tie["weight"] == pytest.approx(np.log(101))
    assert (tie["count"], tie["amount_fen"]) == (1, 10_000)


def test_a_half_life_halves() -> None:
    """180 days without trade."""
    tie = tie_strength(_trades(("2025-09-03", 10_000)), DAY).iloc[0]
    assert tie["weight"] == pytest.approx(np.log(101) / 2)


def test_all_at_once_equals_one_trade_after_another() -> None:
    """The closed form is the recursion of the formula."""
    trades = _trades(("2025-01-05", 5_000), ("2025-06-01", 70_000), ("2025-06-01", 0), ("2026-02-01", 900))
    params = TieParams(half_life_days=60, value_unit_fen=50)
    weight, last = 0.0, trades["at"][0]
    for at, amount in zip(trades["at"], trades["amount_fen"], strict=True):
        weight, last = float(updated(weight, (at - last).days, amount, params)), at
    weight = float(updated(weight, (DAY - last).days, 0, params))
    tie = tie_strength(trades.sample(frac=1, random_state=0), DAY, params).iloc[0]
    assert tie["weight"] == pytest.approx(weight)
    assert (tie["first_at"], tie["last_at"], tie["count"]) == (trades["at"][0], trades["at"][3], 4)


def test_the_future_is_not_looked_at() -> None:
    """A trade after the day changes nothing."""
    past = _trades(("2026-02-01", 900))
    both = pd.concat([past, _trades(("2026-03-03", 5_000))])
    pd.testing.assert_frame_equal(tie_strength(both, DAY), tie_strength(past, DAY))


def test_wrong_values_are_refused() -> None:
    """Negative amounts and half-lives that are none."""
    with pytest.raises(InputError, match="amount_fen"):
        tie_strength(_trades(("2026-02-01", -1)), DAY)
    for wrong in ({"half_life_days": 0}, {"half_life_days": float("nan")}, {"value_unit_fen": -1}):
        with pytest.raises(ValueError, match="expected a number > 0"):
            TieParams(**wrong)


TRADES = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(0, 900), st.integers(0, 10**7)), min_size=1, max_size=15
)


def _frame(rows: list[tuple[str, int, int]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["src", "days", "amount_fen"])
    return frame.assign(dst="D", kind="supplies", at=DAY - pd.to_timedelta(frame["days"], unit="D"))


@given(TRADES, st.randoms())
def test_the_order_of_trades_does_not_matter(rows: list[tuple[str, int, int]], random: Random) -> None:
    """Nor does anything but the pair, the day and the amount."""
    again = rows.copy()
    random.shuffle(again)
    pd.testing.assert_frame_equal(tie_strength(_frame(rows), DAY), tie_strength(_frame(again), DAY))


@given(TRADES, st.integers(0, 900), st.integers(1, 10**7))
def test_a_trade_more_makes_a_tie_stronger(rows: list[tuple[str, int, int]], days: int, amount: int) -> None:
    """And leaves those of others as they were."""
    before = tie_strength(_frame(rows), DAY).set_index("src")["weight"]
    after = tie_strength(_frame([*rows, ("A", days, amount)]), DAY).set_index("src")["weight"]
    assert after["A"] > before.get("A", 0.0)
    others = before.drop("A", errors="ignore")
    assert after[others.index].to_numpy() == pytest.approx(others.to_numpy(), rel=1e-9)


@given(TRADES, st.floats(1, 500))
def test_after_a_half_life_without_trade_half_is_left(rows: list[tuple[str, int, int]], half_life: float) -> None:
    """Of every tie, exactly."""
    params = TieParams(half_life_days=half_life)
    now = tie_strength(_frame(rows), DAY, params)["weight"]
    later = tie_strength(_frame(rows), DAY + pd.Timedelta(days=round(half_life)), params)["weight"]
    assert later.to_numpy() == pytest.approx(now.to_numpy() * 0.5 ** (round(half_life) / half_life))
