"""Versions that stay on the disk, and one that becomes current again."""

import pandas as pd
import pytest

from contracts.errors import UnknownIdError
from store.home import TABLES, Home


def publish(home, name):
    return home.publish({"parties": TABLES["parties"].check(pd.DataFrame([{"id": name, "kind": "store"}]))})


def test_an_earlier_version_is_current_again_with_its_results(tmp_path):
    """Its tables and what was computed on it are as they were."""
    home = Home(tmp_path)
    first = publish(home, "a")
    home.current().write_result("figures", {"x": 1})
    publish(home, "b")
    assert home.activate(first).result("figures") == {"x": 1}
    assert Home(tmp_path).current().table("parties")["id"].tolist() == ["a"]


def test_an_activated_version_is_the_last_to_be_removed(tmp_path):
    """Being current again counts as new."""
    home = Home(tmp_path, keep=2)
    first, second = publish(home, "a"), publish(home, "b")
    home.activate(first)
    third = publish(home, "c")
    assert {snapshot.version for snapshot in home.kept()} == {first, third}
    with pytest.raises(UnknownIdError, match=second):
        home.activate(second)


def test_an_empty_home_keeps_nothing(tmp_path):
    """No folder, no versions, no error."""
    assert Home(tmp_path / "none").kept() == []
