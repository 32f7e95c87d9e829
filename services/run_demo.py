"""The main job end to end: a market's files → net → forecasts → plan → a day's orders routed → shares, all kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.errors import NotReadyError
from contracts.progress import Report, silent
from store.home import Home

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
    """

    version: str
    figures: dict[str, Any]
    reused: bool


def run_demo(home: Home, *, scale: str = "default", seed: int = 0, progress: Report = silent) -> DemoReport:
    """Do the main job on the demo's market and keep the results in a home.

    If the current network of `home` is the demo of this scale, seed and code, its results are kept as they are.

    Parameters
    ----------
    scale
        ``tiny``, ``small``, ``default`` or a number of parties.

    Raises
    ------
    InputError
        If `scale` is none of these.
    NotReadyError
        If the `demo` extra is not installed.
    """
    made_by = {"scale": scale, "seed": seed, "code": code_version()}
    earlier = _earlier(home, made_by)
    if earlier is not None:
        return earlier
    from services.demo_stages import run_stages  # scipy, numba and the rest: not for results that are kept

    snapshot, figures = run_stages(home, scale=scale, seed=seed, progress=progress)
    figures = {**made_by, **figures}
    snapshot.write_result("figures", figures)
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
    try:
        snapshot = home.current()
    except NotReadyError:
        return None
    figures = snapshot.result("figures")
    if not isinstance(figures, dict) or {name: figures.get(name) for name in made_by} != made_by:
        return None
    return DemoReport(snapshot.version, figures, reused=True)
