"""Facts of every kind, shuffled, repeated and delayed, in any number of passes: the same state."""

import shutil

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services.effective import effective
from services.flow.passes import World
from services.flow.sales import told_sales
from services.flow.tables import PAYLOADS
from services.flow.worker import STEPS, Worker
from services.ingest import Inlet
from services.production_orders import current_orders
from services.reserve import Desk
from store.database import Database
from store.fact_book import facts_of_kind
from store.home import Home
from store.schema import METADATA, RESERVATIONS
from tests.unit.flow.conftest import RAW, Clock, Flow
from tests.unit.flow.story import firm, of_production, prepare, wave

LOADED = pd.DataFrame(RAW["sales"])[["unique_id", "ds", "y"]]
STAGES = (
    "signals",
    "supply",
    "progress",
    "orders",
)  # what comes of sales: test_one_pass_or_many_give_the_same_forecasts
KINDS = [kind for kind in PAYLOADS if kind != "cancellation"]


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A planned network, and a worker of what is quickly done."""
    root = tmp_path_factory.mktemp("arrival")
    production = prepare(root / "home", learn=False)
    database = Database.open(f"sqlite:///{root}/a.db")
    database.make_ready()
    clock = Clock()
    world = World(
        home=Home(root / "home"), desk=Desk(database, clock=clock), inlet=Inlet.of(root / "home", key="k" * 16)
    )
    yield Flow(Worker(world=world, steps=tuple(step for step in STEPS if step.name in STAGES)), clock), production
    database.close()


def state_after(flow, batches):
    """Return what is there after some batches, each followed by a pass, in a house where nothing had happened."""
    world = flow.world
    root = world.home.root
    shutil.rmtree(root / "facts", ignore_errors=True)
    for name in ("prices/left.json", "production_orders.jsonl"):
        (root / name).unlink(missing_ok=True)
    with world.database.engine.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            connection.execute(table.delete())
    for rows in batches:
        assert flow.send(*rows)["refused"] == 0
        flow.worker.drain()
        flow.clock.now_ms += 1000
    told = {kind: facts_of_kind(world.database, kind) for kind in KINDS}
    counting = {kind: {name: fact and fact.digest for name, fact in effective(told[kind]).items()} for kind in KINDS}
    rows = world.database.read(lambda c: c.execute(select(RESERVATIONS).where(RESERVATIONS.c.taken_pieces > 0)).all())
    return {
        "counting": counting,
        "orders": sorted((row.order_id, row.pieces, row.state) for row in rows if row.sku_id == "soap"),
        "scarce": sum(row.taken_pieces for row in rows if row.sku_id == "tea"),
        "left": world.shelf.left(),
        "production": current_orders(root).orders.set_index("order_id")["state"].to_dict(),
        "signals": Inlet.of(root, key="k" * 16).facts.signals.read(),
        "sales": told_sales(LOADED, told["sale"]),
    }


@pytest.fixture(scope="module")
def story(house):
    """Return what happened, and the state when it is told at once and in order."""
    flow, production = house
    rows = [*firm(production), *of_production(production), *(row for rows in wave(2, ()) for row in rows)]
    return rows, state_after(flow, [rows])


def require_same(house, story, data):
    """Tell a story otherwise, and compare."""
    (flow, _), (rows, calm) = house, story
    assert calm["scarce"] == 6
    told = data.draw(st.permutations(rows + data.draw(st.lists(st.sampled_from(rows), max_size=9))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(told)), max_size=4)))
    batches = [told[start:end] for start, end in zip([0, *cuts], [*cuts, len(told)], strict=True) if start < end]
    state = state_after(flow, batches)
    for name, value in calm.items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(state[name], value, check_exact=True, obj=name)
        else:
            assert state[name] == value, name


@settings(max_examples=3, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_order_of_arrival_gives_the_same_state(house, story, data):
    """Also corrections and cancellations before what they name, of one moment, and of what another corrected."""
    require_same(house, story, data)


@pytest.mark.proof
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_of_many_orders_of_arrival_gives_the_same_state(house, story, data):
    """Sixty of them."""
    require_same(house, story, data)
