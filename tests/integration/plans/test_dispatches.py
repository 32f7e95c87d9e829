"""Dispatches sent, answered through signed links, rejected and taken over; links that open nothing."""

import json
import re
import shutil
import stat
import threading
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from typer.testing import CliRunner

from api.cli.main import app
from api.http.planning_examples import DISPATCH_EXAMPLES
from contracts.errors import InputError
from services.dispatch_steps import dispatch_steps
from services.dispatches import Answer, answer_dispatch, keep_dispatches, list_dispatches
from services.signed_links import LinkExpiredError, LinkForgedError, check_link, sign_link
from store.link_key import link_key
from store.plans import PlanShelf

BODY = DISPATCH_EXAMPLES["two workshops"]["value"]


def frames() -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(rows) for name, rows in BODY.items() if name != "terms"}


@pytest.fixture
def sent(tmp_path):
    """A home with the example's dispatches."""
    keep_dispatches(tmp_path / "home", dispatch_steps(**frames()))
    return tmp_path / "home"


def link_of(client, dispatch_id: str) -> str:
    made = client.post(f"/v1/dispatches/{dispatch_id}/link", json={})
    assert made.status_code == 201, made.text
    return made.json()["url"].removeprefix(str(client.base_url))


def test_a_workshop_answers_through_its_link(client, finished):
    """Read, accept, report pieces twice, and a second accept changes nothing."""
    finished("/v1/dispatches", BODY)
    rows = client.get("/v1/dispatches", params={"state": "sent"}).json()["rows"]
    one = rows[0]
    link = link_of(client, one["dispatch_id"])
    page = client.get(link)
    assert page.status_code == 200
    assert "加工单" in page.text
    assert "接单" in page.text
    assert "Accept" in client.get(f"{link}&lang=en").text
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert "script" not in page.text
    for _ in range(2):
        assert "已接单" in client.post(link, data={"answer": "accept", "note": "行"}).text
    wrong = client.post(f"{link}&lang=en", data={"answer": "done", "pieces": str(one["pieces"] + 1)})
    assert (wrong.status_code, "in all" in wrong.text) == (409, True)
    assert client.post(link, data={"answer": "done", "pieces": "x"}).status_code == 409
    for _ in range(2):
        assert client.post(link, data={"answer": "done", "pieces": "5"}).status_code == 200
    assert client.post(link, data={"answer": "done", "pieces": "4"}).status_code == 409
    client.post(link, data={"answer": "done", "pieces": str(one["pieces"])})
    told = client.get(f"/v1/dispatches/{one['dispatch_id']}").json()
    assert (told["state"], told["done_pieces"]) == ("done", one["pieces"])
    assert client.post(link, data={"answer": "reject"}).status_code == 409
    audit = client.get("/v1/audit", params={"path": f"/w/{one['dispatch_id']}"})
    assert [line["status"] for line in audit.json()["lines"]] == [200, 200, 409, 409, 200, 200, 409, 200, 409]
    assert link.partition("signature=")[2] not in audit.text


def test_links_that_open_nothing(client, finished):
    """Another dispatch's, changed, of another key, or without a signature: 403; too long a body: 413."""
    finished("/v1/dispatches", BODY)
    first, second = (row["dispatch_id"] for row in client.get("/v1/dispatches").json()["rows"][:2])
    link = link_of(client, first)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    tampered = [
        link.replace(first, second),
        re.sub(r"expires=\d+", f"expires={int(asked['expires']) + 1}", link),
        link[:-1] + ("A" if link[-1] != "A" else "B"),
        f"/w/{first}",
        f"/w/{first}?expires=x&signature={asked['signature']}",
    ]
    for path in tampered:
        for answer in (client.get(path), client.post(path, data={"answer": "accept"})):
            assert answer.status_code == 403, path
            assert first not in answer.text
    assert client.get(f"/v1/dispatches/{first}").json()["state"] == "sent"
    assert client.post(link, data={"answer": "accept", "note": "x" * 20_000}).status_code == 413
    assert client.get("/v1/dispatches/nope").json()["type"] == "/problems/unknown-id"


