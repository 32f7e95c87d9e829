"""What comes out depends on the facts, not on how they came: reordered, repeated, late, in one pass or in many."""

import os
import random
import re
import subprocess
import sys
from datetime import datetime

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services.effective import effective
from services.flow import orders
from services.flow.intake import take_facts
from services.flow.sales import told_sales
from services.flow.topics import LISTENS
from services.flow.worker import STEPS, Worker
from store.database import Database
from store.fact_book import facts_of_kind
from store.outbox import read_outbox, settled_to
from store.schema import CAPACITIES, METADATA, RESERVATIONS
from tests.conftest import ROOT
from tests.unit.flow.conftest import RAW, flow_on, order, sale
from tests.unit.flow.story import firm, wave

LOADED = pd.DataFrame([row for row in RAW["sales"] if row["unique_id"] == "soap@s1"])[["unique_id", "ds", "y"]]


@st.composite
def stories(draw):
    """Sales, corrections of them (also of what was never told, or of corrections) and cancellations."""
    told = []
    for number in range(draw(st.integers(1, 6))):
        moment = f"2026-03-0{draw(st.integers(1, 5))}T08:00:00Z"
        pieces = draw(st.integers(0, 9)) / 4
        root = draw(st.sampled_from([None, *(f"k{n}" for n in range(7))]))
        row = sale(f"k{number}", pieces, ds=f"2026-03-0{draw(st.integers(1, 3))}") | {"occurred_at": moment}
        if root not in (None, row["key"]):
            row |= {"corrects": root, "sequence": draw(st.integers(0, 2))}
            if draw(st.integers(0, 3)) == 0:
                row = {name: row[name] for name in ("key", "occurred_at", "corrects")} | {"kind": "cancellation"}
        told.append(row)
    return told


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A database to tell stories to."""
    database = Database.open(f"sqlite:///{tmp_path_factory.mktemp('book')}/a.db")
    database.make_ready()
    yield database
    database.close()


def state_after(book, batches):
    """Return what counts, and the sales, after some batches of facts."""
    with book.engine.begin() as connection:
        for table in (METADATA.tables["facts"], METADATA.tables["outbox"]):
            connection.execute(table.delete())
    for number, rows in enumerate(batches):
        take_facts(book, rows, now_ms=1000 + number)
    facts = facts_of_kind(book, "sale")
    # What corrects a correction is refused once that is known, and kept without effect if it comes before.
    counting = {family: (fact.key, fact.payload) for family, fact in effective(facts).items() if fact is not None}
    return counting, told_sales(LOADED, facts)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(story=stories(), data=st.data())
def test_any_order_of_arrival_gives_the_same_state(book, story, data):
    """Shuffled, repeated and split into batches: what counts and the sales are the same to the bit."""
    counting, sold = state_after(book, [story])
    shuffled = data.draw(st.permutations(story + data.draw(st.lists(st.sampled_from(story), max_size=3))))
    cut = data.draw(st.integers(0, len(shuffled)))
    again, sold_again = state_after(book, [part for part in (shuffled[:cut], shuffled[cut:]) if part])
    assert again == counting
    pd.testing.assert_frame_equal(sold_again, sold, check_exact=True)


FACTS = [
    order("o1"),
    sale("a", 30),
    sale("b", 12, ds="2026-03-04"),
    sale("c", 7, unique_id="tea@s1"),
    sale("a2", 25, corrects="a", sequence=1),
    sale("a1", 28, corrects="a"),
    {"key": "x", "kind": "cancellation", "corrects": "c", "occurred_at": "2026-03-05T00:00:00Z"},
    order("o2", pieces=5),
]


def kept(flow):
    """Return every byte that was kept: the files of the home, and the rows of all tables; not how long a plan took."""
    root = flow.world.home.root
    files = {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    files |= {name: re.sub(rb'"seconds":[^,]+,', b"", data) for name, data in files.items() if "summary" in name}
    tables = {
        table.name: flow.world.database.read(lambda c, table=table: sorted(map(tuple, c.execute(select(table)))))
        for table in METADATA.sorted_tables
    }
    return files | tables


def holds(flow):
    """Return what is held, without ids made by chance, and what is left."""
    chance = ("id", "decision_id")
    rows = [column for column in RESERVATIONS.c if column.name not in chance]
    held = flow.world.database.read(lambda c: sorted(map(tuple, c.execute(select(*rows)))))
    return held, flow.world.database.read(lambda c: sorted(map(tuple, c.execute(select(CAPACITIES)))))


@pytest.fixture
def two_flows(tmp_path):
    """Return two flows alike, each on a home and a database of its own."""
    made = [flow_on(tmp_path / name, Database.open(f"sqlite:///{tmp_path}/{name}.db")) for name in ("one", "two")]
    yield made
    for flow in made:
        flow.world.database.close()


def inject(flow, patch):
    """Let a flow's clock be that of everything, and chance begin anew."""
    chance = random.Random(0)

    class Moment(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(flow.clock.now_ms / 1000, tz)

    patch.setattr("services.network_forecast.datetime", Moment)
    patch.setattr("time.time_ns", lambda: 1_000_000 * flow.clock.now_ms)
    patch.setattr("secrets.token_hex", lambda count=32: chance.randbytes(count).hex())


def all_kinds(flow):
    """Send facts of every kind in two parts; the second tells of the plan that came of the first."""
    flow.send(*FACTS[:5])
    flow.settle()
    made = flow.world.home.current().result("plan")["order_id"].str.removesuffix("-1")
    (push,) = (row for rows in wave(2, ()) for row in rows if row["key"] == "w1")
    others = (row for rows in wave(1, ()) for row in rows if row["kind"] in ("signal", "capacity_change"))
    flow.send(
        *FACTS[3:],
        *firm(made[:2]),
        push,
        *(row | ({"supplier_id": "f2"} if "left_share" in row else {}) for row in others),
    )
    flow.settle()


def test_the_same_sequence_gives_the_same_bits(two_flows, monkeypatch):
    """An injected clock, one worker, the same facts: every file and every row, byte for byte."""
    made = []
    for flow in two_flows:
        inject(flow, monkeypatch)
        all_kinds(flow)
        made.append(kept(flow))
    one, other = made
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
    topics = {row[2] for row in one["outbox"]}
    assert topics >= {topic for topics, _ in LISTENS.values() for topic in topics} - {"wave.forecast"}
    assert sum(name.endswith((".parquet", ".npz")) for name in one) > 20


IN_A_PROCESS = """
import sys
from hashlib import sha256
from pathlib import Path
import pytest
from store.database import Database
from tests.unit.flow.conftest import flow_on
from tests.unit.flow.test_arrival import all_kinds, inject, kept
root = Path(sys.argv[1])
flow = flow_on(root / "home", Database.open(f"sqlite:///{root}/a.db"))
with pytest.MonkeyPatch.context() as patch:
    inject(flow, patch)
    all_kinds(flow)
for name, data in kept(flow).items():
    print(name, sha256(data if isinstance(data, bytes) else repr(data).encode()).hexdigest())
"""


@pytest.mark.proof
def test_another_process_makes_the_same_bits(tmp_path):
    """Whatever the order in which it goes through sets."""
    made = []
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        command = [sys.executable, "-c", IN_A_PROCESS, str(tmp_path / seed)]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        made.append(done.stdout.splitlines())
    assert made[0] == made[1]
    assert len(made[0]) > 60


BURST = [
    *(order(f"o{n}", pieces=9) for n in range(12)),
    order("o0/again", order_id="o0", pieces=3),
    order("who", sku_id="unknown"),
    order("dear", max_price_fen=1),
    order("soon", due_date="2026-03-04"),
    order("later", due_date="2026-04-04", ship_to="s1", max_price_fen=None),
    order("nobody", buyer_id="stranger"),
    *(order(f"p{n}", pieces=11) for n in range(6)),
]


def test_a_burst_of_orders_is_routed_as_one_by_one(two_flows, monkeypatch):
    """Wrong ones, ones out of room, two that tell of the same order: the same holds and reasons, from few searches."""
    searched = []
    one_search = orders.candidates_of_each
    monkeypatch.setattr(orders, "candidates_of_each", lambda *a, **k: searched.append(a[2]) or one_search(*a, **k))
    made = []
    for flow, batches in zip(two_flows, ([BURST], [[row] for row in BURST]), strict=True):
        flow.worker = Worker(world=flow.world, steps=tuple(step for step in STEPS if step.name == "orders"))
        searched.clear()
        for rows in batches:
            flow.send(*rows)
            flow.worker.drain()
        held, reserved = holds(flow)
        told = read_outbox(flow.world.database, after=0, to=settled_to(flow.world.database), topics=("order.routed",))
        names = ("id", "status", "reason", "supplier_id", "pieces")
        made.append((held, reserved, [[row.payload[name] for name in names] for row in told], len(searched)))
    (*burst, few), (*singly, many) = made
    assert burst == singly
    assert {told[1] for told in burst[2]} == {"confirmed", "refused"}
    assert few < many == len(BURST) - 2, "who names what is not known needs no search"


def test_one_pass_or_many_give_the_same_forecasts(two_flows):
    """Backwards and one at a time, each with a pass of its own: the forecasts are the same to the bit."""
    one, other = two_flows
    steps = tuple(step for step in STEPS if step.name == "forecast")
    one.worker = Worker(world=one.world, steps=steps)
    other.worker = Worker(world=other.world, steps=steps)
    one.send(*FACTS)
    one.settle()
    for row in [*FACTS[::-1], FACTS[1]]:
        other.send(row)
        other.worker.drain()
        other.clock.now_ms += 1000
    for name in ("forecast", "weekly_forecast"):
        made = (flow.world.home.current().result(name) for flow in (one, other))
        pd.testing.assert_frame_equal(*made, check_exact=True)
