from dataclasses import replace

import numpy as np
import pytest

from contracts.errors import InputError
from forecast.hierarchy import Level, aggregate, level_from, pull, stack, total_of
from forecast.panel import Attribute


def test_nodes_are_named_by_level_and_key(make_panel):
    """A bare key could belong to two levels."""
    panel = make_panel(np.ones((3, 5)), groups=["S1", "S2", "S1"])
    assert level_from(panel, "store").ids == ["store=S1", "store=S2"]
    assert total_of(panel).ids == ["total"]


def test_a_crossed_level_joins_its_keys(make_panel):
    """store+store is a silly cross with the same groups: only its keys differ."""
    panel = make_panel(np.ones((3, 5)), groups=["S1", "S2", "S1"])
    level = level_from(panel, "store+store")
    assert level.ids == ["store+store=S1+S1", "store+store=S2+S2"]
    assert level.group.tolist() == [0, 1, 0]


def test_a_missing_column_is_named(make_panel):
    """The message lists the columns there are."""
    with pytest.raises(InputError, match=r"--hierarchy: expected static columns \(store\), got shop"):
        level_from(make_panel(np.ones((2, 5)), groups=["a", "b"]), "shop")


def test_a_stock_out_of_a_member_does_not_sink_its_group(make_panel):
    """The hidden day is filled with what the member sold on average before."""
    y = np.array([[4.0, 4, 4, np.nan], [1, 1, 1, 1]])
    panel = make_panel(y, groups=["S1", "S1"])
    assert aggregate(panel, level_from(panel, "store")).y.tolist() == [[5, 5, 5, 5]]


def test_a_node_keeps_what_all_its_members_share(make_panel):
    """A store node knows its store, the total does not; the share of members on promotion stays, prices go."""
    panel = make_panel(np.ones((3, 5)), groups=["S1", "S2", "S1"], horizon=1)
    promoted = np.zeros((3, 6), dtype=np.float32)
    promoted[0] = 1
    known = (Attribute(name="promotion", values=promoted), Attribute(name="price", values=promoted + 4))
    nodes = stack(
        [aggregate(replace(panel, known=known), level) for level in (total_of(panel), level_from(panel, "store"))]
    )
    np.testing.assert_array_equal(nodes.static[0].values, [np.nan, 0, 1])
    assert [a.name for a in nodes.known] == ["promotion"]
    np.testing.assert_allclose(nodes.known[0].values[:, 0], [1 / 3, 1 / 2, 0])


def test_pull_moves_half_way_in_proportion():
    """Bottom 1 + 3 = 4 towards 16 with power 1/2: times 2, shares kept."""
    level = Level(name="total", keys=("total",), group=np.array([0, 0]))
    np.testing.assert_allclose(pull(np.array([[1.0], [3.0]]), [level], [np.array([[16.0]])]), [[2], [6]])


def test_pull_with_full_power_obeys_and_with_none_ignores():
    """The two ends of the scale."""
    level = Level(name="total", keys=("total",), group=np.array([0, 0]))
    bottom, aim = np.array([[1.0], [3.0]]), [np.array([[16.0]])]
    assert pull(bottom, [level], aim, power=1).sum() == pytest.approx(16)
    assert pull(bottom, [level], aim, power=0).tolist() == bottom.tolist()


def test_a_group_forecast_as_nothing_is_left_alone():
    """No division by zero in either direction."""
    level = Level(name="x", keys=("a", "b"), group=np.array([0, 1]))
    assert pull(np.array([[0.0], [3.0]]), [level], [np.array([[5.0], [0.0]])]).tolist() == [[0], [3]]
