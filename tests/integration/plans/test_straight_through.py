"""A changed forecast re-plans the free horizon only; decisions about orders hold across plans and are logged."""

import pandas as pd
import pytest

from contracts.errors import InputError, NotReadyError, UnknownIdError
from planning.order_identity import lot_names
from planning.order_states import OrderChange
from services.network_plan import plan_network
from services.production_orders import (
    current_orders,
    decide_order,
    order_decisions,
    orders_before,
    rows_of_order,
)
from store.home import Home
from store.plans import PlanShelf

WEEKS = pd.date_range("2026-03-02", periods=8, freq="7D")


def first_lot(home, item: str, week: int) -> str:
    orders = current_orders(home).orders
    return str(lot_names(orders)[(orders["item"] == item) & (orders["start"] == WEEKS[week])].iloc[0])


def plan(home, **options):
    return plan_network(Home(home).current(), boxes=False, **options).report


def test_a_changed_forecast_leaves_firm_orders_to_the_bit_and_other_styles_alone(home, forecast_again):
    """Tees rise in week five: caps stay as they are, and what is firm stays whatever happens."""
    plan(home, params={"horizon": {"firm": 2, "slushy": 6}})
    lot = first_lot(home, "tee", 2)
    decide_order(home, OrderChange(order_id=lot, state="firm"), by="li", reason="fabric is cut")
    before = current_orders(home).orders
    forecast_again(tee=[80, 90, 100, 80, 90, 118, 80, 90])
    report = plan(home, replan=True, params={"horizon": {"firm": 2, "slushy": 6}})
    assert set(report.diff["item"]) == {"tee"}
    assert (report.diff["start_after"] >= WEEKS[2]).all()
    firm = before[before["state"] == "firm"].drop(columns="reason")
    assert len(firm) >= 4
    kept = report.orders[report.orders["order_id"].isin(firm["order_id"])].drop(columns="reason")
    pd.testing.assert_frame_equal(
        kept.sort_values("order_id", ignore_index=True),
        firm.sort_values("order_id", ignore_index=True),
        check_exact=True,
    )
    assert report.summary["diff"]["unchanged"] == len(before) - len(report.diff[report.diff["change"] != "added"])


def test_an_unchanged_forecast_changes_nothing(home):
    """A plan that jumps at every run would be thrown away."""
    plan(home)
    report = plan(home, replan=True)
    assert report.diff.empty
    assert report.summary["nervousness"] == 0


def test_decisions_hold_and_are_logged(home):
    """Pieces changed by hand make an order firm; what was cancelled does not come back under its name."""
    plan(home)
    grown, gone = first_lot(home, "tee", 4), first_lot(home, "cap", 4)
    told = decide_order(home, OrderChange(order_id=grown, pieces=120), by="li", reason="fair")
    assert told["old"]["state"] == "proposed"
    assert told["new"] == {"pieces": 120, "state": "firm"}
    assert told["zone"] == "free"
    decide_order(home, OrderChange(order_id=gone, state="cancelled"), by="wu", reason="fabric is late")
    shown = Home(home).current().result("plan").set_index("order_id")
    assert shown.loc[f"{grown}-1", ["pieces", "hours", "state"]].tolist() == [120, 60.0, "firm"]
    report = plan(home, replan=True)
    again = report.orders.set_index("order_id")
    assert again.loc[f"{grown}-1", "pieces"] == 120
    assert f"{gone}-1" not in again.index
    assert [(d["by"], d["order_id"]) for d in order_decisions(home)] == [("wu", gone), ("li", grown)]
    assert order_decisions(home, order_id=grown)[0]["reason"] == "fair"


def test_a_decision_made_while_a_plan_is_computed_counts_on_it(home):
    """It is repeated on the new plan where it still fits, and passed over where it does not."""
    plan(home)
    lot, seen = first_lot(home, "tee", 5), current_orders(home)
    decide_order(home, OrderChange(order_id=lot, state="firm"), by="li", reason="now")
    shelf = PlanShelf(home)
    late = seen.plan.summary | {"decisions": seen.decisions}
    shelf.put({"orders": seen.orders}, late, current=True)
    orders = current_orders(home).orders
    assert orders.loc[lot_names(orders) == lot, "state"].tolist() == ["firm"]
    shelf.put({"orders": seen.orders[lot_names(seen.orders) != lot]}, late, current=True)
    assert lot not in set(lot_names(current_orders(home).orders))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": "released"}, "expected a state that follows proposed (firm, cancelled), got released"),
        ({"state": "lost"}, "state: expected one of proposed"),
        ({}, "either a state, or pieces or start, got neither"),
        ({"state": "firm", "pieces": 3}, "got both"),
        ({"pieces": 0}, "pieces: expected a whole number from 1"),
        ({"start": "soon"}, "start: expected a date"),
    ],
)
def test_what_may_not_be_decided(home, change, words):
    """The message says what was expected; nothing is logged."""
    plan(home)
    with pytest.raises(InputError) as error:
        decide_order(home, OrderChange(order_id=first_lot(home, "tee", 1), **change), by="li", reason="x")
    assert words in str(error.value)
    assert order_decisions(home) == []


def test_unknown_orders_nobody_and_no_plan(home):
    """Each is told in its own words."""
    with pytest.raises(NotReadyError, match="no plan of the loaded network"):
        plan(home, replan=True)
    plan(home)
    with pytest.raises(UnknownIdError, match="unknown production order nope"):
        decide_order(home, OrderChange(order_id="nope", state="firm"), by="li", reason="x")
    with pytest.raises(InputError, match="by: expected a text"):
        decide_order(home, OrderChange(order_id=first_lot(home, "tee", 1), state="firm"), by=" ", reason="x")


def test_an_order_is_no_other_whose_name_begins_alike():
    """F-1 is neither F-10 nor F-11; one of its steps stands for all of them."""
    names = ["F-1-1", "F-1-2", "F-10-1", "F-11-1"]
    orders = pd.DataFrame({"order_id": names, "step": [1, 2, 1, 1]})
    for name in ("F-1", "F-1-2"):
        assert orders.loc[rows_of_order(orders, name), "order_id"].tolist() == ["F-1-1", "F-1-2"]


def test_released_orders_end_as_done(home):
    """firm, released, done; then nothing more, and the next plan has it no longer: its pieces are in stock."""
    plan(home)
    lot = first_lot(home, "tee", 0)
    orders = current_orders(home).orders
    wanted, made = (
        int(orders.loc[rows, "pieces"].sum()) for rows in (orders["item"] == "tee", lot_names(orders) == lot)
    )
    states = (
        ["released", "done"]
        if "firm" in set(orders[lot_names(orders) == lot]["state"])
        else ["firm", "released", "done"]
    )
    for state in states:
        decide_order(home, OrderChange(order_id=lot, state=state), by="li", reason="so it is")
    with pytest.raises(InputError, match="expected no change: it is done"):
        decide_order(home, OrderChange(order_id=lot, state="cancelled"), by="li", reason="x")
    report = plan(home, replan=True)
    assert lot not in set(lot_names(report.orders))
    assert report.orders.loc[report.orders["item"] == "tee", "pieces"].sum() == wanted - made
    assert report.diff.empty
    shelf = PlanShelf(home)
    later = shelf.current()
    before = orders_before(home, shelf.get(later.summary["replaces"]), later)
    assert set(before.loc[lot_names(before) == lot, "state"]) == {"done"}
    assert plan(home, replan=True).diff.empty
