"""Exceptions: each source tells what it should, in money; a closing holds until much more is at stake."""

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import InputError, UnknownIdError
from planning.plan_diff import DIFF_COLUMNS
from services import exception_sources
from services.backorder_queue import BackorderQueue
from services.exceptions import close_exception, closings, list_exceptions
from store.database import Database
from store.forecast_book import ForecastBook
from store.home import TABLES, Home
from store.plans import PlanShelf
from store.prices import PriceShelf

NOW, WEEK = datetime(2026, 3, 10, tzinfo=UTC), timedelta(days=7)
NETWORK = {
    "parties": [{"id": "f1", "kind": "factory"}, {"id": "s1", "kind": "store"}],
    "products": [{"sku_id": "soap", "price_fen": 900, "unit_cost_fen": 500}],
    "supply": [{"supplier_id": "f1", "sku_id": "soap", "capacity": 100, "unit_cost_fen": 480}],
}


@pytest.fixture
def home(tmp_path):
    """A home with a small network."""
    root = tmp_path / "home"
    Home(root).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in NETWORK.items()})
    return root


@pytest.fixture
def database(home):
    """Its database."""
    database = Database.open(f"sqlite:///{home}/evenflow.db")
    yield database
    database.close()


def found(home, database, now=NOW):
    """Return the open exceptions by kind."""
    return {one.found.kind: one for one in list_exceptions(home, database, now=now) if one.closed is None}


def forecast(pieces: float) -> pd.DataFrame:
    """Return a forecast of two days."""
    return pd.DataFrame({"unique_id": ["soap@s1"] * 2, "ds": pd.date_range("2026-03-11", periods=2), "mean": pieces})


def add_forecast(home, run: str, frame: pd.DataFrame) -> None:
    """Keep a forecast under a moment."""
    frame.attrs["run"] = run
    ForecastBook(home).add(frame)


def test_the_listing_is_kept_while_nothing_changed(home, database, monkeypatch):
    """Results are looked at once, and again when one was written anew."""
    looks = []
    look = exception_sources.attention
    monkeypatch.setattr(exception_sources, "attention", lambda **given: looks.append(1) or look(**given))
    for idle in (4.0, 4.0, 6.0):
        load = {"resource": ["line"], "bucket": [pd.Timestamp("2026-03-09")], "capacity": [40.0], "hours": [40 - idle]}
        if not looks or idle > 4:
            frame = pd.DataFrame(load | {"idle": [idle], "overtime": [0.0]})
            Home(home).current().write_result("load", frame)
        assert found(home, database)["idle"].found.amount == idle
    assert len(looks) == 2


def test_nothing_is_nothing(home, database):
    """A network without results needs nobody."""
    assert found(home, database) == {}


def changed(order_id: str, change: str, pieces: tuple, hours: tuple, **given) -> dict:
    """Return a row of a plan's changes."""
    sides = {f"{name}_{side}": value for name, both in (("pieces", pieces), ("hours", hours))
             for side, value in zip(("before", "after"), both, strict=True)}  # fmt: skip
    return {"order_id": order_id, "item": "soap", "change": change, "what": change, "why": "demand"} | sides | given


