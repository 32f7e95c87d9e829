"""What facts bring that needs a person, and lines that lost their hours."""

from datetime import UTC, datetime

import pytest

from services.exceptions import list_exceptions
from store.database import Database
from store.outbox_ids import latest_rows
from tests.unit.flow.conftest import flow_on, order, sale

AT = {"occurred_at": "2026-03-02T09:00:00Z"}


@pytest.fixture(scope="module")
def flow(tmp_path_factory):
    """One flow for all: learning the models is what costs."""
    root = tmp_path_factory.mktemp("home")
    database = Database.open(f"sqlite:///{root}/flow.db")
    yield flow_on(root, database)
    database.close()


def test_a_line_that_is_down_makes_nothing_and_the_plan_names_its_forecast(flow):
    """After the weeks that are firm no hour is planned on it; the plan leads to the forecast that stood meanwhile."""
    flow.send(sale("a", 4), order("o1"))
    flow.settle()
    flow.send({"key": "d", "kind": "capacity_change", "supplier_id": "f1", "left_share": 0} | AT)
    flow.settle()
    load = flow.world.home.current().result("load").sort_values("bucket")
    assert load["hours"].iloc[0] > 0
    assert not load["hours"].iloc[1:].any()
    (forecast,), (plan,), (prices,) = (
        latest_rows(flow.world.database, topic) for topic in ("forecast.refreshed", "plan.revised", "prices.published")
    )
    assert forecast.payload["id"] in plan.payload["causes"]
    assert prices.payload["causes"].count(plan.payload["id"]) == 1


def test_what_nobody_could_use_is_told_until_it_is_mended(flow):
    """An order that nobody takes, a sale of no series, progress of no order: each is gone once it is put right."""

    def open_now():
        now = datetime.fromtimestamp(flow.clock.now_ms / 1000, UTC)
        known = list_exceptions(flow.world.home.root, flow.world.database, now=now)
        wanted = ("refused order", "unused fact")
        return {one.found.subject: one.found for one in known if one.found.kind in wanted}

    flow.send({"key": "u", "kind": "capacity_change", "supplier_id": "f1", "left_share": 1} | AT)
    flow.send(order("p1", pieces=100_000), order("p2", sku_id="unknown"), order("p3"), sale("b", 5, unique_id="none"))
    flow.send({"key": "p", "kind": "progress", "order_id": "PO-none", "state": "released"} | AT)
    flow.settle()
    found = open_now()
    assert set(found) == {"p1", "p2", "none", "PO-none"}
    assert (found["p1"].stake_fen, found["p1"].place) == (100_000 * (900 - 500), "s1")
    assert "sku_id" in found["p2"].why
    flow.send({"key": "x", "kind": "cancellation", "corrects": "p2"} | AT, order("p1/b", pieces=10, corrects="p1"))
    flow.settle()
    assert set(open_now()) == {"none", "PO-none"}
