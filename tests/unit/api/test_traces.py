"""Traces: spans of requests and passes where OpenTelemetry is asked for, nothing otherwise."""

import pytest
from fastapi.testclient import TestClient

from api.http.app import create_app
from api.settings import Settings
from api.traces import traced
from contracts.errors import InputError
from contracts.spans import span, trace_with
from services.flow.worker import Worker
from store.database import Database
from tests.unit.flow.conftest import flow_on, sale

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans():
    """What was traced."""
    pytest.importorskip("opentelemetry.sdk.trace", reason="OpenTelemetry is not installed (evenflow[otel])")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_with(provider.get_tracer("test"))
    yield exporter.get_finished_spans
    trace_with(None)


def test_a_request_is_a_span_of_its_callers_trace(spans, tmp_path):
    """Named by its route, never by its path, with its status; bad ones, too."""
    with TestClient(create_app(Settings(home=tmp_path, workers=1, access="open"))) as client:
        client.get("/healthz", headers={"traceparent": PARENT})
        client.get("/v1/jobs/none-of-that-name")
    health, job = spans()
    assert (health.name, f"{health.context.trace_id:032x}") == ("GET /healthz", PARENT.split("-")[1])
    assert f"{health.parent.span_id:016x}" == PARENT.split("-")[2]
    told = dict(job.attributes)
    assert (job.name, told["http.response.status_code"], job.parent) == ("GET /v1/jobs/{job_id}", 404, None)
    assert "none-of-that-name" not in str(told)
    assert told["evenflow.request_id"]


def test_a_pass_is_a_span_with_its_causes(spans, tmp_path):
    """And one that fails says how."""
    database = Database.open(f"sqlite:///{tmp_path}/flow.db")
    flow = flow_on(tmp_path, database)
    flow.send(sale("a", 3))

    def fails(world, given):
        raise InputError("somewhere", "something", "nothing")

    (step,) = (one for one in flow.worker.steps if one.name == "forecast")
    Worker(
        world=flow.world, steps=(type(step)(name=step.name, topics=step.topics, kinds=step.kinds, run=fails),)
    ).drain()
    database.close()
    (made,) = spans()
    assert (made.name, made.attributes["evenflow.causes"]) == ("stage forecast", ("fact:a",))
    assert (made.attributes["evenflow.rows"], made.status.is_ok) == (1, False)
    assert made.events[0].name == "exception"


def test_without_a_tracer_nothing_is_traced():
    """A span is nothing, and what is raised within is passed on."""
    with span("x", {}) as note:
        note("y", {})
    with pytest.raises(KeyError), span("x", {}):
        raise KeyError


def test_the_variables_of_opentelemetry_decide(monkeypatch):
    """`console` prints; `none` and SDK_DISABLED trace nothing; what is not installed is told with what to install."""
    for name in ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SDK_DISABLED", "OTEL_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)
    pytest.importorskip("opentelemetry.sdk.trace", reason="OpenTelemetry is not installed (evenflow[otel])")
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    for exporter, disabled, sent in (("none", "false", 0), ("console", "true", 0), ("console", "false", 1)):
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", exporter)
        monkeypatch.setenv("OTEL_SDK_DISABLED", disabled)
        kept = InMemorySpanExporter()
        with monkeypatch.context() as patched:
            patched.setattr("opentelemetry.sdk.trace.export.ConsoleSpanExporter", lambda kept=kept: kept)
            with traced("evenflow-test"), span("a thing", {}):
                pass
        found = kept.get_finished_spans()
        assert [one.resource.attributes["service.name"] for one in found] == ["evenflow-test"] * sent
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
    with (
        pytest.raises(InputError, match=r"OTEL_TRACES_EXPORTER: expected .*evenflow\[otel\].* got carrier-pigeon"),
        traced("x"),
    ):
        pass
