"""Why: every record is found under its id, and tenants are told of their own alone."""

import json
from datetime import UTC, datetime

import orjson
import pandas as pd
import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from api.cli.main import app
from contracts.errors import UnknownIdError
from services.exceptions import list_exceptions
from services.hold_decision import Candidate, Order
from services.reserve import Desk, HoldTerms, change, hold_at, reserve
from services.viewer import Viewer
from services.why import lines_of, why
from store.booking.capacity import Capacity, put_capacities
from store.database import Database
from store.home import TABLES, Home
from store.launch_book import LaunchBook
from store.offers import OfferShelf
from store.overrides import OverrideLog
from store.plans import PlanShelf
from store.prices import PriceShelf
from store.schema import OUTBOX

OPERATOR = Viewer()
ORDERS = pd.DataFrame(
    {
        "order_id": ["PO-1"],
        "item": ["soap"],
        "resource": ["line"],
        "pieces": [10],
        "start": [pd.Timestamp("2026-03-02")],
        "reason": ["on_time"],
    }
)


@pytest.fixture
def home(tmp_path):
    """A home with a network and a forecast."""
    root = tmp_path / "home"
    place = Home(root)
    place.publish({"parties": TABLES["parties"].check(pd.DataFrame([{"id": "f1", "kind": "factory"}]))})
    frame = pd.DataFrame({"unique_id": ["soap@s1"], "ds": [pd.Timestamp("2026-03-01")], "mean": [12.0]})
    place.current().write_result("forecast", frame)
    return root


@pytest.fixture
def database(home):
    """Its database, with capacity to hold."""
    database = Database.open(f"sqlite:///{home}/evenflow.db")
    put_capacities(database, [Capacity(supplier_id="f1", good="k", bucket="", offered=9, tenant="mill")], now_ms=1)
    yield database
    database.close()


def tell(database, topic: str, payload: dict, tenant: str = "") -> None:
    """Write an event."""
    row = {
        "tenant": tenant,
        "topic": topic,
        "subject": "x",
        "payload": orjson.dumps(payload).decode(),
        "created_at_ms": 1,
    }
    database.write(lambda connection: connection.execute(insert(OUTBOX), row))


def held(database, viewer: Viewer, versions: dict) -> dict:
    """Hold two pieces, decided by versions, and return the reservation."""
    desk, order = Desk(database), Order(order_id="o", buyer_id="b1", sku_id="k", pieces=2)
    candidate = Candidate(supplier_id="f1", good="k", bucket="")
    with desk.write(viewer, f"k{viewer.tenant}", {}) as write:
        return reserve(desk, write, order, lambda: ([candidate], versions), HoldTerms()).body["reservation"]


def test_a_reservation_confirmed_in_part_says_how_much_of_it(home, database):
    """Two pieces held and one of them confirmed are not two pieces confirmed."""
    name, desk = held(database, OPERATOR, {})["id"], Desk(database)
    with desk.write(OPERATOR, "confirm", {}) as write:
        change(desk, write, name, "confirm", viewer=OPERATOR, pieces=1)
    assert why(home, database, name, viewer=OPERATOR).records[name].told.startswith("confirmed: 1 of 2 pieces of k")


def test_a_plan_leads_to_its_network_where_no_event_says_more(home, database):
    """A production order, its plan, the network's version."""
    version = Home(home).current().version
    plan = PlanShelf(home).put({"orders": ORDERS}, {"version": version}, current=True)
    found = why(home, database, "PO-1", viewer=OPERATOR)
    assert list(found.records) == ["PO-1", plan, f"network-{version}"]
    assert "10 pieces of soap on line from 2026-03-02: on_time" in found.records["PO-1"].told
    tell(database, "plan.revised", {"id": plan, "causes": ["forecast-3"]})
    tell(database, "forecast.refreshed", {"id": "forecast-3", "causes": []})
    assert why(home, database, plan, viewer=OPERATOR).causes[plan] == ["forecast-3"]


def test_a_series_and_a_version_that_is_gone(home, database):
    """A forecast leads to the run that made it, or the network; a version not kept says so."""
    version = Home(home).current().version
    assert why(home, database, "soap@s1", viewer=OPERATOR).causes["soap@s1"] == [f"network-{version}"]
    gone = why(home, database, "network-0123", viewer=OPERATOR)
    assert "not kept any more" in gone.records["network-0123"].told
    beyond = ("evt-" + "9" * 20, "prices-" + "9" * 5000)
    for unknown in ("prices-7", "plan-0", "evt-99", "evt-x", "res-0", "nothing", "", *beyond):
        with pytest.raises(UnknownIdError):
            why(home, database, unknown, viewer=OPERATOR)


