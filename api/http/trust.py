"""Who can be relied on, and which paths carried it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from api.http.house import NetDep, ViewerDep
from api.http.responses import JsonResponse
from api.http.scores import ScoreDeskDep

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["parties"])
PathsQuery = Annotated[int, Query(ge=0, le=20, description="Paths to tell at most.", examples=[5])]


@router.get("/trust", response_model=dict[str, Any])
def read_trust(
    *,
    loaded: NetDep,
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    asker: Annotated[str, Query(alias="from", min_length=1, max_length=120, description="Your id of who asks.")],
    asked: Annotated[str, Query(alias="to", min_length=1, max_length=120, description="Your id of whom about.")],
    top: PathsQuery = 5,
) -> JsonResponse:
    """Return how far one party can rely on another: its own view and everybody's, and the paths that carried it."""
    from services.party_trust import pair_card

    card = pair_card(loaded.snapshot, viewer, asker, asked, top=top)
    desk.require_scored(asked, "trust")  # after: whom the asker may not know of, it learns nothing of
    return JsonResponse({"version": loaded.version, **card})


@router.get("/parties/{party_id:path}/trust", response_model=dict[str, Any])
def read_party_trust(
    *,
    loaded: NetDep,
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    party_id: Annotated[str, Path(min_length=1, max_length=120, description="Your id of the party.")],
    seeds: Annotated[
        list[str], Query(max_length=100, description="Parties trusted beforehand; everybody alike without any.")
    ] = [],  # noqa: B006 (FastAPI copies it)
    top: PathsQuery = 5,
) -> JsonResponse:
    """Return how far everybody relies on a party, who vouches for it, and the paths that carried it from the seeds."""
    from services.party_trust import party_trust

    card = party_trust(loaded.snapshot, viewer, party_id, seeds=seeds, top=top)
    desk.require_scored(party_id, "trust")
    return JsonResponse({"version": loaded.version, **card})
