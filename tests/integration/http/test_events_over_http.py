"""Events, webhooks, causes and exceptions as a client of the server sees them."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert

from api.http.app import create_app
from api.settings import Settings
from store.prices import PriceShelf
from store.schema import OUTBOX


def tell(client, **event):
    """Write an event."""
    row = {"tenant": "", "topic": "plan.revised", "subject": "network", "created_at_ms": 1_800_000_000_000} | event
    row["payload"] = orjson.dumps(row.get("payload", {})).decode()
    database = client.app.state.house.database
    database.write(lambda connection: connection.execute(insert(OUTBOX), row))


@pytest.fixture
def now(client):
    """The cursor after everything so far."""
    return client.get("/v1/events?start=newest").json()["next_cursor"]


def events(client, cursor, **query):
    """Return the next page."""
    return client.get("/v1/events", params={"cursor": cursor, **query}).json()


def test_each_event_once_in_order(client, now):
    """In pages, with nothing skipped and nothing twice; later ones with the same cursor."""
    for number in range(5):
        tell(client, subject=f"s{number}")
    first = events(client, now, limit=3)
    second = events(client, first["next_cursor"], limit=3)
    assert [one["subject"] for one in first["events"] + second["events"]] == [f"s{n}" for n in range(5)]
    assert events(client, second["next_cursor"])["events"] == []
    tell(client, subject="later")
    (one,) = events(client, second["next_cursor"])["events"]
    assert (one["specversion"], one["type"], one["source"]) == ("1.0", "evenflow.plan.revised", "/evenflow")
    assert (one["subject"], one["time"]) == ("later", "2027-01-15T08:00:00.000Z")


def test_topics_choose(client):
    """A topic takes what is below it; a cursor of other topics is refused."""
    start = client.get("/v1/events?start=newest&topics=reservation").json()["next_cursor"]
    tell(client, topic="reservation.held", subject="r")
    tell(client)
    page = events(client, start, topics="reservation")
    assert [one["subject"] for one in page["events"]] == ["r"]
    assert client.get("/v1/events", params={"cursor": start, "topics": "plan"}).status_code == 410
    assert client.get("/v1/events?cursor=nonsense").status_code == 422


def test_waiting_ends_with_the_time_or_an_event(client, now):
    """Without an event it takes as long as was asked for; with one it does not."""
    began = time.monotonic()
    assert events(client, now, wait_seconds=0.4)["events"] == []
    assert time.monotonic() - began > 0.3
    tell(client, subject="there")
    assert events(client, now, wait_seconds=20)["events"][0]["subject"] == "there"


def test_a_webhook_from_its_making_to_its_end(client):
    """The secret is shown once; what it may not reach is refused by name; an unknown one is 404."""
    made = client.post("/v1/webhooks", json={"url": "https://erp.example.com/in", "topics": ["plan"]})
    assert made.status_code == 201, made.text
    webhook = made.json()
    assert webhook["secret"].startswith("whsec_")
    listed = client.get("/v1/webhooks").json()["webhooks"]
    assert [one["id"] for one in listed] == [webhook["id"]]
    assert "secret" not in listed[0]
    refused = client.post("/v1/webhooks", json={"url": "https://169.254.169.254/latest"})
    assert (refused.status_code, "public host" in refused.json()["detail"]) == (422, True)
    assert client.get(f"/v1/webhooks/{webhook['id']}/deliveries").json() == {"deliveries": [], "next_cursor": None}
    assert client.post(f"/v1/webhooks/{webhook['id']}/deliveries/7/resend", json={}).status_code == 404
    assert client.delete(f"/v1/webhooks/{webhook['id']}").json()["id"] == webhook["id"]
    assert client.delete(f"/v1/webhooks/{webhook['id']}").status_code == 404
    assert client.get("/v1/webhooks").json() == {"webhooks": [], "next_cursor": None}


def test_a_server_delivers_by_itself(tmp_path):
    """An event reaches a receiver on this machine, signed, while the server runs."""
    got = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self):
            got.append((self.headers["webhook-signature"], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args):
            pass

    settings = Settings(home=tmp_path, workers=1, webhook_targets="private")
    with HTTPServer(("127.0.0.1", 0), Taking) as receiver, TestClient(create_app(settings)) as client:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        made = client.post("/v1/webhooks", json={"url": f"http://127.0.0.1:{receiver.server_port}/in"}).json()
        tell(client, subject="a")
        deadline = time.monotonic() + 60
        while not client.get(f"/v1/webhooks/{made['id']}/deliveries?state=delivered").json()["deliveries"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        receiver.shutdown()
    ((told, body),) = got
    assert told.startswith("v1,")
    assert orjson.loads(body)["subject"] == "a"


def test_why_a_reservation_is_as_it_is(client, home):
    """From the order over the hold and its decision to the prices and the network they were made on."""
    version = client.get("/readyz").json()["version"]
    shelf = PriceShelf(home)
    import pandas as pd

    facts = {"network": version, "offers": 2, "orders": 9, "cause": "nightly", "made_at": "2026-03-01", "better": True}
    number = shelf.add(pd.DataFrame({"supplier_id": ["f1"], "good": ["soap"], "price": [0.1]}), facts).number
    shelf.activate(number)
    body = {"order_id": "why/1", "sku_id": "soap", "pieces": 2, "buyer_id": "s1"}
    held = client.post("/v1/reservations", json=body, headers={"Idempotency-Key": "why-1"}).json()["reservation"]
    told = client.get("/v1/why/why/1").json()
    kinds = {record["id"]: record["kind"] for record in told["records"]}
    assert kinds == {
        "why/1": "order", held["id"]: "reservation", held["decision_id"]: "decision", f"prices-{number}": "prices",
        f"network-{version}": "network",
    }  # fmt: skip
    causes = {record["id"]: record["causes"] for record in told["records"]}
    assert causes["why/1"] == [held["id"]]
    assert causes[held["id"]] == [held["decision_id"]]
    assert causes[held["decision_id"]] == [f"prices-{number}", f"network-{version}"]
    assert causes[f"prices-{number}"] == [f"network-{version}"]
    assert told["tree"][0].startswith("why/1  an order")
    assert any(line.strip().startswith("└─ dec-") for line in told["tree"])
    assert client.get("/v1/why/nobody").status_code == 404


def test_why_goes_back_over_the_events(client):
    """A plan's event names its forecasts, these their facts; the text tells each once."""
    tell(client, topic="fact.accepted", subject="soap@s1", payload={"id": "fact:k1", "kind": "sale", "causes": []})
    tell(client, topic="forecast.refreshed", payload={"id": "forecast-9", "items": 1, "causes": ["fact:k1"]})
    tell(client, topic="supply.changed", payload={"id": "supply-9", "causes": ["fact:k1"], "causes_in_all": 7})
    tell(client, topic="prices.made", payload={"id": "x-1", "causes": ["forecast-9", "supply-9", "gone-1"]})
    told = client.get("/v1/why/x-1").json()
    assert [record["id"] for record in told["records"]] == ["x-1", "forecast-9", "supply-9", "fact:k1"]
    assert told["records"][0]["left_out"] == 1  # gone-1 is not kept
    assert told["records"][2]["left_out"] == 6
    assert told["records"][3]["facts"]["kind"] == "sale"
    assert sum("(above)" in line for line in told["tree"]) == 1


