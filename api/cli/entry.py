"""Where `evenflow` starts: every failure, from the first import on, ends in one line and an exit code."""

from __future__ import annotations

import gc
import itertools
import os
import secrets
import signal
import sys
import tempfile
import time
import traceback
from hashlib import sha256
from types import FrameType
from typing import NoReturn

from contracts.errors import EvenflowError
from store.notes import AuditLine, Note, noting

__all__ = ["run"]

_GC_THRESHOLD = (
    50_000  # allocations between two collections: what imports make stays, looking for garbage in it is slow
)


def run() -> None:
    """Run the command line.

    Exit codes: 2 wrong input, 1 a failure that is not the user's, 130 Ctrl-C, 143 and 129 ended by SIGTERM and SIGHUP.
    """
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _leave)
        _keep_stdout_for_results()
        gc.set_threshold(_GC_THRESHOLD)
        from api.cli.main import app  # here, because Ctrl-C may come while pandas is still loading

        with noting(Note(_audit_line)):
            app()
    except EvenflowError as error:
        _end(str(error), 2)
    except KeyboardInterrupt:
        _end("interrupted", 130)
    except (OSError, MemoryError) as error:
        _end(" ".join(str(error).split()) or "out of memory", 1)
    except Exception as error:  # noqa: BLE001 (the last fence: one line for the user, the trace for us)
        _end(f"failed unexpectedly ({_first_line(error)}); please report it with {_kept_trace()}", 1)


def _audit_line(status: int | None) -> AuditLine:
    """Return the line of this command: what the database keeps for it has it in the audit, as over HTTP."""
    words = itertools.takewhile(lambda word: not word.startswith("-"), sys.argv[1:3])
    route = " ".join(("evenflow", *words))
    return AuditLine(
        at_ms=time.time_ns() // 1_000_000,
        principal=f"user:{os.getuid()}",
        role="admin",
        tenant="",
        party=None,
        method="CLI",
        route=route,
        path=route,
        status=status or 200,
        request_id=secrets.token_hex(8),
        body_hash=sha256("\0".join(sys.argv[1:]).encode(errors="surrogateescape")).hexdigest(),
    )


def _keep_stdout_for_results() -> None:
    """Send what C libraries print (HiGHS does) to standard error: a program reads our JSON from standard output."""
    sys.stdout.flush()
    results = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(results, "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors, buffering=1)


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """End by an exception, so that what is half-written is cleaned up."""
    del frame
    sys.exit(128 + number)


def _end(message: str, exit_code: int) -> NoReturn:
    sys.stderr.write(f"evenflow: {message}\n")
    sys.exit(exit_code)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _kept_trace() -> str:
    """Keep the trace of the error at hand in a file and return its name."""
    with tempfile.NamedTemporaryFile("w", prefix="evenflow-trace-", suffix=".txt", delete=False) as file:
        traceback.print_exc(file=file)
    return file.name
