"""Price versions: numbered, kept, activated; what suppliers have left; a stamp that moves with either."""

import pandas as pd
import pytest

from contracts.errors import InputError, UnknownIdError
from store.prices import PriceShelf

TABLE = pd.DataFrame({"supplier_id": ["s"], "good": ["soap"], "price": [0.5], "capacity": [10]})


def test_versions_are_numbered_kept_and_activated(tmp_path):
    """A new version does not serve by itself; the oldest go, never the one that serves."""
    shelf = PriceShelf(tmp_path, keep=2)
    assert shelf.current() is None
    first = shelf.add(TABLE, {"cause": "nightly"})
    assert (first.number, first.facts["cause"], shelf.current()) == (1, "nightly", None)
    shelf.activate(1)
    for _ in range(3):
        shelf.add(TABLE.assign(price=0.7), {"cause": "wave"})
    assert [one.number for one in shelf.versions()] == [4, 3, 1]
    assert shelf.current().table()["price"].tolist() == [0.5]
    assert shelf.activate(4).table()["price"].tolist() == [0.7]
    with pytest.raises(UnknownIdError, match="price version 2"):
        shelf.activate(2)


def test_what_is_left_is_less_than_all(tmp_path):
    """Down is 0, all again is not listed; a damaged or absent file says that nothing is lost."""
    shelf = PriceShelf(tmp_path)
    assert shelf.left() == {}
    assert shelf.change_left({"a": 0.0, "b": 0.5}) == {"a": 0.0, "b": 0.5}
    assert shelf.change_left({"a": 1.0}) == {"b": 0.5} == PriceShelf(tmp_path).left()


def test_the_stamp_moves_with_prices_and_with_what_is_left(tmp_path):
    """Readers look at two numbers to see whether anything changed."""
    shelf, seen = PriceShelf(tmp_path), set()
    seen.add(shelf.stamp())
    shelf.add(TABLE, {})
    assert shelf.stamp() in seen
    shelf.activate(1)
    seen.add(shelf.stamp())
    shelf.change_left({"a": 0.0})
    seen.add(shelf.stamp())
    assert len(seen) == 3


def test_a_home_that_is_a_file_is_refused(tmp_path):
    """By name."""
    (tmp_path / "home").write_text("")
    with pytest.raises(InputError, match="folder"):
        PriceShelf(tmp_path / "home").add(TABLE, {})
    assert PriceShelf(tmp_path / "home").current() is None
