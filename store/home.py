"""Where loaded networks live: one folder per version and one file that says which is current.

HOME/current              the current version's name; replaced in one step, so readers see the old or the new one
HOME/lock                 held while publishing
HOME/events.log           changes since, of all versions, in the order in which they were recorded
HOME/versions/<version>/  manifest.json, tables/*.parquet, network/, results/
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
import pandas as pd

from contracts.errors import InputError, NotReadyError, UnknownIdError, unwritten
from contracts.progress import Report, silent
from graph.delta.apply import apply_events
from graph.delta.fold import folded_parties, folded_relations
from graph.delta.state import Delta
from graph.delta.tables import Event
from graph.ids import IdColumn
from graph.network import SupplyNetwork
from store.durable import flush_folder, put
from store.event_log import EventLog
from store.snapshot import FORMAT, ROW_GROUP, Snapshot
from store.tables import TABLES

__all__ = ["TABLES", "Home", "Recorded"]

_STAGING = ".staging-"
_A_FOLDER = "a folder that can hold loaded networks"
_NO_RELATIONS = pd.DataFrame({"src": [], "dst": [], "kind": []}, dtype="str")


class Recorded(NamedTuple):
    """What became of a batch of events.

    Parameters
    ----------
    applied
        How many count from now on.
    known
        How many were there already.
    refused
        By index in the batch, why an event cannot count.
    """

    applied: int
    known: int
    refused: dict[int, str]


class Home:
    """The folder of loaded networks; any number of processes may read and publish at once.

    Parameters
    ----------
    root
        The folder, made at the first publishing.
    keep
        How many versions stay on the disk, the current one included; at least 1. A reader still at work on an
        older one keeps what it has mapped, but must ask for the current one again.
    """

    def __init__(self, root: Path, *, keep: int = 3) -> None:
        if keep < 1:
            raise InputError("keep", "at least 1 version", keep)
        self.root, self.keep = root, keep
        self.log = EventLog(root / "events.log")
        self._opened: Snapshot | None = None
        self._pointer, self._seen = str(root / "current"), (0, 0)

    def publish(self, tables: Mapping[str, pd.DataFrame], *, settled: bool = False, progress: Report = silent) -> str:
        """Make tables the current version, all or nothing, and return the version's name.

        The changes recorded so far are folded into the tables. A version is named by a hash of its tables (parties in
        any order): publishing the same again changes nothing, results included. Interrupted at any moment, the old
        version stays.

        Parameters
        ----------
        tables
            Frames by name (`store.tables.TABLES`), with the types their schemas give; ``parties`` is required.
        settled
            The tables hold the changes recorded so far already: don't fold them in, now or at a later publishing.
        progress
            Hears of the stages.

        Raises
        ------
        InputError
            If a table's name is unknown or ``parties`` is missing, or the home cannot be a folder.
        """
        _require_names(tables)
        self._make()
        with self._locked():
            self._sweep()
            staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self.root / "versions"))
            try:
                whole, changes = self._folded(tables, settled=settled)
                version = self._stage(whole, changes, staging, progress)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
            put(self.root / "current", lambda path: _write_text(path, version))
            self._prune(version)
        return version

    def current(self) -> Snapshot:
        """Return the current version with all changes recorded since.

        Raises
        ------
        NotReadyError
            If nothing was loaded yet, or what was or the changes are damaged; names the commands that load.
        InputError
            If the home is a file.
        """
        pointer, seen = self.root / "current", _changed_at(self._pointer)
        try:
            version = pointer.read_text(encoding="utf-8", errors="replace").strip()
        except FileNotFoundError:
            raise NotReadyError(
                f"{self.root}: no network loaded; run `evenflow load DIR` with your files or `evenflow demo`"
            ) from None
        except NotADirectoryError:
            raise _no_folder(self.root, "a file") from None
        if not version or not (self.root / "versions" / version).is_dir():
            raise NotReadyError(f"{pointer}: names no version that is there; run `evenflow load DIR` again")
        if self._opened is None or self._opened.version != version:
            self._opened = Snapshot(version, self.root / "versions" / version)
        opened = self._opened
        if self.log.size() > opened.events_to:
            events, end = self.log.read(opened.events_to)
            self._opened = opened = opened.later(events, end) if events else opened
        self._seen = seen
        return opened

    def at_hand(self) -> Snapshot | None:
        """Return the current version if it is opened already with all changes; None if there is something to read."""
        opened = self._opened
        if opened is None or _changed_at(self._pointer) != self._seen or self.log.size() > opened.events_to:
            return None
        return opened

    def published_at_ms(self) -> int | None:
        """Return when the current version became the current one, milliseconds since 1970; None without one."""
        changed_ns, _ = _changed_at(self._pointer)
        return changed_ns // 1_000_000 if changed_ns else None

    def record(
        self, events: Sequence[Event], *, strict: bool = True, allow: Callable[[SupplyNetwork], None] | None = None
    ) -> Recorded:
        """Record changes to the current version, so that they survive a crash and every reader sees them at once.

        Parameters
        ----------
        events
            One batch (`graph.delta.tables.EVENTS`), in the order in which it happened.
        strict
            Record nothing if one event is refused; else the others are recorded, as one batch.
        allow
            Raises if the batch may not be recorded on the net as it is; nobody else changes it meanwhile.

        Raises
        ------
        NotReadyError
            If nothing was loaded yet.
        InputError
            If the disk takes no more; nothing has changed then.
        """
        self.current()
        with self.log.turn() as file:
            snapshot = self.current()
            self._require_log(snapshot)
            if allow is not None:
                allow(snapshot.network())
            new, known, changed = self.log.sort(events)
            _, faults = apply_events(snapshot.delta(), [events[index] for index in new])
            refused = dict.fromkeys(changed, "changed: this event_id stands for another event")
            refused |= {index: fault for index, fault in zip(new, faults, strict=True) if fault}
            good = [events[index] for index in new if index not in refused]
            if not good or (strict and refused):
                return Recorded(0, len(known), dict(sorted(refused.items())))
            end = self.log.append(file, good)
            self._opened = snapshot.later(good, end)
        return Recorded(len(good), len(known), dict(sorted(refused.items())))

    def kept(self) -> list[Snapshot]:
        """Return the versions on the disk that this program reads, the newest first."""
        found = []
        for path in sorted((self.root / "versions").glob("[!.]*"), key=_age):
            try:
                found.append(Snapshot(path.name, path))
            except (FileNotFoundError, NotReadyError):
                continue  # another process removed it, or another version of the program wrote it
        return found

    def activate(self, version: str) -> Snapshot:
        """Make a version on the disk the current one again, results included.

        Raises
        ------
        UnknownIdError
            If it is no longer there.
        """
        with self._locked():
            place = self.root / "versions" / version
            if not (place / "manifest.json").is_file():
                raise UnknownIdError("version", version)
            os.utime(place)
            put(self.root / "current", lambda path: _write_text(path, version))
        return self.current()

    def _folded(
        self, tables: Mapping[str, pd.DataFrame], *, settled: bool
    ) -> tuple[Mapping[str, pd.DataFrame], dict[str, int]]:
        """Return the tables with the recorded changes in them, and which those are."""
        start = self._settled_to(needed=not settled)
        events, end = self.log.read(start)
        if settled or not events:
            return tables, {"settled": end if settled else start, "folded": end, "events": 0, "left_out": 0}
        parties = _ordered(tables)["parties"]
        relations = tables.get("relations", _NO_RELATIONS)
        delta, faults = apply_events(Delta(SupplyNetwork.build(parties, relations)), events)
        changed = {"parties": folded_parties(parties, delta), "relations": folded_relations(relations, delta)}
        left_out = sum(map(bool, faults))
        marks = {"settled": start, "folded": end, "events": len(events) - left_out, "left_out": left_out}
        return {**tables, **changed}, marks

    def _settled_to(self, *, needed: bool) -> int:
        """Return the place in the log up to which the loaded files held the changes themselves; 0 if it is not needed.

        Raises
        ------
        NotReadyError
            If it is needed, but the log has lost changes since.
        """
        try:
            snapshot = self.current()
        except NotReadyError:
            return 0
        if needed:
            self._require_log(snapshot)
        return min(snapshot.changes["settled"], self.log.size())

    def _require_log(self, snapshot: Snapshot) -> None:
        """Raise if changes that a version holds are no longer in the log: new ones would be taken for old ones."""
        if self.log.size() < snapshot.events_to:
            raise NotReadyError(
                f"{self.log.path}: changes that were recorded are gone ({self.log.size()} bytes, {snapshot.events_to} "
                "expected); restore the file from a copy, or `evenflow load DIR --settled` files that hold them"
            )

    def _stage(
        self, tables: Mapping[str, pd.DataFrame], changes: dict[str, int], staging: Path, progress: Report
    ) -> str:
        """Fill the staging folder and move it to its place, unless the version is already there."""
        ordered = _ordered(tables)
        (staging / "tables").mkdir()
        for done, (name, table) in enumerate(ordered.items()):
            progress("writing tables", done, len(ordered))
            table.to_parquet(staging / "tables" / f"{name}.parquet", index=False, row_group_size=ROW_GROUP)
        progress("writing tables", len(ordered), len(ordered))
        version = _hash(staging / "tables", changes["settled"])
        place = self.root / "versions" / version
        if place.exists():
            if _whole(place, version):
                os.utime(place)
                return version
            shutil.rmtree(place)
        progress("building the net", 0, 1)
        relations = ordered.get("relations", _NO_RELATIONS)
        SupplyNetwork.build(ordered["parties"], relations).save(staging / "network")
        counts = {name: len(table) for name, table in ordered.items()}
        manifest = {"format": FORMAT, "counts": counts, "changes": changes}
        (staging / "manifest.json").write_bytes(orjson.dumps(manifest))
        flush_folder(staging)
        staging.rename(place)
        progress("building the net", 1, 1)
        return version

    def _make(self) -> None:
        try:
            (self.root / "versions").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if self.root.exists() and not self.root.is_dir():
                raise _no_folder(self.root, "a file") from None
            raise unwritten(self.root, error, _A_FOLDER) from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.root / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)  # let go by the system when the process dies
            yield

    def _sweep(self) -> None:
        """Remove what a killed process left; the lock is ours, so nobody is writing there."""
        for left in (self.root / "versions").glob(f"{_STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)
        for left in self.root.glob(".current.*"):
            left.unlink(missing_ok=True)

    def _prune(self, version: str) -> None:
        others = [path for path in (self.root / "versions").iterdir() if path.name != version]
        others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for old in others[self.keep - 1 :]:
            shutil.rmtree(old, ignore_errors=True)


def _age(path: Path) -> int:
    return -path.stat().st_mtime_ns


def _no_folder(root: Path, got: str) -> InputError:
    return InputError(str(root), _A_FOLDER, got)


def _whole(place: Path, version: str) -> bool:
    """Whether a version on the disk can be read: its manifest, its net and the very tables it is named by."""
    try:
        snapshot = Snapshot(version, place)
        snapshot.network()
        return _hash(place / "tables", snapshot.changes["settled"]) == version
    except (OSError, ValueError, KeyError, NotReadyError):
        return False


def _require_names(tables: Mapping[str, pd.DataFrame]) -> None:
    for name in tables:
        if name not in TABLES:
            raise InputError("tables", f"only {', '.join(TABLES)}", name)
    if "parties" not in tables:
        raise InputError("tables", "parties among them", ", ".join(tables) or "none")


def _ordered(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables in a fixed order; parties by position, supply by supplier (which makes look-ups cheap)."""
    ordered = {name: tables[name] for name in TABLES if name in tables}
    parties = ordered["parties"]
    ranks = IdColumn.of(parties["id"]).positions(parties["id"])
    ordered["parties"] = parties.iloc[ranks.argsort(kind="stable")].reset_index(drop=True)
    if "supply" in ordered:
        ordered["supply"] = ordered["supply"].sort_values("supplier_id", kind="stable").reset_index(drop=True)
    return ordered


def _hash(folder: Path, settled: int) -> str:
    digest = hashlib.blake2b(f"format {FORMAT}".encode(), digest_size=8)
    if settled:  # the same tables as before mean something else once they hold the changes themselves
        digest.update(f"settled {settled}".encode())
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode())
        with path.open("rb") as handle:
            while block := handle.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _changed_at(path: str) -> tuple[int, int]:
    """Return two numbers that change when a file is replaced; zeros if there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 (asked for every request: a text is faster than a Path)
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino
