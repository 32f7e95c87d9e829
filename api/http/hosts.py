"""Under which names a server may be asked: a page elsewhere that gets its own name to lead here gets no answer."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from contracts.errors import EvenflowError

__all__ = ["Hosts", "WrongHostError"]


class WrongHostError(EvenflowError):
    """A request came under a name that is not the server's."""


class Hosts:
    """The names a server is asked under.

    Parameters
    ----------
    names
        Those beside this machine's own (localhost, 127.0.0.1, ::1); None: any name will do.

    Examples
    --------
    >>> hosts = Hosts(["evenflow.example"])
    >>> [hosts.has(name) for name in ("localhost:8000", "[::1]:80", "Evenflow.example", "evil.example", "127.evil")]
    [True, True, True, False, False]
    """

    def __init__(self, names: Iterable[str] | None) -> None:
        self._names = None if names is None else frozenset(name.strip().lower() for name in names)

    def check(self, scope: Scope) -> None:
        """Refuse a request for another host, or sent by a page of another one.

        Raises
        ------
        WrongHostError
            Naming the header.
        """
        if self._names is None:
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self.has(host):
            raise WrongHostError(f"Host: expected a name of this machine or of EVENFLOW_ALLOWED_HOSTS, got {host[:80]}")
        if origin is not None and not self.has(origin.partition("://")[2]):
            raise WrongHostError(f"Origin: expected a page of this server, got {origin[:80]}")

    def has(self, host: str) -> bool:
        """Return whether a host (with its port or without) is one of them."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").lower()
        except ValueError:
            return False
        return self._names is None or name in self._names or _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
