"""The main job end to end: a market's files → net → forecasts → plan → a day's orders routed → shares, all kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.errors import InputError, NotReadyError
from contracts.progress import Report, silent
from store.home import Home
from store.snapshot import Snapshot

__all__ = ["DemoReport", "code_version", "run_demo"]

_PACKAGES = ("contracts", "forecast", "graph", "matching", "planning", "services", "settlement", "simulate", "store")


@dataclass(frozen=True)
class DemoReport:
    """What the demo found.

    Parameters
    ----------
    version
        The loaded network.
    figures
        Key figures, plain values, with what is simulated and the seconds of each stage.
    reused
        Whether the figures are those of an earlier run of the same scale, seed and code.
    displaced
        The network that was current before, if the demo did not make it.
    """

    version: str
    figures: dict[str, Any]
    reused: bool
    displaced: str | None = None


def run_demo(home: Home, *, scale: str = "default", seed: int = 0, progress: Report = silent) -> DemoReport:
    """Do the main job on the demo's market and keep the results in a home.

    If `home` still holds the demo of this scale, seed and code, that becomes current again with its results,
    and nothing is computed. A network that the demo did not make is never replaced by a new one.

    Parameters
    ----------
    scale
        ``tiny``, ``small``, ``default`` or a number of parties.

    Raises
    ------
    InputError
        If `scale` is none of these, or somebody's own network is current in `home`.
    NotReadyError
        If the `demo` extra is not installed.
    """
    made_by = {"scale": scale, "seed": seed, "code": code_version()}
    earlier = _earlier(home, made_by)
    if earlier is not None:
        return earlier
    _require_own(home)
    from services.demo_stages import run_stages  # scipy, numba and the rest: not for results that are kept

    snapshot, figures = run_stages(home, made_by, progress=progress)
    return DemoReport(snapshot.version, figures, reused=False)


def code_version() -> str:
    """Return a hash of the packages' source files: results of other code are not reused."""
    root = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(path for name in _PACKAGES for path in (root / name).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _earlier(home: Home, made_by: dict[str, Any]) -> DemoReport | None:
    """Return the finished demo that `home` still holds, made current again."""
    current = _current(home)
    for snapshot in ([current] if current else []) + home.kept():
        figures = _figures(snapshot)
        if "seconds" in figures and {name: figures.get(name) for name in made_by} == made_by:
            home.activate(snapshot.version)
            displaced = current.version if current is not None and not _figures(current) else None
            return DemoReport(snapshot.version, figures, reused=True, displaced=displaced)
    return None


def _require_own(home: Home) -> None:
    current = _current(home)
    if current is not None and not _figures(current):
        where = f"--home {home.root}"
        raise InputError(where, "an empty home or one that the demo made", f"your own network {current.version}")


def _current(home: Home) -> Snapshot | None:
    try:
        return home.current()
    except NotReadyError:
        return None


def _figures(snapshot: Snapshot) -> dict[str, Any]:
    """Return the figures that the demo left with a network it made, {} if it made none."""
    figures = snapshot.result("figures")
    return figures if isinstance(figures, dict) else {}
