"""Styles exploded into components, steps, resources and hours: worked by hand, and what always holds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import TableError
from planning.industrial_router import NEED_COLUMNS, STEP_COLUMNS, explode

WEEKS = pd.date_range("2026-03-02", periods=4, freq="7D")


def wanted(**pieces: list[float]) -> pd.DataFrame:
    rows = [(item, week, n) for item, ns in pieces.items() for week, n in zip(WEEKS, ns, strict=False)]
    return pd.DataFrame(rows, columns=["item", "bucket", "pieces"])


def steps(*rows: tuple, **columns: list) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["item", "route", "step", "resource", "hours_per_unit"])
    return frame.assign(**columns)


def test_a_jacket_by_hand():
    """90 jackets in week 3: yields .9 and 1, one week of lead each, a set-up, two sleeves each, 20 sleeves in stock.

    100 start cutting in week 1 (50 h + 2 h), 90 of them are sewn in week 2 (90 h); 200 sleeves are wanted in week 1,
    180 of them made in lots of 50, so 200, in week 0 (lead 1).
    """
    routes = steps(
        ("jacket", "own", 10, "cut-1", 0.5), ("jacket", "own", 10, "cut-2", 0.8), ("jacket", "own", 20, "sew", 1.0),
        ("sleeve", "own", 1, "sew", 0.1),
        **{"lead_buckets": [1, 1, 1, 1], "yield": [0.9, 0.9, 1.0, 1.0], "setup_hours": [2.0, 0, 0, 0],
           "lot_multiple": [1, 1, 1, 50]},
    )  # fmt: skip
    bom = pd.DataFrame({"parent": ["jacket"], "component": ["sleeve"], "quantity": [2.0]})
    found = explode(wanted(jacket=[0, 0, 0, 90]), routes, bom, pd.Series({"sleeve": 20.0}))
    table = found.steps.set_index(["item", "step"])
    cut, sew, sleeve = table.loc[("jacket", 10)], table.loc[("jacket", 20)], table.loc[("sleeve", 1)]
    assert (cut["pieces"], cut["good_pieces"], cut["hours"], cut["release"], cut["ready"]) == (
        100, 90, 52.0, WEEKS[1], WEEKS[2],
    )  # fmt: skip
    assert (cut["resource"], cut["alternatives"]) == ("cut-1", "cut-2")
    assert (sew["pieces"], sew["hours"], sew["release"], sew["ready"]) == (90, 90.0, WEEKS[2], WEEKS[3])
    assert (sleeve["pieces"], sleeve["hours"], sleeve["release"], sleeve["due"]) == (200, 20.0, WEEKS[0], WEEKS[1])
    needs = found.needs.set_index("item").loc["sleeve"]
    assert needs[["wanted", "from_stock", "made", "left"]].tolist() == [200, 20, 200, 20]
    assert found.reasons == ()


def test_the_cheapest_route_is_taken_and_what_is_bought_is_told():
    """Cost per good piece decides, hours break ties; fabric has no route."""
    routes = steps(("tee", "a", 1, "x", 0.1), ("tee", "b", 1, "y", 0.9), **{"cost": [5.0, 4.0], "yield": [1.0, 1.0]})
    bom = pd.DataFrame({"parent": ["tee"], "component": ["fabric"], "quantity": [0.5]})
    found = explode(wanted(tee=[10]), routes, bom)
    assert found.steps[["route", "resource"]].iloc[0].tolist() == ["b", "y"]
    fabric = found.needs.set_index("item").loc["fabric"]
    assert (fabric["source"], fabric["made"]) == ("buy", 5)


def test_shared_components_are_netted_once():
    """Two styles share a zip; a style may be a component as well as wanted itself."""
    routes = steps(("bag", "r", 1, "L", 1.0), ("coat", "r", 1, "L", 1.0), ("zip", "r", 1, "M", 0.1))
    bom = pd.DataFrame({"parent": ["bag", "coat", "bag"], "component": ["zip", "zip", "coat"], "quantity": [1.0, 2, 1]})
    found = explode(wanted(bag=[10], coat=[5]), routes, bom, pd.Series({"zip": 15.0}))
    needs = found.needs.set_index("item")
    assert needs.loc["coat", "wanted"] == 15
    assert needs.loc["zip", ["wanted", "from_stock", "made"]].tolist() == [40, 15, 25]


def test_a_cycle_is_named():
    """Through any number of levels."""
    bom = pd.DataFrame({"parent": ["a", "b", "c"], "component": ["b", "c", "a"], "quantity": [1.0, 1, 1]})
    with pytest.raises(TableError, match=r"no item inside itself, got (a -> b -> c -> a|b -> c -> a|c -> a)"):
        explode(wanted(a=[1]), steps(("a", "r", 1, "L", 1.0)), bom)


def test_what_should_have_started_already_and_what_nobody_makes():
    """Reasons by name, the rest exploded all the same."""
    routes = steps(("tee", "r", 1, "L", 1.0), ("cap", "r", 1, "L", 1.0), lead_buckets=[2, 0])
    bom = pd.DataFrame({"parent": ["hat"], "component": ["cap"], "quantity": [1.0]})
    found = explode(wanted(tee=[5, 0, 7], cap=[3], hat=[2]), routes, bom)
    assert [(r.code, r.item) for r in found.reasons] == [("no_route", "hat"), ("lead_time", "tee")]
    assert found.steps.set_index("item").loc["cap", "pieces"] == 3
    assert found.steps["release"].min() == WEEKS[0] - pd.Timedelta(days=14)


def test_nothing_wanted_is_nothing_to_do():
    """The columns are there."""
    found = explode(wanted(tee=[0.0]), steps(("tee", "r", 1, "L", 1.0)))
    assert found.steps.columns.tolist() == list(STEP_COLUMNS)
    assert found.needs.columns.tolist() == list(NEED_COLUMNS)


@settings(max_examples=60, deadline=None)
@given(
    pieces=st.lists(st.integers(0, 50), min_size=4, max_size=4),
    yields=st.lists(st.sampled_from([1.0, 0.95, 0.8, 0.5]), min_size=2, max_size=2),
    lot=st.tuples(st.integers(0, 30), st.integers(1, 7)),
    stock=st.tuples(st.integers(0, 40), st.integers(0, 40)),
    quantity=st.integers(1, 3),
)
def test_nothing_is_lost(
    pieces: list[int], yields: list[float], lot: tuple[int, int], stock: tuple[int, int], quantity: int
):
    """Stock and what is made are what is wanted and what is left; each step passes on what its yield leaves."""
    routes = steps(
        ("style", "r", 1, "L", 0.3), ("style", "r", 2, "M", 0.7), ("part", "r", 1, "L", 0.2),
        **{"yield": [*yields, 1.0], "minimum_lot": [lot[0], 0, 0], "lot_multiple": [lot[1], 1, 1],
           "lead_buckets": [1, 0, 1]},
    )  # fmt: skip
    bom = pd.DataFrame({"parent": ["style"], "component": ["part"], "quantity": [quantity]})
    found = explode(wanted(style=pieces), routes, bom, pd.Series({"style": float(stock[0]), "part": float(stock[1])}))
    for item, held in zip(("style", "part"), stock, strict=True):
        rows = found.needs[found.needs["item"] == item]
        left = rows["left"].iloc[-1] if len(rows) else held
        assert np.isclose(held + rows["made"].sum(), rows["wanted"].sum() + left)
        assert (rows["left"] >= -1e-9).all()
    first, second = (found.steps[(found.steps["item"] == "style") & (found.steps["step"] == k)] for k in (1, 2))
    assert (np.abs(first["pieces"].to_numpy() * yields[0] - second["pieces"].to_numpy()) < 1).all()
    assert ((first["pieces"] >= lot[0]) & (first["pieces"] % lot[1] == 0)).all()
    used = found.needs.loc[found.needs["item"] == "part", "wanted"].sum()
    assert np.isclose(used, quantity * first["pieces"].sum())
    assert np.isclose(first["hours"].sum(), 0.3 * first["pieces"].sum())
