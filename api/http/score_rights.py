"""What those who are scored may do: read their scores, opt out, ask for a human to look again."""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, Field

from api.http.house import HouseDep, NetDep, ViewerDep
from api.http.paging import CursorQuery, PartDep, Parted, key_after, key_cursor
from api.http.responses import JsonResponse
from api.http.rows import Scalar, StrictModel
from api.http.score_examples import OPT_OUT_EXAMPLES
from api.http.scores import ScoreDeskDep, ScoreReplay

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["scores"])
_Id = Annotated[str, Field(min_length=1, max_length=500)]
_Words = Annotated[str, Field(max_length=2000)]
_PartyPath = Annotated[str, Path(min_length=1, max_length=120, description="Your id of the party.")]


class OptOutRequest(StrictModel):
    """A party that no longer wants to be scored."""

    party_id: _Id = Field(description="One of your own parties.")
    by: _Id = Field(description="Who says so.")
    words: _Words = Field("", description="Why, if they say.")


class OptOut(BaseModel):
    """Whether a party is out of scores."""

    party_id: str = Field(description="The party.")
    opted_out: bool = Field(description="Whether it is out.")
    changed: bool = Field(description="Whether it was not before.")
    still_scored: list[str] = Field(description="Kinds that are told all the same, as nobody can trade without them.")


class OptOuts(Parted):
    """Parties that are out of scores."""

    opt_outs: list[dict[str, Any]] = Field(
        description="Party and since when; who said so, and why, of your own parties."
    )


class ReviewRequest(
    StrictModel,
    json_schema_extra={"examples": [{"score_id": "score-1", "by": "the owner", "words": "the carrier was late"}]},
):
    """A score that a human should look at again."""

    score_id: _Id = Field(description="A score of yours, or about a party of yours.")
    by: _Id = Field(description="Who asks.")
    words: _Words = Field(description="What is wrong with it.")


class ReviewDecision(
    StrictModel,
    json_schema_extra={"examples": [{"decision": "upheld", "by": "wang", "words": "the delivery was late"}]},
):
    """What the human found."""

    decision: Literal["upheld", "corrected", "withdrawn"] = Field(description="What becomes of the score.")
    by: _Id = Field(description="Who decides.")
    words: _Words = Field(description="Why.")
    inputs: dict[str, Scalar] = Field(
        default_factory=dict, max_length=50, description="Of a correction: the inputs as they should have been."
    )


class Review(BaseModel):
    """A review and its steps, none of which is ever changed."""

    review_id: str = Field(description="Its id.")
    score_id: str = Field(description="The score.")
    state: Literal["asked", "upheld", "corrected", "withdrawn"] = Field(description="Where it stands.")
    yours_to_decide: bool = Field(description="Whether it waits for you.")
    steps: list[dict[str, Any]] = Field(description="What was said, by whom and when; the corrected score's id.")


class Reviews(Parted):
    """A queue of reviews."""

    reviews: list[Review] = Field(description="The oldest first.")


class ScoresAbout(Parted):
    """What was told of a party."""

    party_id: str = Field(description="The party.")
    scores: list[dict[str, Any]] = Field(description="Kept scores, whoever asked, the latest first.")


@router.get("/scores/opt-outs", response_model=OptOuts)
def list_opt_outs(loaded: NetDep, viewer: ViewerDep, desk: ScoreDeskDep, part: PartDep) -> JsonResponse:
    """Return the parties that opted out of scores, of those you may know of."""
    from services.scores.rights import list_opt_outs as listed

    rows, following = part.of(listed(desk.rights, loaded.snapshot, viewer), itemgetter("party_id"), "opt-outs")
    return JsonResponse({"opt_outs": rows, "next_cursor": following})


@router.post("/scores/opt-outs", response_model=OptOut)
def opt_out(
    loaded: NetDep,
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    request: Annotated[OptOutRequest, Body(openapi_examples=OPT_OUT_EXAMPLES)],
) -> JsonResponse:
    """Take a party of yours out of scores: only kinds that nobody can trade without are told of it, and say so."""
    from services.scores.rights import set_opt_out

    told = set_opt_out(
        desk.rights, loaded.snapshot, viewer, request.party_id, opted_out=True, by=request.by, words=request.words
    )
    return JsonResponse(told)


@router.delete("/scores/opt-outs/{party_id:path}", response_model=OptOut)
def opt_in(
    loaded: NetDep,
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    party_id: _PartyPath,
    by: Annotated[str, Query(min_length=1, max_length=500, description="Who says so.")],
) -> JsonResponse:
    """Let a party of yours be scored again."""
    from services.scores.rights import set_opt_out

    return JsonResponse(set_opt_out(desk.rights, loaded.snapshot, viewer, party_id, opted_out=False, by=by))


@router.get("/scores/reviews", response_model=Reviews)
def list_reviews(
    house: HouseDep,
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    part: PartDep,
    state: Annotated[
        Literal["asked", "upheld", "corrected", "withdrawn"] | None, Query(description="Only those in this state.")
    ] = None,
) -> JsonResponse:
    """Return the reviews that you asked for or have to decide, the oldest first."""
    from services.scores.rights import list_reviews as listed

    snapshot = None if viewer.party is None else house.net.current().snapshot
    rows, following = part.of(listed(desk, snapshot, viewer, state=state), itemgetter("review_id"), "reviews", state)
    return JsonResponse({"reviews": rows, "next_cursor": following})


@router.post("/scores/reviews", response_model=Review)
def ask_review(
    loaded: NetDep,
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    request: ReviewRequest,
) -> JsonResponse:
    """Ask those who made a score to look at it again; asked twice, the review that waits already is returned."""
    from services.scores.rights import ask_review as ask

    return JsonResponse(ask(desk, loaded.snapshot, viewer, request.score_id, by=request.by, words=request.words))


@router.post("/scores/reviews/{review_id}/decision", response_model=Review)
def decide_review(
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    review_id: Annotated[str, Path(max_length=100, description="The review.")],
    request: ReviewDecision,
) -> JsonResponse:
    """Decide a review of a score of yours, once.

    A correction names the inputs that were wrong; the corrected score is kept beside the old one and is no prediction.
    """
    from services.scores.rights import decide_review as decide

    return JsonResponse(decide(desk, viewer, review_id, **request.model_dump()))


@router.get("/scores/{score_id}", response_model=ScoreReplay)
def read_score(
    loaded: NetDep,
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    score_id: Annotated[str, Path(max_length=100, description="The score; one of yours, or about a party of yours.")],
) -> JsonResponse:
    """Return a kept score, and the same computed again from the inputs kept with it."""
    return JsonResponse(desk.replay(loaded.snapshot, viewer, score_id))


@router.get("/parties/{party_id:path}/scores", response_model=ScoresAbout)
def read_scores_about(
    *,
    loaded: NetDep,
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    party_id: _PartyPath,
    limit: Annotated[int, Query(ge=1, le=1000, description="Scores at most.", examples=[100])] = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return the scores that anybody was told of a party of yours, with their reasons, the latest first."""
    from services.scores.rights import told_about

    query = ("scores about", party_id, viewer)
    last = key_after(cursor, query, n_keys=1)
    after = None if last is None else last[0]
    scores = told_about(desk, loaded.snapshot, viewer, party_id, limit=limit + 1, after=after)
    following = key_cursor(query, (scores[limit - 1]["id"],)) if len(scores) > limit else None
    return JsonResponse({"party_id": party_id, "scores": scores[:limit], "next_cursor": following})
