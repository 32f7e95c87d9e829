"""Links that let whoever holds them answer for one dispatch, until they expire, without an account."""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote, urlencode

from contracts.errors import EvenflowError

__all__ = ["LinkEndedError", "LinkExpiredError", "LinkForgedError", "SignedLink", "check_link", "sign_link"]

_PURPOSE = "evenflow dispatch 2"
_SECONDS_A_DAY = 86_400


class LinkForgedError(EvenflowError):
    """A link that was not made here, or was changed since."""


class LinkExpiredError(EvenflowError):
    """A link whose time is over."""


class LinkEndedError(EvenflowError):
    """A link that was taken back before its time was over."""


class SignedLink(NamedTuple):
    """A link's path with its query, and when it expires (seconds since 1970)."""

    path: str
    expires: int


def sign_link(key: bytes, dispatch_id: str, *, now: float, days: int, ended: int = 0) -> SignedLink:
    """Return the link of a dispatch.

    Parameters
    ----------
    key
        The secret; whoever has it can make links.
    now
        Seconds since 1970.
    days
        How long it holds, >= 1.
    ended
        How often the dispatch's links were ended so far, >= 0.
    """
    expires = int(now) + days * _SECONDS_A_DAY
    query = urlencode({"expires": expires, "signature": _signature(key, dispatch_id, expires, ended)})
    return SignedLink(f"/w/{quote(dispatch_id, safe='')}?{query}", expires)


def check_link(key: bytes, dispatch_id: str, expires: str, signature: str, *, now: float, ended: int = 0) -> None:
    """Raise unless a link is one of ours and still holds.

    Parameters
    ----------
    ended
        How often the dispatch's links were ended so far: only those made since then hold.

    Raises
    ------
    LinkForgedError
        If the signature is not that of the dispatch and the time.
    LinkEndedError
        If it was made before the dispatch's links were ended.
    LinkExpiredError
        If its time is over.
    """
    known = expires.isascii() and expires.isdigit() and len(expires) <= 12
    given = signature.encode("utf-8", "replace")
    made_after = [
        k
        for k in range(ended + 1)
        if hmac.compare_digest(_signature(key, dispatch_id, int(expires) if known else 0, k).encode(), given)
    ]
    if not (made_after and known):
        raise LinkForgedError("the link is not one that was sent, or was changed since")
    if made_after[0] < ended:
        raise LinkEndedError("the link was ended; ask the factory for a new one")
    if now >= int(expires):
        raise LinkExpiredError("the link has expired; ask the factory for a new one")


def _signature(key: bytes, dispatch_id: str, expires: int, ended: int) -> str:
    text = "\x1f".join((_PURPOSE, dispatch_id, str(expires), str(ended)))
    return base64.urlsafe_b64encode(hmac.new(key, text.encode(), sha256).digest()).decode().rstrip("=")
