"""One pace for a factory and who gets its pieces."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from planning.pace import level_pace, share_out

AMOUNTS = arrays(float, 5, elements=st.floats(0, 1e4))


def test_a_pace_stays_while_the_stock_stays_within_its_band() -> None:
    """It moves neither with every order nor for a backlog that the band allows."""
    assert level_pace(100.0, expected=101.0, position=0.0, opening=1000.0) == 100.0
    assert level_pace(100.0, expected=140.0, position=0.0, opening=1000.0) > 130.0
    assert level_pace(100.0, expected=60.0, position=400.0, opening=1000.0) < 60.0
    assert level_pace(0.0, expected=0.0, position=1e6, opening=1000.0) == 0.0


@given(st.floats(0, 1e5), arrays(float, 5, elements=st.floats(-1e4, 1e4)), AMOUNTS, AMOUNTS)
def test_all_pieces_are_shared_out_and_what_is_owed_comes_first(
    pieces: float, position: np.ndarray, expected: np.ndarray, spread: np.ndarray
) -> None:
    """Nobody gets stock while another item owes."""
    made = share_out(pieces, position, expected, spread)
    assert (made >= -1e-6).all()
    assert np.isclose(made.sum(), pieces, atol=1e-5)
    owed = np.maximum(-position, 0.0)
    assert (made <= owed + 1e-6).all() or (made >= owed - 1e-6).all()


def test_the_item_with_the_wilder_orders_gets_more_cover() -> None:
    """With the same stock and mean, what is less sure is covered further."""
    calm, wild = share_out(100.0, np.zeros(2), np.array([10.0, 10.0]), np.array([1.0, 30.0]))
    assert wild > calm
