"""Signals posted to a running server change the next estimate of their style; every estimate is kept and replayed."""

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.cli.main import app as cli
from api.http.app import create_app
from api.settings import Settings
from services.ingest import Inlet, forget_party
from store.home import TABLES, Home

LAUNCH = pd.Timestamp("2026-03-01 20:00", tz="Asia/Shanghai")
AT = "2026-03-01T18:00:00+08:00"
STYLES = 80


def network():
    """Eighty styles that came to a hundred times the reposts of their teaser, and one still to come."""
    rng = np.random.default_rng(7)
    reposts = rng.integers(5, 200, STYLES)
    launch = LAUNCH - pd.to_timedelta(np.arange(STYLES) + 30, unit="D")
    ids = [f"old-{number}" for number in range(STYLES)]
    styles = pd.DataFrame({"style_id": ids, "launch_at": launch, "total": reposts * 100.0})
    styles = pd.concat([styles, pd.DataFrame({"style_id": ["new/1"], "launch_at": [LAUNCH]})], ignore_index=True)
    teased = launch - pd.Timedelta(hours=8)
    signals = {"style_id": ids, "signal_time": teased, "observed_at": teased, "kind": "repost", "count": reposts}
    parties = {"id": ["brand", "kol-1"], "kind": ["brand", "kol"], "followers": [None, 9000]}
    days = launch.tz_localize(None).normalize().repeat(25) + pd.to_timedelta(np.tile(np.arange(25), STYLES), unit="D")
    sold = {
        "unique_id": np.repeat(ids, 25),
        "style_id": np.repeat(ids, 25),
        "ds": days,
        "y": np.repeat(reposts * 4.0, 25),
    }
    raw = {"parties": parties, "styles": styles, "signals": signals, "sales": sold}
    return {name: TABLES[name].check(pd.DataFrame(rows)) for name, rows in raw.items()}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A home with the network."""
    place = tmp_path_factory.mktemp("launches")
    Home(place).publish(network())
    return place


@pytest.fixture(scope="module")
def client(root):
    """A client of a server over it."""
    with TestClient(create_app(Settings(home=root, workers=1)), raise_server_exceptions=False) as client:
        yield client


def signal(count, **cells):
    at = {"signal_time": "2026-03-01T12:00:00+08:00", "observed_at": "2026-03-01T12:00:00+08:00"}
    return {
        "style_id": "new/1",
        "kind": "repost",
        "count": count,
        "content_id": "teaser",
        "cumulative": True,
        **at,
        **cells,
    }


def estimate(client, **asked):
    answer = client.get("/v1/launches/new/1", params={"as_of": AT, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_signal_changes_the_next_estimate_and_why_is_told(client):
    """Without a restart; the history tells what came in between, and each number can be computed again."""
    before = estimate(client)
    assert before["checkpoint"] == "0h"
    assert estimate(client)["estimate_id"] == before["estimate_id"]
    told = client.post("/v1/signals", json=[signal(180)]).json()
    assert (told["applied"], told["known"], told["quarantined"]) == (1, 0, 0)
    after = estimate(client)
    assert after["mean"] > 2 * before["mean"]
    assert after["known"] == {"repost": 180.0}
    assert [after["path"][place]["ds"] for place in (0, -1)] == ["2026-03-01", "2026-03-26"]
    assert sum(day["mean"] for day in after["path"]) == pytest.approx(after["mean"])
    history = client.get("/v1/launches/new/1/checkpoints").json()
    assert [kept["estimate_id"] for kept in history["estimates"]] == [before["estimate_id"], after["estimate_id"]]
    (move,) = history["moves"]
    assert move["came"] == {"repost": 180.0}
    assert move["factor"] == pytest.approx(after["mean"] / before["mean"])
    for kept in history["estimates"]:
        replay = client.get(f"/v1/launches/new/1/checkpoints/{kept['estimate_id']}/replay").json()
        assert replay["same"], replay
        assert replay["replayed"]["mean"] == kept["mean"]


def test_what_is_observed_later_does_not_count_yet(client):
    """A signal observed after the moment changes nothing at that moment."""
    before = estimate(client)
    client.post("/v1/signals", json={"signals": [signal(999, observed_at="2026-03-01T18:00:01+08:00")]})
    assert estimate(client) == before
    assert estimate(client, as_of="2026-03-01T19:00:00+08:00")["known"] == {"repost": 999.0}


def test_each_row_is_told_what_became_of_it(client):
    """New, known or of no use, as a list, under a name or one a line; other fields are not read."""
    good = signal(3, style_id="b", content_id="p")
    rows = [
        good,
        good | {"phone": "13900000000"},
        good | {"kind": "stare"},
        {"style_id": "b"},
        good | {"count": {"x": 1}},
        good | {"count": 10**400},
        good | {"observed_at": "0001-01-01T00:00:00+00:00"},
        good | {"observed_at": "9999-12-31T23:00:00+00:00"},
    ]
    told = client.post("/v1/signals", json=rows).json()
    assert [row["status"] for row in told["results"]] == ["applied", "known", *["quarantined"] * 6]
    assert told["ignored_fields"] == ["phone"]
    assert told["results"][2]["reason"].startswith("kind: expected one of view")
    assert "observed_at: expected a timestamp" in told["results"][3]["reason"]
    lines = b'{"style_id": "b", "kind": "like", "count": 1}\n\n'
    answer = client.post("/v1/signals", content=lines, headers={"content-type": "application/x-ndjson"})
    assert answer.json()["quarantined"] == 1
    broken = client.post("/v1/signals", content=b"{}\n{", headers={"content-type": "application/x-ndjson"})
    assert broken.json()["type"] == "/problems/malformed-json"
    assert client.post("/v1/signals", json=[]).json()["type"] == "/problems/invalid-request"
    half = client.post(
        "/v1/signals", content=rb'[{"style_id": "\ud800"}]', headers={"content-type": "application/json"}
    )
    assert half.status_code == 422
    assert "row 1: expected texts of whole characters" in half.json()["detail"]


def test_a_finished_style_is_estimated_like_any_other(client):
    """It is in the history, and no example of itself."""
    told = client.get("/v1/launches/old-3", params={"as_of": AT})
    assert told.status_code == 200, told.text
    assert told.json()["checkpoint"] == "25d"


def test_kols_are_kept_as_hashes_and_recognised_in_the_network(client, root):
    """The log has no name; what the forecast reads has the network's."""
    client.post("/v1/signals", json=[signal(5, style_id="new/1", content_id="kol-post", kol_id="kol-1")])
    kept = Inlet.of(root).facts.signals.read("new/1")
    assert not kept["kol_id"].eq("kol-1").any()
    assert kept["kol_id"].str.startswith("p-").any()
    estimate(client, as_of="2026-03-01T19:30:00+08:00")
    assert any(frame["kol_id"].eq("kol-1").any() for frame in _inputs(root))
    forgotten = forget_party("kol-1", Inlet.of(root), client.app.state.house.database)
    assert forgotten["rows"] >= 1
    assert forgotten["inputs"] >= 1
    assert not any(frame["kol_id"].eq("kol-1").any() for frame in _inputs(root))
    for kept in client.get("/v1/launches/new/1/checkpoints").json()["estimates"]:
        replay = client.get(f"/v1/launches/new/1/checkpoints/{kept['estimate_id']}/replay").json()
        assert replay["replayed"]["mean"] == pytest.approx(kept["mean"])


