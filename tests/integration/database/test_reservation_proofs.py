"""Races, kills and databases that go away: no piece twice, no acknowledged write lost, no effect twice."""

import http.client
import itertools
import json
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.http.app import create_app
from api.settings import Settings
from benchmarks.postgres import Cluster
from contracts.errors import UnavailableError
from services.hold_decision import Candidate, Order
from services.reserve import Desk, HoldTerms, KeyInFlightError, hold_at
from services.viewer import Viewer
from store.booking.capacity import Capacity, put_capacities
from store.database import Database
from store.schema import AUDIT, CAPACITIES, IDEMPOTENCY, OUTBOX, RESERVATIONS

EVENFLOW = str(Path(sys.executable).with_name("evenflow"))


def check(database: Database) -> int:
    """Return the pieces reserved in all; they are the sum of the reservations, each told once."""
    reserved = select(func.coalesce(func.sum(CAPACITIES.c.reserved), 0))
    taken = select(func.coalesce(func.sum(RESERVATIONS.c.taken_pieces), 0))
    told = select(func.count(), func.count(OUTBOX.c.subject.distinct())).where(OUTBOX.c.topic == "reservation.held")
    rows = select(func.count()).select_from(RESERVATIONS)

    def work(connection):
        return [connection.scalar(query) for query in (reserved, taken, rows)], connection.execute(told).one()

    (all_reserved, all_taken, count), events = database.read(work)
    assert all_reserved == all_taken
    assert tuple(events) == (count, count)
    return int(all_reserved)


def race(database_url: str, *, suppliers: int, units: int, attempts: int, clients: int) -> None:
    """Race for the units with every key used twice, from clients with connections of their own."""
    databases = [Database.open(database_url) for _ in range(3)]
    desks = [Desk(databases[n % 3]) for n in range(clients)]
    rows = [Capacity(supplier_id=f"s{n}", good="k", bucket="", offered=units) for n in range(suppliers)]
    put_capacities(databases[0], rows, now_ms=0)

    def attempt(n: int) -> tuple[str, str | None]:
        key, supplier = f"key-{n // 2}", f"s{n // 2 % suppliers}"
        order = Order(order_id=key, buyer_id="b", sku_id="k", pieces=1)
        while True:
            try:
                with desks[n % clients].write(Viewer(), key, {"supplier": supplier}) as write:
                    answer = hold_at(
                        desks[n % clients], write, order, Candidate(supplier_id=supplier, good="k"), HoldTerms()
                    )
            except KeyInFlightError:
                continue
            return key, answer.body["reservation"] and answer.body["reservation"]["id"]

    with ThreadPoolExecutor(clients) as pool:
        answers = list(pool.map(attempt, range(attempts)))
    by_key: dict[str, set[str | None]] = {}
    for key, held in answers:
        by_key.setdefault(key, set()).add(held)
    assert all(len(held) == 1 for held in by_key.values())
    assert len({held for _, held in answers} - {None}) == suppliers * units
    assert check(databases[0]) == suppliers * units
    for database in databases:
        database.close()


def test_a_small_race(database, database_url):
    """5 x 10 units, 200 attempts."""
    race(database_url, suppliers=5, units=10, attempts=200, clients=8)


@pytest.mark.proof
def test_a_race(database, database_url):
    """20 x 50 units, 10 000 attempts with each key twice: exactly 1 000 held, no error."""
    race(database_url, suppliers=20, units=50, attempts=10_000, clients=24)


def order(key: str) -> dict:
    """Return the request for a piece of the many that each of three suppliers offers."""
    body = {"order_id": key, "sku_id": "k", "pieces": 1, "buyer_id": "b", "ttl_seconds": 86_400}
    return body | {"candidates": [{"supplier_id": f"s{n}", "good": "k", "score": 1 - n / 10} for n in range(3)]}


