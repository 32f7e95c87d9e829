"""Progress for work of minutes: bars on a terminal, one line per stage elsewhere, so that no log stays silent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from api.cli.output import progress, stderr
from contracts.progress import Report

__all__ = ["stages"]


@contextmanager
def stages() -> Iterator[Report]:
    """Yield a reporter that says on standard error which stage has begun."""
    if stderr.is_terminal:
        with progress() as bars:
            yield bars
        return
    start, told = time.monotonic(), set()

    def report(stage: str, done: int, total: int) -> None:
        del done, total
        if stage not in told:
            told.add(stage)
            stderr.print(f"{time.monotonic() - start:6.1f} s  {stage}", highlight=False)

    yield report
