"""The worker: facts become holds, forecasts, a plan and prices, once each, whoever dies in between."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pandas as pd
import pytest
from sqlalchemy import select

from contracts.errors import InputError
from services.flow.lag import all_stages, stage_lags
from services.flow.passes import Step
from services.flow.schedule import Timed, schedule_of
from services.flow.worker import STEPS, Worker
from services.hold_candidates import candidates_of_each
from services.sweep_holds import sweep_due
from store.database import Database
from store.outbox import read_outbox, settled_to
from store.schema import CAPACITIES, RESERVATIONS
from store.stages import LeaseLostError, add_stages, claim, end_parked, finish, parked_work, stages
from tests.unit.flow.conftest import order, sale


def told(flow, topic):
    rows = read_outbox(flow.world.database, after=0, to=settled_to(flow.world.database))
    return [row.payload for row in rows if row.topic == topic]


def standing(flow):
    """Return pieces taken by order of its confirmed reservations, and all that is reserved."""
    rows = flow.world.database.read(
        lambda connection: connection.execute(select(RESERVATIONS).where(RESERVATIONS.c.taken_pieces > 0)).all()
    )
    reserved = flow.world.database.read(lambda c: sum(c.scalars(select(CAPACITIES.c.reserved))))
    assert {row.state for row in rows} <= {"confirmed"}
    return sorted((row.order_id, row.pieces) for row in rows), reserved


def test_one_sale_moves_forecast_plan_and_prices(file_flow):
    """One pass each; every event leads back to the fact by its causes."""
    flow = file_flow
    flow.send(order("o1"), sale("a", 300))
    flow.settle()
    forecast, plan, prices = (
        told(flow, topic)[-1] for topic in ("forecast.refreshed", "plan.revised", "prices.published")
    )
    assert forecast["items"] == ["soap"]
    assert "fact:a" in forecast["causes"]
    assert forecast["id"] in plan["causes"]
    assert plan["id"] in prices["causes"] or "route:o1" in prices["causes"]
    routed = told(flow, "order.routed")
    assert [(one["status"], one["causes"][0]) for one in routed] == [("confirmed", "fact:o1")]
    assert standing(flow) == ([("o1", 10)], 10)


def test_only_the_touched_item_is_forecast_anew(file_flow):
    """The others' rows stay to the bit."""
    flow = file_flow
    flow.send(sale("a", 4)).get("accepted")
    flow.settle()
    before = flow.world.home.current().result("forecast")
    flow.send(sale("b", 400, ds="2026-03-03"))
    flow.settle()
    after = flow.world.home.current().result("forecast")
    same, moved = ("tea@s1", "soap@s1")
    assert before[before["unique_id"] == same].equals(
        after[after["unique_id"] == same].set_axis(before.index[before["unique_id"] == same])
    )
    assert after.loc[after["unique_id"] == moved, "mean"].sum() > before.loc[before["unique_id"] == moved, "mean"].sum()
    assert after.attrs["input_position"] > before.attrs["input_position"]


def test_orders_are_corrected_and_cancelled(flow):
    """Whatever came first: what no longer counts is given back, an order stands once."""
    flow.send(order("o1"), order("o2", pieces=20))
    flow.settle()
    flow.send(order("o1/b", pieces=7, corrects="o1"))
    flow.send({"key": "x", "kind": "cancellation", "corrects": "o2", "occurred_at": "2026-03-02T12:00:00Z"})
    flow.send({"key": "y", "kind": "cancellation", "corrects": "o3", "occurred_at": "2026-03-02T12:00:00Z"})
    flow.send(order("o3"), order("o4", sku_id="unknown"), order("o5", pieces=100_000))
    flow.settle()
    assert standing(flow) == ([("o1", 7)], 7)
    last = {one["id"]: one for one in told(flow, "order.routed")}
    assert last["route:o2"]["status"] == "cancelled"
    assert last["route:o4"]["reason"].startswith("sku_id: expected")
    assert last["route:o5"]["status"] == "refused"


