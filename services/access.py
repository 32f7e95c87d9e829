"""Who asks and what they may do: principals, the scopes a key can hold, and the roles that bundle them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from contracts.errors import EvenflowError, InputError
from services.viewer import Viewer

__all__ = ["ANYONE", "OPERATOR", "ROLES", "SCOPES", "ForbiddenError", "Principal", "check_scopes"]

SCOPES: Mapping[str, str] = {
    "network:read": "parties, relations, scorecards, credit, trust, claims and density",
    "network:write": "record changes of the network, hand parties over",
    "forecasts:read": "forecasts, launches and waves that were computed",
    "forecasts:write": "compute forecasts and launches, adjust them",
    "plans:read": "plans, boxes, differences, quotes and scenarios",
    "plans:write": "compute plans, quotes, scenarios and replays",
    "orders:read": "production orders and dispatches",
    "orders:write": "decide on production orders, dispatch steps to workshops",
    "matches:read": "candidates, matches, prices; nothing is held",
    "reservations:read": "reservations and the decisions behind them",
    "reservations:write": "hold, confirm, release, reject and cancel",
    "settlements:read": "previews of shares, statements of one's own parties",
    "settlements:write": "settle sales and returns",
    "prices:write": "refresh and activate prices, set capacities and credit lines",
    "signals:write": "send signals, sales and orders",
    "events:read": "what happened, as it happens, and what led to it",
    "webhooks:write": "have events sent to an address, and sent again",
    "exceptions:write": "close exceptions with what was done",
    "scores:read": "scores, their reasons and their reliability",
    "scores:write": "send outcomes, opt out, ask for a review",
    "reviews:write": "decide reviews of scores",
    "models:read": "models and how they compare",
    "models:write": "promote models and roll them back",
    "audit:read": "who wrote what and when",
    "keys:write": "make, rotate and revoke keys",
    "metrics:read": "the server's counters",
}
_READ = frozenset(scope for scope in SCOPES if scope.endswith(":read")) - {"audit:read", "metrics:read"}
ROLES: Mapping[str, frozenset[str]] = {
    "planner": _READ
    | {"forecasts:write", "plans:write", "orders:write", "network:write", "signals:write"}
    | {"scores:write", "reviews:write", "webhooks:write", "exceptions:write", "settlements:write"},
    "router": frozenset(
        {"network:read", "matches:read", "scores:read", "reservations:read", "reservations:write", "prices:write"}
        | {"events:read", "webhooks:write"}
    ),
    "scientist": _READ | {"forecasts:write", "models:write", "signals:write", "scores:write"},
    "party": frozenset(
        {"network:read", "matches:read", "scores:read", "scores:write", "signals:write"}
        | {"reservations:read", "reservations:write", "forecasts:read", "plans:read"}
        | {"events:read", "webhooks:write", "settlements:read"}
    ),
    "admin": frozenset(SCOPES),
}


class ForbiddenError(EvenflowError):
    """Who asks may not do this; the text says what it would take."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Whoever asks, as its key or token says.

    Parameters
    ----------
    name
        The key's id or the token's subject, for the audit.
    role
        One of `ROLES`.
    scopes
        What it may do, of `SCOPES`.
    tenant
        The tenant it is bound to; None is the operator of the house, who is bound to none.
    party
        The one party of the tenant that it speaks for; None speaks for all of them.
    requests_per_second
        Its own limit; None has the server's.

    Examples
    --------
    >>> seller = Principal(name="k1", role="party", scopes=ROLES["party"], tenant="T", party="S1")
    >>> seller.may("network:read"), seller.may("keys:write"), seller.folder
    (True, False, 'e632b7095b0bf32c260fa4c539e9fd7b/3696ad59777e09d5f2daacb544022d43')
    """

    name: str
    role: str
    scopes: frozenset[str]
    tenant: str | None = None
    party: str | None = None
    requests_per_second: float | None = None

    def may(self, scope: str | None) -> bool:
        """Return whether it holds a scope; None asks for none."""
        return scope is None or scope in self.scopes

    @property
    def bound(self) -> bool:
        """Whether it belongs to a tenant, and so sees only what is that tenant's."""
        return self.tenant is not None

    @property
    def viewer(self) -> Viewer:
        """Whose eyes its questions about the network are answered with."""
        return Viewer(self.tenant, self.party)

    @property
    def folder(self) -> str:
        """Where what it sends is kept, apart from everybody else's; empty for the operator.

        Names are any text, of any length, and some disks tell no capitals: so folders are named by hashes.
        """
        names = (name for name in (self.tenant, self.party) if name is not None)
        return "/".join(sha256(name.encode()).hexdigest()[:32] for name in names)

    def at(self, tenant: str | None) -> Principal:
        """Return the principal as it looks with a tenant's eyes.

        Raises
        ------
        ForbiddenError
            If it is bound to another tenant.
        """
        if tenant is None or tenant == self.tenant:
            return self
        if self.bound:
            raise ForbiddenError("Evenflow-Tenant: this key belongs to another tenant")
        return replace(self, tenant=tenant)


OPERATOR = Principal(name="operator", role="admin", scopes=frozenset(SCOPES))
ANYONE = Principal(name="anyone", role="none", scopes=frozenset())


def check_scopes(role: str, scopes: Iterable[str] | None) -> frozenset[str]:
    """Return the scopes of a role, or those of them that are asked for.

    Raises
    ------
    InputError
        If there is no such role, or a scope that it does not have.
    """
    if role not in ROLES:
        raise InputError("role", f"one of {', '.join(ROLES)}", role)
    if scopes is None:
        return ROLES[role]
    asked = frozenset(scopes)
    beyond = sorted(asked - ROLES[role])
    if beyond:
        raise InputError("scopes", f"scopes of the role {role}: {', '.join(sorted(ROLES[role]))}", beyond[0])
    if not asked:
        raise InputError("scopes", "at least one scope", "none")
    return asked
