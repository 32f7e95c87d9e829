"""API keys in the database: hashes and what they open; the secrets themselves are nowhere."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, select, update

from store.schema.access import API_KEYS

__all__ = ["ApiKey", "all_keys", "change_key", "find_key", "keep_key"]


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """What is kept of a key.

    Parameters
    ----------
    scopes
        Separated by blanks.
    tenant
        Empty for the operator's.
    secret_hash
        SHA-256 of the whole key, hexadecimal.
    replaced_by
        The key that it was rotated into.
    """

    id: str
    name: str
    role: str
    scopes: str
    tenant: str
    party: str | None
    secret_hash: str
    requests_per_second: float | None
    created_at_ms: int
    expires_at_ms: int | None = None
    revoked_at_ms: int | None = None
    replaced_by: str | None = None

    def counts(self, now_ms: int) -> bool:
        """Return whether it opens anything at a moment."""
        return self.revoked_at_ms is None and (self.expires_at_ms is None or now_ms < self.expires_at_ms)

    def renewed(self, key_id: str, secret_hash: str, now_ms: int) -> ApiKey:
        """Return a key that opens the same and counts as long from now on."""
        lasts = None if self.expires_at_ms is None else now_ms + self.expires_at_ms - self.created_at_ms
        return replace(self, id=key_id, secret_hash=secret_hash, created_at_ms=now_ms, expires_at_ms=lasts)


def keep_key(connection: Connection, key: ApiKey) -> None:
    """Add a key."""
    connection.execute(API_KEYS.insert().values(asdict(key)))


def find_key(connection: Connection, key_id: str) -> ApiKey | None:
    """Return the key of an id, ended or not."""
    row = connection.execute(select(API_KEYS).where(API_KEYS.c.id == key_id)).mappings().one_or_none()
    return None if row is None else ApiKey(**row)


def all_keys(connection: Connection) -> list[ApiKey]:
    """Return every key, the oldest first."""
    rows = connection.execute(select(API_KEYS).order_by(API_KEYS.c.created_at_ms, API_KEYS.c.id)).mappings()
    return [ApiKey(**row) for row in rows]


def change_key(connection: Connection, key_id: str, **values: object) -> None:
    """Change what is kept of a key."""
    connection.execute(update(API_KEYS).where(API_KEYS.c.id == key_id).values(**values))
