"""Keys and the audit: who may ask, and who wrote what."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.http.house import House, HouseDep
from api.http.paging import CursorQuery, LimitQuery, PartDep, Parted, key_cursor, position_after
from api.http.responses import JsonResponse
from api.http.rows import StrictModel
from services.access import Principal
from services.audit import audited, search_of
from services.keys import MadeKey, create_key, key_row, list_keys, revoke_key, rotate_key

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["access"])

_Moment = Annotated[
    str | None,
    Query(max_length=40, description="Day or moment (ISO 8601): lines from `since` on, before `until`."),
]
KeyId = Annotated[str, Path(max_length=40, description="Id of the key: the part between the underscores.")]


class KeyRequest(
    StrictModel, json_schema_extra={"examples": [{"name": "order router, east", "role": "router", "days": 90}]}
):
    """A key to make."""

    name: str = Field(min_length=1, max_length=120, description="What it is for.", examples=["order router, east"])
    role: Literal["planner", "router", "scientist", "party", "admin"] = Field(description="Bundle of scopes.")
    scopes: list[str] | None = Field(None, max_length=50, description="Some of the role's scopes; all if absent.")
    tenant: str | None = Field(None, min_length=1, max_length=120, description="Tenant it is bound to.")
    party: str | None = Field(None, min_length=1, max_length=120, description="Party it speaks for (role `party`).")
    days: int | None = Field(None, ge=1, le=3650, description="How long it counts; until revoked if absent.")
    requests_per_second: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="Its own limit; the server's if absent."
    )


class RotateRequest(StrictModel, json_schema_extra={"examples": [{"overlap_hours": 24}]}):
    """How a key is rotated."""

    overlap_hours: float = Field(24, ge=0, le=8760, description="How long the old key still counts.")


class KeyView(BaseModel):
    """What is told of a key; never the key itself."""

    id: str = Field(description="Id.")
    name: str = Field(description="What it is for.")
    role: str = Field(description="Bundle of scopes.")
    scopes: list[str] = Field(description="What it opens.")
    tenant: str | None = Field(description="Tenant it is bound to; null: the operator's.")
    party: str | None = Field(description="Party it speaks for.")
    folder: str | None = Field(description="Where in `HOME/tenants` its things lie; null: the operator's, the home.")
    requests_per_second: float | None = Field(description="Its own limit.")
    created_at_ms: int = Field(description="When it was made, milliseconds since 1970.")
    expires_at_ms: int | None = Field(description="When it ends.")
    revoked_at_ms: int | None = Field(description="When it was revoked.")
    replaced_by: str | None = Field(description="Key that it was rotated into.")
    counts: bool = Field(description="Whether it opens anything now.")


class NewKey(KeyView):
    """A key just made."""

    key: str = Field(description="What its holder sends; shown this once.")


class KeyList(Parted):
    """All keys."""

    keys: list[KeyView] = Field(description="The oldest first, ended ones included.")


class Me(BaseModel):
    """Who asks."""

    name: str = Field(description="Id of the key, or subject of the token.")
    role: str = Field(description="Role.")
    scopes: list[str] = Field(description="What it opens.")
    tenant: str | None = Field(description="Tenant it is bound to.")
    party: str | None = Field(description="Party it speaks for.")


class AuditLines(BaseModel):
    """A page of the audit."""

    lines: list[dict[str, Any]] = Field(description="Who asked for which write, when, and how it was answered.")
    next_cursor: str | None = Field(description="Send it back for what comes after; null at the end.")


@router.get("/keys/me", response_model=Me)
def read_own_key(house: HouseDep) -> JsonResponse:
    """Return who asks and what that opens."""
    return JsonResponse(_me(house.principal))


@router.get("/keys", response_model=KeyList)
def list_all_keys(house: HouseDep, part: PartDep) -> JsonResponse:
    """List all keys, ended ones included; never the keys themselves."""
    now_ms = _now_ms()
    keys, following = part.of(list_keys(house.database), lambda key: key.id, "keys")
    return JsonResponse({"keys": [key_row(key, now_ms=now_ms) for key in keys], "next_cursor": following})


@router.post("/keys", status_code=201, response_model=NewKey)
def create_api_key(house: HouseDep, request: KeyRequest) -> JsonResponse:
    """Make a key; it is shown in this answer and never again."""
    now_ms = _now_ms()
    return _shown(create_key(house.database, now_ms=now_ms, **request.model_dump()), now_ms)


@router.post("/keys/{key_id}/rotate", status_code=201, response_model=NewKey)
def rotate_api_key(house: HouseDep, key_id: KeyId, request: RotateRequest) -> JsonResponse:
    """Make a key that opens the same; the old one ends after the overlap."""
    now_ms = _now_ms()
    made = rotate_key(house.database, key_id, now_ms=now_ms, overlap_hours=request.overlap_hours)
    _forget(house)
    return _shown(made, now_ms)


@router.delete("/keys/{key_id}", response_model=KeyView)
def revoke_api_key(house: HouseDep, key_id: KeyId) -> JsonResponse:
    """End a key: here at once, at other servers of the database within seconds."""
    now_ms = _now_ms()
    ended = revoke_key(house.database, key_id, now_ms=now_ms)
    _forget(house)
    return JsonResponse(key_row(ended, now_ms=now_ms))


@router.get("/audit", response_model=AuditLines)
def read_audit(
    house: HouseDep,
    *,
    principal: Annotated[str | None, Query(max_length=200, description="Only of this key or token.")] = None,
    tenant: Annotated[
        str | None, Query(max_length=120, description="Only of this tenant; a tenant sees its own.")
    ] = None,
    method: Annotated[
        Literal["POST", "PUT", "DELETE", "CLI", "CONSOLE"] | None, Query(description="Only of this method.")
    ] = None,
    path: Annotated[str | None, Query(max_length=500, description="Only paths that begin so.")] = None,
    status: Annotated[int | None, Query(ge=100, le=599, description="Only answered with this status.")] = None,
    since: _Moment = None,
    until: _Moment = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
    after: Annotated[int, Query(ge=0, le=2**63 - 1, description="Lines after this position; 0 from the first.")] = 0,
) -> JsonResponse:
    """Return the audit, the oldest line first: a tenant's own lines, the operator's view has all."""
    asked = {"tenant": tenant, "principal": principal, "method": method, "path": path, "status": status}
    query = ("audit", house.principal.tenant, *asked.values(), since, until)
    before = position_after(cursor, query)
    start = after if before is None else before
    search = search_of(**asked, since=since, until=until)
    lines = audited(house.database, house.principal, search=search, after=start, limit=limit)
    following = key_cursor(query, (str(lines[-1]["position"]),)) if len(lines) == limit else None
    return JsonResponse({"lines": lines, "next_cursor": following})


def _me(principal: Principal) -> dict[str, Any]:
    told = {name: getattr(principal, name) for name in ("name", "role", "tenant", "party")}
    return told | {"scopes": sorted(principal.scopes)}


def _forget(house: House) -> None:
    if house.keys is not None:
        house.keys.forget()


def _shown(made: MadeKey, now_ms: int) -> JsonResponse:
    return JsonResponse(key_row(made.key, now_ms=now_ms) | {"key": made.secret}, status_code=201)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
