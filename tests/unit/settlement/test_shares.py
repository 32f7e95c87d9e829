"""Splitting the cake, by hand."""

import numpy as np
import pytest

from settlement.rules import Discount, ShareRule, ShareRules
from settlement.shares import SaleLines, apportion, split_sales


def rules_of(*rules: ShareRule, **options: object) -> ShareRules:
    """Return an agreement whose rest is the brand's."""
    return ShareRules(rules=rules, rest="brand", **options)  # type: ignore[arg-type]


def lines_of(price: int, cost: int = 0, pieces: int = 1, order: int = 0) -> SaleLines:
    """Return one sale."""
    one = [np.array([value], dtype=np.int64) for value in (price, cost, pieces, order)]
    return SaleLines(price_fen=one[0], cost_fen=one[1], pieces=one[2], order_number=one[3])


FIFTH = ShareRule(role="guide", percent=20)
TIERS = ShareRule(role="guide", tiers=((0, 10), (1000, 30)))
TOLL = ShareRule(role="platform", of="price", percent=5)
RATE = ShareRule(role="workshop", fixed_fen=30, per="piece")


@pytest.mark.parametrize(
    ("rules", "line", "shares"),
    [
        # 20 % and 10 % of 1 000 fen
        (rules_of(FIFTH, ShareRule(role="kol", percent=10)), lines_of(1000), [200, 100, 700]),
        # 33.33 % twice of 100: 33.33, 33.33, 33.34; the odd fen goes to the largest remainder, the rest
        (rules_of(ShareRule(role="a", percent=33.33), ShareRule(role="b", percent=33.33)), lines_of(100), [33, 33, 34]),
        # halves of 1 fen: a tie, so the earlier role
        (rules_of(ShareRule(role="a", percent=50), ShareRule(role="b", percent=50)), lines_of(1), [1, 0, 0]),
        # 300 fixed and 20 % of the whole 1 000
        (rules_of(ShareRule(role="a", fixed_fen=300), FIFTH), lines_of(1000), [300, 200, 500]),
        # tiers: 10 % below 1 000 fen, 30 % from there
        (rules_of(TIERS), lines_of(999), [100, 899]),
        (rules_of(TIERS), lines_of(1000), [300, 700]),
        # a toll of the price, a rate per piece: 5 % of 1 000 and 3 x 30 of a margin of 400
        (rules_of(TOLL, RATE), lines_of(1000, 600, 3), [50, 90, 260]),
        # nothing to divide; a loss stays with the rest
        (rules_of(FIFTH), lines_of(70, 70), [0, 0]),
        (rules_of(FIFTH), lines_of(0, 70), [0, -70]),
    ],
)  # fmt: skip
def test_shares_by_hand(rules: ShareRules, line: SaleLines, shares: list[int]) -> None:
    """Each case in a comment."""
    split = split_sales(line, np.ones((1, len(rules.rules)), dtype=bool), rules)
    assert split.shares_fen.tolist() == [shares]
    assert not split.short.any()


@pytest.mark.parametrize(
    ("order", "paid_by", "takes", "pays"),
    [
        (1, None, [160, 640], [0, 0]),  # 20 % off 1 000: 800 are divided
        (1, "brand", [200, 800], [0, 200]),  # the guide's fifth is of 1 000, the brand pays the 200
        (1, "guide", [200, 800], [200, 0]),  # the guide gives away what it would get
        (2, None, [100, 400], [0, 0]),  # second order half price
        (3, None, [200, 800], [0, 0]),  # no third discount
    ],
)
def test_discounts_by_order_number(order: int, paid_by: str | None, takes: list[int], pays: list[int]) -> None:
    """First order 20 % off, second half price; who pays for it is part of the rules."""
    off = (Discount(order_number=1, percent=20, paid_by=paid_by), Discount(order_number=2, percent=50, paid_by=paid_by))
    split = split_sales(lines_of(1000, 0, 1, order), np.ones((1, 1), dtype=bool), rules_of(FIFTH, discounts=off))
    assert (split.takes_fen.tolist(), split.pays_fen.tolist()) == ([takes], [pays])
    assert split.shares_fen.sum() == split.margin_fen[0]


def test_a_discount_whose_payer_is_nobody_is_the_rests() -> None:
    """No guide in the sale: the brand pays for what the guide would have."""
    rules = rules_of(FIFTH, discounts=(Discount(order_number=1, percent=20, paid_by="guide"),))
    split = split_sales(lines_of(1000, 0, 1, 1), np.zeros((1, 1), dtype=bool), rules)
    assert split.pays_fen.tolist() == [[0, 200]]


def test_what_the_rules_ask_for_beyond_the_margin_is_told() -> None:
    """50 of toll of a margin of 40: short by 10, shown as paid by the rest."""
    split = split_sales(lines_of(1000, 960), np.ones((1, 1), dtype=bool), rules_of(TOLL))
    assert split.short.tolist() == [True]
    assert (split.takes_fen.tolist(), split.pays_fen.tolist()) == ([[50, 0]], [[0, 10]])


@pytest.mark.parametrize(
    ("shares", "kept", "whole", "left"),
    [
        ([50, 50], 1, 2, [25, 25]),
        ([5, 5], 1, 2, [3, 2]),  # 2.5 each of 5: the earlier one
        ([100, -30], 1, 3, [33, -10]),  # 23.33 rounded down, 33.33 and -10
        ([100, -30], 0, 3, [0, 0]),
        ([100, -30], 3, 3, [100, -30]),
    ],
)
def test_what_is_left_of_shares(shares: list[int], kept: int, whole: int, left: list[int]) -> None:
    """In proportion to the pieces still sold."""
    assert apportion(np.array([shares]), np.array([kept]), np.array([whole])).tolist() == [left]