def test_what_the_plan_changed_by_what_it_may_lose(home, database):
    """By hand, at a price of 900, a cost of 500, 25 an idle hour and 40 one of overtime.

    Two released pieces given up: an idle hour and 2 x 500 spent. Ten pieces two weeks late: 10 x 900 x 5 % x 2, less
    than their margin. Ten a week early: 10 x 900 x 0.3 %. Half an hour more: overtime. A proposal given up: nothing.
    """
    start, late, early = (pd.Timestamp(f"2026-03-{day:02d}") for day in (16, 30, 9))
    rows = [
        changed("proposal", "cancelled", (1000, 0), (500.0, 0.0), start_before=start, state="proposed"),
        changed("begun", "cancelled", (2, 0), (1.0, 0.0), start_before=start, state="released"),
        changed("late", "moved", (10, 10), (5.0, 5.0), start_before=start, start_after=late),
        changed("early", "moved", (10, 10), (5.0, 5.0), start_before=start, start_after=early),
        changed("slower", "moved", (10, 10), (5.0, 5.5), start_before=start, start_after=start),
        changed("new", "added", (0, 10), (0.0, 5.0), start_after=start),
    ]
    prices = {"fen_per_hour": {"idle": 25.0, "overtime": 40.0}}
    tables = {"orders": pd.DataFrame({"order_id": ["p2"]}), "diff": pd.DataFrame(rows, columns=list(DIFF_COLUMNS))}
    PlanShelf(home).put(tables, prices, current=True)
    known = list_exceptions(home, database, now=NOW)
    assert [(one.found.subject, one.found.stake_fen) for one in known] == [
        ("begun", 1025.0), ("late", 900.0), ("early", 27.0), ("slower", 20.0), ("proposal", 0.0),
    ]  # fmt: skip


def test_kinds_are_comparable(home, database):
    """A thousand pieces made a week earlier stand below ten that nobody gets: 2 700 against 4 000."""
    start = pd.Timestamp("2026-03-16")
    early = changed("early", "moved", (1000, 1000), (1.0, 1.0), start_before=start, start_after=start - WEEK)
    PlanShelf(home).put({"diff": pd.DataFrame([early], columns=list(DIFF_COLUMNS))}, {}, current=True)
    BackorderQueue(home).add({"order_id": "bo", "sku_id": "soap", "pieces": 10, "buyer_id": "s1"}, at=NOW - 3 * WEEK)
    known = list_exceptions(home, database, now=NOW)
    assert [(one.found.kind, one.found.stake_fen) for one in known] == [("backorder", 4000.0), ("plan change", 2700.0)]


def test_a_cut_of_what_nobody_needs_loses_nothing(home, database):
    """Of 100 pieces 40 are routed there: half of it is enough, a quarter lacks 15."""
    matches = {"order_id": ["o"], "sku_id": ["soap"], "supplier_id": ["f1"], "pieces": [40]}
    Home(home).current().write_result("matches", pd.DataFrame(matches))
    for left, stake in ((0.5, 0.0), (0.25, 15 * 400.0)):
        PriceShelf(home).change_left({"f1": left})
        assert found(home, database)["capacity cut"].found.stake_fen == stake


def test_a_forecast_that_moved(home, database):
    """By more than a fifth, over the days that both runs foretell; a smaller move is not told."""
    add_forecast(home, "20260309T000000000000", forecast(10.0))
    add_forecast(home, "20260310T000000000000", forecast(11.0))
    assert found(home, database) == {}
    add_forecast(home, "20260310T010000000000", forecast(22.0))
    one = found(home, database)["forecast shift"].found
    assert (one.subject, one.amount, one.stake_fen) == ("soap@s1", 22.0, 22.0 * 400)
    assert "20 pieces became" not in one.why
    assert "22 pieces became 44" in one.why


def test_prices_that_the_replay_refused(home, database):
    """Only while no better ones came after them."""
    shelf = PriceShelf(home)
    frame = pd.DataFrame({"supplier_id": ["f1"], "good": ["soap"], "price": [0.0]})
    facts = {"orders": 5, "old_objective": 9.0, "new_objective": 7.0, "made_at": "2026-03-09T00:00:00+08:00"}
    shelf.add(frame, facts | {"better": False})
    assert found(home, database)["prices refused"].found.amount == 2.0
    shelf.add(frame, facts | {"better": True})
    assert found(home, database) == {}


def test_capacity_that_was_cut(home, database):
    """At the margin of the pieces that are gone."""
    PriceShelf(home).change_left({"f1": 0.25})
    one = found(home, database)["capacity cut"].found
    assert (one.amount, one.stake_fen, one.why) == (75.0, 75 * 400.0, "has 25% of its capacity left")


