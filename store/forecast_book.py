"""Every forecast of the loaded network that was kept, so that one can be read as of an earlier moment."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pandas as pd

from store.durable import put

__all__ = ["ForecastBook"]

_NAME = re.compile(r"\d{8}T\d{12}")


class ForecastBook:
    """The forecasts in ``HOME/forecasts``, one Parquet file each, named by the moment they were computed (UTC).

    Parameters
    ----------
    home
        The home folder.
    keep
        How many stay, the latest ones.
    """

    def __init__(self, home: Path, *, keep: int = 60) -> None:
        self._folder, self._keep = home / "forecasts", keep

    def add(self, frame: pd.DataFrame) -> None:
        """Keep a forecast; ``frame.attrs["run"]`` is its name."""
        self._folder.mkdir(parents=True, exist_ok=True)
        put(self._folder / f"{frame.attrs['run']}.parquet", lambda path: frame.to_parquet(path, index=False))
        for old in self.runs()[self._keep :]:
            self._path(old).unlink(missing_ok=True)

    def runs(self) -> list[str]:
        """Return the names of the forecasts, the latest first."""
        if not self._folder.is_dir():
            return []
        return sorted((p.stem for p in self._folder.glob("*.parquet") if _NAME.fullmatch(p.stem)), reverse=True)

    def run(self, name: str) -> pd.DataFrame:
        """Return a forecast by its name (`runs`)."""
        return pd.read_parquet(self._path(name))

    def as_of(self, moment: datetime) -> pd.DataFrame | None:
        """Return the forecast that counted at a moment (UTC); None if none did yet or it is forgotten."""
        name = f"{moment:%Y%m%dT%H%M%S%f}".zfill(21)  # strftime does not pad years before 1000
        run = next((run for run in self.runs() if run <= name), None)
        return None if run is None else pd.read_parquet(self._path(run))

    def _path(self, run: str) -> Path:
        return self._folder / f"{run}.parquet"
