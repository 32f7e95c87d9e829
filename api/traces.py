"""Traces by OpenTelemetry, if it is installed (`evenflow[otel]`) and its own variables ask for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points, version
from importlib.util import find_spec
from typing import Any

from contracts.errors import InputError
from contracts.spans import trace_with

__all__ = ["traced"]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_EXPORTERS = "OTEL_TRACES_EXPORTER"
_INSTALL = "OpenTelemetry with that exporter (pip install 'evenflow[otel]')"


@contextmanager
def traced(service: str) -> Iterator[None]:
    """Trace while this lasts, if the environment asks for it; what waits to be exported is sent at the end.

    Parameters
    ----------
    service
        ``service.name`` unless ``OTEL_SERVICE_NAME`` or ``OTEL_RESOURCE_ATTRIBUTES`` names another.

    Raises
    ------
    InputError
        If an exporter is asked for that is not installed.
    """
    names = _asked()
    if not names:
        yield
        return
    exporters = [_exporter(name) for name in names]
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    told = {"service.version": version("evenflow")}
    if "OTEL_SERVICE_NAME" not in os.environ and "service.name" not in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        told["service.name"] = service
    provider = TracerProvider(resource=Resource.create(told))  # sampler and limits are the environment's, too
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace_with(provider.get_tracer("evenflow", version("evenflow")))
    try:
        yield
    finally:
        trace_with(None)
        provider.shutdown()


def _asked() -> list[str]:
    """Return the names of the exporters that the environment asks for; none if it asks for no traces."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return []
    default = "otlp" if any(os.environ.get(name) for name in _ENDPOINTS) else "none"
    names = [name.strip() for name in os.environ.get(_EXPORTERS, default).split(",")]
    return [name for name in names if name not in ("", "none")]


def _exporter(name: str) -> Any:
    by_name = "otlp_proto_http" if name == "otlp" else name
    found = entry_points(group="opentelemetry_traces_exporter", name=by_name)
    if not found or find_spec("opentelemetry.sdk") is None:
        raise InputError(_EXPORTERS, _INSTALL, name)
    return next(iter(found)).load()()
