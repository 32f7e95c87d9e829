"""The secret that signs links: made once, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from contracts.errors import InputError, unwritten

__all__ = ["link_key"]

_BYTES = 32


def link_key(home: Path) -> bytes:
    """Return the home's secret, made at the first call, in ``HOME/link.key`` with mode 0600.

    Raises
    ------
    InputError
        If the file cannot be made, is readable by others, or holds no secret.
    """
    path = home / "link.key"
    try:
        home.mkdir(parents=True, exist_ok=True)
        _make(path)
        mode, secret = path.stat().st_mode & 0o077, path.read_bytes()
    except OSError as error:
        raise unwritten(path, error, "a file that can be read and made") from None
    if mode:
        raise InputError(str(path), "a file that only its owner can read (chmod 600)", f"mode {mode:03o} for others")
    if len(secret) < _BYTES:
        raise InputError(str(path), f"a secret of at least {_BYTES} bytes", f"{len(secret)} bytes")
    return secret


def _make(path: Path) -> None:
    """Write the secret beside and link it into place: nobody ever reads half of it, and the first one stays."""
    if path.exists():
        return
    beside = path.with_name(f".link.key.{secrets.token_hex(8)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, secrets.token_bytes(_BYTES))
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        os.link(beside, path)
    except FileExistsError:
        pass  # another process was first
    finally:
        beside.unlink(missing_ok=True)
