"""A coupon wave in the worker: its forecast corrected by the orders that come, late ones in their place."""

from dataclasses import replace

import pandas as pd
import pytest

from services.flow.schedule import schedule_of
from services.flow.wave_orders import came_to, wave_of, wave_orders
from services.flow.waves import orders_to_come
from services.flow.worker import STEPS, Worker
from services.wave_demand import with_waves
from simulate.waves import WaveSimParams, simulate_waves
from store.fact_book import Fact
from store.wave_book import WaveBook
from tests.unit.flow.conftest import order
from tests.unit.flow.test_worker import told

PUSH = pd.Timestamp("2026-03-02T14:00:00+08:00")
PUSH_MS = int(PUSH.timestamp() * 1000)
MINUTE_MS = 60_000
REACHED = [{"community_id": name, "members": 200} for name in ("c0", "c1", "c2", "c3", "c4", "s1")]
ANNOUNCED = {"key": "push-w1", "kind": "push", "wave_id": "w1", "push_at": PUSH.isoformat(), "coupon": "coupon-0"}
ANNOUNCED |= {"communities": REACHED, "occurred_at": "2026-03-01T09:00:00+08:00"}


def placed(number, minute, **more):
    """Return an order of a wave, placed so many minutes after its push."""
    at = (PUSH + pd.Timedelta(minutes=minute)).isoformat()
    return order(f"w{number}", pieces=2, buyer_id=REACHED[number % 6]["community_id"], occurred_at=at) | more


@pytest.fixture
def wave(file_flow):
    """A flow whose book holds three waves, and one that is announced."""
    earlier = simulate_waves(WaveSimParams(communities=6, waves=3, mean_orders=200), seed=1)
    for wave_id, pushes in earlier.pushes.groupby("wave_id"):
        orders = earlier.orders[earlier.orders["wave_id"] == wave_id].assign(orders=1.0)
        WaveBook(file_flow.world.home.root).keep(str(wave_id), pushes, orders)
    file_flow.worker = Worker(world=file_flow.world, steps=(), schedule=schedule_of({}, retention_days=9)[:1])
    file_flow.clock.now_ms = PUSH_MS - 30 * MINUTE_MS
    assert file_flow.send(ANNOUNCED)["accepted"] == 1
    return file_flow


def at(flow, minute):
    """Let the worker work at so many minutes after the push, and return what is kept of the wave."""
    flow.clock.now_ms = PUSH_MS + minute * MINUTE_MS
    flow.worker.drain()
    flow.clock.now_ms += MINUTE_MS
    flow.worker.drain()
    return (flow.world.home.current().result("waves") or {"waves": {}})["waves"].get("w1")


def test_the_forecast_follows_the_orders(wave):
    """Before the push, after it with many orders, with late ones; each told once, with its causes; then it is over."""
    before = at(wave, -20)
    assert (before["state"], before["so_far"]) == ("coming", 0)
    wave.send(*(placed(n, n % 14) for n in range(300)))
    running = at(wave, 16)
    assert (running["state"], running["so_far"]) == ("running", 300)
    assert running["mean"] > 1.5 * before["mean"]
    assert running["left"] == pytest.approx(running["mean"] - 300, abs=0.2)
    wave.clock.now_ms = PUSH_MS + 40 * MINUTE_MS
    wave.send(*(placed(n, 10) for n in range(300, 400)))  # told half an hour after they were placed
    late = at(wave, 40)
    assert (late["so_far"], late["minutes_late"]) == (400, 30.0)
    events = told(wave, "wave.forecast")
    assert events[-1]["causes"][0] == "fact:push-w1"
    assert len({one["id"] for one in events}) == len(events)
    assert at(wave, 25 * 60) is None
    assert told(wave, "wave.forecast")[-1]["state"] == "over"


def test_a_push_between_two_milliseconds_counts_its_first_orders():
    """An order of the same millisecond is of the wave's first bucket, not before the wave."""
    for moment in ("14:00:00.975816", "14:00:00.575"):
        push = wave_of(ANNOUNCED | {"push_at": f"2026-03-02T{moment}+08:00"})
        (reached,) = {row["community_id"] for row in REACHED[:1]}
        fact = {"buyer_id": reached, "sku_id": "soap", "pieces": 1}
        first = Fact(tenant="", key="a", root="a", kind="order", subject="a", payload=fact, sequence=0,
                     occurred_at_ms=push.push_ms, accepted_at_ms=push.push_ms)  # fmt: skip
        came = came_to(wave_orders([push], [first], hours=24), 15)
        assert came["placed_at"].tolist() == push.pushes["push_at"].head(1).tolist()


