"""A desk on each kind of database, with a clock that only the test moves."""

import itertools

import pytest
from sqlalchemy import func, select

from services.hold_decision import Candidate, Found, Order
from services.reserve import Desk, HoldTerms, change, hold_at, reject, reserve
from services.viewer import Viewer
from store.booking.capacity import Capacity, Credit, put_capacities
from store.schema import CAPACITIES, CREDITS, OUTBOX, RESERVATIONS

START_MS = 1_800_000_000_000
OPERATOR = Viewer()


class Counter:
    """A desk with short words for what tests do at it."""

    def __init__(self, database):
        self.database, self.now_ms = database, START_MS
        self.desk = Desk(database, clock=lambda: self.now_ms)
        self._keys = itertools.count()

    def offer(self, **pieces):
        rows = [
            Capacity(supplier_id=name, good="k", bucket="", offered=n, tenant=f"of-{name}")
            for name, n in pieces.items()
        ]
        return put_capacities(self.database, rows, now_ms=self.now_ms)

    def lend(self, buyer, supplier, fen):
        line = Credit(buyer_id=buyer, supplier_id=supplier, limit_fen=fen)
        return put_capacities(self.database, [], [line], now_ms=self.now_ms)

    def key(self):
        return f"key-{next(self._keys)}"

    def hold(self, supplier, pieces, *, key=None, viewer=OPERATOR, buyer="b", price=0, ttl=60):
        order = Order(order_id="o", buyer_id=buyer, sku_id="k", pieces=pieces)
        candidate = Candidate(supplier_id=supplier, good="k", unit_price_fen=price)
        with self.desk.write(viewer, key or self.key(), {"supplier": supplier, "pieces": pieces}) as write:
            return hold_at(self.desk, write, order, candidate, HoldTerms(ttl_seconds=ttl))

    def route(self, pieces, *, key=None, viewer=OPERATOR, limits=None, price=0, **scores):
        order = Order(order_id="o", buyer_id="b", sku_id="k", pieces=pieces)
        found = [
            Candidate(supplier_id=name, good="k", score=score, unit_price_fen=price, limit=(limits or {}).get(name, ""))
            for name, score in scores.items()
        ]
        with self.desk.write(viewer, key or self.key(), {"pieces": pieces}) as write:
            return reserve(self.desk, write, order, lambda: Found(found, {}), HoldTerms(ttl_seconds=60))

    def act(self, action, reservation_id, *, key=None, viewer=OPERATOR, pieces=None):
        with self.desk.write(viewer, key or self.key(), {"action": action, "id": reservation_id, "n": pieces}) as write:
            return change(self.desk, write, reservation_id, action, viewer=viewer, pieces=pieces, reason="told")

    def reject(self, reservation_id, *, key=None, viewer=OPERATOR, reroute=True):
        with self.desk.write(viewer, key or self.key(), {"action": "reject", "id": reservation_id}) as write:
            return reject(self.desk, write, reservation_id, viewer=viewer, reason="no fabric", reroute=reroute)

    def reserved(self):
        pairs = select(CAPACITIES.c.supplier_id, CAPACITIES.c.reserved)
        return self.database.read(lambda connection: dict(connection.execute(pairs).all()))

    def used_fen(self):
        return self.database.read(lambda connection: connection.scalar(select(func.sum(CREDITS.c.used_fen))))

    def topics(self):
        return self.database.read(
            lambda connection: connection.scalars(select(OUTBOX.c.topic).order_by(OUTBOX.c.position)).all()
        )

    def check(self):
        """What is taken of each capacity and credit line is the sum of its reservations, and within its fence."""
        r, c, k = RESERVATIONS.c, CAPACITIES.c, CREDITS.c
        taken = select(r.supplier_id, func.sum(r.taken_pieces)).group_by(r.supplier_id)
        owed = select(r.buyer_id, r.supplier_id, func.sum(r.taken_pieces * r.unit_price_fen)).where(r.on_credit == 1)

        def work(connection):
            sums = dict(connection.execute(taken).all())
            for supplier, reserved, total in connection.execute(select(c.supplier_id, c.reserved, c.total)):
                assert reserved == sums.get(supplier, 0) <= total
            fen = {row[:2]: row[2] for row in connection.execute(owed.group_by(r.buyer_id, r.supplier_id))}
            for buyer, supplier, used in connection.execute(select(k.buyer_id, k.supplier_id, k.used_fen)):
                assert used == fen.get((buyer, supplier), 0)

        self.database.read(work)


@pytest.fixture
def counter(database):
    """An empty counter; whatever a test did, the sums must agree in the end."""
    made = Counter(database)
    yield made
    made.check()
