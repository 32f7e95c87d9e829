"""Holds of one PostgreSQL transaction: each has its own answer, and one that breaks it takes no other along."""

import pytest
from sqlalchemy.exc import IntegrityError

from store.booking import hold as holding
from store.booking.answers import Write
from store.booking.capacity import Capacity, Credit, put_capacities
from store.booking.rows import Reservation
from store.booking.statements import HOLD
from store.database import Database

NOW = {"created_at_ms": 0, "expires_at_ms": 10**12, "updated_at_ms": 0}


@pytest.fixture(scope="module")
def made(postgres_cluster, postgres_template):
    """A PostgreSQL database with twenty pieces, and credit for two of them."""
    database = Database.open(postgres_cluster.new_database(template=postgres_template))
    rows = [Capacity(supplier_id="s", good="k", bucket="", offered=20)]
    put_capacities(database, rows, [Credit(buyer_id="poor", supplier_id="s", limit_fen=200)], now_ms=0)
    yield database
    database.close()


def values(name, pieces, *, buyer="b", key=None):
    """Return what the statement takes for one hold."""
    reservation = Reservation(
        id=name, tenant="", order_id="o", buyer_id=buyer, sku_id="k", supplier_id="s", good="k", bucket="",
        pieces=pieces, taken_pieces=pieces, unit_price_fen=100, **NOW,
    )  # fmt: skip
    write = Write(tenant="", key=key or name, request_hash="h", now_ms=0)
    return holding._values(write, holding.Hold(reservation))


def test_each_has_its_own_answer(made):
    """In the order in which they came, whatever order the rows are taken in."""
    turn = [values("r1", 4), values("r2", 3, buyer="poor"), values("r3", 2, buyer="a"), values("r4", 15)]
    assert [found[0] for found in holding._turn(made, HOLD, turn)] == ["held", "no_credit", "held", "full"]
    again = holding._turn(made, HOLD, [replace_id(turn[0], "r5"), values("r6", 1)])
    assert [found[0] for found in again] == ["known", "held"]
    assert again[0][1][1]["reservation"]["id"] == "r1"


def replace_id(given, name):
    """Return the same hold, asked for again."""
    return {**given, "id": name}


def test_one_that_breaks_takes_no_other_along(made):
    """The id of the second is taken: the others are held all the same."""
    turn = [values("t1", 1), values("t1", 1, key="other"), values("t2", 1)]
    first, second, third = holding._turn(made, HOLD, turn)
    assert (first[0], third[0]) == ("held", "held")
    assert isinstance(second, IntegrityError)


def test_a_turn_survives_the_loss_of_its_connection(made, postgres_cluster):
    """The server broke the pool's connections: the turn is done again on a new one, once."""
    holding._turn(made, HOLD, [values("before", 1)])
    postgres_cluster.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'evenflow'")
    turn = [values("u1", 1, buyer="z"), values("u2", 1, buyer="a")]
    assert [found[0] for found in holding._turn(made, HOLD, turn)] == ["held", "held"]
    assert [found[0] for found in holding._turn(made, HOLD, turn)] == ["known", "known"]
