"""What cannot be planned gets a reason by name, and the feasible part is planned all the same."""

from collections.abc import Callable

import pandas as pd
import pytest

from services.plan_production import plan_production

WEEKS = pd.date_range("2026-01-05", periods=3, freq="7D")
Tables = dict[str, pd.DataFrame]


def market() -> Tables:
    """Two items on a line each; `good` asks for 10 pieces a week, `bad` too."""
    names = ["good", "bad"]
    return {
        "demand": pd.DataFrame([(i, w, 10) for i in names for w in WEEKS], columns=["item", "bucket", "y"]),
        "resources": pd.DataFrame(
            [(f"L-{i}", w, 40.0) for i in names for w in WEEKS], columns=["resource", "bucket", "capacity"]
        ),
        "routes": pd.DataFrame(
            {"item": names, "route": "r", "step": 1, "resource": ["L-good", "L-bad"], "hours_per_unit": 1.0}
        ),
    }


def no_capacity(t: Tables) -> None:
    t["resources"].loc[t["resources"]["resource"] == "L-bad", "capacity"] = 0.0


def nobody_can(t: Tables) -> None:
    t["routes"].loc[t["routes"]["item"] == "bad", "resource"] = "L-nowhere"


def cyclic(t: Tables) -> None:
    t["bom"] = pd.DataFrame({"parent": ["bad", "yarn"], "component": ["yarn", "bad"], "quantity": [1, 1]})


def inside_itself(t: Tables) -> None:
    t["bom"] = pd.DataFrame({"parent": ["bad"], "component": ["bad"], "quantity": [1]})


def lot_too_large(t: Tables) -> None:
    t["routes"]["minimum_lot"] = [0, 50]


def hole(t: Tables) -> None:
    closed = (t["resources"]["resource"] == "L-bad") & (t["resources"]["bucket"] == WEEKS[0])
    t["resources"] = t["resources"][~closed]


def overload(t: Tables) -> None:
    t["firm"] = pd.DataFrame(
        {"item": ["bad"], "route": ["r"], "step": [1], "resource": ["L-bad"], "pieces": [55], "start": [WEEKS[1]]}
    )


def negative(t: Tables) -> None:
    t["demand"].loc[t["demand"]["item"] == "bad", "y"] = -5


def past(t: Tables) -> None:
    early = t["demand"]["item"].eq("bad") & t["demand"]["bucket"].eq(WEEKS[0])
    t["demand"].loc[early, "bucket"] = pd.Timestamp("2025-12-01")


CASES = [
    # what is wrong, reason's code, part of its words, orders of `bad` that remain
    (no_capacity, "no_capacity", "L-bad", 0),
    (nobody_can, "step_without_resource", "nobody can do step 1 (resource L-nowhere has no capacity rows)", 0),
    (cyclic, "cyclic_bom", "contains itself: none of them can be made", 0),
    (inside_itself, "cyclic_bom", "bad -> bad contains itself", 0),
    (lot_too_large, "lot_above_capacity", "item bad: its smallest lot takes 50 h on L-bad", 0),
    (hole, "calendar_hole", "resource L-bad has no row for 1 bucket(s), the first is 2026-01-05", 20),
    (overload, "firm_overload", "resource L-bad: firm orders exceed its hours by 15 on 2026-01-12", 55),
    (negative, "negative_demand", "demand.csv: column 'y', row 4: -5 pieces: taken as 0", 0),
    (past, "past", "item bad: demand was due before the first bucket 2026-01-05: taken as due at once", 30),
]


@pytest.mark.parametrize(("spoil", "code", "words", "bad_pieces"), CASES, ids=[case[0].__name__ for case in CASES])
def test_the_rest_is_planned(spoil: Callable[[Tables], None], code: str, words: str, bad_pieces: int) -> None:
    """The culprit is named, and the other item gets all its pieces in time."""
    tables = market()
    spoil(tables)
    report = plan_production(**tables, sources={"demand": "demand.csv"})
    found = [reason for reason in report.summary["reasons"] if reason["code"] == code]
    assert found, report.summary["reasons"]
    assert words in found[0]["detail"]
    made = report.orders.groupby("item")["pieces"].sum()
    assert made["good"] == 30
    assert made.get("bad", 0) >= bad_pieces
    load = report.load.merge(tables["resources"], on=["resource", "bucket"], how="left", suffixes=("", "_given"))
    fixed = code == "firm_overload"
    assert fixed or (load["hours"] <= load["capacity_given"].fillna(0.0) + 1e-6).all()
