"""Connections that send no whole request are ended, in a real server of uvicorn."""

import asyncio
import contextlib
import socket

import pytest
import uvicorn
from anyio.from_thread import start_blocking_portal

from api.http.patience import Patience

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


class Slow:
    """An application that answers when it is let."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __call__(self, scope, receive, send):
        await self.go.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def serving():
    """A running server, its application, its address, and what runs things in its loop."""
    app, listener = Slow(), socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, timeout_keep_alive=600))
    with start_blocking_portal() as portal:
        ended = portal.start_task_soon(server.serve, [listener])
        yield server, app, listener.getsockname(), portal
        server.should_exit = True
        ended.result()


def test_only_those_that_owe_a_request_are_ended(serving):
    """Silent, half a head, half a second head; not one that waits for its answer."""
    server, app, address, portal = serving
    state, now = server.server_state, [0.0]
    patience = Patience(30, clock=lambda: now[0])
    with contextlib.ExitStack() as opened:
        silent, half, whole = (opened.enter_context(socket.create_connection(address, timeout=60)) for _ in range(3))
        half.sendall(HEAD)
        whole.sendall(HEAD + b"\r\n")
        while len(state.connections) < 3 or not state.tasks:
            portal.call(asyncio.sleep, 0.01)
        for now[0], ended in ((0.0, 0), (29.0, 0), (31.0, 2)):
            assert portal.call(patience.end, state.connections) == ended
        assert silent.recv(9) == half.recv(9) == b""
        portal.call(app.go.set)
        assert whole.recv(12) == b"HTTP/1.1 204"
        while state.tasks:
            portal.call(asyncio.sleep, 0.01)
        whole.sendall(HEAD)
        for now[0], ended in ((40.0, 0), (71.0, 1)):
            assert portal.call(patience.end, state.connections) == ended
        with contextlib.suppress(ConnectionResetError):
            while whole.recv(4096):
                pass
