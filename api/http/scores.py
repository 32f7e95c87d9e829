"""Scores: every judgement by one contract, kept, replayed, and compared with what came true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Body, Depends, Query, Request, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError

from api.http.house import HouseDep, NetDep, ViewerDep
from api.http.launches import own_desk
from api.http.lines import NDJSON, lines_body, lines_route
from api.http.problems import error_body, problem_body
from api.http.responses import JsonResponse
from api.http.rows import Scalar, StrictModel
from api.http.score_examples import OUTCOME_EXAMPLES, SCORE_EXAMPLES
from contracts.errors import EvenflowError

if TYPE_CHECKING:
    from services.scores.desk import Asked, ScoreDesk

__all__ = ["ScoreDeskDep", "ScoreRequest", "router"]

_MOST_LINES = 10_000
_Id = Annotated[str, Field(min_length=1, max_length=500)]
_Values = Annotated[dict[str, Scalar], Field(max_length=50)]


class ScoreRequest(StrictModel):
    """What is asked for."""

    kind: _Id = Field(description="Kind of score; `GET /v1/scores/kinds` lists them.")
    subject: _Id = Field(description="What is scored: the id of a party, a style or an area, as the kind says.")
    context: _Values = Field(default_factory=dict, description="The circumstances, as the kind declares them.")
    as_of: _Id | None = Field(None, description="Day, or moment with time zone: nothing later is looked at.")
    inputs: _Values = Field(
        default_factory=dict,
        description="What-if: values to take instead of those looked up, by the kind's inputs; the answer isn't kept.",
    )
    keep: bool = Field(True, description="Keep the answer: it can be replayed, and outcomes are joined to it.")


class ScoreBatch(StrictModel):
    """Many at once: answered line by line."""

    scores: list[dict[str, Any]] = Field(
        min_length=1, max_length=_MOST_LINES, description="Requests as for one score; a wrong one spoils no other."
    )


def _form(value: Any) -> str:
    names = value if isinstance(value, dict) else getattr(value, "model_fields_set", ())
    return "form:many" if "scores" in names else "form:one"


ScoresAsked = Annotated[
    Annotated[ScoreRequest, Tag("form:one")] | Annotated[ScoreBatch, Tag("form:many")], Discriminator(_form)
]


class ScorePart(BaseModel):
    """What one part says and adds."""

    name: str = Field(description="The part, as the kind declares it.")
    value: float | None = Field(description="What it says, in its unit; null where nothing is known.")
    unit: str = Field(description="Unit of the value.")
    contribution: float = Field(description="What it adds on the scale of the kind; they sum to the score.")


class Score(BaseModel):
    """A score with its range, its parts and why."""

    model_config = ConfigDict(protected_namespaces=())

    id: str = Field(description="Its id: the same question on the same data has the same one.")
    kind: str = Field(description="Kind.")
    subject: str = Field(description="What is scored.")
    context: dict[str, Any] = Field(description="The circumstances.")
    value: float = Field(description="The score; higher is better.")
    unit: str = Field(description="Its unit.")
    scale: str = Field(description="`log_odds`: the parts sum to the log-odds of the value; `score`: to the value.")
    low: float = Field(description="Where its range begins (10 %).")
    high: float = Field(description="Where it ends (90 %).")
    evidence_n: float = Field(description="Evidence about the subject; 0: the value is what is expected of its like.")
    rank: int | None = Field(description="1 = the best of those that can be compared; null if nobody can.")
    parts: list[ScorePart] = Field(description="What it is made of.")
    reasons: list[str] = Field(description="Why, in words.")
    as_of: str = Field(description="Day or moment: nothing later had a part in it.")
    model_version: str = Field(description="What it was computed by.")
    inputs_hash: str = Field(description="Hash of what it was computed from.")
    inputs: dict[str, Any] | None = Field(None, description="What it was computed from; not told of kept scores.")
    what_if: list[str] = Field(description="Inputs that were replaced.")
    opted_out: bool = Field(description="Whether the party opted out: told as one cannot trade without this kind.")
    kept: bool = Field(description="Whether it was kept.")


class ScoreReplay(BaseModel):
    """A kept score, and the same computed again from its kept inputs."""

    score: Score = Field(description="As it was told.")
    recomputed: dict[str, Any] = Field(description="Value, range, evidence, parts and reasons as they come out now.")
    same: bool = Field(description="Whether all of it is the same.")


class ScoreKinds(BaseModel):
    """The kinds of scores."""

    kinds: list[dict[str, Any]] = Field(
        description="Each with its subject, context, unit, scale, range, parts, inputs, evidence and outcome."
    )


class Reliability(BaseModel):
    """How a kind's scores compare with what came true later."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    kind: str = Field(description="Kind.")
    unit: str = Field(description="Unit of values and outcomes.")
    scale: str = Field(description="Scale of the parts.")
    model_versions: dict[str, int] = Field(description="How many outcomes each version of the model foretold.")
    n: int = Field(description="Outcomes that a score foretold; the figures beside are of these.")


class OutcomeRow(StrictModel):
    """What came true."""

    outcome_id: _Id = Field(description="Your own id: sent again it counts once.")
    score_id: _Id | None = Field(None, description="The score it is the outcome of; or give kind and subject.")
    kind: _Id | None = Field(None, description="Kind of score: the latest one for an earlier day is meant.")
    subject: _Id | None = Field(None, description="Subject of the score.")
    context: _Values | None = Field(None, description="The context that it must have been told for; any without it.")
    value: float = Field(description="What came true, in the unit of the kind: 1 or 0 for one event.")
    at: _Id = Field(description="Day, or moment with time zone, when it was known.")


