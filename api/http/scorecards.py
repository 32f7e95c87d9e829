"""Scorecards of the loaded network: of one party, and of all suppliers or buyers."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import pandas as pd
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from api.http.house import NetDep, ViewerDep
from api.http.paging import CursorQuery, LimitQuery, Page, page_bounds
from api.http.responses import JsonResponse, to_rows
from api.http.scores import ScoreDeskDep

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["scorecards"])

_AsOf = Annotated[
    date | None,
    Query(description="Day of the answer; that of the last arrival, event or evidence without it."),
]
_EXAMPLE: JsonDict = {
    "version": "5d1f0c2a9b7e4d36",
    "party_id": "factory-7",
    "as_of": "2026-03-02",
    "cards": [
        {
            "kind": "supplier",
            "subject": "factory-7",
            "as_of": "2026-03-02",
            "value": 0.83,
            "unit": "share",
            "low": 0.71,
            "high": 0.93,
            "evidence_n": 7.4,
            "rank": 12,
            "parts": [{"part": "own", "value": 0.89, "evidence_n": 7.4, "share": 0.43, "contribution": 0.38}],
            "reasons": ["83% probable that the next one arrives on time and in full; between 71% and 93% …"],
            "rates": {"otif": {"value": 0.83, "low": 0.71, "high": 0.93}},
            "figures": {"n": 9, "lead_time_bias_days": 0.4},
        }
    ],
}


class PartyScorecard(BaseModel):
    """A party's cards."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    version: str = Field(description="Version of the network.")
    party_id: str = Field(description="The party.")
    as_of: str = Field(description="Day of the cards.")
    cards: list[dict[str, Any]] = Field(
        description="As supplier and as buyer, whichever something is known of; a newcomer's of both kinds otherwise, "
        "with evidence_n 0. Each has value, unit, low, high, evidence_n, rank, parts, reasons, rates, figures."
    )


class CardPage(Page):
    """Some cards of a list."""

    as_of: str = Field(description="Day of the cards.")


@router.get("/parties/{party_id:path}/scorecard", response_model=PartyScorecard)
def read_scorecard(
    loaded: NetDep,
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    party_id: Annotated[str, Path(min_length=1, max_length=120, description="Your id of the party.")],
    as_of: _AsOf = None,
) -> JsonResponse:
    """Return a party's scorecards: each rate with its range, its evidence and where it came from, and why.

    Whoever may know of a party sees its cards: the sum of what it did to everybody, but no single delivery or trade.
    A party that opted out of scores has none.
    """
    from services.network_scores import party_scorecard

    card = party_scorecard(loaded.snapshot, party_id, viewer, as_of=_day(as_of))
    desk.require_scored(party_id, "supplier")
    return JsonResponse({"version": loaded.version, **card})


@router.get("/scorecards", response_model=CardPage)
def list_scorecards(
    *,
    loaded: NetDep,
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    kind: Annotated[Literal["supplier", "buyer"], Query(description="Whose cards.")] = "supplier",
    as_of: _AsOf = None,
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return the cards of the parties you may know of, the most reliable first, in pages; ranks are among all.

    Parties that opted out of scores are left out.
    """
    from services.network_scores import card_table

    frame, day = card_table(loaded.snapshot, kind, viewer, as_of=_day(as_of))
    frame = frame[~frame.iloc[:, 0].isin(list(desk.rights.opted_out())).to_numpy()].reset_index(drop=True)
    query = ("scorecards", kind, day, viewer)
    rows, following = page_bounds(cursor, limit, version=loaded.version, total=len(frame), query=query)
    page = {"rows": to_rows(frame[rows]), "total": len(frame), "next_cursor": following}
    return JsonResponse({"version": loaded.version, "as_of": day, **page})


def _day(day: date | None) -> pd.Timestamp | None:
    return None if day is None else pd.Timestamp(day)
