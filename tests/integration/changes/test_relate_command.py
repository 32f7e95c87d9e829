"""`evenflow relate` and `evenflow handover` on a loaded network, and a server that sees it at once."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from io import FileIO
from pathlib import Path

import pandas as pd
import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from services.load_network import load_network
from services.viewer import Viewer
from store.event_log import EventLog
from store.home import Home

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.usefixtures("warm_path")
PARTIES = """id,kind,tenant
F1,factory,
G1,guide,red
G2,guide,red
S1,store,red
S2,store,blue
"""
RELATIONS = """src,dst,kind,weight,count,amount_fen,last_at
F1,S1,supplies,2,3,900,2026-01-01
G1,S1,serves,4,5,1000,2026-01-10
"""
EVENTS = """event_id,event,at,src,dst,kind,weight,amount_fen,id,valid_to
p1,party,,,,store,,,S3,
r1,relation,2026-02-01,F1,S3,supplies,2.5,,,
t1,trade,2026-02-03,F1,S1,supplies,,5000,,
n1,relation,,F1,S2,supplies,-1,,,
n2,relation,,F1,S2,supplies,nan,,,
t3,trade,2025-12-31,F1,S1,supplies,,5,,
x1,relation,2026-02-01,F1,nobody,supplies,,,,
l1,relation,2026-02-01,F1,F1,supplies,,,,
k1,relation,,F1,S2,likes,,,,
d1,relation,2026-02-05,F1,S2,supplies,,,,2026-02-01
r2,relation,2026-02-01,F1,S2,supplies,1,,,
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with five parties."""
    folder = tmp_path / "net"
    folder.mkdir()
    (folder / "parties.csv").write_text(PARTIES)
    (folder / "relations.csv").write_text(RELATIONS)
    load_network(folder, home=Home(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    """A server over that home, running all the while."""
    with TestClient(create_app(Settings(home=home, workers=1)), raise_server_exceptions=False) as client:
        yield client


def evenflow(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    command = ["evenflow", *arguments, "--home", str(home), "--json"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_good_rows_count_at_once_and_bad_ones_are_quarantined(home: Path, client: TestClient, tmp_path: Path) -> None:
    """Each kind of bad row with its number and reason; the running server answers with the others."""
    assert client.get("/v1/parties/S3").status_code == 404
    (tmp_path / "events.csv").write_text(EVENTS)
    told = json.loads(evenflow(home, "relate", str(tmp_path / "events.csv")).stdout)
    assert (told["applied"], told["known"], told["quarantined"]) == (4, 0, 7)
    bad = pd.read_csv(tmp_path / "quarantine" / "events.csv")
    assert bad["row"].tolist() == [4, 5, 6, 7, 8, 9, 10]
    words = ["weight: expected", "weight: expected", "reversed_time", "unknown_dst", "self_loop", "unknown_kind"]
    assert all(reason.startswith(word) for reason, word in zip(bad["reason"], [*words, "reversed_dates"], strict=True))
    card = client.get("/v1/parties/S3").json()
    assert card["relations"] == {"supplies": {"out": 0, "in": 1}}
    assert card["neighbours"][0]["weight"] == 2.5
    again = json.loads(evenflow(home, "relate", str(tmp_path / "events.csv")).stdout)
    assert (again["applied"], again["known"]) == (0, 4)


def test_a_strict_file_with_a_bad_row_records_nothing(home: Path, tmp_path: Path) -> None:
    """One line that names the row, exit code 2, no log, no quarantine."""
    (tmp_path / "events.csv").write_text(EVENTS)
    done = evenflow(home, "relate", str(tmp_path / "events.csv"), "--strict")
    assert done.returncode == 2
    expected = "events.csv, row 4: weight: expected a number >= 0 and <= 3.4e+38 or empty, got -1; nothing was recorded"
    assert expected in done.stderr
    assert not (home / "events.log").exists()
    assert not (tmp_path / "quarantine").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("e.csv", "event\nparty\n", "column 'event_id': expected this required column"),
        ("e.ndjson", '{"event_id": "1"\n', "e.ndjson, line 1: expected one JSON object"),
        ("e.txt", "x", "expected a name ending in .csv, .parquet, .ndjson"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(
    home: Path, tmp_path: Path, name: str, content: str, message: str
) -> None:
    """Exit code 2 and what was expected."""
    (tmp_path / name).write_text(content)
    done = evenflow(home, "relate", str(tmp_path / name))
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_lines_of_json_and_parquet_are_read_like_csv(home: Path, tmp_path: Path) -> None:
    """The same events in each form are the same events."""
    rows = [{"event_id": "p1", "event": "party", "id": "S3", "kind": "store", "lat": 31.0}]
    pd.DataFrame(rows).to_parquet(tmp_path / "events.parquet")
    (tmp_path / "events.ndjson").write_text("\n".join(map(json.dumps, rows)))
    pd.DataFrame(rows).to_csv(tmp_path / "events.csv", index=False)
    counts = [
        json.loads(evenflow(home, "relate", str(tmp_path / f"events.{s}")).stdout) for s in ("csv", "ndjson", "parquet")
    ]
    assert [(told["applied"], told["known"]) for told in counts] == [(1, 0), (0, 1), (0, 1)]


def test_a_handover_is_told_and_seen(home: Path, client: TestClient) -> None:
    """The successor has the customer at once; asking for the holder gives her; the command can be repeated."""
    done = evenflow(home, "handover", "--from", "G1", "--to", "G2", "--at", "2026-03-01")
    told = json.loads(done.stdout)
    assert (told["before"], told["after"]) == ({"from": 1, "to": 0}, {"from": 0, "to": 1})
    assert client.get("/v1/parties/G2").json()["neighbours"][0]["id"] == "S1"
    holder = {"party_id": "G1", "on": "2026-02-28"}
    assert client.get("/v1/relations/holder", params=holder).json()["holder"] == "G1"
    assert client.get("/v1/relations/holder", params={**holder, "on": "2026-03-01"}).json()["holder"] == "G2"
    again = evenflow(home, "handover", "--from", "G1", "--to", "G2", "--at", "2026-03-01")
    assert json.loads(again.stdout)["applied"] is False
    wrong = evenflow(home, "handover", "--from", "G1", "--to", "S1", "--at", "2026-04-01")
    assert wrong.returncode == 2
    assert "src has handed over already" in wrong.stderr
    unknown = evenflow(home, "handover", "--from", "G1", "--to", "nobody", "--at", "2026-04-01")
    assert unknown.stderr.startswith("evenflow: --to: expected ")
    assert unknown.stderr.rstrip().endswith("got nobody")


NEW = {"event_id": "p1", "event": "party", "id": "S3", "kind": "store"}
TIE = {"event_id": "r1", "event": "relation", "src": "F1", "dst": "S3", "kind": "supplies", "weight": 2.5}


def test_events_over_http_count_once_and_at_once(client: TestClient) -> None:
    """As JSON, then the same lines as NDJSON."""
    first = client.post("/v1/relations", json={"events": [NEW, TIE]})
    assert (first.status_code, first.json()["applied"]) == (200, 2)
    lines = "\n".join(json.dumps(event) for event in (NEW, TIE, {**TIE, "event_id": "r2", "dst": "S2"}))
    again = client.post("/v1/relations", content=lines, headers={"Content-Type": "application/x-ndjson"})
    assert (again.json()["applied"], again.json()["known"]) == (1, 2)
    assert client.get("/v1/parties/S3").json()["neighbours"][0]["id"] == "F1"


@pytest.mark.parametrize(
    ("event", "pointer"),
    [
        ({**TIE, "dst": "nobody"}, "/events/1/dst"),
        ({**TIE, "dst": "F1"}, "/events/1/dst"),
        ({**TIE, "kind": "likes"}, "/events/1/kind"),
        ({**TIE, "weight": -1}, "/events/1/weight"),
        ({**TIE, "weight": "2"}, "/events/1/weight"),
        ({**TIE, "valid_from": "2026-03-01", "valid_to": "2026-02-01"}, "/events/1/at"),
        ({**TIE, "event_id": "p1"}, "/events/1/event_id"),
        ({"event": "party", "id": "S4", "kind": "store"}, "/events/1/event_id"),
        ({**TIE, "colour": "red"}, "/events/1/colour"),
    ],
)
def test_a_wrong_event_over_http_is_a_problem_and_nothing_counts(client: TestClient, event: dict, pointer: str) -> None:
    """422 with the place; the good event before it is not recorded either."""
    answer = client.post("/v1/relations", json={"events": [NEW, event]})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert client.get("/v1/parties/S3").status_code == 404


def test_a_broken_line_is_malformed_json(client: TestClient) -> None:
    """400 that names the line."""
    headers = {"Content-Type": "application/x-ndjson"}
    answer = client.post("/v1/relations", content=json.dumps(NEW) + "\n{oops\n", headers=headers)
    assert answer.status_code == 400
    assert "line 2" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ({"event": "trade", "src": "F1", "dst": "S1", "kind": "supplies", "at": "2026-02-01", "amount_fen": 5}, 200),
        ({"event": "trade", "src": "F1", "dst": "S2", "kind": "supplies", "at": "2026-02-01", "amount_fen": 5}, 422),
        ({"event": "handover", "src": "G1", "dst": "G2", "at": "2026-02-01"}, 200),
        ({"event": "handover", "src": "G1", "dst": "F1", "at": "2026-02-01"}, 422),
        ({"event": "party", "id": "S9", "kind": "store", "tenant": "red"}, 200),
        ({"event": "party", "id": "S9", "kind": "store"}, 422),
        ({"event": "party", "id": "S1", "region": "North"}, 200),
        ({"event": "party", "id": "S1", "tenant": "blue"}, 422),
        ({"event": "party", "id": "S2", "region": "North"}, 422),
    ],
)
def test_a_tenant_records_what_is_about_its_own(client: TestClient, event: dict, status: int) -> None:
    """Red's own parties, not blue's; a party stays its tenant's."""
    body = {"events": [{"event_id": "e", **event}]}
    assert client.post("/v1/relations", json=body, headers={"Evenflow-Tenant": "red"}).status_code == status


