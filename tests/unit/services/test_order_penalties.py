"""What an unserved piece costs is a number, or the order is named."""

import pandas as pd
import pytest

from contracts.errors import TableError
from services.route_orders import penalties_of


@pytest.mark.parametrize("wrong", ["much", "nan", "inf", -1, [1]])
def test_an_order_without_a_number_is_named(wrong):
    """By its row, in the words of a single order."""
    with pytest.raises(TableError, match="'unmatched_penalty', row 2: expected a number >= 0"):
        penalties_of(pd.DataFrame({"unmatched_penalty": [0.5, wrong]}))


def test_orders_that_say_nothing_count_one():
    """Numbers may come as text, from a file; an empty cell says nothing."""
    assert penalties_of(pd.DataFrame({"unmatched_penalty": ["0.5", 2, None, ""]})).tolist() == [0.5, 2, 1, 1]
    assert penalties_of(pd.DataFrame({"order_id": ["a"]})) is None
