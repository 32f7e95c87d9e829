"""Bearer tokens of an identity provider (OAuth 2.0, RFC 9068 JWT access tokens), checked without calling it."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jwt

from contracts.errors import InputError
from services.access import ROLES, Principal

__all__ = ["Tokens"]

_log = logging.getLogger(__name__)
_ASYMMETRIC = ("RS256", "PS256", "ES256", "EdDSA")  # never a shared secret: whoever checks could also make them
_LEEWAY_SECONDS = 30
_KEPT = 10_000
_SECONDS_KNOWN = 60  # that a checked token counts without another look: keys taken away count no longer
_LONGEST = 4096  # characters: more than an access token needs, less than it takes to exhaust a parser
_LONGEST_NAME = 120


class Tokens:
    """Reads JWTs signed by the keys of a JWKS file.

    Parameters
    ----------
    jwks
        JSON Web Key Set (RFC 7517) of the provider, kept as a file by the operator; read again when it has changed.
    issuer, audience
        What ``iss`` and ``aud`` must be.

    Raises
    ------
    InputError
        If the file holds no usable key.

    Notes
    -----
    Claims read: ``sub``, ``exp`` and ``scope`` (space-separated) are required; ``role`` (default ``party``), ``tenant``
    and ``party`` bind the token. Scopes beyond the role are dropped. A token that names a role other than ``admin``
    must name a tenant, unless it says ``"tenant": null`` itself.
    """

    def __init__(self, jwks: Path, *, issuer: str, audience: str) -> None:
        self._issuer, self._audience, self._jwks = issuer, audience, jwks
        self._stamp = _stamp(jwks)
        self._keys = _keys(jwks)
        self._known: dict[str, tuple[Principal, float]] = {}

    def at_hand(self, credential: str) -> bool:  # noqa: ARG002 (whoever reads a token needs nothing else)
        """Return whether `principal` can tell without waiting: always."""
        return True

    def principal(self, credential: str) -> Principal | None:
        """Return who a token speaks for; None if it does not count."""
        if len(credential) > _LONGEST:
            return None
        known = self._known.get(credential)
        if known is not None and known[1] > time.time():
            return known[0]
        try:
            claims = self._claims(credential)
            found = _principal(claims)
        except (jwt.PyJWTError, TypeError, ValueError, KeyError, OverflowError, RecursionError):
            return None
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[credential] = (found, min(claims["exp"], time.time() + _SECONDS_KNOWN))
        return found

    def _read_again(self) -> None:
        """Take the keys of the file if it has changed; one that can't be used leaves those that were read before."""
        stamp = _stamp(self._jwks)
        if stamp in (None, self._stamp):
            return
        self._stamp = stamp
        try:
            self._keys = _keys(self._jwks)
        except InputError as error:
            _log.warning("the keys of the identity provider stay as they were: %s", error)

    def _claims(self, credential: str) -> Mapping[str, Any]:
        self._read_again()
        key = self._keys[jwt.get_unverified_header(credential).get("kid")]
        claims: Mapping[str, Any] = jwt.decode(
            credential,
            key.key,
            algorithms=[key.algorithm_name],
            audience=self._audience,
            issuer=self._issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "sub", "iss", "aud"]},
        )
        return claims


def _stamp(jwks: Path) -> tuple[int, int, int] | None:
    """Return what tells one state of a file from another; None if it is not there."""
    try:
        found = jwks.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _keys(jwks: Path) -> dict[str | None, jwt.PyJWK]:
    """Return the usable keys of a file by their ids."""
    try:
        keys = jwt.PyJWKSet.from_json(jwks.read_text(encoding="utf-8")).keys
    except OSError as error:
        raise InputError(str(jwks), "a readable JWKS file", error.strerror or str(error)) from None
    except (jwt.PyJWTError, ValueError) as error:
        raise InputError(str(jwks), "a JSON Web Key Set", error) from None
    usable = {key.key_id: key for key in keys if key.algorithm_name in _ASYMMETRIC}
    if not usable:
        raise InputError(str(jwks), f"a key of {', '.join(_ASYMMETRIC)}", "none")
    return usable


def _principal(claims: Mapping[str, Any]) -> Principal:
    role, subject = claims.get("role", "party"), _name(claims, "sub")
    tenant, party = _name(claims, "tenant"), _name(claims, "party")
    if role != "admin" and tenant is None and "tenant" not in claims:
        raise ValueError("a token of this role names its tenant")
    if role == "party" and party is None:
        raise ValueError("a token of a party names it")
    asked: Sequence[str] = str(claims["scope"]).split()
    return Principal(
        name=f"jwt:{subject}", role=role, scopes=ROLES[role] & frozenset(asked), tenant=tenant, party=party
    )


def _name(claims: Mapping[str, Any], claim: str) -> str | None:
    value = claims.get(claim)
    if value is not None and not (isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()):
        raise ValueError(f"{claim} is no name")
    return value
