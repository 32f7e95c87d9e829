"""One thread writes to SQLite; what waits meanwhile is committed together, so that many share one flush of the disk."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar, cast

from sqlalchemy import Connection, Engine

from store.engines import IMMEDIATE
from store.opened_file import OpenedFile
from store.savepoint import savepoint
from store.turnstile import alone

__all__ = ["GroupWriter"]

T = TypeVar("T")
_MOST = 128  # of one commit: whoever comes first waits for at most so many others


class _Job(NamedTuple):
    work: Callable[[Connection], Any]
    future: Future[Any]


class GroupWriter:
    """The only writer of a SQLite file in this process. Each piece of work has a savepoint of its own in the group."""

    def __init__(self, engine: Engine, file: OpenedFile) -> None:
        self._engine, self._file = engine, file
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, work: Callable[[Connection], T]) -> T:
        """Return what `work` returns, once it is on the disk; raise what it raises, its changes taken back."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("a write inside a write would wait for itself")
        self._start()
        future: Future[T] = Future()
        self._jobs.put(_Job(work, future))
        return future.result()

    def close(self) -> None:
        """Finish what waits, then end the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._jobs.put(None)
            thread.join()

    def _start(self) -> None:
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="database-writer", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        ended = False
        while not ended and (first := self._jobs.get()) is not None:
            with alone(self._file.path):
                group, ended = self._group(first)
                results = self._commit(group)
            for job, (result, fault) in zip(group, results, strict=True):
                if fault is None:
                    job.future.set_result(result)
                else:
                    job.future.set_exception(fault)

    def _group(self, first: _Job) -> tuple[list[_Job], bool]:
        """Return what waits by now, and whether it is the last."""
        group = [first]
        with suppress(queue.Empty):
            while len(group) < _MOST:
                job = self._jobs.get_nowait()
                if job is None:
                    return group, True
                group.append(job)
        return group, False

    def _commit(self, group: list[_Job]) -> list[tuple[Any, Exception | None]]:
        """Do a group in one transaction; return what became of each once it is on the disk."""
        try:
            with self._engine.connect().execution_options(**IMMEDIATE) as connection, connection.begin():
                results = [_done(connection, job) for job in group]
            self._file.require()
        except Exception as error:  # noqa: BLE001 (the group's transaction failed: nothing of it happened)
            return [(None, error)] * len(group)
        return results


def _done(connection: Connection, job: _Job) -> tuple[Any, Exception | None]:
    """Do one job in its savepoint; an error that ended the whole transaction is raised."""
    try:
        with savepoint(connection):
            return job.work(connection), None
    except Exception as error:
        if not cast("sqlite3.Connection", connection.connection.driver_connection).in_transaction:
            raise  # the disk is full or gone: SQLite took everything back
        return None, error  # told to who asked for it; the others of the group are kept
