"""CPU seconds and memory of this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["peak_mb", "resident_mb", "timed"]


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


def _status_mb(field: str) -> float:
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition(field)[2].split()[0]) / 1024
