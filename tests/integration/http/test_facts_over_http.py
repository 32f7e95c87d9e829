"""Facts over HTTP and from files: row by row, once, corrected; the worker carries them on."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from services.flow.passes import World
from services.flow.worker import Worker

ORDER = {"key": "o1", "kind": "order", "occurred_at": "2026-03-02T14:00:00+08:00", "order_id": "o1"}
ORDER |= {"sku_id": "soap", "buyer_id": "s1", "pieces": 5}
SALE = {"key": "s1", "kind": "sale", "occurred_at": "2026-03-02T14:00:00+08:00", "unique_id": "soap@s1"}
SALE |= {"ds": "2026-03-02", "pieces": 5}


def test_one_fact(client):
    """Accepted, then known; another body under its key is a 422 and changes nothing."""
    answers = [client.post("/v1/facts", json=ORDER | {"pieces": pieces}) for pieces in (5, 5, 6)]
    assert [answer.status_code for answer in answers] == [200, 200, 422]
    assert [answer.json()["results"][0]["status"] for answer in answers[:2]] == ["accepted", "known"]
    assert "stands for another fact" in answers[2].json()["detail"]
    assert client.get("/v1/facts/o1").json()["payload"]["pieces"] == 5


def test_lines_with_a_bad_one(client):
    """The bad line is told by its number, the others are kept; what counts is the correction."""
    rows = [SALE, SALE | {"key": "s2", "corrects": "s1", "pieces": 3}, SALE | {"key": "s3", "ds": "soon"}]
    body = "\n".join(map(json.dumps, rows))
    answer = client.post("/v1/facts", content=body, headers={"Content-Type": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["accepted"], answer.json()["refused"]) == (2, 1)
    assert answer.json()["results"][2]["row"] == 3
    assert client.get("/v1/facts/s1").json()["counts"] == "s2"


@pytest.mark.parametrize("body", [{}, [], {"facts": []}, {"facts": ["x"]}, {"kind": "order"}, "x", ORDER | {"x": 1}])
def test_what_is_no_fact_is_a_422(client, body):
    """With a reason, never a 500."""
    assert client.post("/v1/facts", json=body).status_code == 422


def test_unknown_ids(client):
    """404 for a fact that was never sent, and for parked work that is not there."""
    assert client.get("/v1/facts/none").status_code == 404
    assert client.post("/v1/parked-work/7/retry", json={}).status_code == 404
    assert client.post("/v1/parked-work/7/discard", json={}).status_code == 404
    assert client.get("/v1/parked-work").json() == {"parked": [], "next_cursor": None}


def test_the_worker_carries_an_order_to_its_supplier(client):
    """Before, it waits for the stage; after a pass it is confirmed, and nothing waits."""
    client.post("/v1/facts", json=ORDER | {"key": "o2", "order_id": "o2"})
    waiting = {stage["name"]: stage["waiting"] for stage in client.get("/v1/stages").json()["stages"]}
    assert waiting["orders"] >= 1
    house = client.app.state.house
    world = World(home=house.net.home, desk=house.desk, inlet=house.inlet)
    Worker(world=world).drain()
    held = client.get("/v1/reservations?order_id=o2").json()["reservations"]
    assert [(one["state"], one["pieces"]) for one in held] == [("confirmed", 5)]
    assert all(stage["waiting"] == 0 for stage in client.get("/v1/stages").json()["stages"][:4])


def asked(*arguments):
    done = CliRunner().invoke(app, [str(part) for part in arguments])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_file_and_the_command(home, tmp_path):
    """`evenflow ingest facts` and `evenflow worker --once`."""
    file = tmp_path / "orders.ndjson"
    file.write_text(json.dumps(ORDER | {"key": "o3", "order_id": "o3"}) + "\n" + json.dumps({"key": "o4"}))
    made = asked("ingest", "facts", file, "--home", home, "--json")
    assert (made["accepted"], made["results"][0]["row"]) == (1, 2)
    assert asked("worker", "--once", "--home", home, "--json")["passes"] >= 1


def test_waves_as_the_worker_left_them(client):
    """Before it looked nothing; then figures and buckets of each."""
    assert client.get("/v1/waves").json() == {"as_of": None, "waves": []}
    figures = {"state": "running", "push_at": "2026-03-02T14:00:00+08:00", "coupon": "5-off", "minutes_known": 15}
    figures |= {"minutes_late": 0.5, "so_far": 30, "left": 70.5, "mean": 100.5, "q0.1": 80.0, "q0.5": 99.0}
    figures |= {"q0.9": 130.0, "busiest_bucket": "2026-03-02T14:15:00+08:00"}
    snapshot = client.app.state.house.net.home.current()
    bucket = {"wave_id": "w", "bucket_at": pd.Timestamp("2026-03-02T14:00:00+08:00"), "observed": True, "mean": 30.0}
    snapshot.write_result("wave_buckets", pd.DataFrame([bucket]))
    snapshot.write_result("waves", {"as_of_ms": 1_772_431_260_000, "waves": {"w": figures}})
    told = client.get("/v1/waves").json()
    (wave,) = told["waves"]
    assert (wave["wave_id"], wave["left"], wave["low"], wave["high"]) == ("w", 70.5, 80.0, 130.0)
    assert wave["buckets"][0]["mean"] == 30.0
    assert told["as_of"].startswith("2026-03-02T14:01")
