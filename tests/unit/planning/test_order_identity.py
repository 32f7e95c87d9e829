"""Orders keep their ids across re-plans, and a diff says what changed."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning.order_identity import lots_of, name_lots
from planning.orders import ORDER_COLUMNS
from planning.params import HorizonParams, PlanParams, PlanWeights
from planning.plan_diff import diff_figures, diff_lines, plan_diff
from services.plan_production import plan_production

WEEKS = pd.date_range("2026-01-05", periods=6, freq="7D")


def lots(*rows: tuple) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["item", "route", "at", "start", "pieces"])
    return frame.assign(start=pd.to_datetime(frame["start"]))


def test_the_lot_that_moved_least_keeps_the_name():
    """Two old lots, three new ones: one stays, one moves a week and grows, one is new."""
    old = lots(("a", "r", "L", WEEKS[0], 10), ("a", "r", "L", WEEKS[2], 20)).assign(lot=["PO-1", "PO-2"])
    new = lots(("a", "r", "L", WEEKS[5], 5), ("a", "r", "L", WEEKS[3], 25), ("a", "r", "L", WEEKS[0], 11))
    names = name_lots(new, old, set())
    assert names[1:] == ["PO-2", "PO-1"]
    assert names[0].startswith("PO-")
    assert names[0] not in ("PO-1", "PO-2")


def test_another_item_or_a_move_of_months_is_another_order():
    """Names never pass from one item to another, nor over more than four weeks."""
    old = lots(("a", "r", "L", WEEKS[0], 10)).assign(lot=["PO-1"])
    assert name_lots(lots(("b", "r", "L", WEEKS[0], 10)), old, set()) != ["PO-1"]
    assert name_lots(lots(("a", "r", "L", WEEKS[5], 10)), old, set()) != ["PO-1"]
    assert name_lots(lots(("a", "other", "M", WEEKS[1], 10)), old, set()) == ["PO-1"]


def test_a_new_order_never_takes_the_name_of_one_that_moved_away():
    """PO-x moved from week 0 to week 1; what is new in week 0 is called otherwise."""
    first = lots(("a", "r", "L", WEEKS[0], 10))
    name = name_lots(first, pd.DataFrame(), set())[0]
    moved = lots(("a", "r", "L", WEEKS[1], 10), ("a", "r", "M", WEEKS[0], 3))
    names = name_lots(moved, first.assign(lot=[name]), set())
    assert names[0] == name
    assert len(set(names)) == 2
    assert name_lots(first, pd.DataFrame(), {name}) != [name]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.integers(1, 9)), max_size=8, unique_by=lambda x: x[:2]
    ),
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 5), st.integers(1, 9)), max_size=8, unique_by=lambda x: x[:2]
    ),
)
def test_names_are_unique_and_the_unchanged_keep_theirs(old: list, new: list):
    """Whatever moves, no name is given twice, and what is as before is called as before."""
    before, after = (lots(*((i, "r", "L", WEEKS[t], n) for i, t, n in rows)) for rows in (old, new))
    before["lot"] = [f"PO-{k}" for k in range(len(before))]
    names = name_lots(after, before, set())
    assert len(set(names)) == len(names)
    known = {(row.item, row.start): row.lot for row in before.itertuples()}
    for row, name in zip(after.itertuples(), names, strict=True):
        assert known.get((row.item, row.start), name) == name


def order(lot: str, start: int, pieces: int, **more: object) -> dict:
    row = dict.fromkeys(ORDER_COLUMNS) | {"item": "tee", "route": "r", "step": 1, "resource": "L", "state": "proposed"}
    return row | {"order_id": f"{lot}-1", "pieces": pieces, "hours": float(pieces), "start": WEEKS[start],
                  "due": WEEKS[start], "reason": "on_time"} | more  # fmt: skip


def test_a_diff_names_every_kind_of_change():
    """Cancelled, moved, resized and added orders; what is as it was has no row; history is no change."""
    before = pd.DataFrame([order("past", 0, 7, state="released"), order("same", 1, 10), order("gone", 2, 30),
                           order("later", 2, 20), order("more", 3, 5), order("other", 4, 9)])  # fmt: skip
    after = pd.DataFrame([order("same", 1, 10), order("later", 3, 20), order("more", 3, 8),
                          order("other", 4, 9, resource="M"), order("new", 5, 4, reason="cover")])  # fmt: skip
    diff = plan_diff(before, after)
    assert dict(zip(diff["order_id"], diff["change"], strict=True)) == {
        "gone": "cancelled", "later": "moved", "other": "moved", "more": "resized", "new": "added",
    }  # fmt: skip
    lines = diff_lines(diff)
    assert lines[0] == "gone (tee) cancelled: 30 pieces of 2026-01-19 on L; 23 fewer pieces of the item are made in all"
    assert "later (tee) moved: 7 days later, 2026-01-19 to 2026-01-26; on_time" in lines
    assert "more (tee) resized: 5 to 8 pieces; on_time" in lines
    assert lines[-1] == "new (tee) added: 4 pieces on 2026-02-09, L; cover"
    figures = diff_figures(before, after, diff)
    assert (figures["unchanged"], figures["moved"], figures["added"], figures["cancelled"]) == (1, 2, 1, 1)
    # week 2 loses 50 h, week 3 gains 23, week 4 moves 9 from L to M, week 5 gains 4
    assert figures["hours_moved"] == pytest.approx(50 + 23 + 18 + 4)


def test_a_diff_with_itself_is_empty():
    """Nothing changed, nothing moved."""
    plan = pd.DataFrame([order("same", 1, 10)])
    diff = plan_diff(plan, plan)
    assert diff.empty
    assert diff_figures(plan, plan, diff)["nervousness"] == 0
    assert plan_diff(plan.iloc[:0], plan.iloc[:0]).empty


def replan(demand: list[float], previous: pd.DataFrame | None = None, **weights: float):
    return plan_production(
        pd.DataFrame({"item": "tee", "bucket": WEEKS, "y": demand}),
        pd.DataFrame({"resource": "L", "bucket": WEEKS, "capacity": 40.0}),
        pd.DataFrame({"item": ["tee"], "route": ["r"], "step": [1], "resource": ["L"], "hours_per_unit": [1.0]}),
        items=pd.DataFrame({"item": ["tee"], "holding_cost": [0.1], "backlog_cost": [5.0]}),
        previous=previous,
        params=PlanParams(
            weights=PlanWeights(idle=0, overtime=0, load_change=0, **weights), horizon=HorizonParams(firm=2, slushy=4)
        ),
    )


def test_a_replan_keeps_firm_orders_to_the_bit_and_moves_what_it_must():
    """Demand of week 4 goes to week 5: that order moves under its id, all others stay as they were."""
    first = replan([10, 11, 12, 0, 14, 0], plan_change=0.01)
    second = replan([10, 11, 12, 0, 0, 14], previous=first.orders, plan_change=0.01)
    changed = second.diff
    assert changed["change"].tolist() == ["moved"]
    assert second.summary["diff"]["unchanged"] == 3
    names = set(first.orders["order_id"])
    assert set(second.orders["order_id"]) == names
    firm = first.orders[first.orders["state"] == "firm"].drop(columns="reason").reset_index(drop=True)
    again = second.orders[second.orders["state"] == "firm"].drop(columns="reason").reset_index(drop=True)
    pd.testing.assert_frame_equal(firm, again, check_exact=True)
    assert np.isclose(second.summary["nervousness"], second.summary["diff"]["nervousness"])


def test_lots_gather_the_steps_of_an_order():
    """Start and pieces are the first step's, the due date the last one's, hours are added."""
    rows = pd.DataFrame([order("x", 0, 10), order("x", 1, 9, step=2, order_id="x-2", due=WEEKS[2])])
    lot = lots_of(rows).iloc[0]
    assert (lot["lot"], lot["pieces"], lot["hours"], lot["due"]) == ("x", 10, 19.0, WEEKS[2])