def test_orders_stand_once_after_their_answers_are_gone(flow):
    """Long after: what is told late and changes nothing holds nothing again, a cancellation gives back."""
    flow.send(order("o1"), order("o1/b", pieces=7, corrects="o1"), order("o2", pieces=20))
    flow.settle()
    flow.clock.now_ms += 100 * 86_400_000
    removed = sweep_due(flow.world.desk)
    assert removed["answers_removed"] == 2
    flow.send(order("o1/c", pieces=3, corrects="o1", occurred_at="2026-03-01T10:00:00+08:00"))
    flow.send({"key": "x", "kind": "cancellation", "corrects": "o2", "occurred_at": "2026-03-02T12:00:00Z"})
    flow.settle()
    assert standing(flow) == ([("o1", 7)], 7)
    rows = flow.world.database.read(lambda c: c.execute(select(RESERVATIONS.c.order_id, RESERVATIONS.c.state)).all())
    assert sorted(map(tuple, rows)) == [("o1", "confirmed"), ("o2", "cancelled")], "nothing was held a second time"


def test_supply_and_signals_reach_the_house(flow):
    """A supplier that is down gets no order; a signal is in the log that launches read, told twice or once."""
    at = {"occurred_at": "2026-03-02T09:00:00Z"}
    down = {"key": "d", "kind": "capacity_change", "supplier_id": "f1", "left_share": 0} | at
    signal = {"key": "s", "kind": "signal", "signal": "like", "style_id": "soap", "count": 3} | at
    signal |= {"signal_time": "2026-03-01T00:00:00+08:00", "observed_at": "2026-03-02T00:00:00+08:00"}
    made = flow.send(down, down | {"key": "c", "left_share": 1, "occurred_at": "2026-03-01T09:00:00Z"}, signal)
    assert made["accepted"] == 3, made
    flow.settle()
    flow.send(order("o1"), signal | {"key": "again"})
    flow.settle()
    assert told(flow, "order.routed")[0]["supplier_id"] == "f2"
    assert flow.world.shelf.left() == {"f1": 0.0}
    assert flow.world.inlet.facts.signals.read()[["style_id", "kind", "count"]].values.tolist() == [
        ["soap", "like", 3.0]
    ]


def test_a_burst_is_one_pass(file_flow):
    """Fifty sales of one item: one forecast."""
    flow = file_flow
    foreign = {"key": "x", "kind": "cancellation", "corrects": "o1", "occurred_at": "2026-03-02T12:00:00Z"}
    flow.send(foreign, *(sale(f"s{n}", 1) for n in range(50)))
    flow.settle()
    assert len(told(flow, "forecast.refreshed")) == 1
    assert "fact:x" not in told(flow, "forecast.refreshed")[0]["causes"]
    assert told(flow, "forecast.refreshed")[0]["causes_in_all"] == 51


def test_an_order_that_names_nobody_does_not_stop_the_prices(file_flow):
    """An unknown place, buyer or sku is refused by itself; prices are made from the others."""
    flow = file_flow
    flow.send(order("o1"), order("o2", ship_to="nowhere"), order("o3", buyer_id="nobody"), order("o4", sku_id="none"))
    flow.settle()
    assert {one["id"]: one["status"] for one in told(flow, "order.routed")} == {
        "route:o1": "confirmed",
        **dict.fromkeys(("route:o2", "route:o3", "route:o4"), "refused"),
    }
    assert told(flow, "prices.published")[-1]["orders"] == 1
    assert [row["reason"] for row in stages(flow.world.database) if row["attempts"]] == []


def test_orders_that_name_nobody_cost_no_search_each(flow, monkeypatch):
    """One sender's wrong ids must not keep everybody else waiting: those who can be served are searched for at once."""
    searched = []

    def search(desk, snapshot, orders, *, viewer):
        searched.append([one["order_id"] for one in orders])
        return candidates_of_each(desk, snapshot, orders, viewer=viewer)

    monkeypatch.setattr("services.flow.orders.candidates_of_each", search)
    wrong = [order(f"w{n}", sku_id=f"none {n}") for n in range(10)] + [order("x", ship_to="nowhere")]
    flow.send(order("o1"), *wrong, order("o2"))
    flow.worker.drain()
    assert searched == [["o1", "o2"]]
    refused = {one["id"]: one["reason"] for one in told(flow, "order.routed") if one["status"] == "refused"}
    assert len(refused) == 11
    assert refused["route:w3"] == "sku_id: expected an sku of the loaded network, got 'none 3'"
    assert standing(flow) == ([("o1", 10), ("o2", 10)], 20)