def _inputs(root):
    places = [*root.glob("launches/inputs/*/signals.parquet"), *root.glob("launches/inputs/*/kols.parquet")]
    return [pd.read_parquet(path) for path in places]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/v1/launches/nobody", 404, "unknown style nobody"),
        ("/v1/launches/nobody/checkpoints", 404, "unknown style nobody"),
        ("/v1/launches/new/1/checkpoints/feed/replay", 404, "unknown estimate feed"),
        (f"/v1/launches/new/1?as_of={AT.replace('+', '%2B')}&checkpoint=7d", 422, "expected one that was over at"),
        ("/v1/launches/new/1?as_of=2020-01-01T00:00:00Z", 503, "no style had a known total by 2020"),
        ("/v1/launches/new/1?checkpoint=soon", 422, "checkpoint"),
        ("/v1/launches/new/1?as_of=2026-03-01", 422, "as_of"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(client, path, status, words):
    """An unknown style or estimate, a checkpoint still to come, no history yet."""
    answer = client.get(path)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_a_network_without_styles_says_what_to_load(tmp_path):
    """Before, that nothing is loaded at all."""
    with TestClient(create_app(Settings(home=tmp_path, workers=1))) as bare:
        assert bare.get("/v1/launches/a").json()["type"] == "/problems/not-ready"
        Home(tmp_path).publish({"parties": network()["parties"]})
        assert "add styles.csv" in bare.get("/v1/launches/a").json()["detail"]


def test_all_styles_are_estimated_in_a_job(client):
    """At the checkpoints that are over, and at the moment itself."""
    answer = client.post("/v1/launches", json={"as_of": "2026-03-02T02:10:00+08:00", "style_ids": ["new/1"]})
    assert answer.status_code == 202, answer.text
    place, job = answer.headers["location"], answer.json()
    while job["state"] in ("queued", "running"):
        job = client.get(place).json()
    assert job["state"] == "succeeded", job
    rows = client.get(job["tables"]["launches"]["href"]).json()["rows"]
    assert [row["checkpoint"] for row in rows] == ["0h", "1h", "6h", "7h"]
    kept = client.get("/v1/launches/new/1/checkpoints").json()["estimates"]
    assert {row["estimate_id"] for row in rows} <= {told["estimate_id"] for told in kept}


def test_the_command_tells_the_same(client, root):
    """Estimates, moves and replays, from the command line."""
    import json

    from typer.testing import CliRunner

    def run(*arguments):
        place = ["new/1", *arguments, "--home", str(root), "--json"]
        return json.loads(CliRunner().invoke(cli, ["checkpoints", *place], catch_exceptions=False).stdout)

    over_http = estimate(client, as_of="2026-03-01T21:00:00+08:00")
    told = run("--estimate", "--as-of", "2026-03-01 21:00:00")
    assert over_http["estimate_id"] in [kept["estimate_id"] for kept in told["estimates"]]
    assert len(told["moves"]) == len(told["estimates"]) - 1
    assert run("--replay", over_http["estimate_id"])["same"]
