"""The log: one JSON object a line, with the request it belongs to and what caused it."""

import io
import json
import logging

import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.logs import log_to
from api.settings import Settings

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
def stream():
    """What the root logger writes, in JSON, until the test ends."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    written = io.StringIO()
    log_to(written, "json")
    yield written
    root.handlers[:], _ = before
    root.setLevel(before[1])


def lines(stream: io.StringIO, logger: str) -> list[dict]:
    """Return the lines of one logger."""
    return [line for line in map(json.loads, stream.getvalue().splitlines()) if line["logger"] == logger]


def test_every_request_is_one_line(stream, tmp_path):
    """Its id is the caller's, its trace that of `traceparent`; the query, which may name people, is left out."""
    app = create_app(Settings(home=tmp_path, workers=1))

    @app.get("/told")
    def told() -> dict[str, str]:
        logging.getLogger("some.module").warning("on the way", extra={"causes": ["evt-1", "evt-2"]})
        return {}

    headers = {"X-Request-ID": "r-17", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    with TestClient(app) as client:
        client.get("/healthz?name=somebody", headers=headers)
        client.get("/told", headers={"X-Request-ID": "r-18"})
    first, second = lines(stream, "evenflow.requests")
    assert (first["request_id"], first["route"], first["status"]) == ("r-17", "/healthz", 200)
    assert (first["method"], first["principal"], first["level"]) == ("GET", "operator", "info")
    assert first["seconds"] >= 0
    assert second["request_id"] == "r-18"
    (inner,) = lines(stream, "some.module")
    assert (inner["request_id"], inner["causes"]) == ("r-18", ["evt-1", "evt-2"])
    assert "somebody" not in stream.getvalue()


def test_a_bug_leaves_its_trace_with_the_requests_id(stream, tmp_path):
    """The caller is told the id alone."""
    app = create_app(Settings(home=tmp_path, workers=1))

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("secret")

    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get(
            "/broken", headers={"X-Request-ID": "r-1", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
        )
    (line,) = lines(stream, "api.http.problems")
    assert (line["request_id"], line["level"]) == ("r-1", "error")
    assert "RuntimeError: secret" in line["trace"]
    assert "secret" not in answer.text


def test_text_is_for_people(tmp_path):
    """Warnings and errors only, as lines."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    written = io.StringIO()
    log_to(written, "text")
    try:
        logging.getLogger("evenflow.requests").info("answered")
        logging.getLogger("x").warning("watch out")
    finally:
        root.handlers[:], _ = before
        root.setLevel(before[1])
    assert written.getvalue() == "WARNING: watch out\n"
