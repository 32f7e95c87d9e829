"""API keys: made once and shown once, kept as hashes, rotated with an overlap, revoked at once."""

from __future__ import annotations

import hmac
import math
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

from contracts.errors import InputError, UnavailableError, UnknownIdError
from services.access import Principal, check_scopes
from store.audit import write_noted
from store.database import Database
from store.keys import ApiKey, all_keys, change_key, find_key, keep_key

__all__ = ["KeyRing", "MadeKey", "create_key", "key_row", "list_keys", "revoke_key", "rotate_key"]

_PREFIX = "evf"
_FORM = re.compile(r"evf_([0-9a-z]{12})_([0-9A-Za-z_-]{43})")
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
_DAY_MS = 86_400_000
_LONGEST_NAME = 120
_KEPT = 10_000  # ids remembered, of keys and of what is none


@dataclass(frozen=True)
class MadeKey:
    """A new key and its only showing.

    Parameters
    ----------
    key
        What is kept of it.
    secret
        What its holder sends; it cannot be shown again.
    """

    key: ApiKey
    secret: str


def create_key(
    database: Database,
    *,
    name: str,
    role: str,
    now_ms: int,
    scopes: Sequence[str] | None = None,
    tenant: str | None = None,
    party: str | None = None,
    days: int | None = None,
    requests_per_second: float | None = None,
) -> MadeKey:
    """Make a key.

    Parameters
    ----------
    name
        What it is for, in the owner's words.
    role, scopes
        What it opens: all scopes of the role, or some of them.
    tenant, party
        Whom it is bound to; the role ``party`` needs both.
    now_ms
        Milliseconds since 1970.
    days
        How long it counts, >= 1; None: until it is revoked.

    Raises
    ------
    InputError
        Naming what is wrong.
    """
    for where, text in (("name", name), ("tenant", tenant), ("party", party)):
        if text is not None and not (0 < len(text) <= _LONGEST_NAME and text.isprintable()):
            raise InputError(where, f"1 to {_LONGEST_NAME} printable characters", repr(text)[:80])
    if (role == "party") != (party is not None) or (party is not None and tenant is None):
        raise InputError("party", "a party and its tenant for the role party, and for no other", party or "none")
    if days is not None and days < 1:
        raise InputError("days", "at least 1", days)
    if requests_per_second is not None and not 0 < requests_per_second < math.inf:
        raise InputError("requests_per_second", "a number above 0", requests_per_second)
    held = check_scopes(role, scopes)
    key_id, secret = _new_secret()
    key = ApiKey(
        id=key_id,
        name=name,
        role=role,
        scopes=" ".join(sorted(held)),
        tenant=tenant or "",
        party=party,
        secret_hash=_hash(secret),
        requests_per_second=requests_per_second,
        created_at_ms=now_ms,
        expires_at_ms=None if days is None else now_ms + days * _DAY_MS,
    )
    write_noted(database, lambda connection: keep_key(connection, key))
    return MadeKey(key, secret)


def rotate_key(database: Database, key_id: str, *, now_ms: int, overlap_hours: float = 24) -> MadeKey:
    """Make a key that opens the same, and let the old one end after an overlap.

    Raises
    ------
    UnknownIdError
        If there is none of that id.
    InputError
        If it does not count any more, or the overlap is negative.
    """
    if not overlap_hours >= 0:
        raise InputError("overlap_hours", "0 or more", overlap_hours)
    fresh_id, secret = _new_secret()

    def swap(connection: Any) -> ApiKey:
        old = _known(find_key(connection, key_id), key_id)
        if not old.counts(now_ms):
            raise InputError("key", "one that still counts", f"{key_id}, which ended")
        fresh = old.renewed(fresh_id, _hash(secret), now_ms)
        keep_key(connection, fresh)
        ends = now_ms + round(overlap_hours * 3_600_000)
        change_key(connection, key_id, expires_at_ms=min(ends, old.expires_at_ms or ends), replaced_by=fresh_id)
        return fresh

    return MadeKey(write_noted(database, swap), secret)


