"""What holds for any agreement and any sale."""

from fractions import Fraction

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from settlement.rules import ShareRule, ShareRules
from settlement.shares import split_margins

fens = st.integers(-(10**12), 10**12) | st.integers(0, 300)


@st.composite
def agreements(draw: st.DrawFn) -> ShareRules:
    """Up to four roles; percentages scaled to at most 100 together."""
    points = draw(st.lists(st.integers(0, 10_000), max_size=4))
    total = max(sum(points), 1)
    scaled = [p * 10_000 // max(total, 10_000) / 100 for p in points]
    fixed = draw(st.lists(st.just(0) | st.integers(0, 500), min_size=len(points), max_size=len(points)))
    rules = [
        ShareRule(role=f"r{i}", percent=p, fixed_fen=f) for i, (p, f) in enumerate(zip(scaled, fixed, strict=True))
    ]
    return ShareRules(rules=tuple(rules), rest="rest")


@settings(deadline=None)
@given(rules=agreements(), margins=st.lists(fens, min_size=1, max_size=5), data=st.data())
def test_shares_sum_to_the_margin_to_the_last_fen(rules: ShareRules, margins: list[int], data: st.DataObject) -> None:
    """Nobody gets less than nothing or more than the margin; the absent get nothing; a loss stays with the rest."""
    n = len(rules.rules)
    row = st.lists(st.booleans(), min_size=n, max_size=n)
    present = np.array(data.draw(st.lists(row, min_size=len(margins), max_size=len(margins))), dtype=bool)
    present = present.reshape(len(margins), n)
    margin = np.array(margins, dtype=np.int64)
    shares = split_margins(margin, present, rules)
    assert (shares.sum(axis=1) == margin).all()
    assert (shares[:, :-1] >= 0).all()
    assert (shares <= np.maximum(margin, 0)[:, None]).all()
    assert (shares[:, :-1][~present] == 0).all()
    assert (shares[margin <= 0, -1] == margin[margin <= 0]).all()


@settings(deadline=None)
@given(rules=agreements(), margin=st.integers(0, 10**12))
def test_nobody_is_a_fen_away_from_the_exact_share(rules: ShareRules, margin: int) -> None:
    """Without fixed amounts each share is its exact percentage rounded up or down."""
    assume(all(rule.fixed_fen == 0 for rule in rules.rules))
    shares = split_margins(np.array([margin]), np.ones((1, len(rules.rules)), dtype=bool), rules)[0]
    for rule, share in zip(rules.rules, shares, strict=False):
        assert abs(int(share) - Fraction(rule.basis_points(margin) * margin, 10_000)) < 1
