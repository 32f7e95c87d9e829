"""Back up a home and its embedded database as of one moment, while servers run; and restore it, checked."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from contracts.errors import InputError, unwritten
from store.database import Database
from store.durable import flush_folder
from store.engines import FILE_NAME
from store.still import copy_sqlite, files_below, held_still, pinned

__all__ = ["back_up", "restore"]

_FORMAT = 1
_HOME, _DATABASE, _MANIFEST = "home", "database.db", "manifest.json"
_PASSING = (".db-wal", ".db-shm", ".db-journal", ".db-door", ".db-turn")  # SQLite's own; what is in them is in the copy


def back_up(home: Path, database: Database, place: Path, *, taken_at: str) -> dict[str, Any]:
    """Copy a home and its embedded database into a new folder, both as they were at one moment.

    Most is copied while others write; they are held up only for what changed meanwhile. Of PostgreSQL nothing is
    copied: `pg_dump` does that, before this.

    Parameters
    ----------
    place
        The folder to make; its secrets are those of the home, so only its owner may read it.
    taken_at
        The moment, kept with it (ISO 8601).

    Returns
    -------
    dict
        ``place``, ``files``, ``bytes``, ``database`` (the form, or where it is kept elsewhere).

    Raises
    ------
    InputError
        If there is no home, or the folder is there already or cannot be made.
    UnavailableError
        If somebody writes to the home all the time.
    """
    if not home.is_dir():
        raise InputError("home", "a folder to back up", str(home))
    _make_empty(place)
    _mirror(home, place / _HOME)
    with ExitStack() as stack:
        with held_still(home):
            source = stack.enter_context(pinned(database.file)) if database.file and database.made else None
            _mirror(home, place / _HOME)
        if source is not None:
            copy_sqlite(source, place / _DATABASE)
    files = {name: {"bytes": path.stat().st_size, "sha256": _hash(path)} for name, path in _below(place)}
    form = database.form() if database.file else None
    told = {"format": _FORMAT, "taken_at": taken_at, "form": form, "files": files}
    (place / _MANIFEST).write_bytes(orjson.dumps(told))
    flush_folder(place)
    return _summary(place, files, database)


def restore(place: Path, home: Path, database: Database) -> dict[str, Any]:
    """Put a backup where there is no home yet, whole or not at all.

    Parameters
    ----------
    place
        A folder that `back_up` made.
    home
        The home to make; an empty folder may be there.
    database
        Where the database's file goes; PostgreSQL is restored by `pg_restore`.

    Returns
    -------
    dict
        As of `back_up`.

    Raises
    ------
    InputError
        If the folder is no backup, a file in it is missing or changed, or something is in the way.
    """
    manifest = _read(place)
    _check(place, manifest["files"])
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise InputError("--home", "a folder that is empty or not there", str(home))
    if database.file and database.file.exists():
        raise InputError("database", "no file where the backup's goes", str(database.file))
    home.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".restoring-", dir=home.parent))
    try:
        shutil.copytree(place / _HOME, staging / _HOME)
        flush_folder(staging)
        if home.exists():
            home.rmdir()
        (staging / _HOME).rename(home)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    if database.file and (place / _DATABASE).is_file():
        database.file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(place / _DATABASE, database.file)
    return _summary(home, manifest["files"], database) | {"taken_at": manifest["taken_at"]}


def _mirror(source: Path, target: Path) -> None:
    """Make `target` hold what `source` holds; what is the same by size and time is left as it is."""
    wanted = {path.relative_to(source): path for path in _kept(source)}
    for name, path in wanted.items():
        copy = target / name
        if not _same(path, copy):
            copy.parent.mkdir(parents=True, exist_ok=True)
            _copy(path, copy)
    for _, path in list(_below(target)):
        if path.relative_to(target) not in wanted:
            path.unlink()


def _copy(path: Path, copy: Path) -> None:
    try:
        if path.suffix == ".db":  # another program's (mlflow's): half a transaction would be no database
            with pinned(path) as source:
                copy_sqlite(source, copy)
            shutil.copystat(path, copy)
        else:
            shutil.copy2(path, copy)
    except FileNotFoundError:
        copy.unlink(missing_ok=True)  # it was pruned meanwhile; the second look finds out
    except sqlite3.Error as error:
        raise InputError(str(path), "a SQLite database", str(error)) from None


def _kept(home: Path) -> Iterator[Path]:
    for _, path in _below(home):
        parts = path.relative_to(home).parts
        passing = path.name.endswith(_PASSING) or any(part.startswith(".") for part in parts)
        if not passing and parts != (FILE_NAME,):
            yield path


def _same(path: Path, copy: Path) -> bool:
    try:
        one, other = path.stat(), copy.stat()
    except FileNotFoundError:
        return False
    return (one.st_size, one.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def _below(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in files_below(folder):
        yield path.relative_to(folder).as_posix(), path


def _make_empty(place: Path) -> None:
    try:
        place.mkdir(parents=True, mode=0o700)
        (place / _HOME).mkdir()
    except OSError as error:
        raise unwritten(place, error, "a folder that can be made") from None


def _read(place: Path) -> dict[str, Any]:
    try:
        manifest = orjson.loads((place / _MANIFEST).read_bytes())
        if manifest["format"] == _FORMAT:
            return dict(manifest)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise InputError(str(place), f"a backup of format {_FORMAT}, made by `evenflow backup`", "none")


def _check(place: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    for name, told in files.items():
        path = place / name
        if not path.is_file():
            raise InputError(str(path), "the file that was backed up", "nothing")
        if path.stat().st_size != told["bytes"] or _hash(path) != told["sha256"]:
            raise InputError(str(path), "the file that was backed up", "a changed one")


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _summary(place: Path, files: Mapping[str, Mapping[str, Any]], database: Database) -> dict[str, Any]:
    kept = "in the backup" if _DATABASE in files else "none yet"
    where = kept if database.file else "PostgreSQL: use pg_dump and pg_restore"
    total = sum(told["bytes"] for told in files.values())
    return {"place": str(place), "files": len(files), "bytes": total, "database": where}