def revoke_key(database: Database, key_id: str, *, now_ms: int) -> ApiKey:
    """End a key at once; one that was revoked already stays so.

    Raises
    ------
    UnknownIdError
        If there is none of that id.
    """

    def end(connection: Any) -> ApiKey:
        if _known(find_key(connection, key_id), key_id).revoked_at_ms is None:
            change_key(connection, key_id, revoked_at_ms=now_ms)
        return _known(find_key(connection, key_id), key_id)

    return write_noted(database, end)


def list_keys(database: Database) -> list[ApiKey]:
    """Return all keys, ended ones included, in the order in which they were made."""
    return database.read(all_keys)


def key_row(key: ApiKey, *, now_ms: int) -> dict[str, Any]:
    """Return what may be told of a key: never its hash."""
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "scopes": key.scopes.split(),
        "tenant": key.tenant or None,
        "party": key.party,
        "folder": _principal(key).folder or None,
        "requests_per_second": key.requests_per_second,
        "created_at_ms": key.created_at_ms,
        "expires_at_ms": key.expires_at_ms,
        "revoked_at_ms": key.revoked_at_ms,
        "replaced_by": key.replaced_by,
        "counts": key.counts(now_ms),
    }


class KeyRing:
    """Tells whose a key is; asks the database again after `remembered_seconds`, so that a revoked key ends by then.

    Parameters
    ----------
    database
        Where the keys are.
    remembered_seconds
        How long another server's revocation may take to count here.
    away_seconds
        How long a key that was seen counts on while the database does not answer.
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        *,
        remembered_seconds: float = 2.0,
        away_seconds: float = 600.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._remembered, self._clock = database, remembered_seconds, clock
        self._away = away_seconds
        self._known: dict[str, tuple[ApiKey | None, float]] = {}
        self._unknown: dict[str, tuple[ApiKey | None, float]] = {}  # apart, so that who tries ids drives out no key

    def at_hand(self, credential: str) -> bool:
        """Return whether `principal` tells whose a key is without asking the database."""
        form = _FORM.fullmatch(credential)
        return form is None or self._remembered_key(form[1]) is not None

    def principal(self, credential: str) -> Principal | None:
        """Return whose a key is; None if it does not count (any more)."""
        form = _FORM.fullmatch(credential)
        key = self._key(form[1]) if form else None
        if key is None or not hmac.compare_digest(key.secret_hash, _hash(credential)):
            return None
        return _principal(key) if key.counts(self._now_ms()) else None

    def still_counts(self, key_id: str) -> bool:
        """Return whether a key that was shown earlier still counts."""
        key = self._key(key_id)
        return key is not None and key.counts(self._now_ms())

    def forget(self) -> None:
        """Ask the database again from now on: keys were changed here."""
        self._known.clear()
        self._unknown.clear()

    def _remembered_key(self, key_id: str) -> tuple[ApiKey | None, float] | None:
        found = self._known.get(key_id) or self._unknown.get(key_id)
        return found if found is not None and self._clock() - found[1] <= self._remembered else None

    def _key(self, key_id: str) -> ApiKey | None:
        found = self._remembered_key(key_id)
        if found is None:
            now = self._clock()
            try:
                found = self._database.read(lambda connection: find_key(connection, key_id)), now
            except UnavailableError:
                known = self._known.get(key_id)
                if known is None or now - known[1] > self._away:
                    raise
                return known[0]  # what does not need the database is answered all the same
            kept, other = (self._unknown, self._known) if found[0] is None else (self._known, self._unknown)
            if len(kept) >= _KEPT:
                kept.clear()
            kept[key_id] = found
            other.pop(key_id, None)
        return found[0]

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


@lru_cache(1_000)
def _principal(key: ApiKey) -> Principal:
    return Principal(
        name=key.id,
        role=key.role,
        scopes=frozenset(key.scopes.split()),
        tenant=key.tenant or None,
        party=key.party,
        requests_per_second=key.requests_per_second,
    )


def _new_secret() -> tuple[str, str]:
    """Return a new key's id and the whole key; 256 bits of chance need no slow hash."""
    key_id = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    return key_id, f"{_PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def _known(key: ApiKey | None, key_id: str) -> ApiKey:
    if key is None:
        raise UnknownIdError("key", key_id)
    return key
