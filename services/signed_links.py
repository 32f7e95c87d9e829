"""Links that let whoever holds them answer for one dispatch, until they expire, without an account."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, urlencode

from contracts.errors import EvenflowError

__all__ = ["LinkExpiredError", "LinkForgedError", "SignedLink", "check_link", "sign_link"]

_PURPOSE = "evenflow dispatch 1"
_SECONDS_A_DAY = 86_400


class LinkForgedError(EvenflowError):
    """A link that was not made here, or was changed since."""


class LinkExpiredError(EvenflowError):
    """A link whose time is over."""


class SignedLink(NamedTuple):
    """A link's path with its query, and when it expires (seconds since 1970)."""

    path: str
    expires: int


def sign_link(key: bytes, dispatch_id: str, *, now: float, days: int) -> SignedLink:
    """Return the link of a dispatch.

    Parameters
    ----------
    key
        The secret; whoever has it can make links.
    now
        Seconds since 1970.
    days
        How long it holds, >= 1.
    """
    expires = int(now) + days * _SECONDS_A_DAY
    query = urlencode({"expires": expires, "signature": _signature(key, dispatch_id, expires)})
    return SignedLink(f"/w/{quote(dispatch_id, safe='')}?{query}", expires)


def check_link(key: bytes, dispatch_id: str, expires: str, signature: str, *, now: float) -> None:
    """Raise unless a link is one of ours and still holds.

    Raises
    ------
    LinkForgedError
        If the signature is not that of the dispatch and the time.
    LinkExpiredError
        If its time is over.
    """
    known = expires.isascii() and expires.isdigit() and len(expires) <= 12
    right = _signature(key, dispatch_id, int(expires) if known else 0)
    if not (hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")) and known):
        raise LinkForgedError("the link is not one that was sent, or was changed since")
    if now >= int(expires):
        raise LinkExpiredError("the link has expired; ask the factory for a new one")


def _signature(key: bytes, dispatch_id: str, expires: int) -> str:
    text = "\x1f".join((_PURPOSE, dispatch_id, str(expires)))
    return base64.urlsafe_b64encode(hmac.new(key, text.encode(), sha256).digest()).decode().rstrip("=")
