"""After-sales on the loaded network: the trace of a claim, the faults of a party."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api.http.house import NetDep, ViewerDep
from api.http.responses import JsonResponse, to_rows

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["after-sales"])


class ClaimTrace(BaseModel):
    """A claim, the route of its lot and who is probably at fault."""

    version: str = Field(description="Version of the loaded network.")
    claim: dict[str, Any] = Field(description="The claim as it was loaded.")
    trace: list[dict[str, Any]] = Field(
        description="The steps it may come from, each with its party, its `probability` of fault and the `evidence` in "
        "words; last the unknown cause. Probabilities sum to 1. Parties you may not know of are null, and so is the "
        "evidence on parties of others: it says how much they handled for everybody."
    )


class PartyFaults(BaseModel):
    """What a party is expected to have been at fault for."""

    version: str = Field(description="Version of the loaded network.")
    party_id: str = Field(description="The party.")
    roles: list[dict[str, Any]] = Field(
        description="Per role what it handled, the claims, pieces and fen expected at its fault, and its fault rate "
        "per million pieces with its range, beside its role's."
    )
    faults: list[dict[str, Any]] = Field(description="The same by day of the claim: evidence for scorecards.")
    retention: list[dict[str, Any]] = Field(
        description="Per pair of the party that trades: the share of invoices suggested to be kept back."
    )


@router.get("/claims/{claim_id:path}", response_model=ClaimTrace)
def read_claim(
    loaded: NetDep,
    viewer: ViewerDep,
    claim_id: Annotated[str, Path(min_length=1, max_length=500, description="Your id of the claim.")],
) -> JsonResponse:
    """Return a claim's route with each party's probability of fault.

    Seen by the one who made it and by those on the route.
    """
    from services.attribute_faults import claim_trace

    found = claim_trace(loaded.snapshot, claim_id, viewer)
    claim, trace = to_rows(found["claim"])[0], to_rows(found["trace"])
    return JsonResponse({"version": loaded.version, "claim": claim, "trace": trace})


@router.get("/parties/{party_id:path}/faults", response_model=PartyFaults)
def read_party_faults(
    loaded: NetDep,
    viewer: ViewerDep,
    party_id: Annotated[str, Path(min_length=1, max_length=120, description="Your id of the party.")],
) -> JsonResponse:
    """Return what one of your own parties is expected to have been at fault for."""
    from services.attribute_faults import faults_of_party

    found = faults_of_party(loaded.snapshot, party_id, viewer)
    rows = {name: to_rows(found[name]) for name in ("roles", "faults", "retention")}
    return JsonResponse({"version": loaded.version, "party_id": party_id, **rows})
