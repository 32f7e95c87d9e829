"""Who asks is looked up in the database: nobody else waits for that, and while it is away that is said clearly."""

import asyncio

import pytest
from starlette.websockets import WebSocketDisconnect

from contracts.errors import UnavailableError
from services.keys import create_key


class Away:
    """A database that does not answer."""

    def read(self, work):
        raise UnavailableError("the database does not answer")


class Watched:
    """A database that knows nothing, and remembers whether it was asked where requests are answered."""

    def __init__(self):
        self.on_the_loop = []

    def read(self, work):
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.on_the_loop.append(False)
        else:
            self.on_the_loop.append(True)


@pytest.fixture
def ring(application):
    """The server's key ring, which has forgotten everything."""
    ring = application.app.state.house.keys
    ring.forget()
    yield ring
    ring.forget()


def test_an_unknown_key_makes_nobody_wait(application, ring, monkeypatch):
    """The database is asked elsewhere, and once: what is no key is remembered, too."""
    watched = Watched()
    monkeypatch.setattr(ring, "_database", watched)
    headers = {"Authorization": f"Bearer evf_{'a' * 12}_{'b' * 43}"}
    for _ in range(3):
        assert application.get("/v1/keys/me", headers=headers).status_code == 401
    assert watched.on_the_loop == [False]


def test_ids_that_are_tried_drive_out_no_key(database, ring, monkeypatch):
    """However many: a key that counts is still told from memory."""
    monkeypatch.setattr("services.keys._KEPT", 10)
    made = create_key(database, name="k", role="admin", now_ms=0)
    assert ring.principal(made.secret) is not None
    for n in range(100):
        assert ring.principal(f"evf_{n:012d}_{'b' * 43}") is None
    assert len(ring._unknown) <= 10
    monkeypatch.setattr(ring, "_database", Away())
    assert ring.at_hand(made.secret)
    assert ring.principal(made.secret) is not None


def test_the_console_says_that_the_database_is_away(application, database, ring, monkeypatch):
    """A page, not a problem as JSON; a socket is closed to be tried again; the sign-in stays."""
    made = create_key(database, name="k", role="planner", now_ms=0)
    signed_in = application.post("/sign-in", data={"key": made.secret}, follow_redirects=False)
    headers = {"Cookie": signed_in.headers["set-cookie"].partition(";")[0]}
    application.cookies.clear()
    with monkeypatch.context() as patch:
        ring.forget()
        patch.setattr(ring, "_database", Away())
        page = application.get("/console/", headers=headers, follow_redirects=False)
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "The database does not answer" in page.text
        assert page.headers["retry-after"] == "5"
        with (
            pytest.raises(WebSocketDisconnect) as closed,
            application.websocket_connect("/console/_nicegui_ws/", headers=headers),
        ):
            pass
        assert closed.value.code == 1013
        again = application.post("/sign-in", data={"key": made.secret}, follow_redirects=False)
        assert (again.status_code, "The database does not answer" in again.text) == (503, True)
    assert application.get("/console/", headers=headers, follow_redirects=False).status_code != 303
