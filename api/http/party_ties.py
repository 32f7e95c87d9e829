"""Who a party deals with, and who could introduce it to another."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.http.house import NetDep, ViewerDep
from api.http.paging import CursorQuery, LimitQuery, Page, page_bounds
from api.http.responses import JsonResponse, to_rows
from graph.tables import RELATION_KINDS

__all__ = ["router"]

router = APIRouter(prefix="/v1/parties", tags=["parties"])

PartyId = Annotated[str, Path(min_length=1, max_length=120, description="Your id of the party.")]
RelationKind = Literal[RELATION_KINDS]  # type: ignore[valid-type]
AsOfQuery = Annotated[dt.date | None, Query(description="Only relations that hold on this day; all without it.")]


class PathAnswer(BaseModel):
    """The best introduction of one party to another."""

    version: str = Field(description="Version of the loaded network.")
    source: str = Field(description="Who is introduced.")
    target: str = Field(description="To whom.")
    found: bool = Field(description="Whether there is a path.")
    path: str = Field(description="`S < D > F`: each arrow points as the relation does.")
    hops: int = Field(description="How many relations it takes.")
    strength: float | None = Field(description="Its weakest tie.")
    steps: list[dict[str, Any]] = Field(description="source, target, relation, forward, weight of each step.")
    reason: str = Field(description="Why there is no path, else empty.")


@router.get("/{party_id:path}/neighbours", response_model=Page)
def list_neighbours(
    *,
    loaded: NetDep,
    viewer: ViewerDep,
    party_id: PartyId,
    kind: Annotated[RelationKind | None, Query(description="One relation kind; all by default.")] = None,
    direction: Annotated[
        Literal["out", "in", "both"], Query(description="Relations that start at the party, lead to it, or both.")
    ] = "both",
    as_of: AsOfQuery = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """List who a party deals with, the strongest ties first, in pages."""
    from services.party_ties import party_neighbours

    rows = party_neighbours(
        loaded.snapshot.network(), party_id, kind=kind, direction=direction, as_of=as_of, viewer=viewer
    )
    query = ("neighbours", party_id, kind, direction, as_of, viewer)
    bounds, following = page_bounds(cursor, limit, version=loaded.version, total=len(rows), query=query)
    page = {"total": len(rows), "rows": to_rows(rows.iloc[bounds]), "next_cursor": following}
    return JsonResponse({"version": loaded.version, **page})


@router.get("/{party_id:path}/path", response_model=PathAnswer)
def find_path(
    *,
    loaded: NetDep,
    viewer: ViewerDep,
    party_id: PartyId,
    to: Annotated[str, Query(min_length=1, max_length=120, description="Party to be introduced to.")],
    kind: Annotated[
        list[RelationKind] | None, Query(description="Relation kinds to use; repeat it; all by default.")
    ] = None,
    max_hops: Annotated[int, Query(ge=1, le=12, description="Longest path looked for.")] = 6,
    as_of: Annotated[dt.date | None, Query(description="Day on which the relations hold; today without it.")] = None,
) -> JsonResponse:
    """Find the best introduction between two parties.

    The shortest path; of those the one whose weakest tie is the strongest; relations are taken in either direction.
    Without a path the answer is 200 all the same, with `found` false and the reason.
    """
    from services.party_ties import party_path

    network = loaded.snapshot.network()
    found = party_path(network, party_id, to, kinds=kind, max_hops=max_hops, as_of=as_of, viewer=viewer)
    return JsonResponse({"version": loaded.version, **found})
