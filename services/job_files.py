"""What is kept of each job: one JSON file replaced whole, and its tables as Parquet beside it."""

from __future__ import annotations

import fcntl
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import orjson
import pandas as pd

from contracts.errors import EvenflowError, InputError, TableError, UnavailableError, UnknownIdError, unwritten
from services.files import write_whole

__all__ = ["Job", "JobFiles", "JobResult", "new_job_id", "problem_of", "problem_of_error", "read_job"]

_STOP = "cancelled"
_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True)
class JobResult:
    """What a job made.

    Parameters
    ----------
    summary
        Key figures, plain values.
    tables
        Frames by name.
    """

    summary: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One piece of long work.

    Parameters
    ----------
    state
        ``queued``, ``running``, ``succeeded``, ``failed`` or ``cancelled``.
    created_at, started_at, finished_at
        Seconds since 1970-01-01 UTC.
    stage, done, total
        How far it is: `done` of `total` steps of the stage.
    summary, tables
        Its result once it succeeded: key figures, and the number of rows by table.
    problem
        Why it failed: ``error`` (class), ``detail`` and ``errors`` as `problem_of_error` makes them.
    owner
        The board that runs it.
    folder
        Whose it is (`services.access.Principal.folder`): empty for the operator.
    """

    id: str
    kind: str
    state: str
    created_at: float
    owner: str
    folder: str = ""
    started_at: float | None = None
    finished_at: float | None = None
    stage: str = ""
    done: int = 0
    total: int = 0
    summary: Mapping[str, Any] | None = None
    tables: Mapping[str, int] = field(default_factory=dict)
    problem: Mapping[str, Any] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ("succeeded", "failed", "cancelled")


def new_job_id() -> str:
    """Return an id that sorts by time: milliseconds since 1970, then chance."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(6)}"


def problem_of(error: str, detail: str, errors: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return a failure as plain data."""
    return {"error": error, "detail": detail, "errors": errors or []}


def problem_of_error(error: EvenflowError) -> dict[str, Any]:
    """Return an error made on purpose as plain data: what was expected, what came, where."""
    errors: list[dict[str, Any]] = []
    if isinstance(error, InputError):
        entry: dict[str, Any] = {"field": error.where, "expected": error.expected, "got": str(error.got)[:200]}
        if isinstance(error, TableError):
            entry |= {"table": error.source, "field": error.column, "row": error.row}
        errors.append(entry)
    return problem_of(type(error).__name__, str(error), errors)


class JobFiles:
    """The folder of jobs, shared by the servers of one home.

    Each server holds a lock on a file named after it for as long as it lives; a job that is not over and whose
    owner's file can be locked belongs to a server that died.

    Raises
    ------
    InputError
        If the folder cannot be made.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise unwritten(root, error, "a folder that can be made") from None
        self.owner = secrets.token_hex(8)
        self._held = self._owner_path(self.owner).open("w")
        fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def folder(self, job_id: str) -> Path:
        """Return the folder of one job."""
        return self._root / job_id

    def table_path(self, job_id: str, name: str) -> Path:
        """Return where a job's table lies."""
        return self.folder(job_id) / f"{name}.parquet"

    def write(self, job: Job) -> None:
        """Replace what is known of a job, in one step.

        Raises
        ------
        UnavailableError
            If the folder of jobs is gone or takes nothing.
        """
        folder = self.folder(job.id)
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            told = unwritten("the home's folder of jobs", error, "one that can be written")
            raise told if isinstance(told, UnavailableError) else UnavailableError(str(told)) from None
        data = orjson.dumps(asdict(job), option=orjson.OPT_SERIALIZE_NUMPY, default=str)

        def fill(path: Path) -> None:
            path.write_bytes(data)

        write_whole(folder / "job.json", fill)

    def read(self, job_id: str) -> Job:
        """Return a job.

        Raises
        ------
        UnknownIdError
            If there is none of that id.
        """
        return read_job(self._root, job_id)

    def ask_to_stop(self, job_id: str) -> None:
        """Leave word that a job is cancelled, for the server that runs it."""
        (self.folder(job_id) / _STOP).touch()

    def told_to_stop(self, job_id: str) -> bool:
        """Whether another server left word that the job is cancelled."""
        return (self.folder(job_id) / _STOP).exists()

    def runs_elsewhere(self, job: Job) -> bool:
        """Whether another server that lives has the job."""
        return job.owner != self.owner and self._alive(job.owner)

    def read_all(self) -> list[Job]:
        """Return every job, the newest first."""
        found = []
        for name in sorted((p.name for p in self._root.glob("*") if _ID.fullmatch(p.name)), reverse=True):
            try:
                found.append(self.read(name))
            except UnknownIdError:
                continue  # pruned by another server meanwhile
        return found

    def close_orphans(self) -> None:
        """Mark the jobs of servers that died as interrupted."""
        for job in self.read_all():
            if not job.over and not self._alive(job.owner):
                why = problem_of("Interrupted", "interrupted")
                self.write(replace(job, state="failed", finished_at=time.time(), problem=why))
        for path in self._root.glob("*.lock"):
            if not self._alive(path.stem):
                path.unlink(missing_ok=True)

    def prune(self, keep: int) -> None:
        """Forget the oldest finished jobs beyond `keep`."""
        for job in self.read_all()[keep:]:
            if job.over:
                shutil.rmtree(self.folder(job.id), ignore_errors=True)

    def release(self) -> None:
        """Give up this server's lock."""
        self._held.close()
        self._owner_path(self.owner).unlink(missing_ok=True)

    def _owner_path(self, owner: str) -> Path:
        return self._root / f"{owner}.lock"

    def _alive(self, owner: str) -> bool:
        path = self._owner_path(owner)
        if owner == self.owner:
            return True
        if not path.is_file():
            return False
        with path.open() as handle:
            return not _can_lock(handle)


def read_job(root: Path, job_id: str) -> Job:
    """Return a job of a folder of jobs; raises UnknownIdError if there is none of that id."""
    path = root / job_id / "job.json"
    if not _ID.fullmatch(job_id) or not path.is_file():
        raise UnknownIdError("job", job_id)
    return Job(**orjson.loads(path.read_bytes()))


def _can_lock(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
