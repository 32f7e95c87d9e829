"""What keys open: roles, scopes, tenants."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InputError
from services.access import ANYONE, OPERATOR, ROLES, SCOPES, ForbiddenError, Principal, check_scopes


def principal(**changes) -> Principal:
    """Return a planner of the operator, changed."""
    return Principal(**({"name": "k", "role": "planner", "scopes": ROLES["planner"]} | changes))


def test_every_role_holds_known_scopes_and_only_admins_hold_all():
    """No role opens what has no meaning; keys and the audit are the admin's."""
    assert all(held <= set(SCOPES) for held in ROLES.values())
    assert [role for role, held in ROLES.items() if "keys:write" in held or "audit:read" in held] == ["admin"]
    assert OPERATOR.may("keys:write")
    assert not ANYONE.may("network:read")


def test_scopes_beyond_a_role_are_refused_by_name():
    """A key may hold fewer scopes than its role, never more."""
    assert check_scopes("router", ["matches:read"]) == {"matches:read"}
    with pytest.raises(InputError, match="keys:write"):
        check_scopes("router", ["matches:read", "keys:write"])
    with pytest.raises(InputError, match="one of planner"):
        check_scopes("king", None)
    with pytest.raises(InputError, match="at least one"):
        check_scopes("router", [])


def test_the_operator_looks_with_a_tenants_eyes_and_a_tenant_with_no_others():
    """`at` narrows an unbound principal; a bound one stays what it is."""
    assert principal().at("t").viewer.tenant == "t"
    assert principal(tenant="t").at(None).tenant == "t"
    assert principal(tenant="t").at("t").tenant == "t"
    with pytest.raises(ForbiddenError, match="another tenant"):
        principal(tenant="t").at("u")


@given(st.lists(st.tuples(st.text(min_size=1, max_size=40), st.none() | st.text(min_size=1, max_size=40)), min_size=2))
def test_no_two_principals_share_a_folder_or_leave_the_home(names):
    """Whatever tenants and parties are called, their folders differ and stay below the home."""
    folders = {(t, p): principal(tenant=t, party=p).folder for t, p in names}
    assert len(set(folders.values())) == len(folders)
    assert not any(part in ("", ".", "..") for folder in folders.values() for part in folder.split("/"))