class Server:
    """`evenflow serve` over an empty home, to be killed and started again."""

    def __init__(self, home: Path, url: str) -> None:
        self.home, self.database_url = home, url
        self.start()

    def start(self) -> None:
        environment = os.environ | {"EVENFLOW_DATABASE_URL": self.database_url}
        command = [EVENFLOW, "serve", "--home", str(self.home), "--port", "0", "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.url = json.loads(self.process.stdout.readline())["url"]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def hold(self, key: str) -> tuple[int, dict]:
        """Hold a piece; the request's id in the audit is its key."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key, "X-Request-ID": key}
        request = urllib.request.Request(f"{self.url}/v1/reservations", json.dumps(order(key)).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=300) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


class ForkedServer(Server):
    """The same application in a process forked off this one: it starts at once, so that many can be killed."""

    def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://{}:{}".format(*listener.getsockname())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a fork of many threads: the child makes its own
            self.process = multiprocessing.get_context("fork").Process(target=self._serve, args=(listener,))
            self.process.start()
        listener.close()  # else the killed server's clients would wait for this process to answer

    def _serve(self, listener: socket.socket) -> None:
        app = create_app(Settings(home=self.home, workers=1, database_url=self.database_url))
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def hold_here(client: TestClient, key: str) -> tuple[int, dict]:
    """Hold a piece at a server in this process."""
    answer = client.post("/v1/reservations", json=order(key), headers={"Idempotency-Key": key})
    return answer.status_code, answer.json()


class Clients:
    """Clients that hold without end, remember what was acknowledged, and repeat what was not as long as they may."""

    _rounds = itertools.count()

    def __init__(self, server: Server, *, count: int = 4) -> None:
        self.server, self.acknowledged, self.open, self.faults = server, {}, set(), []
        self._round = next(self._rounds)  # of its keys
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self, client: int) -> None:
        n = 0
        while not self._stop.is_set():
            n += 1
            key = f"c{client}-{self._round}-{n}"
            self.open.add(key)
            while key not in self.acknowledged and not self._stop.is_set():
                self._hold(key)

    def _hold(self, key: str) -> None:
        try:
            status, body = self.server.hold(key)
        except (OSError, ValueError, http.client.HTTPException):
            time.sleep(0.05)  # killed: nobody knows whether it happened
            return
        if status in (200, 201):
            self.acknowledged[key] = body
            return
        if status not in (409, 503):
            self.faults.append((status, body))
        time.sleep(0.05)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        assert self.faults == []


def offer(url: str) -> Database:
    """Make a database in which three suppliers offer plenty."""
    database = Database.open(url)
    database.upgrade()
    offered = [Capacity(supplier_id=f"s{n}", good="k", bucket="", offered=10**6) for n in range(3)]
    put_capacities(database, offered, now_ms=0)
    return database


def audited(database: Database) -> bool:
    """Return whether every hold that happened has its line in the audit, though its request may have had no answer."""
    without = select(func.count()).where(IDEMPOTENCY.c.key.not_in(select(AUDIT.c.request_id)))
    return database.read(lambda connection: connection.scalar(without)) == 0


def ask_again(clients: Clients, hold: Callable[[str], tuple[int, dict]]) -> int:
    """Ask for everything again by its key: what was acknowledged is answered as before, the rest once."""
    for key, body in clients.acknowledged.items():
        assert hold(key) == (201, body)
    for key in clients.open - clients.acknowledged.keys():
        assert hold(key)[0] == 201
    return len(clients.open)


def kill_rounds(tmp_path: Path, url: str, rounds: int) -> None:
    """Let clients hold, kill at a random moment, start again, and ask for everything again by its key."""
    chance, database, held = random.Random(7), offer(url), 0
    server = ForkedServer(tmp_path, url)
    try:
        for _ in range(rounds):
            clients = Clients(server)
            time.sleep(chance.uniform(0.05, 0.6))
            server.kill()
            clients.stop()
            assert audited(database)
            server.start()
            held += ask_again(clients, server.hold)
            assert check(database) == held
    finally:
        server.kill()
        database.close()


def test_the_server_is_killed(tmp_path):
    """Once, in the midst of holds; another one finds all that was acknowledged. The proof kills twenty times."""
    url = f"sqlite:///{tmp_path}/evenflow.db"
    database = offer(url)
    server = Server(tmp_path, url)
    clients = Clients(server)
    until = time.monotonic() + 30
    while len(clients.acknowledged) < 20 and time.monotonic() < until:
        time.sleep(0.01)
    server.kill()
    clients.stop()
    assert len(clients.acknowledged) >= 20
    assert audited(database)
    with TestClient(create_app(Settings(home=tmp_path, workers=1, database_url=url))) as client:
        assert ask_again(clients, partial(hold_here, client)) == check(database)
    database.close()


@pytest.mark.proof
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_server_is_killed_at_random(tmp_path, kind, request):
    """Twenty rounds of kill -9."""
    url = f"sqlite:///{tmp_path}/evenflow.db" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    kill_rounds(tmp_path, url, 20)


@pytest.fixture
def durable() -> Cluster:
    """A PostgreSQL server whose commits wait for the disk."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


@pytest.mark.proof
def test_the_database_is_killed_at_random(tmp_path, durable):
    """Twenty rounds of kill -9 of PostgreSQL with all its processes; the server reconnects by itself."""

    def kill_database(server: Server) -> None:
        durable.kill()
        durable.start()
        while server.hold("alive")[0] not in (200, 201):
            time.sleep(0.1)

    url = durable.new_database()
    database = offer(url)
    server = ForkedServer(tmp_path, url)
    try:
        assert server.hold("alive")[0] == 201
        chance, held = random.Random(3), 1
        for _ in range(20):
            clients = Clients(server)
            time.sleep(chance.uniform(0.1, 0.6))
            kill_database(server)
            clients.stop()
            assert audited(database)
            held += ask_again(clients, server.hold)
            assert check(database) == held
    finally:
        server.kill()
        database.close()


def away(cluster: Cluster, seconds: float) -> None:
    """Take the database away for a while: every call is a clear UnavailableError, then it goes on."""
    database = Database.open(cluster.new_database())
    database.upgrade()
    put_capacities(database, [Capacity(supplier_id="s", good="k", bucket="", offered=99)], now_ms=0)
    desk, order = Desk(database), Order(order_id="o", buyer_id="b", sku_id="k", pieces=1)

    def hold(key: str) -> int:
        with desk.write(Viewer(), key, {}) as write:
            return hold_at(desk, write, order, Candidate(supplier_id="s", good="k"), HoldTerms()).status

    assert hold("before") == 201
    cluster.stop()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        with pytest.raises(UnavailableError):
            hold("during")
        assert time.monotonic() - began < 6
        time.sleep(min(0.2, seconds / 4))
    cluster.start()
    assert [hold("during"), hold("before"), hold("after")] == [201, 201, 201]
    assert check(database) == 3
    database.close()


def test_the_database_goes_away(postgres_cluster):
    """For a moment; the proof takes it away for half a minute."""
    away(postgres_cluster, 0.4)


@pytest.mark.proof
def test_the_database_goes_away_for_long(durable):
    """For 30 seconds."""
    away(durable, 30)
