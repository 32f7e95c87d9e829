"""Workers and the database killed without warning while facts come in: nothing lost, nothing applied twice."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from benchmarks.postgres import Cluster, postgres_programs
from contracts.errors import UnavailableError
from services.flow.intake import take_facts
from services.flow.lag import stage_lags
from services.reserve import wall_clock_ms
from store.database import Database
from store.outbox import read_outbox, settled_to
from store.schema import CAPACITIES, FACTS, RESERVATIONS
from tests.unit.flow.conftest import flow_on, order, sale

EVENFLOW = str(Path(sys.executable).with_name("evenflow"))


def started(home, url):
    """Start a worker of its own process."""
    environment = {**os.environ, "EVENFLOW_DATABASE_URL": url}
    command = [EVENFLOW, "worker", "--home", str(home), "--lease-seconds", "1"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def told_of_round(number):
    """Return the facts of a round: an order, one that is corrected, one that is cancelled, a corrected sale."""
    at = {"occurred_at": "2026-03-02T10:00:00Z"}
    return [
        order(f"o{number}", pieces=1),
        order(f"p{number}", pieces=2),
        order(f"p{number}/b", pieces=1, corrects=f"p{number}"),
        order(f"q{number}", pieces=1),
        {"key": f"x{number}", "kind": "cancellation", "corrects": f"q{number}"} | at,
        sale(f"s{number}", 2),
        sale(f"s{number}/b", 1, corrects=f"s{number}"),
    ]


def sent(database, rows):
    """Send until it is acknowledged, as a careful sender does."""
    for _ in range(200):
        try:
            return take_facts(database, rows, now_ms=wall_clock_ms())
        except UnavailableError:
            time.sleep(0.1)
    raise AssertionError("the database did not come back")


def settled(database):
    """Wait until no stage has anything left."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        lags = stage_lags(database, now_ms=wall_clock_ms())
        if all(lag["waiting"] == 0 or lag["name"] in ("plan", "prices") for lag in lags) and lags[3]["position"]:
            return
        time.sleep(0.3)
    raise AssertionError(lags)


def kills(home, url, database, rounds, chance, cluster=None):
    """Send a wave in rounds, and kill a worker (now and then the database) in each."""
    worker = started(home, url)
    try:
        for number in range(rounds):
            for row in told_of_round(number):
                sent(database, [row])
            time.sleep(chance.uniform(0.2, 2.5))
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            if cluster is not None and chance.random() < 0.3:
                cluster.kill()
                cluster.start()
            worker = started(home, url)
        settled(database)
    finally:
        worker.kill()
        worker.wait()


def require_whole(database, rounds):
    """Every fact is there once, every order that counts stands once, nothing is oversold, all was told."""
    keys = {row["key"] for number in range(rounds) for row in told_of_round(number)}
    assert set(database.read(lambda c: c.scalars(select(FACTS.c.key)).all())) == keys
    taken = select(RESERVATIONS.c.order_id, RESERVATIONS.c.pieces, RESERVATIONS.c.state).where(
        RESERVATIONS.c.taken_pieces > 0
    )
    wanted = [(f"{name}{number}", 1, "confirmed") for name in "op" for number in range(rounds)]
    assert sorted(map(tuple, database.read(lambda c: c.execute(taken).all()))) == sorted(wanted)
    reserved = database.read(lambda c: c.execute(select(CAPACITIES.c.reserved, CAPACITIES.c.offered)).all())
    assert sum(row.reserved for row in reserved) == 2 * rounds
    assert all(row.reserved <= row.offered for row in reserved)
    told = read_outbox(database, after=0, to=settled_to(database), limit=100_000)
    accepted = [row.payload["key"] for row in told if row.topic == "fact.accepted"]
    assert sorted(accepted) == sorted(keys)
    routed = {row.payload["id"] for row in told if row.topic == "order.routed"}
    assert {f"route:o{number}" for number in range(rounds)} <= routed


@pytest.mark.proof
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_twenty_rounds_of_kills_lose_and_double_nothing(tmp_path, kind):
    """After recovery the facts are those of an undisturbed run, and every order is effective once."""
    if kind == "postgresql" and postgres_programs() is None:
        pytest.skip("no PostgreSQL to test on: apt-get install postgresql")
    cluster = Cluster() if kind == "postgresql" else None
    url = cluster.new_database() if cluster else f"sqlite:///{tmp_path}/flow.db"
    database = Database.open(url)
    database.upgrade()
    flow_on(tmp_path / "home", database)
    rounds = 20
    try:
        kills(tmp_path / "home", url, database, rounds, random.Random(7), cluster)
        require_whole(database, rounds)
    finally:
        database.close()
        if cluster:
            cluster.remove()
