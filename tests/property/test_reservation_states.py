"""Whatever is done in whatever order: what is taken is what the reservations take, and answers repeat themselves."""

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from contracts.errors import InputError
from store.booking.end import sweep
from store.database import Database
from store.schema import METADATA
from tests.unit.reservations.conftest import START_MS, Counter

NEXT = {
    "confirm": ("confirmed", {"held"}), "release": ("released", {"held"}),
    "reject": ("rejected", {"held", "confirmed"}), "cancel": ("cancelled", {"confirmed"}),
}  # fmt: skip
OFFERED = {"s": 12, "t": 7}
LENT_FEN = 30


class Reservations(RuleBasedStateMachine):
    """A model of two suppliers and one credit line (at s) beside the database."""

    database: Database

    @initialize()
    def open(self) -> None:
        with self.database.engine.begin() as connection:
            for table in reversed(METADATA.sorted_tables):
                connection.execute(table.delete())
        self.counter = Counter(self.database)
        self.counter.offer(**OFFERED)
        self.counter.lend("b", "s", LENT_FEN)
        self.offered, self.rows, self.answers = dict(OFFERED), {}, {}

    def taken(self, supplier: str) -> int:
        return sum(row.taken for row in self.rows.values() if row.supplier == supplier)

    def owed_fen(self) -> int:
        return sum(row.taken * row.price for row in self.rows.values() if row.supplier == "s")

    @rule(supplier=st.sampled_from("st"), pieces=st.integers(1, 6), price=st.integers(0, 5), ttl=st.integers(1, 5))
    def hold(self, supplier: str, pieces: int, price: int, ttl: int) -> None:
        key = self.counter.key()
        answer = self.counter.hold(supplier, pieces, key=key, price=price, ttl=ttl)
        short = supplier == "s" and self.owed_fen() + pieces * price > LENT_FEN
        full = self.taken(supplier) + pieces > self.offered[supplier]
        if (short or full) and self.due():
            self.expire_due()  # a refusal looks first whether something is due
            short = supplier == "s" and self.owed_fen() + pieces * price > LENT_FEN
            full = self.taken(supplier) + pieces > self.offered[supplier]
        assert answer.body["reason"] == ("no_credit" if short else "full" if full else None)
        if answer.status == 201:
            held = answer.body["reservation"]["id"]
            self.rows[held] = SimpleNamespace(
                supplier=supplier, pieces=pieces, taken=pieces, price=price, state="held",
                due=self.counter.now_ms + 1000 * ttl,
            )  # fmt: skip
        self.answers[key] = (supplier, pieces, price, ttl, answer.body)

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), action=st.sampled_from(sorted(NEXT)), pieces=st.none() | st.integers(1, 7))
    def act(self, data: st.DataObject, action: str, pieces: int | None) -> None:
        held = data.draw(st.sampled_from(sorted(self.rows)))
        row, (state, sources) = self.rows[held], NEXT[action]
        pieces = pieces if action == "confirm" else None
        late = row.state == "held" and row.due <= self.counter.now_ms
        allowed = row.state in sources and not late
        if allowed and pieces is not None and pieces > row.pieces:
            with pytest.raises(InputError):
                self.counter.act(action, held, pieces=pieces)
            return
        answer = self.counter.act(action, held, pieces=pieces)
        assert answer.status == (200 if allowed else 409)
        if allowed:
            row.state, row.taken = state, (pieces or row.pieces) if action == "confirm" else 0

    @rule(seconds=st.integers(1, 4))
    def wait(self, seconds: int) -> None:
        self.counter.now_ms += 1000 * seconds

    def due(self) -> list[SimpleNamespace]:
        return [row for row in self.rows.values() if row.state == "held" and row.due <= self.counter.now_ms]

    def expire_due(self) -> int:
        due = self.due()
        for row in due:
            row.state, row.taken = "expired", 0
        return len(due)

    @rule()
    def expire(self) -> None:
        assert sweep(self.database, self.counter.now_ms) == self.expire_due()

    @rule(supplier=st.sampled_from("st"), pieces=st.integers(0, 15))
    def offer(self, supplier: str, pieces: int) -> None:
        self.offered[supplier] = pieces
        self.counter.offer(**{supplier: pieces})

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.answers)))
        supplier, pieces, price, ttl, body = self.answers[key]
        again = self.counter.hold(supplier, pieces, key=key, price=price, ttl=ttl)
        assert (again.again, again.body) == (True, body)

    @invariant()
    def sums_agree(self) -> None:
        if hasattr(self, "rows"):
            assert self.counter.now_ms >= START_MS
            assert self.counter.reserved() == {supplier: self.taken(supplier) for supplier in "st"}
            assert self.counter.used_fen() == self.owed_fen()
            self.counter.check()


def test_reservations_as_modelled(upgraded, database_url):
    """Random sequences of everything that can be done, on both databases."""

    class Here(Reservations):
        database = upgraded

    examples = 25 if upgraded.embedded else 12
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Here,
        settings=settings(max_examples=examples, stateful_step_count=25, deadline=None, suppress_health_check=checks),
    )