_HEAVY = ("forecast", "plan")


@pytest.mark.parametrize(
    "stage", [pytest.param(step.name, marks=pytest.mark.proof if step.name in _HEAVY else ()) for step in STEPS]
)
def test_a_worker_that_dies_before_its_stage_ends_changes_nothing(flow, stage):
    """It did everything but move the cursor: another does it again, and every order stands once."""

    class Killed(BaseException):
        """As if the process were gone."""

    def dies(world, given):
        step = next(step for step in STEPS if step.name == stage)
        step.run(world, given)
        raise Killed

    corrected = [order("o2", pieces=9), order("o2/b", pieces=4, corrects="o2"), order("o2/a", pieces=5, corrects="o2")]
    told_of = [order("o1"), *corrected, *([sale("a", 9)] if stage in _HEAVY else [])]
    flow.send(*told_of)
    steps = tuple(replace(step, run=dies) if step.name == stage else step for step in STEPS)
    dying = Worker(world=flow.world, steps=steps)
    for _ in range(6):
        try:
            dying.drain()
        except Killed:
            break
        flow.clock.now_ms += 10_000
    flow.clock.now_ms += 20_000  # the lease runs out
    flow.settle()
    assert standing(flow) == ([("o1", 10), ("o2", 4)], 14)
    assert {row["position"] >= settled_to(flow.world.database) - 500 for row in stages(flow.world.database)} == {True}
    assert all(lag["waiting"] == 0 for lag in stage_lags(flow.world.database, now_ms=flow.clock.now_ms))


def test_only_the_lease_holder_moves_the_cursor(flow):
    """A worker that was thought dead finds out, and its events are not told."""
    flow.send(sale("a", 1))
    flow.worker.drain()
    lease = {"now_ms": flow.clock.now_ms + 60_000, "lease_ms": 1000}
    first = claim(flow.world.database, "forecast", worker="one", **lease)
    assert claim(flow.world.database, "forecast", worker="two", **lease) is None
    lease["now_ms"] += 5000
    second = claim(flow.world.database, "forecast", worker="two", **lease)
    event = {"topic": "t", "subject": "s", "payload": {"id": "ghost"}}
    with pytest.raises(LeaseLostError):
        finish(flow.world.database, first, position=99, events=[event], now_ms=lease["now_ms"])
    assert told(flow, "t") == []
    finish(flow.world.database, second, position=second.position, events=[event], now_ms=lease["now_ms"])
    assert len(told(flow, "t")) == 1


def test_workers_that_start_at_once_add_each_stage_once(database):
    """All go on: none finds fault with what another was a moment faster to add."""
    others = [Database.open(database.url.render_as_string(hide_password=False)) for _ in range(4)]
    for other in others:
        other.make_ready()
    names = {f"stage-{n}": n for n in range(8)}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda other: add_stages(other, names), others))
    assert {row["name"]: row["next_at_ms"] for row in stages(database)} == names
    for other in others:
        other.close()


@pytest.mark.parametrize("fails", [False, True])
def test_a_worker_goes_on_when_its_lease_is_lost(flow, fails):
    """Its pass took longer than its lease and then ended, or failed: another has the stage, this one is not ended."""

    def run(world, given):
        flow.clock.now_ms += 60_000
        assert claim(world.database, "slow", worker="other", now_ms=flow.clock.now_ms, lease_ms=60_000)
        if fails:
            raise InputError("somewhere", "something", "nothing")
        return []

    step = Step(name="slow", topics=("fact.accepted",), kinds=("sale",), run=run)
    flow.worker = Worker(world=flow.world, steps=(step,), lease_seconds=30.0)
    flow.send(sale("a", 1))
    assert flow.worker.drain() == 0
    (row,) = stages(flow.world.database)
    assert (row["leased_by"], row["position"], row["attempts"]) == ("other", 0, 0)