def test_a_tenant_is_told_of_its_own_alone(home, database):
    """Of the house's prices and network which version it was; of another tenant's hold nothing."""
    version = Home(home).current().version
    mine = held(database, Viewer("alpha"), {"network": version, "prices": 3})
    told = why(home, database, mine["id"], viewer=Viewer("alpha"))
    assert set(told.records) == {mine["id"], mine["decision_id"], "prices-3", f"network-{version}"}
    assert "of the whole house" in told.records["prices-3"].told
    assert told.records[f"network-{version}"].facts == {}
    for stranger in (Viewer("beta"), Viewer("alpha", "b2")):
        for name in (mine["id"], mine["decision_id"], "o"):
            with pytest.raises(UnknownIdError):
                why(home, database, name, viewer=stranger)
    assert (
        why(home, database, mine["id"], viewer=Viewer("mill")).causes[mine["id"]] == []
    )  # it supplies; decided by others
    tell(database, "fact.accepted", {"id": "fact:k", "kind": "sale"}, tenant="alpha")
    assert why(home, database, "fact:k", viewer=Viewer("alpha")).records["fact:k"].facts == {"kind": "sale"}
    with pytest.raises(UnknownIdError):
        why(home, database, "fact:k", viewer=Viewer("beta"))


def test_circles_and_crowds_end(home, database):
    """What names itself in the end is told once; of many causes some, with the number of the others."""
    tell(database, "a", {"id": "a-1", "causes": ["b-1"]})
    tell(database, "b", {"id": "b-1", "causes": ["a-1", *(f"fact:{n}" for n in range(40))]})
    for number in range(40):
        tell(database, "fact.accepted", {"id": f"fact:{number}", "causes": []})
    found = why(home, database, "a-1", viewer=OPERATOR)
    lines = list(lines_of(found))
    assert "a-1  (above)" in lines[2]
    assert found.left_out["b-1"] == 41 - len(found.causes["b-1"]) > 20
    assert lines[-1].endswith(f"… and {found.left_out['b-1']} more")


def test_a_named_hold_has_no_decision(home, database):
    """It was told which supplier: nothing led to it but the order."""
    desk = Desk(database)
    order = Order(order_id="o%_", buyer_id="b1", sku_id="k", pieces=1)
    with desk.write(OPERATOR, "key", {}) as write:
        hold_at(desk, write, order, Candidate(supplier_id="f1", good="k", bucket=""), HoldTerms())
    found = why(home, database, "o%_", viewer=OPERATOR)
    assert [record.kind for record in found.records.values()] == ["order", "reservation"]


def test_on_the_command_line(home, database):
    """A tree for people, records for programs, one line for an unknown id."""
    mine = held(database, OPERATOR, {"network": Home(home).current().version})
    database.close()
    done = CliRunner().invoke(app, ["why", "o", "--home", str(home)])
    assert [line.lstrip("─└├│ ").split()[0] for line in done.stdout.splitlines()][:3] == [
        "o",
        mine["id"],
        mine["decision_id"],
    ]
    told = json.loads(CliRunner().invoke(app, ["why", mine["id"], "--home", str(home), "--json"]).stdout)
    assert told["records"][0]["kind"] == "reservation"
    assert isinstance(CliRunner().invoke(app, ["why", "nobody", "--home", str(home)]).exception, UnknownIdError)


def test_a_fact_is_told_as_it_was_sent(home, database):
    """Its own words and the one it corrects; to its tenant, and to the party that it names."""
    from store.fact_book import Fact, accept_facts

    told = {"tenant": "alpha", "kind": "order", "subject": "o", "sequence": 0, "occurred_at_ms": 1, "accepted_at_ms": 2}
    payload = {"order_id": "o", "pieces": 3, "buyer_id": "s1"}
    first = Fact(key="a", root="a", payload=payload, **told)
    accept_facts(database, [first, Fact(key="b", root="a", payload=payload | {"pieces": 4}, **told)])
    found = why(home, database, "fact:b", viewer=Viewer("alpha", "s1"))
    assert found.causes["fact:b"] == ["fact:a"]
    assert found.records["fact:b"].facts["pieces"] == 4
    assert found.records["fact:b"].told.startswith("order of o: ")
    for stranger in (Viewer("beta"), Viewer("alpha", "s2")):
        with pytest.raises(UnknownIdError):
            why(home, database, "fact:b", viewer=stranger)
    assert why(home, database, "fact:b", viewer=OPERATOR).records["fact:b"].kind == "fact.accepted"


