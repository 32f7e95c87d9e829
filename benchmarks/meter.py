"""CPU seconds and memory of this process."""

from __future__ import annotations

import ctypes
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

__all__ = ["peak_mb", "release", "resident_mb", "timed"]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the CPU seconds that some work took, and its result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


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


def _status_mb(field: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition(field)[2].split()[0]) / 1024
