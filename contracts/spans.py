"""Spans of what is done, for whoever traces it with OpenTelemetry: nothing at all until a tracer is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["span", "trace_with"]

Note = Callable[[str, Mapping[str, Any]], None]
_TRACER: list[Any] = []  # of the process: one, or none


def trace_with(tracer: Any | None) -> None:
    """Give every span from now on to a tracer (`opentelemetry.trace.Tracer`); None to none."""
    _TRACER[:] = [] if tracer is None else [tracer]


@contextmanager
def span(name: str, attributes: Mapping[str, Any], *, caller: str | None = None) -> Iterator[Note]:
    """Do something within a span; what is raised is recorded in it and passed on.

    Parameters
    ----------
    attributes
        Plain values, or lists of texts.
    caller
        The W3C ``traceparent`` of who asked for it; without one it belongs to the span around it, if there is one.

    Yields
    ------
    callable
        Gives the span another name and further attributes, once more is known.
    """
    if not _TRACER:
        yield _no_note
        return
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    around = TraceContextTextMapPropagator().extract({"traceparent": caller}) if caller else None
    kind = SpanKind.SERVER if "http.request.method" in attributes else SpanKind.CONSUMER
    with _TRACER[0].start_as_current_span(name, context=around, kind=kind, attributes=dict(attributes)) as made:

        def note(better: str, more: Mapping[str, Any]) -> None:
            made.update_name(better)
            made.set_attributes(dict(more))

        yield note


def _no_note(name: str, attributes: Mapping[str, Any]) -> None:
    del name, attributes