def test_a_day_of_a_forecast_an_offer_and_an_exception(home, database):
    """Each under its own name; a tenant is told of none of the house's."""
    version = Home(home).current().version
    day = why(home, database, "soap@s1/2026-03-01", viewer=OPERATOR).records["soap@s1/2026-03-01"]
    assert (day.told, day.facts["mean"]) == ("12.0 pieces expected that day", 12.0)
    offers = pd.DataFrame({"seller_id": ["s/1"], "style_id": ["dress"], "reason": ["sells"]})
    name = OfferShelf(home).put({"offers": offers}, {})
    found = why(home, database, f"{name}/s/1/dress", viewer=OPERATOR)
    assert list(found.records) == [f"{name}/s/1/dress", name, f"network-{version}"]
    assert found.records[f"{name}/s/1/dress"].told == "dress offered to s/1: sells"
    PriceShelf(home).change_left({"f1": 0.0})
    (one,) = list_exceptions(home, database, now=datetime(2026, 3, 1, tzinfo=UTC))
    assert why(home, database, one.id, viewer=OPERATOR).records[one.id].told.startswith("capacity cut of f1: is down")
    for unknown in ("soap@s1/2026-03-09", f"{name}/s/1/none", "offers-1", "exc-1"):
        with pytest.raises(UnknownIdError):
            why(home, database, unknown, viewer=OPERATOR)
    for other in ("soap@s1/2026-03-01", one.id):
        with pytest.raises(UnknownIdError):
            why(home, database, other, viewer=Viewer("mill"))


def keep_what_is_shown(home, database) -> tuple[str, str, int, str]:
    """Keep one of each, and return the version's and the plan's id, the prices' number and the job's id."""
    snapshot = Home(home).current()
    network, week = f"network-{snapshot.version}", pd.Timestamp("2026-03-02")
    matches = {"order_id": ["m1"], "supplier_id": ["f1"], "pieces": [3], "reason": ["chosen"]}
    snapshot.write_result("matches", pd.DataFrame(matches))
    weeks = pd.DataFrame({"unique_id": ["soap", "tea"], "ds": [week, week], "mean": [40.0, 7.0]})
    snapshot.write_result("weekly_forecast", weeks)
    load = {"resource": ["line"], "bucket": [week], "capacity": [8.0], "hours": [6.0], "reason": ["priced_out"]}
    tables = {"orders": ORDERS.assign(hours=6.0), "load": pd.DataFrame(load)}
    plan = PlanShelf(home).put(tables, {}, current=True)
    PlanShelf(home).put({"orders": ORDERS.iloc[:0], "load": tables["load"]}, {})
    prices = pd.DataFrame({"supplier_id": ["f1"], "good": ["k/small"], "price": [0.25], "capacity": [9]})
    number = (
        PriceShelf(home).add(prices, {"offers": 1, "orders": 1, "cause": "x", "made_at": "", "network": "0"}).number
    )
    estimate = {"estimate_id": "e1", "style_id": "dress", "checkpoint": "3d", "mean": 900.0, "p_hit": 0.2}
    LaunchBook(home).add(estimate | {"at": "2026-03-01T02:00:00+00:00", "made_at": "2026-03-01T10:00:00+08:00"})
    adjusted = {"record": "override", "id": "o12", "unique_id": "soap", "by": "ann", "reason": "fair", "at": "2026"}
    OverrideLog(home).append(adjusted)
    tell(database, "forecast.refreshed", {"id": "forecast-9", "network": snapshot.version, "items": ["tea"]})
    tell(database, "wave.forecast", {"id": "wave-x-9-0", "causes": []})
    job = {
        "id": "0" * 24,
        "kind": "quote",
        "state": "succeeded",
        "created_at": 1.0,
        "owner": "x",
        "summary": {"plan_id": plan},
    }
    (home / "jobs" / job["id"]).mkdir(parents=True)
    (home / "jobs" / job["id"] / "job.json").write_text(json.dumps(job))
    return network, plan, number, job["id"]


def test_what_the_screens_show_beside_it(home, database):
    """A match, an item's week, a line's hours, an order, a price, a launch, a job, an adjustment, a wave."""
    network, plan, number, job = keep_what_is_shown(home, database)
    wanted = {
        "m1": ("match", [network]),
        "soap/2026-03-02": ("forecast", [network, "o12"]),
        "tea": ("forecast", ["forecast-9"]),
        "line/2026-03-02": ("hours", [plan, "PO-1"]),
        "PO-1": ("production order", [plan, "soap"]),
        f"prices-{number}/f1/k/small": ("price", [f"prices-{number}"]),
        "dress": ("launch forecast", [network]),
        "e1": ("launch forecast", [network]),
        job: ("job", [plan]),
        "o12": ("override", []),
        "x": ("wave.forecast", []),
    }
    for name, (kind, causes) in wanted.items():
        found = why(home, database, name, viewer=OPERATOR)
        assert (found.records[found.id].kind, found.causes[found.id]) == (kind, causes), name
        assert lines_of(found)
    for name in wanted.keys() - {"x", f"prices-{number}/f1/k/small"}:
        with pytest.raises(UnknownIdError):
            why(home, database, name, viewer=Viewer("mill"))
    assert why(home, database, f"prices-{number}/f1/k/small", viewer=Viewer("mill")).id == f"prices-{number}"
