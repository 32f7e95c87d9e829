"""One version of a loaded network: its tables, its supply net and the results computed on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pyarrow as pa

from contracts.errors import InputError, NotReadyError, UnknownIdError
from graph.delta.apply import apply_events
from graph.delta.fold import folded_parties, folded_relations
from graph.delta.network import LayeredNetwork, layered
from graph.delta.state import Delta
from graph.delta.tables import Event
from graph.network import SupplyNetwork
from store.durable import put
from store.tables import TABLES

__all__ = ["FORMAT", "ROW_GROUP", "Snapshot"]

FORMAT = 1
ROW_GROUP = 65_536
_CHANGING = ("parties", "relations")


class Snapshot:
    """A version in its folder, with the changes recorded since; neither ever changes, results are added to it.

    Changes recorded later make another snapshot of the same version (`later`).

    Parameters
    ----------
    version
        The version's name: a hash of the tables.
    root
        Its folder.

    Raises
    ------
    NotReadyError
        If the folder's manifest is missing or damaged, or another version of the program wrote it in a form this one
        does not read.
    """

    def __init__(self, version: str, root: Path) -> None:
        self.version, self.root = version, root
        stored, self.counts, self.changes = _manifest(root / "manifest.json")
        if stored != FORMAT:
            raise NotReadyError(
                f"{root}: stored in format {stored}, this version reads {FORMAT}; run `evenflow load DIR` again"
            )
        self.events_to = self.changes["folded"]
        self._events: tuple[Event, ...] = ()
        self._tables: dict[str, pd.DataFrame] = {}
        self._network: SupplyNetwork | None = None
        self._delta: Delta | None = None

    def table(self, name: str) -> pd.DataFrame:
        """Return a table; an empty one with the schema's columns if none was loaded.

        Parties come in the order of their positions in the net.

        Raises
        ------
        UnknownIdError
            If there is no table of that name.
        """
        schema = TABLES.get(name)
        if schema is None:
            raise UnknownIdError("table", name)
        if name not in self._tables:
            empty = pd.DataFrame(columns=[column.name for column in schema.columns], dtype="str")
            stored = self._read(name) if name in self.counts else schema.sift(empty)[0]
            self._tables[name] = self._changed(name, stored)
        return self._tables[name].copy(deep=False)

    def rows(self, name: str, column: str, value: str) -> pd.DataFrame:
        """Return the rows of a table whose column has a value, without reading the rest of a large table."""
        if name in self._tables or name not in self.counts:
            table = self.table(name)
            return table[table[column] == value].reset_index(drop=True)
        if self._events and name == "relations":
            return self.table(name).query(f"`{column}` == @value").reset_index(drop=True)
        rows = self._changed(name, self._read(name, filters=[(column, "==", value)]), only=value)
        return rows[rows[column] == value].reset_index(drop=True)

    def network(self) -> SupplyNetwork:
        """Return the supply net, memory-mapped, with the changes recorded since it was built."""
        if self._network is None:
            self._network = layered(self.delta())
        return self._network

    def delta(self) -> Delta:
        """Return what the changes recorded since made of the net."""
        if self._delta is None:
            self._delta, _ = apply_events(Delta(self._opened()), self._events)
        return self._delta

    def later(self, events: Sequence[Event], end: int) -> Snapshot:
        """Return the snapshot with further changes.

        Parameters
        ----------
        events
            The events recorded after this snapshot's.
        end
            The place in the log after them.
        """
        later = copy(self)
        delta, network = self._delta, self._network
        if delta is not None:
            delta, _ = apply_events(delta, events)
        if network is not None and delta is not None:
            network = layered(delta, network if isinstance(network, LayeredNetwork) else None)
        tables = {name: table for name, table in self._tables.items() if name not in _CHANGING}
        own = {"events_to": end, "_events": (*self._events, *events)}
        vars(later).update(own, _tables=tables, _delta=delta, _network=network)
        return later

    def write_result(self, name: str, value: pd.DataFrame | Mapping[str, Any]) -> None:
        """Keep a result beside the tables, in place of an earlier one of that name.

        Raises
        ------
        InputError
            If `name` could not be a file's name.
        """
        frame_path, dict_path = self._result_paths(name)
        frame_path.parent.mkdir(exist_ok=True)
        if isinstance(value, pd.DataFrame):
            put(frame_path, lambda path: value.to_parquet(path, index=False))
            dict_path.unlink(missing_ok=True)
        else:
            text = orjson.dumps(dict(value), option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
            put(dict_path, lambda path: _write_bytes(path, text))
            frame_path.unlink(missing_ok=True)

    def result(self, name: str) -> pd.DataFrame | dict[str, Any] | None:
        """Return a result as it was written, None if there is none of that name."""
        frame_path, dict_path = self._result_paths(name)
        if frame_path.exists():
            return pd.read_parquet(frame_path)
        if dict_path.exists():
            loaded: dict[str, Any] = orjson.loads(dict_path.read_bytes())
            return loaded
        return None

    def written(self, name: str) -> tuple[int, int] | None:
        """Return what is another pair once a result was written anew (file number, time in ns); None without it."""
        for path in self._result_paths(name):
            try:
                told = path.stat()
            except FileNotFoundError:
                continue
            return told.st_ino, told.st_mtime_ns
        return None

    def _opened(self) -> SupplyNetwork:
        try:
            return SupplyNetwork.open(self.root / "network")
        except (OSError, EOFError, ValueError, TypeError, KeyError):  # an array is cut off, empty or gone
            raise NotReadyError(f"{self.root / 'network'}: damaged; run `evenflow load DIR` again") from None

    def _changed(self, name: str, table: pd.DataFrame, *, only: str | None = None) -> pd.DataFrame:
        """Return a stored table, or some rows of it, as the changes recorded since left it."""
        if not self._events or name not in _CHANGING:
            return table
        return (
            folded_parties(table, self.delta(), only=only)
            if name == "parties"
            else folded_relations(table, self.delta())
        )

    def _read(self, name: str, filters: list[tuple[str, str, str]] | None = None) -> pd.DataFrame:
        try:
            return pd.read_parquet(self.root / "tables" / f"{name}.parquet", filters=filters)
        except FileNotFoundError:
            raise NotReadyError(
                f"version {self.version} was replaced and cleaned up; ask for the current one"
            ) from None
        except (OSError, pa.ArrowException):
            raise NotReadyError(f"{self.root}: its table {name} is damaged; run `evenflow load DIR` again") from None

    def _result_paths(self, name: str) -> tuple[Path, Path]:
        if not name.isidentifier():
            raise InputError("result name", "a plain word", name)
        folder = self.root / "results"
        return folder / f"{name}.parquet", folder / f"{name}.json"


def _manifest(path: Path) -> tuple[int, dict[str, int], dict[str, int]]:
    """Return the format, the rows of each table, and which recorded changes the tables hold."""
    try:
        manifest = orjson.loads(path.read_bytes())
        changes = {"settled": 0, "folded": 0, "events": 0, "left_out": 0} | manifest.get("changes", {})
        return manifest["format"], dict(manifest["counts"]), changes
    except (OSError, ValueError, KeyError, TypeError):
        raise NotReadyError(f"{path}: missing or damaged; run `evenflow load DIR` again") from None


def _write_bytes(path: Path, text: bytes) -> None:
    path.write_bytes(text)