def test_nothing_changes_what_a_wave_counts_but_its_facts(wave):
    """Sent twice, corrected, cancelled, from elsewhere, after the end: each order once in its place, or not at all."""
    other = {"key": "x1", "buyer_id": "nowhere"}
    cancelled = {"key": "no", "kind": "cancellation", "corrects": "w3", "occurred_at": "2026-03-02T14:30:00+08:00"}
    fixed = placed(4, 12) | {"key": "fix", "corrects": "w4", "pieces": 9}
    rows = [placed(n, n) for n in range(8)]
    wave.send(*rows, *rows, placed(50, 5) | other, placed(51, -3), cancelled, fixed, placed(52, 25 * 60))
    assert at(wave, 31)["so_far"] == 7


def test_prices_and_plan_follow(wave):
    """As many orders are expected as are left of the wave; its pieces are demand of its week, and nobody else's."""
    wave.worker = replace(wave.worker, steps=tuple(step for step in STEPS if step.name == "prices"))
    wave.send(*(placed(n, n % 14) for n in range(300)))
    running = at(wave, 16)
    snapshot = wave.world.home.current()
    assert orders_to_come(snapshot, 340.0, now_ms=wave.clock.now_ms) == pytest.approx(40 + running["left"])
    assert orders_to_come(snapshot, 340.0, now_ms=wave.clock.now_ms + 31 * MINUTE_MS) == 340.0
    weeks = pd.to_datetime(["2026-02-23", "2026-03-02", "2026-03-09"])
    weekly = pd.concat(
        [pd.DataFrame({"unique_id": name, "ds": weeks, "mean": 5.0, "q0.9": 8.0}) for name in ("soap", "tea")]
    )
    more = with_waves(snapshot, weekly).set_index(["unique_id", "ds"]) - weekly.set_index(["unique_id", "ds"])
    assert more["mean"].loc["tea"].tolist() == [0.0, 0.0, 0.0]
    assert more["mean"].loc["soap"].tolist() == pytest.approx([0.0, 2 * running["mean"], 0.0], rel=1e-3)
    assert more["q0.9"].equals(more["mean"])
    assert "wave-w1" in str(told(wave, "prices.published")[-1]["causes"])


def test_a_wave_that_is_over_is_learnt_from(wave):
    """A day after its end, with what came late; told of again it is not looked at any more."""
    wave.send(*(placed(n, 10 * n) for n in range(90)))
    at(wave, 47 * 60)
    assert not WaveBook(wave.world.home.root).holds("w1")
    wave.send(*(placed(n, 700) for n in range(90, 100)))
    at(wave, 49 * 60)
    pushes, orders = WaveBook(wave.world.home.root).read()
    assert orders.loc[orders["wave_id"] == "w1", "orders"].sum() == 100
    assert len(pushes[pushes["wave_id"] == "w1"]) == 6


def test_without_a_wave_to_learn_from_nothing_is_said(file_flow):
    """The first wave of a house: orders go their way, no forecast is made up."""
    flow = file_flow
    flow.worker = Worker(world=flow.world, steps=(), schedule=schedule_of({}, retention_days=9)[:1])
    flow.send(ANNOUNCED, placed(1, 3))
    assert at(flow, 20) is None
    assert told(flow, "wave.forecast") == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"communities": []}, "communities: expected a list of community_id and members, got nothing"),
        ({"communities": "c1"}, "communities: expected a list"),
        ({"communities": [{"community_id": "c1", "members": -1}]}, "communities: column 'members', row 1"),
        ({"communities": [{"community_id": "c1", "members": 1, "vip": 2}]}, "communities: vip: expected only"),
        ({"communities": [REACHED[0], REACHED[0]]}, "communities"),
        ({"push_at": "soon"}, "column 'push_at'"),
        ({"wave": 3}, "wave: expected a field of push facts"),
    ],
)
def test_a_push_that_cannot_be_used_is_told(file_flow, change, reason):
    """Where and why."""
    (result,) = file_flow.send(ANNOUNCED | change)["results"]
    assert result["status"] == "refused"
    assert reason in result["reason"]
