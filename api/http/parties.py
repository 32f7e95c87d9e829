"""Parties of the loaded network."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from api.http.house import NetDep, ViewerDep
from api.http.responses import JsonResponse

__all__ = ["router"]

router = APIRouter(prefix="/v1/parties", tags=["parties"])


@router.get("/{party_id:path}", response_model=dict[str, Any])
def read_party(
    loaded: NetDep,
    viewer: ViewerDep,
    party_id: Annotated[str, Path(min_length=1, max_length=120, description="Your id of the party.")],
) -> JsonResponse:
    """Return a party's card: what it is, how many relations of each kind it has, some neighbours, what it supplies.

    A tenant is told of relations only that one of its own parties is an end of, or that are public.
    """
    from services.parties import party_card

    return JsonResponse({"version": loaded.version, **party_card(loaded.snapshot, party_id, viewer)})
