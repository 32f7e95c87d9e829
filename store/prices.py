"""Published prices of capacity, every version kept, and what suppliers have left of what they offer.

HOME/prices/<number>/  prices.parquet, facts.json; written once, never changed
HOME/prices/current    the number of the version that serves; replaced in one step
HOME/prices/left.json  share of its offers that a supplier has left, where that is not all
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from contracts.errors import UnknownIdError, unwritten
from store.durable import flush_folder, put

__all__ = ["PriceShelf", "PriceVersion"]


@dataclass(frozen=True)
class PriceVersion:
    """One version: its number, and what is kept of how it was made (`facts`)."""

    number: int
    folder: Path

    @cached_property
    def facts(self) -> dict[str, Any]:
        """How it was made, plain values."""
        found: dict[str, Any] = orjson.loads((self.folder / "facts.json").read_bytes())
        return found

    def table(self) -> pd.DataFrame:
        """Return ``supplier_id, good, price`` (score per piece) with ``capacity`` and ``used``."""
        return pd.read_parquet(self.folder / "prices.parquet")


class PriceShelf:
    """The price versions of a home; any number of processes may read and write at once.

    Parameters
    ----------
    home
        The home folder.
    keep
        How many versions stay, the latest ones and the current one.
    """

    def __init__(self, home: Path, *, keep: int = 100) -> None:
        self._folder, self._keep = home / "prices", keep
        self._watched = str(self._folder / "current"), str(self._folder / "left.json")

    def add(self, prices: pd.DataFrame, facts: Mapping[str, Any]) -> PriceVersion:
        """Keep a version, whole or not at all; it serves once it is activated."""
        with self._locked():
            number = max(self._numbers(), default=0) + 1
            staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=self._folder))
            try:
                prices.to_parquet(staging / "prices.parquet", index=False)
                text = orjson.dumps({**facts, "version": number}, option=orjson.OPT_SERIALIZE_NUMPY)
                (staging / "facts.json").write_bytes(text)
                flush_folder(staging)
                staging.rename(self._folder / str(number))
            finally:
                shutil.rmtree(staging, ignore_errors=True)
            self._prune()
        return self.get(number)

    def activate(self, number: int) -> PriceVersion:
        """Let a version serve, a later or an earlier one.

        Raises
        ------
        UnknownIdError
            If it is not kept (any more).
        """
        with self._locked():
            version = self.get(number)
            put(self._folder / "current", lambda path: _write(path, str(number).encode()))
        return version

    def get(self, number: int) -> PriceVersion:
        """Return a version.

        Raises
        ------
        UnknownIdError
            If it is not kept (any more).
        """
        folder = self._folder / str(number)
        if not (folder / "facts.json").is_file():
            raise UnknownIdError("price version", str(number))
        return PriceVersion(number, folder)

    def current(self) -> PriceVersion | None:
        """Return the version that serves; None if none was ever activated."""
        try:
            return self.get(int((self._folder / "current").read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError, ValueError, UnknownIdError):
            return None

    def versions(self) -> list[PriceVersion]:
        """Return the versions kept, the latest first."""
        return [PriceVersion(number, self._folder / str(number)) for number in sorted(self._numbers(), reverse=True)]

    def left(self) -> dict[str, float]:
        """Return the share of its offers that each supplier has left, where that is not all; 0 = it is down."""
        try:
            found: dict[str, float] = orjson.loads((self._folder / "left.json").read_bytes())
        except (FileNotFoundError, NotADirectoryError, orjson.JSONDecodeError):
            return {}
        return found

    def change_left(self, shares: Mapping[str, float]) -> dict[str, float]:
        """Record what suppliers have left (1 = all again) and return all that is less than everything."""
        with self._locked():
            left = {name: share for name, share in (self.left() | dict(shares)).items() if share != 1}
            put(self._folder / "left.json", lambda path: _write(path, orjson.dumps(left)))
        return left

    def stamp(self) -> tuple[int, int]:
        """Return two numbers that change whenever another version serves or suppliers have more or less left."""
        current, left = self._watched
        return _changed_at(current), _changed_at(left)

    def _numbers(self) -> list[int]:
        if not self._folder.is_dir():
            return []
        return [int(path.name) for path in self._folder.iterdir() if path.name.isdecimal()]

    def _prune(self) -> None:
        serving = self.current()
        for old in sorted(self._numbers(), reverse=True)[self._keep :]:
            if serving is None or old != serving.number:
                shutil.rmtree(self._folder / str(old), ignore_errors=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritten(self._folder, error, "a folder that can be made") from None
        with (self._folder / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)  # let go by the system when the process dies
            yield


def _changed_at(path: str) -> int:
    try:
        found = os.stat(path)  # noqa: PTH116 (asked for every order: a text is faster than a Path)
    except OSError:
        return 0
    return found.st_mtime_ns ^ found.st_ino  # replaced files differ in one or the other


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
