"""Every estimate of a launch that was ever told, and what it was computed from.

HOME/launches/estimates.log           the estimates, appended (`store.event_log`)
HOME/launches/inputs/<hash>/*.parquet the tables behind them, each set once; `digest` is the hash of what they hold now:
                                      another one once a name in them was forgotten
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from contracts.errors import NotReadyError, UnknownIdError, unwritten
from store.durable import flush, flush_folder
from store.event_log import EventLog

__all__ = ["LaunchBook", "hash_of"]


def hash_of(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return a hash of some tables' cells and columns.

    Examples
    --------
    >>> one, other = pd.DataFrame({"a": [1, 2], "b": [3, 4]}), pd.DataFrame({"b": [3, 4], "a": [1, 2]})
    >>> hash_of({"x": one}) == hash_of({"x": other}), hash_of({"x": one}) == hash_of({"y": one})
    (True, False)
    """
    found = blake2b(digest_size=12)
    for name in sorted(tables):
        frame = tables[name]
        for column in sorted(map(str, frame.columns)):
            cells = frame[column]
            plain = cells.astype("str") if cells.dtype == object else cells
            found.update(f"{name}.{column}".encode())
            found.update(pd.util.hash_pandas_object(plain, index=False).to_numpy().tobytes())
    return found.hexdigest()


class LaunchBook:
    """The estimates of one home; any number of processes may read and write at once.

    Parameters
    ----------
    home
        The home folder.
    """

    def __init__(self, home: Path) -> None:
        self._folder = home / "launches"
        self._log = EventLog(self._folder / "estimates.log")
        self._read: list[dict[str, Any]] = []
        self._read_to = 0
        self._lock = threading.Lock()

    def keep_inputs(self, tables: Mapping[str, pd.DataFrame]) -> str:
        """Keep tables, whole or not at all, and return their hash.

        Raises
        ------
        InputError
            If they cannot be written.
        """
        name = hash_of(tables)
        place = self._folder / "inputs" / name
        if place.is_dir():
            return name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            staging = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
            try:
                _write(staging, tables)
                _rename(staging, place)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
        except OSError as error:
            raise unwritten(place, error, "a folder that can be written") from None
        return name

    def inputs(self, name: str) -> dict[str, pd.DataFrame]:
        """Return kept tables.

        Raises
        ------
        NotReadyError
            If they are gone or damaged.
        """
        place = self._folder / "inputs" / name
        try:
            found = {path.stem: pd.read_parquet(path) for path in sorted(place.glob("*.parquet"))}
            digest = (place / "digest").read_text()
        except (OSError, pa.ArrowException):
            found, digest = {}, ""
        if hash_of(found) != digest:
            raise NotReadyError(f"{place}: missing or damaged; restore it from a copy")
        return found

    def forget(self, names: Sequence[str]) -> int:
        """Give a KOL in every kept input a random name instead of these, and return how many inputs had one.

        Estimates can still be replayed: who spoke stays one voice, but nobody knows whose.
        """
        token, changed = f"forgotten-{secrets.token_hex(8)}", 0
        for place in sorted((self._folder / "inputs").glob("[!.]*")):
            tables = self.inputs(place.name)
            if not any(frame["kol_id"].isin(names).any() for frame in tables.values() if "kol_id" in frame):
                continue
            for frame in tables.values():
                if "kol_id" in frame:
                    frame["kol_id"] = frame["kol_id"].mask(frame["kol_id"].isin(names), token)
            staging = Path(tempfile.mkdtemp(prefix=".", dir=place.parent))
            _write(staging, tables)
            shutil.rmtree(place)
            _rename(staging, place)
            changed += 1
        return changed

    def add(self, estimate: Mapping[str, Any]) -> bool:
        """Keep an estimate, on the disk when this returns; return whether it is new (by its ``estimate_id``)."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritten(self._folder, error, "a folder that can be made") from None
        event = {"event_id": str(estimate["estimate_id"]), **estimate}
        with self._lock, self._log.turn() as file:
            new = bool(self._log.sort([event]).new)
            if new:
                self._log.append(file, [event])
        return new

    def estimates(self, style_id: str | None = None) -> list[dict[str, Any]]:
        """Return the estimates, of a style or all, in the order of the moments they looked from."""
        with self._lock:
            fresh, self._read_to = self._log.read(self._read_to)
            self._read += [{key: cell for key, cell in event.items() if key != "event_id"} for event in fresh]
            found = [told for told in self._read if style_id in (None, told["style_id"])]
        return sorted(found, key=lambda told: (told["at"], told["made_at"]))

    def estimate(self, estimate_id: str, style_id: str | None = None) -> dict[str, Any]:
        """Return an estimate (of a style); raises UnknownIdError if there is none of that id."""
        for told in self.estimates(style_id):
            if told["estimate_id"] == estimate_id:
                return told
        raise UnknownIdError("estimate", estimate_id)


def _write(folder: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    for table, frame in tables.items():
        frame.to_parquet(folder / f"{table}.parquet", index=False)
    (folder / "digest").write_text(hash_of(tables))
    flush_folder(folder)


def _rename(staging: Path, place: Path) -> None:
    try:
        staging.rename(place)
    except OSError:
        if not place.is_dir():  # another process was faster: it holds the same
            raise
    flush(place.parent)
