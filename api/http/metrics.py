"""Counts for Prometheus: requests, how long they took, jobs, the database, the age of what is loaded, the process."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from services.jobs import Job

__all__ = ["Metrics"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_STATES = ("queued", "running", "succeeded", "failed", "cancelled")
Figures = Mapping[str, tuple[str, float]]


class Metrics:
    """The counters of one server.

    Parameters
    ----------
    jobs
        Returns every job remembered.
    signs
        Returns what is measured at each look: by name (without ``evenflow_``) its meaning and its value.
    together
        Folder in which processes that serve together keep their counts (``PROMETHEUS_MULTIPROC_DIR`` named it before
        `prometheus_client` was imported): any of them tells the sums, and figures of the process, which differ, none.
    """

    def __init__(
        self, jobs: Callable[[], Iterable[Job]], signs: Callable[[], Figures] = dict, *, together: Path | None = None
    ) -> None:
        self._registry = CollectorRegistry()
        told = self._told = self._registry if together is None else CollectorRegistry()
        self._requests = Counter(
            "evenflow_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "evenflow_request_seconds", "Time to answer.", ["route"], buckets=_SECONDS, registry=self._registry
        )
        self._at_work = Gauge(
            "evenflow_requests_at_work",
            "Requests being answered.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        if together is None:
            ProcessCollector(namespace="evenflow", registry=told)
        else:
            MultiProcessCollector(told, path=str(together))  # type: ignore[no-untyped-call]
        told.register(_Jobs(jobs))
        self._counted = cache(self._requests.labels)  # a label is looked up under a lock otherwise
        self._timed = cache(self._seconds.labels)
        told.register(_Signs(signs))

    def at_work(self) -> AbstractContextManager[object]:
        """Count a request as being answered until the context ends."""
        return self._at_work.track_inprogress()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; `route` is the template (``/v1/jobs/{job_id}``), never the path."""
        self._counted(method, route, str(status)).inc()
        self._timed(route).observe(seconds)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._told)


class _Signs(Collector):
    def __init__(self, signs: Callable[[], Figures]) -> None:
        self._signs = signs

    def describe(self) -> Iterator[GaugeMetricFamily]:
        yield from ()  # nothing is measured before somebody looks

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, (meaning, value) in self._signs().items():
            yield GaugeMetricFamily(f"evenflow_{name}", meaning, value)


class _Jobs(Collector):
    def __init__(self, jobs: Callable[[], Iterable[Job]]) -> None:
        self._jobs = jobs

    def collect(self) -> Iterator[GaugeMetricFamily]:
        tally = Tally((job.kind, job.state) for job in self._jobs())
        gauge = GaugeMetricFamily("evenflow_jobs", "Jobs remembered, by state.", labels=["kind", "state"])
        for kind in ("forecast", "plan"):
            for state in _STATES:
                gauge.add_metric([kind, state], tally[kind, state])
        yield gauge
