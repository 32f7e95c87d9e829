"""Trained models on the disk: one folder per version and one file that says which of them serves.

ROOT/NAME/roles.json            champion, challenger and the champions before; replaced in one step
ROOT/NAME/lock                  held while a role moves or a version is put
ROOT/NAME/versions/<version>/   manifest.json (format, card, size and SHA-256 of each file) and the model's files

A role names a version *and* the SHA-256 of its manifest, and the manifest those of the files: a file that was cut short
or changed is never served. Nothing here knows mlflow (`store.registry`) or what a model is (`forecast.snapshot`).
"""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from contracts.errors import InputError, NotReadyError, UnknownIdError, unwritten
from store.durable import flush_folder, put

__all__ = ["Kept", "Ref", "Roles", "Shelf"]

_FORMAT = 1
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_VERSION = re.compile(r"[0-9]{1,9}")
_STAGING = ".staging-"
_MOST_PREVIOUS = 20


@dataclass(frozen=True)
class Ref:
    """A version and the SHA-256 of its manifest."""

    version: str
    manifest: str


@dataclass(frozen=True, kw_only=True)
class Roles:
    """Which version serves, which one wants to, and which served before (the latest first)."""

    champion: Ref | None = None
    challenger: Ref | None = None
    previous: tuple[Ref, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A version that was read and found whole.

    Parameters
    ----------
    card
        What is told about it: run, data, parameters, metrics.
    files
        Its files by name.
    """

    ref: Ref
    card: Mapping[str, Any]
    files: Mapping[str, bytes]


class Shelf:
    """The versions of one model; any number of processes may read and write at once.

    Parameters
    ----------
    root
        The folder of all models (``HOME/models``), made at the first writing.
    name
        The model: small letters, digits, ``-`` and ``_``.
    """

    def __init__(self, root: Path, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise InputError("--name", "up to 40 small letters, digits, '-' and '_'", name)
        self.name, self.root = name, root / name

    def stamp(self) -> int:
        """Return a number that changes whenever a role moves."""
        try:
            return self._roles_path.stat().st_mtime_ns
        except OSError:
            return 0

    def roles(self) -> Roles:
        """Return who plays which role; nobody before the first training.

        Raises
        ------
        NotReadyError
            If the file is damaged.
        """
        try:
            text = self._roles_path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return Roles()
        try:
            read = orjson.loads(text)
            one = {role: _ref(read[role]) if read[role] else None for role in ("champion", "challenger")}
            return Roles(**one, previous=tuple(_ref(told) for told in read["previous"]))
        except (ValueError, KeyError, TypeError):
            told = f"{self._roles_path}: expected the roles of the model {self.name}, got a damaged file"
            raise NotReadyError(f"{told}; `evenflow promote VERSION` writes it anew") from None

    def put(self, version: str, files: Mapping[str, bytes], card: Mapping[str, Any]) -> Ref:
        """Keep a version, all or nothing; the same one again changes nothing unless it was damaged.

        Raises
        ------
        InputError
            If another model is kept under that version.
        """
        self._require_version(version)
        manifest = orjson.dumps(
            {
                "format": _FORMAT,
                "card": dict(card),
                "files": {name: {"bytes": len(data), "sha256": _sha(data)} for name, data in sorted(files.items())},
            },
            option=orjson.OPT_SERIALIZE_NUMPY,
        )
        ref = Ref(version, _sha(manifest))
        with self._locked():
            place = self._place(version)
            if place.exists():
                if self._whole(version) == ref:
                    return ref
                if self._whole(version):
                    raise InputError(f"version {version}", f"the model {self.name} kept under it", "another one")
                shutil.rmtree(place)
            staging = Path(tempfile.mkdtemp(prefix=_STAGING, dir=place.parent))
            try:
                for name, data in {**files, "manifest.json": manifest}.items():
                    (staging / name).write_bytes(data)
                flush_folder(staging)
                staging.rename(place)
            finally:
                shutil.rmtree(staging, ignore_errors=True)
        return ref

    def read(self, version: str, *, expected: str | None = None) -> Kept:
        """Return a version, checked byte for byte.

        Parameters
        ----------
        expected
            SHA-256 of its manifest, if known.

        Raises
        ------
        UnknownIdError
            If there is no such version.
        NotReadyError
            If a file is missing, cut short or changed; names it.
        """
        data = self._manifest(version)
        found = _sha(data)
        if expected is not None and found != expected:
            raise _damaged(self._place(version) / "manifest.json", f"SHA-256 {expected[:12]}", found[:12])
        try:
            read = orjson.loads(data)
            number, card = read["format"], dict(read["card"])
            wanted = {name: (int(told["bytes"]), str(told["sha256"])) for name, told in read["files"].items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _damaged(self._place(version) / "manifest.json", "a manifest", f"{len(data)} bytes") from None
        if number != _FORMAT:
            raise NotReadyError(f"{self._place(version)}: expected format {_FORMAT}, got {number}; train again")
        files = {name: self._file(version, name, *told) for name, told in wanted.items()}
        return Kept(ref=Ref(version, found), card=card, files=files)

    def cards(self) -> dict[str, Mapping[str, Any] | str]:
        """Return the card of each version kept, the newest first; what is wrong with one that is damaged."""
        folder = self.root / "versions"
        names = [p.name for p in folder.iterdir() if _VERSION.fullmatch(p.name)] if folder.is_dir() else []
        out: dict[str, Mapping[str, Any] | str] = {}
        for version in sorted(names, key=int, reverse=True):
            try:
                out[version] = self.read(version).card
            except NotReadyError as error:
                out[version] = str(error)
        return out

    def challenge(self, ref: Ref) -> Roles:
        """Make a version the challenger."""
        with self._locked():
            return self._assign(replace(self.roles(), challenger=ref))

    def promote(self, version: str) -> Roles:
        """Make a version the champion, in one step; it is read and checked first.

        Raises
        ------
        UnknownIdError, NotReadyError
            As `read`; the champion stays who it was.
        """
        ref = self.read(version).ref
        with self._locked():
            roles = self._readable_roles()
            if roles.champion == ref:
                return roles
            before = (roles.champion,) if roles.champion else ()
            challenger = None if roles.challenger == ref else roles.challenger
            previous = (*before, *roles.previous)[:_MOST_PREVIOUS]
            return self._assign(Roles(champion=ref, challenger=challenger, previous=previous))

    def rollback(self) -> Roles:
        """Make the champion before this one the champion again, in one step; it is read and checked first.

        Raises
        ------
        NotReadyError
            If there was none, or it is damaged; the champion stays who it was.
        """
        self._former(self.roles())  # before a folder is made for the lock
        with self._locked():
            roles = self.roles()
            back, *rest = self._former(roles)
            self.read(back.version, expected=back.manifest)
            return self._assign(replace(roles, champion=back, previous=tuple(rest)))

    def champion(self) -> tuple[Kept, str | None]:
        """Return the champion and None; if it is damaged, the latest one before it that is whole, and why.

        Raises
        ------
        NotReadyError
            If nothing was promoted yet, or nothing promoted is whole.
        """
        roles = self.roles()
        if roles.champion is None:
            raise NotReadyError(f"the model {self.name} has no champion: `evenflow train`, then `evenflow promote`")
        refused = None
        for ref in (roles.champion, *roles.previous):
            try:
                return self.read(ref.version, expected=ref.manifest), refused
            except (NotReadyError, UnknownIdError) as error:
                refused = refused or str(error)
        raise NotReadyError(refused or "")

    @property
    def _roles_path(self) -> Path:
        return self.root / "roles.json"

    def _former(self, roles: Roles) -> tuple[Ref, ...]:
        if not roles.previous:
            raise NotReadyError(f"the model {self.name} has no champion before this one to return to")
        return roles.previous

    def _place(self, version: str) -> Path:
        return self.root / "versions" / version

    def _require_version(self, version: str) -> None:
        if not _VERSION.fullmatch(version):
            raise UnknownIdError("version", version, where=f"model {self.name}")

    def _manifest(self, version: str) -> bytes:
        self._require_version(version)
        if not self._place(version).is_dir():
            raise UnknownIdError("version", version, where=f"model {self.name}")
        try:
            return (self._place(version) / "manifest.json").read_bytes()
        except OSError as error:
            raise _damaged(self._place(version) / "manifest.json", "a file", error.strerror or str(error)) from None

    def _file(self, version: str, name: str, size: int, sha256: str) -> bytes:
        path = self._place(version) / Path(name).name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise _damaged(path, f"{size:,} bytes", error.strerror or str(error)) from None
        if len(data) != size:
            raise _damaged(path, f"{size:,} bytes", f"{len(data):,}")
        if _sha(data) != sha256:
            raise _damaged(path, f"SHA-256 {sha256[:12]}", _sha(data)[:12])
        return data

    def _whole(self, version: str) -> Ref | None:
        try:
            return self.read(version).ref
        except NotReadyError:
            return None

    def _readable_roles(self) -> Roles:
        try:
            return self.roles()
        except NotReadyError:
            return Roles()  # damaged: a promotion is how it is mended

    def _assign(self, roles: Roles) -> Roles:
        data = orjson.dumps({"format": _FORMAT, **asdict(roles)})

        def fill(path: Path) -> None:
            path.write_bytes(data)

        put(self._roles_path, fill)
        return roles

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            (self.root / "versions").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritten(self.root, error, "a folder that can be made") from None
        with (self.root / "lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)  # let go by the system when the process dies
            for left in (self.root / "versions").glob(f"{_STAGING}*"):
                shutil.rmtree(left, ignore_errors=True)
            for left in self.root.glob(f".{self._roles_path.name}.*"):
                left.unlink(missing_ok=True)
            yield


def _ref(told: Mapping[str, Any]) -> Ref:
    ref = Ref(**told)
    if not (isinstance(ref.version, str) and isinstance(ref.manifest, str)):
        raise TypeError(ref)
    return ref


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _damaged(path: Path, expected: str, got: str) -> NotReadyError:
    """Return the error for a file of a model that is not what was put there."""
    return NotReadyError(f"model file {path}: expected {expected}, got {got}; it is refused, train or promote again")