def test_links_are_taken_back(client, finished):
    """A link that was taken back opens nothing, a newer one does; both are told; a step sent anew revives none."""
    finished("/v1/dispatches", BODY)
    name = client.get("/v1/dispatches").json()["rows"][0]["dispatch_id"]
    old = link_of(client, name)
    who = {"by": "li", "reason": "wrong workshop"}
    assert client.post(f"/v1/dispatches/{name}/link/revoke", json=who | {"by": ""}).status_code == 422
    assert client.post("/v1/dispatches/nope/link/revoke", json=who).json()["detail"] == "unknown dispatch nope"
    assert client.post(f"/v1/dispatches/{name}/link/revoke", json=who).json()["links_ended"] == 1
    for answer in (client.get(f"{old}&lang=en"), client.post(f"{old}&lang=en", data={"answer": "accept"})):
        assert (answer.status_code, "taken back" in answer.text) == (410, True)
    new = link_of(client, name)
    assert client.get(new).status_code == 200
    assert client.get(f"/v1/dispatches/{name}").json()["state"] == "sent"
    finished("/v1/dispatches", BODY)
    assert (client.get(old).status_code, client.get(new).status_code) == (410, 200)


def test_a_link_holds_for_its_time_and_its_dispatch_only():
    """To the second; another key's are forged."""
    link = sign_link(b"k" * 32, "PO-1/ 2", now=1000, days=1)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(link.path).query).items()}
    check_link(b"k" * 32, "PO-1/ 2", asked["expires"], asked["signature"], now=1000 + 86_399)
    with pytest.raises(LinkExpiredError):
        check_link(b"k" * 32, "PO-1/ 2", asked["expires"], asked["signature"], now=1000 + 86_400)
    for key, name in ((b"l" * 32, "PO-1/ 2"), (b"k" * 32, "PO-1/ 3")):
        with pytest.raises(LinkForgedError):
            check_link(key, name, asked["expires"], asked["signature"], now=1000)
    with pytest.raises(LinkForgedError):
        check_link(b"k" * 32, "PO-1/ 2", "\u0661", "é", now=0)


