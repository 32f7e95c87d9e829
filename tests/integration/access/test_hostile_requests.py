"""Requests of somebody who means harm: none opens anything, and none makes the server fail."""

import asyncio

import pytest
from anyio.from_thread import start_blocking_portal
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException
from starlette.websockets import WebSocketDisconnect

from api.http.app import create_app
from api.http.guard import Guard
from api.http.metrics import Metrics
from services.access import OPERATOR

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("path", ["/v1/keys", "/v1%2fkeys", "/v1/keys%00", "/v1//keys", "/%76%31/keys", "/metrics"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "PATCH"])
def test_no_spelling_of_a_path_opens_it(application, method, path):
    """Without a key nothing of it is told, with any method."""
    assert application.request(method, path).status_code in (401, 405)


@pytest.mark.parametrize("path", ["/V1/keys", "/Console/", "/_nicegui/x"])
def test_paths_that_look_like_others_are_nothing(application, path):
    """They are not taken for them."""
    assert application.get(path).status_code == 404


@pytest.mark.parametrize("turn", [1, -1])
def test_two_keys_at_once_are_refused(asking, application, turn):
    """A proxy before the server may look at one, the server at the other."""
    given = [("Authorization", asking().headers["Authorization"]), ("Authorization", "Bearer x")][::turn]
    assert application.get("/v1/keys/me", headers=given).status_code == 401


COOKIES = [
    "operator.99999999999.x",
    "operator.x.",
    "..",
    '"\\377\\200.1.2"',
    "operator." + "9" * 5000 + ".x",
    "\xff\xfe",
]


@pytest.mark.parametrize("cookie", COOKIES)
def test_a_forged_cookie_opens_no_console(application, cookie):
    """It leads to the sign-in page; no socket is opened either."""
    headers = {"Cookie": f"evenflow_console={cookie}".encode("latin-1")}
    answer = application.get("/console/", headers=headers, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        application.websocket_connect("/console/_nicegui_ws/", headers=headers),
    ):
        pass
    assert closed.value.code == 4401


def test_a_console_session_opens_no_api(application):
    """The start-up's ticket counts once, and its cookie nowhere but in the console."""
    ticket = application.app.state.door.ticket
    first = application.get("/sign-in", params={"ticket": ticket}, follow_redirects=False)
    assert first.status_code == 303
    assert "Path=/console" in first.headers["set-cookie"]
    assert "HttpOnly" in first.headers["set-cookie"]
    again = application.get("/sign-in", params={"ticket": ticket}, follow_redirects=False)
    assert again.status_code == 200
    cookie = first.headers["set-cookie"].partition(";")[0]
    application.cookies.clear()
    assert application.get("/v1/keys/me", headers={"Cookie": cookie}).status_code == 401


@pytest.mark.parametrize("body", [b"&".join([b"a=1"] * 500), b"key=\xff%00", b"", b"key=" + b"a" * 3000])
def test_odd_forms_sign_nobody_in(application, body):
    """They are told so."""
    assert application.post("/sign-in", content=body, headers=FORM, follow_redirects=False).status_code == 403


def test_a_key_that_is_bound_or_may_not_plan_does_not_open_the_console(asking, application):
    """It shows the whole house, closes exceptions and starts work: a scientist's key may do neither elsewhere."""
    for client, status in (
        (asking("admin", tenant="alpha"), 403),
        (asking("scientist"), 403),
        (asking("admin", scopes=("plans:read",)), 403),
        (asking("planner"), 303),
    ):
        key = client.headers["Authorization"].removeprefix("Bearer ")
        assert application.post("/sign-in", data={"key": key}, follow_redirects=False).status_code == status


def test_whoever_has_no_key_cannot_fill_the_audit(asking, application):
    """A forged link is refused without a line."""
    assert application.post("/w/alpha?expires=9999999999&signature=x", data={"answer": "accept"}).status_code == 403
    assert asking().get("/v1/audit?path=/w/").json()["lines"] == []


def test_a_key_without_a_limit_is_not_made(asking):
    """Infinity is no rate."""
    body = b'{"name": "a", "role": "router", "requests_per_second": 1e400}'
    answer = asking().post("/v1/keys", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


async def never() -> dict:
    """No part of a body."""
    await asyncio.Event().wait()
    raise AssertionError


async def drip() -> dict:
    """A byte of a body that never ends, in time each."""
    await asyncio.sleep(0.005)
    return {"type": "http.request", "body": b" ", "more_body": True}


@pytest.mark.parametrize("receive", [never, drip])
@pytest.mark.parametrize("path", ["/v1/matches", "/sign-in", "/w/some"])
def test_a_body_that_does_not_come_is_not_waited_for(path, receive):
    """Not at all, or a byte now and then; pages for people end, too."""
    waited = []

    class Open:
        async def admit(self, scope: dict) -> object:
            return OPERATOR

    async def app(scope: dict, receive, send) -> None:
        try:
            for _ in range(10_000):
                await receive()
        except HTTPException as error:
            waited.append(error.status_code)
        await send({"type": "http.response.start", "status": 408, "headers": []})

    async def told(message: dict) -> None:
        del message

    guard = Guard(
        app, gate=Open(), audit=print, door=None, metrics=Metrics(list), max_body_bytes=100_000, body_seconds=0.05,
        most_at_once=1,
        most_connections=1000,
    )  # fmt: skip
    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""}
    with start_blocking_portal() as portal:  # a browser's tests may keep a loop running in this thread
        portal.call(guard, scope, receive, told)
    assert waited == [408]


def test_who_opted_out_is_told_to_those_who_may_know_of_it(asking):
    """To others there is no such party, opted out or not."""
    beta, alpha = asking("admin", tenant="beta"), asking("admin", tenant="alpha")
    assert asking().post("/v1/scores/opt-outs", json={"party_id": "beta-store", "by": "owner"}).status_code == 200
    ask = "/v1/trust?from=alpha-store&to=beta-store"
    for path in ("/v1/parties/beta-store/trust", "/v1/parties/beta-store/scorecard", ask):
        assert alpha.get(path).status_code == 404
    assert beta.get("/v1/parties/beta-store/trust").status_code == 409
    asking().delete("/v1/scores/opt-outs/beta-store?by=owner")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:8000"}, 200),
        ({"Host": "[::1]:8000", "Origin": "http://127.0.0.1:8000"}, 200),
        ({"Host": "Planner.lan"}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "[::1"}, 421),
        ({"Host": ""}, 421),
        ({"Host": "localhost", "Origin": "http://evil.example"}, 421),
        ({"Host": "localhost", "Origin": "null"}, 421),
    ],
)
def test_an_open_server_is_asked_under_its_own_names_only(open_server, headers, status):
    """A page that lets its own name lead to this machine (DNS rebinding) reads and writes nothing."""
    answer = open_server.get("/v1/jobs", headers=headers)
    assert answer.status_code == status
    assert status == 200 or answer.json()["type"] == "/problems/wrong-host"


def test_no_page_of_another_name_opens_a_socket_of_an_open_server(open_server):
    """The console's socket is refused before it opens."""
    headers = {"Host": "evil.example"}
    with pytest.raises(WebSocketDisconnect) as refused, open_server.websocket_connect("/console/ws", headers=headers):
        pass
    assert refused.value.code == 4401


@pytest.fixture(scope="module")
def open_server(settings):
    """A server without keys."""
    app = create_app(settings.model_copy(update={"access": "open", "allowed_hosts": "planner.lan, other.lan"}))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
