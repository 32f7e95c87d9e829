"""Vouching by hand: what is lent, what is not, who is blamed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.trust.judgements import Judgements
from graph.trust.params import TrustParams
from graph.trust.scores import global_trust
from graph.trust.vouching import Vouches

PARAMS = TrustParams(prior=1.0)


def _judge(n, *rows):
    src, dst, weight, age = zip(*((*row, 0.0)[:4] for row in rows), strict=True)
    ends = np.array(src, dtype=np.int32), np.array(dst, dtype=np.int32)
    return Judgements.of(n, *ends, weight=np.array(weight, float), age_days=np.array(age), params=PARAMS)


def _vouch(n, *pairs, age=None):
    src, dst = np.array(pairs, dtype=np.int32).reshape(-1, 2).T
    return Vouches.of(n, src, dst, None if age is None else np.array(age, float))


HONEST = ((0, 1, 1.0), (2, 1, 1.0), (0, 3, -1.0), (2, 3, -1.0), (1, 0, 1.0), (4, 3, -1.0))


def test_a_stranger_has_the_mean_of_all_judgements():
    """Nobody judged 5 nor vouches for it: 3 of 6 judgements are trust, weighted by their givers."""
    trust = global_trust(_judge(6, *HONEST), params=PARAMS)
    assert trust[5] == pytest.approx(trust[4])
    assert trust[3] < trust[5] < trust[1]


def test_a_stranger_inherits_but_never_more_than_its_voucher_has():
    """1 is trusted and vouches for 5; the better of two vouchers counts; a distrusted one lends nothing."""
    judgements = _judge(7, *HONEST)
    alone = global_trust(judgements, params=PARAMS)
    lent = global_trust(judgements, vouches=_vouch(7, (1, 5), (3, 5), (3, 6)), params=PARAMS)
    assert alone[5] < lent[5] < lent[1]
    assert lent[6] == pytest.approx(alone[6])


def test_what_was_lent_cannot_be_lent_on():
    """1 vouches for 5, 5 for 6: 6 stays a stranger."""
    judgements = _judge(7, *HONEST)
    chained = global_trust(judgements, vouches=_vouch(7, (1, 5), (5, 6)), params=PARAMS)
    assert chained[6] == pytest.approx(global_trust(judgements, vouches=_vouch(7, (1, 5)), params=PARAMS)[6])


@given(st.lists(st.tuples(st.integers(4, 8), st.integers(4, 8)), max_size=20))
def test_circles_of_strangers_get_nothing(pairs):
    """Parties nobody judged, 4 … 8, however they vouch for each other."""
    judgements = _judge(9, *HONEST[:5])
    alone, vouched = (
        global_trust(judgements, params=PARAMS),
        global_trust(judgements, vouches=_vouch(9, *pairs), params=PARAMS),
    )
    assert vouched == pytest.approx(alone)


def test_circles_are_reported():
    """Two of them, the larger first; a chain is none."""
    circles = _vouch(9, (0, 1), (1, 0), (2, 3), (3, 4), (4, 2), (5, 6), (6, 7), (8, 8)).circles()
    assert [members.tolist() for members in circles] == [[2, 3, 4], [0, 1]]
    assert _vouch(3).circles() == []


def test_who_vouches_shares_the_blame():
    """4 and 5 vouched for 3 before it failed; 6 vouched afterwards, 0 never."""
    judgements = _judge(7, (0, 3, -1.0, 10.0), (1, 3, -1.0, 10.0), (1, 2, 1.0))
    before, after = 20.0, 5.0
    vouches = _vouch(7, (4, 3), (5, 3), (6, 3), age=(before, np.inf, after))
    which, voucher, share = vouches.blamed(np.array([3]), np.array([10.0]))
    assert (which.tolist(), voucher.tolist(), share.tolist()) == ([0, 0], [4, 5], [0.5, 0.5])
    trust = global_trust(judgements, vouches=vouches, params=PARAMS)
    assert trust[4] == pytest.approx(trust[5])
    assert trust[4] < trust[6]
    assert trust[3] < trust[4]
    unblamed = global_trust(judgements, vouches=vouches, params=TrustParams(prior=1.0, blame=0.0))
    assert unblamed[4] == pytest.approx(unblamed[6])


def test_the_first_vouching_of_a_pair_stays():
    """Repeated and of oneself: once, not at all."""
    vouches = _vouch(3, (0, 1), (0, 1), (2, 2), age=(3, 9, 1))
    assert (vouches.src.tolist(), vouches.dst.tolist(), vouches.age_days.tolist()) == ([0], [1], [9.0])
    assert vouches.best(np.array([0.2, 0.3, 0.4])).tolist() == [-1, 0, -1]


def test_a_stranger_has_the_mean_that_vouching_leads_to():
    """1 lifts 5, whose praise then counts more and lifts the mean: 8, whom nobody knows, has that one, not the old."""
    judgements = _judge(9, *HONEST, (5, 6, 1.0), (5, 7, 1.0), (5, 2, 1.0))
    alone = global_trust(judgements, params=PARAMS)
    trust = global_trust(judgements, vouches=_vouch(9, (1, 5)), params=PARAMS)
    counts = trust[judgements.src]
    mean = (counts[judgements.positive].sum() + 0.5) / (counts.sum() + 1.0)
    assert trust[8] == pytest.approx(mean, abs=1e-8)
    assert trust[8] > alone[8] + 1e-3