def test_whoever_comes_second_takes_nobodys_new_party(
    home: Path, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blue's event gets into the log just before red's turn: the new party is blue's, and red's batch is refused."""
    turn = EventLog.turn

    def late(log: EventLog) -> AbstractContextManager[FileIO]:
        monkeypatch.setattr(EventLog, "turn", turn)
        mine = {"event_id": "b", "event": "party", "id": "S9", "kind": "store", "tenant": "blue"}
        assert Home(home).record([mine]).applied == 1
        return turn(log)

    monkeypatch.setattr(EventLog, "turn", late)
    event = {"event_id": "r", "event": "party", "id": "S9", "kind": "store", "tenant": "red"}
    answer = client.post("/v1/relations", json={"events": [event]}, headers={"Evenflow-Tenant": "red"})
    assert answer.status_code == 422
    network = Home(home).current().network()
    assert Viewer("blue").owns(network, network.parties.ids.positions(pd.Series(["S9"])))[0]


def test_loading_again_keeps_what_was_recorded(home: Path, client: TestClient, tmp_path: Path) -> None:
    """The same files, the changes folded in; twice changes nothing; --settled takes the files as they are."""
    client.post("/v1/relations", json={"events": [NEW, TIE]})
    first = json.loads(evenflow(home, "load", str(tmp_path / "net")).stdout)
    assert first["changes"] == {"events": 2, "left_out": 0}
    assert client.get("/v1/parties/S3").json()["version"] == first["version"]
    assert json.loads(evenflow(home, "load", str(tmp_path / "net")).stdout)["changed"] is False
    evenflow(home, "load", str(tmp_path / "net"), "--settled")
    assert client.get("/v1/parties/S3").status_code == 404


def test_a_holder_that_a_tenant_may_not_know_of_is_not_named(client: TestClient) -> None:
    """Red's guide hands over to blue's store: red reads that there is a holder, not who."""
    event = {"event_id": "h", "event": "handover", "src": "G1", "dst": "S2", "at": "2026-02-01"}
    assert client.post("/v1/relations", json={"events": [event]}).status_code == 200
    asked = {"party_id": "G1", "on": "2026-03-01"}
    assert client.get("/v1/relations/holder", params=asked).json()["holder"] == "S2"
    blue = {"event_id": "n", "event": "handover", "src": "S2", "dst": "S9", "at": "2026-02-02"}
    new = {"event_id": "p", "event": "party", "id": "S9", "kind": "store", "tenant": "green"}
    assert client.post("/v1/relations", json={"events": [new, blue]}).status_code == 200
    assert client.get("/v1/relations/holder", params=asked).json()["holder"] == "S9"
    answer = client.get("/v1/relations/holder", params=asked, headers={"Evenflow-Tenant": "blue"})
    assert answer.status_code == 404
    assert "S9" not in answer.text
