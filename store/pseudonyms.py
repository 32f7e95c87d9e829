"""Names of persons who are parties (promoters, guides, KOLs): kept as keyed hashes, and forgotten on request.

HOME/keys/pseudonyms.key    32 random bytes, made at first use, readable by its owner only
HOME/keys/forgotten         one pseudonym a line: whose name is never kept again
"""

from __future__ import annotations

import fcntl
import hmac
import os
import re
import secrets
from pathlib import Path

import pandas as pd

from contracts.errors import InputError, NotReadyError, unwritten
from store.durable import flush

__all__ = ["Pseudonyms"]

_BYTES = 32
_PSEUDONYM = re.compile(r"p-[0-9a-f]{24}")


class Pseudonyms:
    """The pseudonyms of one home: the same id has the same one, and nobody without the key can tell whose it is.

    Parameters
    ----------
    home
        The home folder.
    key
        The secret, at least 16 characters, if the operator keeps it elsewhere; else the home keeps one of its own.

    Raises
    ------
    InputError
        If the secret is too short, or the home's cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> names = Pseudonyms(Path(tempfile.mkdtemp()), key="only an example!")
    >>> names.of(pd.Series(["guide-1", None, "guide-1"])).tolist()
    ['p-54d808c7d8c2b6351877b8ab', nan, 'p-54d808c7d8c2b6351877b8ab']
    """

    def __init__(self, home: Path, *, key: str | None = None) -> None:
        if key is not None and len(key) < 16:
            raise InputError("EVENFLOW_PSEUDONYM_KEY", "at least 16 characters", f"{len(key)}")
        self._folder, self._given = home / "keys", key
        self._key: bytes | None = None

    def of(self, ids: pd.Series) -> pd.Series:
        """Return the pseudonyms of ids; empty where the id is, or where the party asked to be forgotten.

        A pseudonym is its own, so that what was hashed at the door may pass it again.
        """
        codes, distinct = pd.factorize(ids.astype("str"))
        gone = self.forgotten()
        names = [self._name(value) for value in distinct] if len(distinct) else []
        told = pd.array([None if name in gone else name for name in names], dtype="str")
        return pd.Series(told.take(codes, allow_fill=True), index=ids.index, name=ids.name)

    def forget(self, party_id: str) -> str:
        """Never keep a party's name again, and return the pseudonym that rows kept so far carry."""
        name = self._name(party_id)
        with (self._made() / "forgotten").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if name not in self.forgotten():
                file.write(f"{name}\n")
                file.flush()
                os.fsync(file.fileno())
        return name

    def forgotten(self) -> frozenset[str]:
        """Return the pseudonyms of those who asked to be forgotten."""
        path = self._folder / "forgotten"
        return frozenset(path.read_text().split()) if path.exists() else frozenset()

    def _name(self, party_id: str) -> str:
        if _PSEUDONYM.fullmatch(party_id):
            return party_id
        if self._key is None:
            self._key = self._given.encode() if self._given else self._own()
        return f"p-{hmac.digest(self._key, party_id.strip().encode(), 'sha256').hex()[:24]}"

    def _own(self) -> bytes:
        """Return the home's own secret, made at first use; of two makers the first wins."""
        path = self._made() / "pseudonyms.key"
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            if not path.exists():
                with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                    file.write(secrets.token_bytes(_BYTES))
                flush(fresh)
                os.link(fresh, path)
                flush(path.parent)
        except FileExistsError:
            pass
        except OSError as error:
            raise unwritten(path, error) from None
        finally:
            fresh.unlink(missing_ok=True)
        key = path.read_bytes()
        if len(key) != _BYTES:
            raise NotReadyError(f"{path}: damaged; restore it from a copy, or all names change")
        return key

    def _made(self) -> Path:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritten(self._folder, error, "a folder that can be made") from None
        return self._folder
