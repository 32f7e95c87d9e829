"""One piece of work in a process of its own, which can be stopped at any moment."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing import connection
from pathlib import Path
from typing import Any, Protocol

from contracts.errors import EvenflowError, NoRoomError, unwritten
from contracts.progress import Report
from services.files import write_whole
from services.job_files import JobResult, problem_of, problem_of_error

__all__ = ["Cancelled", "Work", "compute"]

_log = logging.getLogger(__name__)
_SECONDS_BETWEEN_LOOKS = 0.1

# A fork of the server, which has threads, may hang. A small server of forks that has imported pandas already starts
# a job in milliseconds.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


class Work(Protocol):
    """A picklable callable that does the work and says how far it is."""

    def __call__(self, progress: Report) -> JobResult:
        """Compute."""


class Cancelled(Exception):  # noqa: N818 (a signal between two functions, not an error)
    """The work was stopped before it ended."""


def compute(
    work: Work, *, folder: Path, heard: Callable[[str, int, int], None], stopped: Callable[[], bool]
) -> dict[str, Any]:
    """Run the work in a new process and return how it ended.

    Parameters
    ----------
    folder
        Where the process writes the tables of its result.
    heard
        Called with each message of progress.
    stopped
        Asked ten times a second; once it says yes the process is killed.

    Returns
    -------
    dict
        ``state`` with ``summary`` and ``tables`` (succeeded) or ``problem`` (failed).

    Raises
    ------
    Cancelled
        If it was stopped.
    """
    receiver, sender = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_child, args=(work, folder, sender))
    try:
        process.start()
        sender.close()
        return _watch(receiver, heard, stopped) or _died(process)
    finally:
        _end(process)
        receiver.close()


def _watch(
    receiver: connection.Connection, heard: Callable[[str, int, int], None], stopped: Callable[[], bool]
) -> dict[str, Any] | None:
    while True:
        if stopped():
            raise Cancelled
        if not receiver.poll(_SECONDS_BETWEEN_LOOKS):
            continue
        try:
            message = receiver.recv()
        except EOFError:
            return None
        if isinstance(message, dict):
            return message
        heard(*message)


def _end(process: Any) -> None:
    if process.pid is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # the work may have started processes of its own
    process.kill()
    process.join()


def _died(process: Any) -> dict[str, Any]:
    process.join(timeout=5)
    _log.error("the process of a job ended with code %s", process.exitcode)
    detail = f"the process that computed it ended unexpectedly (exit code {process.exitcode}); is there memory enough?"
    return {"state": "failed", "problem": problem_of("Crashed", detail)}


def _child(work: Work, folder: Path, sender: connection.Connection) -> None:
    os.setsid()  # a group of its own: Ctrl-C goes to the server only, and the group ends as one
    threading.Thread(target=_die_with_parent, daemon=True).start()
    sender.send(_outcome(work, folder, lambda stage, done, total: sender.send((stage, done, total))))
    sender.close()


def _outcome(work: Work, folder: Path, progress: Report) -> dict[str, Any]:
    try:
        result = work(progress)
        for name, frame in result.tables.items():
            write_whole(folder / f"{name}.parquet", partial(frame.to_parquet, index=False))
        rows = {name: len(frame) for name, frame in result.tables.items()}
        return {"state": "succeeded", "summary": dict(result.summary), "tables": rows}
    except EvenflowError as error:
        return {"state": "failed", "problem": problem_of_error(error)}
    except Exception as error:  # noqa: BLE001 (the boundary of the process: the trace goes to the log, never to the caller)
        if isinstance(error, OSError) and isinstance(full := unwritten("the home", error), NoRoomError):
            return {"state": "failed", "problem": problem_of_error(full)}
        _log.exception("a job failed")
        return {
            "state": "failed",
            "problem": problem_of("Internal", "an internal error; the server's log has the trace"),
        }


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)
