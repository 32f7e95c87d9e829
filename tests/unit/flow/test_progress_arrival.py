"""Progress of production orders: the same states however often, late or out of order it was told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.flow.worker import STEPS, Worker
from services.network_plan import plan_network
from services.production_orders import current_orders, finished_orders, order_decisions
from store.database import Database
from store.schema import METADATA
from tests.unit.flow.conftest import flow_on

LIFE = ("firm", "released", "done")
ENDS = ["done", "cancelled", "firm", "proposed"]


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """A planned network and a worker that records progress only."""
    folder = tmp_path_factory.mktemp("progress")
    flow = flow_on(folder / "home", Database.open(f"sqlite:///{folder}/a.db"))
    flow.world.database.make_ready()
    plan_network(flow.world.home.current(), boxes=False)
    flow.worker = Worker(world=flow.world, steps=tuple(step for step in STEPS if step.name == "progress"))
    yield flow
    flow.world.database.close()


def told(key, order_id, state, day, **more):
    """Return a fact: an order has reached a state on a day."""
    row = {"key": key, "kind": "progress", "order_id": order_id, "state": state}
    return row | {"occurred_at": f"2026-03-{day:02}T08:00:00Z"} | more


def story_of(orders):
    """The first runs its course, the second is cancelled, the third was not released, the fourth not begun."""
    first, second, third, fourth = orders
    return [
        *(told(f"a{n}", first, state, 1 + n) for n, state in enumerate(LIFE)),
        told("b0", second, "firm", 2),
        told("b1", second, "cancelled", 3),
        told("c0", third, "firm", 2),
        told("c1", third, "released", 4),
        told("c1/b", third, "firm", 3, corrects="c1"),
        told("d0", fourth, "firm", 2),
        {"key": "d1", "kind": "cancellation", "corrects": "d0", "occurred_at": "2026-03-03T08:00:00Z"},
    ]


def states_after(flow, batches, orders):
    """Return the states of orders after batches of facts, a pass each, on a plan that nobody touched before."""
    with flow.world.database.engine.begin() as connection:
        for name in ("facts", "outbox", "stages"):
            connection.execute(METADATA.tables[name].delete())
    (flow.world.home.root / "production_orders.jsonl").unlink(missing_ok=True)
    for rows in batches:
        flow.send(*rows)
        flow.worker.drain()
    found = current_orders(flow.world.home.root).orders.set_index("order_id")["state"]
    return [found[f"{order_id}-1"] for order_id in orders]


def orders_of(flow):
    """Return four orders of the plan, without their step."""
    frame = current_orders(flow.world.home.root).orders
    return [name.removesuffix("-1") for name in frame[frame["state"] == "proposed"]["order_id"].tolist()[:4]]


@pytest.fixture(scope="module")
def orders(planned):
    """Four orders that are proposed before anything was told."""
    return orders_of(planned)


def test_progress_told_at_once_is_taken_to_the_last_state(planned, orders):
    """Through those between; a correction of a state counts, not what it corrects."""
    assert states_after(planned, [story_of(orders)], orders) == ENDS
    assert [record["new"]["state"] for record in order_decisions(planned.world.home.root, order_id=orders[0])] == [
        "done", "released", "firm",
    ]  # fmt: skip


@settings(max_examples=6, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_order_of_arrival_gives_the_same_states(planned, orders, data):
    """Shuffled, repeated and delayed: the states are those of the story told in order."""
    story = story_of(orders)
    shuffled = data.draw(st.permutations(story + data.draw(st.lists(st.sampled_from(story), max_size=3))))
    cut = data.draw(st.integers(0, len(shuffled)))
    batches = [part for part in (shuffled[:cut], shuffled[cut:]) if part]
    assert states_after(planned, batches, orders) == ENDS


def test_what_was_done_by_mistake_is_in_no_stock(planned, orders):
    """Told as done, taken back, done after all: its pieces are there once, as if it had been told right at once."""
    first, home = orders[0], planned.world.home
    story = [
        told("a0", first, "done", 2),
        told("a0/b", first, "released", 2, corrects="a0"),
        told("a1", first, "done", 3),
    ]
    in_stock = []
    for batches in ([[story[0]], story[1:2], story[2:]], [story[:2]], [story]):
        assert states_after(planned, batches, [first]) == ["released" if len(batches[-1]) == 2 else "done"]
        in_stock.append(finished_orders(home.root, home.current().version)["pieces"].sum())
    assert in_stock[0] == in_stock[2] > in_stock[1] == 0