class OutcomeBatch(StrictModel):
    """Outcomes."""

    outcomes: list[OutcomeRow] = Field(min_length=1, max_length=_MOST_LINES, description="What came true.")


class OutcomeReport(BaseModel):
    """What became of outcomes."""

    applied: int = Field(description="Outcomes that are new, and on the disk.")
    known: int = Field(description="Outcomes that were sent before: they change nothing.")
    refused: int = Field(description="Outcomes that cannot be used; the others count without them.")
    joined: int = Field(description="Of those that count, how many a score foretold.")
    rows: list[dict[str, Any]] = Field(description="Each one's id, state, the score that foretold it, and the reason.")


def _score_desk(request: Request, house: HouseDep) -> ScoreDesk:
    """Return the desk of scores, with the launches of the principal's own network."""
    from services.scores.desk import ScoreDesk
    from store.score_book import ScoreBook
    from store.score_rights import ScoreRights

    state = request.app.state
    if not hasattr(state, "score_book"):
        state.score_book = ScoreBook(house.database)
    return ScoreDesk(state.score_book, ScoreRights(house.database), lambda: own_desk(request, house))


ScoreDeskDep = Annotated[Any, Depends(_score_desk)]
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {NDJSON: {"schema": {"type": "string", "description": "To lines: a score or problem a line."}}}}
}
router = APIRouter(prefix="/v1", tags=["scores"], route_class=lines_route("scores"))
outcomes_router = APIRouter(prefix="/v1", tags=["scores"], route_class=lines_route("outcomes"))


@router.post("/scores", response_model=Score, responses=_ANSWERS, openapi_extra=lines_body("One request a line."))
def score(
    loaded: NetDep,
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    request: Annotated[ScoresAsked, Body(openapi_examples=SCORE_EXAMPLES)],
) -> Response:
    """Score a subject: value, range, evidence, parts that sum to it, and why.

    The answer is kept under its id, unless `inputs` make it a what-if or `keep` is false; asked again on the same data
    it is the same. As `application/x-ndjson` the body is one request a line, and so is the answer: a score, or the
    problem with that line and its `row`.
    """
    if isinstance(request, ScoreRequest):
        return JsonResponse(desk.score(loaded.snapshot, viewer, _asked(request)))
    return Response(_lines(desk, loaded.snapshot, viewer, request.scores), media_type=NDJSON)


@router.get("/scores/kinds", response_model=ScoreKinds)
def list_score_kinds() -> JsonResponse:
    """Return the kinds of scores: what each judges, reads and is made of, its unit and scale, what its outcome is."""
    from services.scores.registry import all_kinds

    return JsonResponse({"kinds": [kind.told() for kind in all_kinds().values()]})


@router.get("/scores/kinds/{kind}/reliability", response_model=Reliability)
def read_reliability(
    viewer: ViewerDep,
    desk: ScoreDeskDep,
    kind: Annotated[str, InPath(max_length=100, description="Kind of score.")],
    model_version: Annotated[str | None, Query(max_length=200, description="Only scores of this version.")] = None,
) -> JsonResponse:
    """Return how your scores of a kind compare with the outcomes known later.

    Probabilities: Brier score beside that of the base rate, log loss, calibration error, and the reliability in tenths.
    Other scores: bias, mean absolute error, coverage of the ranges, rank correlation.
    """
    return JsonResponse(desk.reliability(viewer, kind, model_version=model_version))


@outcomes_router.post("/outcomes", response_model=OutcomeReport, openapi_extra=lines_body("One outcome a line."))
def record_outcomes(
    viewer: ViewerDep, desk: ScoreDeskDep, batch: Annotated[OutcomeBatch, Body(openapi_examples=OUTCOME_EXAMPLES)]
) -> JsonResponse:
    """Keep what came true, each outcome once, joined to the score that foretold it.

    The same outcome again (by `outcome_id`) changes nothing, so a batch whose answer got lost can be sent again;
    another one under the same id is refused. As `application/x-ndjson` the body is one outcome a line.
    """
    from services.scores.outcomes import record_outcomes as record

    return JsonResponse(record(desk.book, viewer, [row.model_dump(exclude_none=True) for row in batch.outcomes]))


def _asked(request: ScoreRequest) -> Asked:
    from services.scores.desk import Asked

    return Asked(**request.model_dump())


def _lines(desk: ScoreDesk, snapshot: Any, viewer: Any, rows: list[dict[str, Any]]) -> bytes:
    asked: dict[int, Asked] = {}
    answers: list[Any] = [None] * len(rows)
    for place, row in enumerate(rows):
        try:
            asked[place] = _asked(ScoreRequest.model_validate(row))
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"])) or "the line"
            answers[place] = problem_body("invalid-request", f"{where}: {fault['msg']}")
    told = desk.score_many(snapshot, viewer, list(asked.values()))
    for place, answer in zip(asked, told, strict=True):
        answers[place] = error_body(answer, posted=True) if isinstance(answer, EvenflowError) else answer
    whole = [answer if "value" in answer else {"row": place + 1, **answer} for place, answer in enumerate(answers)]
    return b"".join(orjson.dumps(one, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE) for one in whole)