def test_the_key_is_the_owners_alone(tmp_path):
    """Made once with mode 0600, the same for all; one that others can read is refused."""
    made = []
    threads = [threading.Thread(target=lambda: made.append(link_key(tmp_path / "home"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    path = tmp_path / "home" / "link.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(InputError, match="only its owner can read"):
        link_key(tmp_path / "home")
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(InputError, match="a secret of at least 32 bytes"):
        link_key(tmp_path / "home")


def test_what_is_rejected_goes_to_another(sent):
    """ws-1's step goes to ws-2 as `.2`; when that one rejects it, too, it is unplaced, with every reason."""
    one = list_dispatches(sent).query("workshop == 'ws-1'").iloc[0]
    answer_dispatch(sent, one["dispatch_id"], Answer(kind="reject", note="no thread"))
    answer_dispatch(sent, one["dispatch_id"], Answer(kind="reject"))
    found = list_dispatches(sent).set_index("dispatch_id")
    again = found.loc[f"{one['dispatch_id']}.2"]
    assert (again["workshop"], again["state"], again["tries"]) == ("ws-2", "sent", "ws-1")
    assert again["pieces"] == one["pieces"]
    assert one["earliest"] <= again["start"] <= one["latest"]
    told = answer_dispatch(sent, f"{one['dispatch_id']}.2", Answer(kind="reject"))
    assert told["state"] == "unplaced"
    assert "ws-1 rejected it" in told["why"]
    assert "ws-2 rejected it" in told["why"]
    with pytest.raises(InputError, match=r"expected one that is sent \(to accept\), got rejected"):
        answer_dispatch(sent, one["dispatch_id"], Answer(kind="accept"))


def test_what_is_rejected_goes_to_another_however_many_plans_came_since(sent):
    """The plan whose steps were sent stays on the shelf; if it is gone all the same, that is the reason."""
    first, second = list_dispatches(sent)["dispatch_id"].iloc[:2]
    shelf = PlanShelf(sent, keep=2)
    for _ in range(3):
        shelf.put({}, {"version": None, "replaces": None})
    answer_dispatch(sent, first, Answer(kind="reject"))
    assert f"{first}.2" in set(list_dispatches(sent)["dispatch_id"])
    shutil.rmtree(sent / "plans")
    told = answer_dispatch(sent, second, Answer(kind="reject"))
    assert (told["state"], "is not kept any more" in told["why"]) == ("unplaced", True)


def test_hours_taken_over_are_not_given_twice(sent):
    """Each rejected step takes its hours from the other workshop; what no longer fits is unplaced."""
    for row in list_dispatches(sent).query("state == 'sent'").itertuples():
        answer_dispatch(sent, row.dispatch_id, Answer(kind="reject"))
    found = list_dispatches(sent)
    taken = found[found["state"] == "sent"].groupby(["resource", "start"])["hours"].sum()
    assert (taken <= 40 + 1e-6).all()


def test_a_new_plan_withdraws_what_nobody_accepted(sent):
    """Accepted work stays with its workshop; the rest is sent anew or withdrawn."""
    first = list_dispatches(sent)
    kept = first["dispatch_id"].iloc[0]
    answer_dispatch(sent, kept, Answer(kind="accept"))
    tables = frames()
    tables["demand"]["y"] = [0, 0, 10]
    keep_dispatches(sent, dispatch_steps(**tables))
    found = list_dispatches(sent).set_index("dispatch_id")
    assert found.loc[kept, "state"] == "accepted"
    assert (found.loc[first["dispatch_id"].iloc[1:], "state"].isin(("withdrawn", "sent"))).all()
    assert (found["state"] == "withdrawn").any()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "maybe"}, "answer: expected one of accept, reject, done"),
        ({"kind": "done"}, "pieces: expected"),
        ({"kind": "accept", "pieces": 3}, "with `done` only"),
        ({"kind": "done", "pieces": -1}, "from 0 to 1e9"),
    ],
)
def test_answers_that_make_no_sense(given, words):
    """Refused by name."""
    with pytest.raises(InputError) as error:
        Answer(**given)
    assert words in str(error.value)


def test_from_files(tmp_path):
    """Dispatches are written and sent; a link is made for one of them."""
    for name, frame in frames().items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "plan.toml").write_text("[dispatch]\nlate_cost = 4\n")
    files = [part for name in frames() for part in (f"--{name}", str(tmp_path / f"{name}.csv"))]
    more = ["--params", str(tmp_path / "plan.toml"), "--out", str(tmp_path / "d.csv"), "--home", str(tmp_path / "home")]
    done = CliRunner().invoke(app, ["dispatch", *files, *more, "--json"])
    assert done.exit_code == 0, done.output
    written = pd.read_csv(tmp_path / "d.csv")
    assert json.loads(done.stdout)["orders"] > len(written) > 0
    link = ["dispatch-link", written["dispatch_id"].iloc[0], "--home", str(tmp_path / "home"), "--base", "http://x/"]
    made = CliRunner().invoke(app, [*link, "--json"])
    assert json.loads(made.stdout)["url"].startswith("http://x/w/PO-")
    back = ["dispatch-link", written["dispatch_id"].iloc[0], "--home", str(tmp_path / "home"), "--revoke"]
    told = CliRunner().invoke(app, [*back, "--by", "li", "--reason", "wrong workshop", "--json"])
    assert json.loads(told.stdout)["links_ended"] == 1
    assert "by: expected a text" in str(CliRunner().invoke(app, back).exception)
    (tmp_path / "plan.toml").write_text("[dispatch]\notif_flor = 1\n")
    wrong = CliRunner().invoke(app, ["dispatch", *files, *more])
    assert "plan.toml [dispatch]" in str(wrong.exception)