def test_exceptions_are_ranked_and_close_with_what_was_done(client, home):
    """A cut and an old backorder: the money decides; a closed one is gone until much more is at stake."""
    from datetime import UTC, datetime, timedelta

    from services.backorder_queue import BackorderQueue

    PriceShelf(home).change_left({"f1": 0.5})
    order = {"order_id": "bo-1", "sku_id": "soap", "pieces": 100, "buyer_id": "s1"}
    BackorderQueue(home).add(order, at=datetime.now(UTC) - timedelta(days=3))
    page = client.get("/v1/exceptions").json()
    stakes = [one["stake_fen"] for one in page["exceptions"]]
    assert stakes == sorted(stakes, reverse=True)
    kinds = {one["kind"]: one for one in page["exceptions"]}
    assert kinds["backorder"]["stake_fen"] == 100 * (900 - 500)
    assert kinds["capacity cut"]["stake_fen"] == 50 * (900 - 500)
    name = kinds["backorder"]["id"]
    closed = client.post(f"/v1/exceptions/{name}/close", json={"done": "told the buyer"})
    assert (closed.status_code, closed.json()["done"]) == (200, "told the buyer")
    again = client.post(f"/v1/exceptions/{name}/close", json={"done": "again"})
    assert (again.status_code, "told the buyer" in again.json()["detail"]) == (422, True)
    assert name not in {one["id"] for one in client.get("/v1/exceptions").json()["exceptions"]}
    assert client.get("/v1/exceptions?state=closed").json()["exceptions"][0]["closed"]["done"] == "told the buyer"
    assert client.get("/v1/exceptions/closings").json()["closings"][0]["id"] == name
    assert client.post("/v1/exceptions/exc-0/close", json={"done": "x"}).status_code == 404
    assert client.post(f"/v1/exceptions/{name}/close", json={"done": " "}).status_code == 422


def test_events_of_a_server_with_nothing(tmp_path):
    """No network, no database yet: empty, not an error."""
    with TestClient(create_app(Settings(home=tmp_path, workers=1))) as client:
        assert client.get("/v1/events").json()["events"] == []
        assert client.get("/v1/exceptions").json()["total"] == 0
