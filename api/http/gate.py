"""Who a request comes from: an API key, a token of an identity provider, or nobody; and how many it may make."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from api.http.access import UnauthorizedError
from api.http.hosts import Hosts
from api.http.shared_counts import SharedCounts
from contracts.errors import EvenflowError
from services.access import ANYONE, OPERATOR, Principal

__all__ = ["Gate", "TooManyRequestsError"]

_NEEDS_KEY = "/v1/"


class TooManyRequestsError(EvenflowError):
    """A key asked more often than it may; try again after `retry_after_seconds`."""

    def __init__(self, name: str, limit: float, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"{name}: more than {limit:g} requests a second; try again in {retry_after_seconds} s")


class Reader(Protocol):
    """Tells who holds a credential."""

    def at_hand(self, credential: str) -> bool:
        """Whether that can be told from memory."""

    def principal(self, credential: str) -> Principal | None:
        """Return the holder, or None if the credential does not count (any more)."""


class Gate:
    """Looks at credentials before the body is read.

    Parameters
    ----------
    keys, tokens
        Readers of API keys and of JWTs; None where that kind is not taken. Both None: the server is open, and whoever
        reaches it is the operator.
    requests_per_second
        What one key may ask for on average; twice as much at once.
    hosts
        The names it may be asked under.
    counts
        What each has left; shared by processes that serve together.
    clock
        Seconds, monotonic.
    """

    def __init__(
        self,
        keys: Reader | None,
        tokens: Reader | None,
        *,
        requests_per_second: float,
        hosts: Hosts | None = None,
        counts: SharedCounts | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._keys, self._tokens = keys, tokens
        self.hosts = hosts or Hosts(None)
        self._rate, self._clock = requests_per_second, clock
        self._left = counts or SharedCounts()

    async def admit(self, scope: Scope) -> Principal:
        """Return who asks.

        Raises
        ------
        WrongHostError
            If it came under another host's name.
        UnauthorizedError
            If a credential came that does not count, or none for a path of the API.
        TooManyRequestsError
            If it asks too often.
        """
        self.hosts.check(scope)
        principal = OPERATOR if self._keys is None and self._tokens is None else await self._holder(scope)
        if principal is not ANYONE:
            self._count(principal)
        return principal

    async def _holder(self, scope: Scope) -> Principal:
        every = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        if len(every) > 1:
            raise UnauthorizedError("Authorization: expected one, got several")
        given = every[0] if every else None
        if given is None:
            if scope["path"].startswith(_NEEDS_KEY):
                raise UnauthorizedError("Authorization: expected `Bearer` with an API key or a token, got nothing")
            return ANYONE
        kind, _, credential = given.partition(" ")
        if kind.lower() != "bearer" or not credential:
            raise UnauthorizedError("Authorization: expected `Bearer` with an API key or a token, got another kind")
        reader = self._tokens if credential.count(".") == 2 else self._keys
        found = None if reader is None else await _told(reader, credential)
        if found is None:
            raise UnauthorizedError("Authorization: the key or token is unknown, expired or revoked")
        return found

    def _count(self, principal: Principal) -> None:
        """Take one from the principal's bucket, which fills at its rate and holds two seconds' worth."""
        now, rate = self._clock(), principal.requests_per_second or self._rate
        left, since = self._left.get(principal.name, (2 * rate, now))
        left = min(2 * rate, left + (now - since) * rate)
        if left < 1:
            raise TooManyRequestsError(principal.name, rate, max(1, math.ceil((1 - left) / rate)))
        self._left.put(principal.name, (left - 1, now))


async def _told(reader: Reader, credential: str) -> Principal | None:
    """Return the holder; a database that has to be asked is waited for elsewhere, so that nobody else waits."""
    if reader.at_hand(credential):
        return reader.principal(credential)
    return await run_in_threadpool(reader.principal, credential)
