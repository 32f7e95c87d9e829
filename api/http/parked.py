"""How far the stages of the flow have come, and what they had to leave aside."""

from __future__ import annotations

from operator import itemgetter
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api.http.house import HouseDep
from api.http.paging import PartDep, Parted
from api.http.responses import JsonResponse

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["facts"])

NumberPath = Annotated[int, Path(ge=1, le=2**53, description="The number of the parked work.")]


class StageView(BaseModel):
    """A stage of the flow."""

    name: str = Field(description="Its name.")
    position: int = Field(description="It has done everything of the outbox up to here.")
    waiting: int = Field(description="Rows of the outbox that wait for it.")
    lag_seconds: float = Field(description="How long the oldest of them waits.")
    attempts: int = Field(description="How often its next pass has failed.")
    reason: str = Field(description="Why it failed last.")
    last_at: str | None = Field(description="When a worker last turned to it; null if none ever did.")
    next_at: str | None = Field(description="When it is due by the clock; null for a stage that waits for its input.")


class StageList(BaseModel):
    """All stages."""

    stages: list[StageView] = Field(
        description="In the order in which one's results are another's input, then the work of the clock."
    )


class ParkedView(BaseModel):
    """A range of the outbox that a stage gave up on."""

    number: int = Field(description="Its number.")
    stage: str = Field(description="The stage.")
    from_position: int = Field(description="The range begins after this position of the outbox.")
    to_position: int = Field(description="And ends here.")
    attempts: int = Field(description="How often it failed.")
    reason: str = Field(description="Why it failed last.")
    state: str = Field(description="`parked`, `retried` or `discarded`.")
    parked_at: str = Field(description="When it was parked.")


class ParkedList(Parted):
    """What is parked."""

    parked: list[ParkedView] = Field(description="The oldest first.")


@router.get("/stages", response_model=StageList)
def list_stages(house: HouseDep) -> JsonResponse:
    """List the stages that facts go through, how far each has come, and what is done by the clock and when next."""
    from services.flow.lag import all_stages
    from store.booking.rows import moment_text

    rows = all_stages(house.database, now_ms=house.desk.clock())
    for row in rows:
        for name in ("last_at", "next_at"):
            moment = row.pop(f"{name}_ms")
            row[name] = None if moment is None else moment_text(moment)
    return JsonResponse({"stages": rows})


@router.get("/parked-work", response_model=ParkedList)
def list_parked_work(house: HouseDep, part: PartDep) -> JsonResponse:
    """List what stages gave up on after five attempts, with the reason; it waits for a retry or a discard."""
    from store.stages import parked_work

    rows, following = part.of(parked_work(house.database), itemgetter("number"), "parked")
    return JsonResponse({"parked": [_told(row) for row in rows], "next_cursor": following})


@router.post("/parked-work/{number}/retry", response_model=ParkedView)
def retry_parked_work(house: HouseDep, number: NumberPath) -> JsonResponse:
    """Give the range to its stage again; what came after it is done again, too, which changes nothing."""
    from store.stages import end_parked

    return JsonResponse(_told(end_parked(house.database, number, state="retried", now_ms=house.desk.clock())))


@router.post("/parked-work/{number}/discard", response_model=ParkedView)
def discard_parked_work(house: HouseDep, number: NumberPath) -> JsonResponse:
    """Forget the range: its facts stay, and count in every later pass that looks at what they are about."""
    from store.stages import end_parked

    return JsonResponse(_told(end_parked(house.database, number, state="discarded", now_ms=house.desk.clock())))


def _told(row: dict[str, object]) -> dict[str, object]:
    from store.booking.rows import moment_text

    told = {name: row[name] for name in ParkedView.model_fields if name in row}
    return told | {"parked_at": moment_text(int(str(row["parked_at_ms"])))}
