"""Cursors: a position is a number that a database can hold."""

import pytest

from api.http.paging import key_cursor, position_after
from contracts.errors import InputError

QUERY = ("audit", "alpha")


def test_a_position_comes_back():
    assert position_after(None, QUERY) is None
    assert position_after(key_cursor(QUERY, ("17",)), QUERY) == 17


@pytest.mark.parametrize("made_up", ["", "x", "-1", "1.5", "9" * 19])
def test_a_cursor_of_no_position_is_refused(made_up):
    """A list's own cursor whose end was changed."""
    with pytest.raises(InputError, match="next_cursor"):
        position_after(key_cursor(QUERY, (made_up,)), QUERY)
