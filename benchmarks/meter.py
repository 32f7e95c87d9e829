"""CPU seconds and memory of this process."""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import repeat
from pathlib import Path
from typing import Any

import pyarrow as pa

__all__ = ["peak_mb", "release", "resident_mb", "ruler_seconds", "timed", "watched_memory"]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds that some work took, and its result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def ruler_seconds(additions: int = 1_000_000) -> float:
    """Return the wall seconds that ten million additions in plain Python take now: how fast the machine is."""
    total, started = 0, time.perf_counter()
    for one in repeat(1, additions):
        total += one
    return (time.perf_counter() - started) / additions * 1e7


def peak_mb() -> float:
    """Return the most memory this process has ever held, in MB."""
    # Not ru_maxrss: a child starts with its parent's.
    return _status_mb("VmHWM:")


def resident_mb() -> float:
    """Return the memory this process holds now, in MB."""
    return _status_mb("VmRSS:")


def release() -> None:
    """Give back to the system what nobody uses: what Arrow and C's allocator keep for their next caller."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def watched_memory(every_seconds: float = 0.2) -> Iterator[dict[str, float]]:
    """Look at this process and its workers now and then; at the end the most that one of these, and all, held in MB."""
    most = {"largest_worker_mb": 0.0, "most_mb_together": 0.0}
    over = threading.Event()

    def look() -> None:
        while not over.wait(every_seconds):
            workers = [_worker_mb(child.pid) for child in multiprocessing.active_children()]
            most["largest_worker_mb"] = max([most["largest_worker_mb"], *workers])
            most["most_mb_together"] = max(most["most_mb_together"], resident_mb() + sum(workers))

    watch = threading.Thread(target=look, daemon=True)
    watch.start()
    try:
        yield most
    finally:
        over.set()
        watch.join()


def _worker_mb(pid: int | None) -> float:
    with suppress(OSError, IndexError):  # it may end while it is looked at
        return _status_mb("VmRSS:", str(pid))
    return 0.0


def _status_mb(field: str, process: str = "self") -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(status.partition(field)[2].split()[0]) / 1024
