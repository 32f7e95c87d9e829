"""Send one signed message to an address that is not ours, and to none that is."""

from __future__ import annotations

import base64
import hmac
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from contracts.errors import InputError

__all__ = ["Reply", "Targets", "check_url", "post", "signature"]

Targets = Literal["public", "private"]
Resolver = Callable[[str, int], list[str]]
_SECONDS = 10.0  # to connect, and to answer
_LONGEST_URL = 2000
_MOST_READ = 4096  # bytes of an answer: only its status counts
_EMBEDDING = ipaddress.ip_network("64:ff9b::/96")  # IPv6 names of IPv4 addresses (NAT64)


@dataclass(frozen=True)
class Reply:
    """How a receiver answered.

    Parameters
    ----------
    status
        HTTP status; None if there was no answer.
    told
        The status, or why there was none.
    retry_after_seconds
        When to ask again, if it said so.
    """

    status: int | None
    told: str
    retry_after_seconds: int | None = None


def check_url(url: str, targets: Targets) -> SplitResult:
    """Return the parts of an address that webhooks may be sent to.

    Parameters
    ----------
    targets
        ``public``: https to public addresses only; ``private``: also http, and addresses of one's own network.

    Raises
    ------
    InputError
        If it is none, names the user, or leads where it must not.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    schemes = ("https",) if targets == "public" else ("https", "http")
    plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= _LONGEST_URL
    if not host or not plain or parts.scheme not in schemes or port == 0:
        raise InputError("url", f"an address with {' or '.join(schemes)}", url[:80])
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise InputError("url", "an address without a user, password or fragment", parts.hostname)
    if targets == "public":
        _require_public_name(host)
    return parts


def _require_public_name(host: str) -> None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        numeric = last.isdecimal() or last.startswith("0x")  # such a name is an address in disguise
        if numeric or "." not in host or last in ("localhost", "local", "internal"):
            raise InputError("url", "a public host", host) from None
        return
    if not is_public(str(address)):
        raise InputError("url", "a public host", host)


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the public Internet, also if it hides an IPv4 address in an IPv6 one.

    Examples
    --------
    >>> [is_public(one) for one in ("1.1.1.1", "10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::a00:1")]
    [True, False, False, False, False]
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if found in _EMBEDDING:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast


def signature(secret: str, message_id: str, seconds: int, body: bytes) -> str:
    """Return what a receiver compares (Standard Webhooks): HMAC-SHA256 of ``id.timestamp.body``, Base64.

    Parameters
    ----------
    secret
        ``whsec_`` and the key in Base64.
    seconds
        When it is sent, seconds since 1970.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{seconds}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def post(url: str, headers: Mapping[str, str], body: bytes, *, targets: Targets, resolver: Resolver = resolve) -> Reply:
    """Send a body once; redirections are not followed.

    The name is resolved once and the connection made to that very address, so that it cannot turn into another between
    the check and the call.
    """
    try:
        parts = check_url(url, targets)
        host, port = str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80)
        addresses = resolver(host, port)
        if targets == "public" and not all(map(is_public, addresses)):
            return Reply(None, f"{host} is at an address that is not public")
        connection = _Pinned(host, port, addresses[0], secure=parts.scheme == "https")
        return _asked(connection, parts, headers, body)
    except InputError as error:
        return Reply(None, str(error))
    except (OSError, http.client.HTTPException, IndexError, UnicodeError) as error:
        return Reply(None, f"{type(error).__name__}: {error}"[:200])


def _asked(connection: _Pinned, parts: SplitResult, headers: Mapping[str, str], body: bytes) -> Reply:
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        answer.read(_MOST_READ)
        again = answer.headers.get("Retry-After", "")
        return Reply(answer.status, f"HTTP {answer.status}", int(again) if again.isdecimal() else None)
    finally:
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to one address of a host, under the host's name."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool) -> None:
        super().__init__(host, port, timeout=_SECONDS)
        self._address = address
        self._tls = ssl.create_default_context() if secure else None

    def connect(self) -> None:
        """Connect to the address that was checked."""
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = plain if self._tls is None else self._tls.wrap_socket(plain, server_hostname=self.host)
