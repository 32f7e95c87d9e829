"""Jobs: how far long work is, what it made, and how to stop it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import pyarrow.parquet as pq
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.http.house import House, HouseDep
from api.http.paging import CursorQuery, LimitQuery, Page, PartDep, Parted, page_bounds
from api.http.problems import Problem, job_problem
from api.http.responses import JsonResponse, to_rows
from contracts.errors import UnknownIdError
from services.jobs import Job, Work

__all__ = ["JobView", "accepted", "router", "told_job"]

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

JobKind = Literal[
    "forecast", "launch", "plan", "promotion", "quote", "scenarios", "frontier", "replay", "dispatch", "match_replay",
    "prices",
]  # fmt: skip
JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
JobId = Annotated[str, Path(description="Id of the job, from the answer that started it.", max_length=40)]


class Progress(BaseModel):
    """How far a job is."""

    stage: str = Field(description="What is being done.")
    done: int = Field(description="Steps over.")
    total: int = Field(description="Steps of the stage.")


class TableLink(BaseModel):
    """A table that a job made."""

    rows: int = Field(description="Rows of the table.")
    href: str = Field(description="Where its rows are read, page by page.")


class JobView(BaseModel):
    """One piece of long work."""

    id: str = Field(description="Id of the job.")
    kind: JobKind = Field(description="What it makes.")
    state: JobState = Field(description="Where it stands.")
    created_at: datetime = Field(description="When it was asked for.")
    started_at: datetime | None = Field(description="When it began to run.")
    finished_at: datetime | None = Field(description="When it ended.")
    progress: Progress | None = Field(description="How far it is; null before the first step.")
    summary: dict[str, Any] | None = Field(description="Key figures, once it succeeded.")
    tables: dict[str, TableLink] = Field(description="What it made, by name.")
    problem: Problem | None = Field(description="Why it failed.")


class JobList(Parted):
    """The jobs remembered, the newest first."""

    jobs: list[JobView] = Field(description="Jobs.")


def accepted(house: House, kind: str, work: Work) -> JsonResponse:
    """Queue work and say where to watch it."""
    return told_job(house.board.submit(kind, work, folder=house.principal.folder))


def told_job(job: Job) -> JsonResponse:
    """Return a job as the answer to who asked for it."""
    return JsonResponse(view(job), status_code=202, headers={"Location": f"/v1/jobs/{job.id}", "Retry-After": "1"})


@router.get("", response_model=JobList)
def list_jobs(
    house: HouseDep,
    part: PartDep,
    state: Annotated[JobState | None, Query(description="Only those in this state.")] = None,
    kind: Annotated[JobKind | None, Query(description="Only those that make this.")] = None,
) -> JsonResponse:
    """List the jobs remembered, the newest first; finished ones survive a restart of the server."""
    jobs = [
        job
        for job in house.board.jobs()
        if _sees(house, job) and state in (None, job.state) and kind in (None, job.kind)
    ]
    rows, following = part.of(jobs, lambda job: job.id, "jobs", state, kind)
    return JsonResponse({"jobs": [view(job) for job in rows], "next_cursor": following})


@router.get("/{job_id}", response_model=JobView)
def read_job(house: HouseDep, job_id: JobId) -> JsonResponse:
    """Return how far a job is and, once it is over, its figures and where its tables are."""
    return JsonResponse(view(_job(house, job_id)))


@router.get("/{job_id}/tables/{name}", response_model=Page)
def read_job_table(
    house: HouseDep,
    job_id: JobId,
    name: Annotated[str, Path(max_length=40, description="Name of the table, from the job.")],
    limit: LimitQuery = 100,
    cursor: CursorQuery = None,
) -> JsonResponse:
    """Return a page of a table that a job made."""
    table = pq.read_table(house.board.table_path(_job(house, job_id).id, name))
    query = ("job's table", name, house.principal.folder)
    rows, following = page_bounds(cursor, limit, version=job_id, total=table.num_rows, query=query)
    page = to_rows(table.slice(rows.start, limit).to_pandas())
    return JsonResponse({"version": job_id, "total": table.num_rows, "rows": page, "next_cursor": following})


@router.delete("/{job_id}", response_model=JobView)
def cancel_job(house: HouseDep, job_id: JobId) -> JsonResponse:
    """Stop a job, waiting or running; what it had made so far is gone."""
    return JsonResponse(view(house.board.cancel(_job(house, job_id).id)))


def view(job: Job) -> dict[str, Any]:
    """Return a job as the API shows it."""
    progress = {"stage": job.stage, "done": job.done, "total": job.total} if job.stage else None
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state,
        "created_at": _time(job.created_at),
        "started_at": _time(job.started_at),
        "finished_at": _time(job.finished_at),
        "progress": progress,
        "summary": job.summary,
        "tables": {n: {"rows": rows, "href": f"/v1/jobs/{job.id}/tables/{n}"} for n, rows in job.tables.items()},
        "problem": job_problem(job.problem) if job.problem else None,
    }


def _sees(house: House, job: Job) -> bool:
    """Return whether a job is the principal's own, or that of a party of its tenant."""
    principal = house.principal
    return not principal.bound or f"{job.folder}/".startswith(f"{principal.folder}/")


def _job(house: House, job_id: str) -> Job:
    job = house.board.get(job_id)
    if not _sees(house, job):
        raise UnknownIdError("job", job_id)
    return job


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