def test_what_fails_five_times_is_parked_and_the_stage_goes_on(flow):
    """With its reason; a retry gives it to the stage again."""
    broken = [True]

    def run(world, given):
        if broken[0]:
            raise InputError("somewhere", "something", "nothing")
        return []

    step = Step(name="fragile", topics=("fact.accepted",), kinds=("sale",), run=run)
    worker = Worker(world=flow.world, steps=(step,))
    flow.send(sale("a", 1))
    for waited in (0, 1000, 2000, 4000, 8000):
        assert parked_work(flow.world.database) == []
        flow.clock.now_ms += waited
        worker.drain()
    (parked,) = parked_work(flow.world.database)
    assert (parked["stage"], parked["attempts"], parked["reason"]) == (
        "fragile",
        5,
        "somewhere: expected something, got nothing",
    )
    assert told(flow, "work.parked")[0]["causes"] == ["fact:a"]
    assert worker.drain() == 0
    broken[0] = False
    end_parked(flow.world.database, parked["number"], state="retried", now_ms=flow.clock.now_ms)
    assert worker.drain() == 1
    assert parked_work(flow.world.database) == []


def test_the_clock_makes_work_once_a_day(flow):
    """Due at its time of day, once, by whichever worker comes first."""
    ran = []
    timed = Timed(name="daily-x", at="02:00", run=lambda world, given: ran.append(given.now_ms) or [])
    workers = [Worker(world=flow.world, steps=(), schedule=(timed,)) for _ in range(2)]
    for _ in range(49):
        for worker in workers:
            worker.drain()
        flow.clock.now_ms += 3_600_000
    assert len(ran) == 2
    assert ran[1] - ran[0] == 24 * 3_600_000
    assert [timed.after(moment - 3_600_000) <= moment for moment in ran] == [True, True]


def test_the_work_of_the_clock_is_told_with_its_last_and_next_time(file_flow):
    """Never done at first, due at its time; a stage that listens is due by no clock."""
    flow, seen = file_flow, []
    timed = Timed(name="daily-x", at="02:00", run=lambda world, given: [])
    worker = Worker(world=flow.world, schedule=(timed,))
    for later in (0, 24 * 3_600_000):
        flow.clock.now_ms += later
        worker.drain()
        told = {one["name"]: one for one in all_stages(flow.world.database, now_ms=flow.clock.now_ms)}
        seen.append((told["daily-x"]["last_at_ms"], told["daily-x"]["next_at_ms"]))
    start = flow.clock.now_ms - 24 * 3_600_000
    assert seen == [(None, timed.after(start)), (flow.clock.now_ms, timed.after(flow.clock.now_ms))]
    assert list(told)[-1] == "daily-x"
    assert {one["next_at_ms"] for one in told.values() if one["name"] != "daily-x"} == {None}


def test_the_daily_forecast_keeps_what_facts_tell(file_flow):
    """Forecast anew as a whole, the touched item comes out as the facts left it."""
    flow = file_flow
    flow.send(sale("a", 60))
    flow.settle()
    before = flow.world.home.current().result("forecast")
    timed = {one.name: one for one in schedule_of({"forecast": "02:00"}, retention_days=9)}["daily-forecast"]
    worker = Worker(world=flow.world, steps=(), schedule=(timed,))
    worker.drain()
    flow.clock.now_ms += 86_400_000
    assert worker.drain() == 1
    pd.testing.assert_frame_equal(flow.world.home.current().result("forecast"), before, check_exact=True)


@pytest.mark.parametrize("times", [{"lunch": "12:00"}, {"forecast": "25:00"}, {"forecast": "2am"}])
def test_a_schedule_says_what_is_wrong(times):
    """Name or time."""
    with pytest.raises(InputError, match="schedule"):
        schedule_of(times, retention_days=9)


def test_what_fails_by_the_clock_is_parked_once_a_day_and_can_be_retried(flow):
    """Not again at once, for ever; a retry does it now."""
    ran = []

    def run(world, given):
        ran.append(given.now_ms)
        raise InputError("history", "more", "less")

    worker = Worker(world=flow.world, steps=(), schedule=(Timed(name="daily-x", at="02:00", run=run),))
    for _ in range(26 * 60):
        worker.drain()
        flow.clock.now_ms += 60_000
    (parked,) = parked_work(flow.world.database)
    assert len(ran) == 5
    end_parked(flow.world.database, parked["number"], state="retried", now_ms=flow.clock.now_ms)
    worker.drain()
    assert len(ran) == 6