def test_lines_that_were_cut_and_suppliers_that_are_not_there(home, database):
    """Hours at the price of overtime; what the network does not have says so."""
    supply = [*NETWORK["supply"], {"supplier_id": "s1", "resource": "line", "capacity": 40.0}]
    tables = {**NETWORK, "supply": supply}
    Home(home).publish({name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in tables.items()})
    Home(home).current().write_result("plan_summary", {"fen_per_hour": {"overtime": 3000.0}})
    PriceShelf(home).change_left({"s1": 0.5, "nobody": 0.0})
    told = {one.found.subject: one.found for one in list_exceptions(home, database, now=NOW)}
    assert (told["s1"].amount, told["s1"].unit, told["s1"].stake_fen) == (20.0, "hours", 60_000.0)
    assert told["nobody"].action == "correct the fact, or load it"


def test_orders_that_wait_for_long(home, database):
    """After two days."""
    order = {"order_id": "bo", "sku_id": "soap", "pieces": 4, "buyer_id": "s1"}
    BackorderQueue(home).add(order, at=NOW)
    assert found(home, database, NOW + timedelta(days=1.9)) == {}
    one = found(home, database, NOW + timedelta(days=2))["backorder"].found
    assert (one.subject, one.place, one.stake_fen, one.why) == ("bo", "s1", 1600.0, "waits for 2 days")


def test_work_that_failed(home, database):
    """A stage that gave up, with what it said."""
    from sqlalchemy import insert

    from store.schema import PARKED_WORK

    row = {"tenant": "", "stage": "plan", "from_position": 3, "to_position": 9, "attempts": 5, "reason": "no routes",
           "state": "parked", "parked_at_ms": 1, "updated_at_ms": 1}  # fmt: skip
    database.write(lambda connection: connection.execute(insert(PARKED_WORK), row))
    one = found(home, database)["parked work"].found
    assert (one.place, one.amount, one.why) == ("plan", 6.0, "failed 5 times: no routes")


def test_a_closing_holds_until_much_more_is_at_stake(home, database):
    """At half as much again it is open again; what was done is kept."""
    PriceShelf(home).change_left({"f1": 0.5})
    name = found(home, database)["capacity cut"].id
    with pytest.raises(InputError, match="done: expected what was done"):
        close_exception(home, database, name, by="me", done=" ", now=NOW)
    close_exception(home, database, name, by="me", done="asked f1", now=NOW)
    with pytest.raises(InputError, match="one closed by me: asked f1"):
        close_exception(home, database, name, by="me", done="again", now=NOW)
    PriceShelf(home).change_left({"f1": 0.3})  # 1.4 times as much
    assert found(home, database) == {}
    PriceShelf(home).change_left({"f1": 0.2})
    assert found(home, database)["capacity cut"].id == name
    close_exception(home, database, name, by="you", done="found another", now=NOW)
    assert [one.done for one in closings(home)] == ["found another", "asked f1"]
    with pytest.raises(UnknownIdError, match="unknown exception exc-none"):
        close_exception(home, database, "exc-none", by="me", done="x", now=NOW)


def test_on_the_command_line(home, database):
    """Listed, closed, and gone; half a closing is refused."""
    PriceShelf(home).change_left({"f1": 0.5})
    database.close()
    run = CliRunner().invoke
    told = json.loads(run(app, ["exceptions", "--home", str(home), "--json"]).stdout)
    assert (told["total"], told["stake_fen"]) == (1, 20_000.0)
    name = told["exceptions"][0]["id"]
    assert "1 exception, ¥200 at stake" in run(app, ["exceptions", "--home", str(home)]).stdout
    done = run(app, ["exceptions", "--home", str(home), "--close", name, "--done", "asked f1", "--json"])
    assert json.loads(done.stdout)["done"] == "asked f1"
    assert json.loads(run(app, ["exceptions", "--home", str(home), "--json"]).stdout)["total"] == 0
    assert isinstance(run(app, ["exceptions", "--home", str(home), "--close", name]).exception, InputError)
