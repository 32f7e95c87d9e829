"""Long work in the background: queued, watched, cancelled, and remembered across restarts.

Each job is computed in a process of its own. So a cancelled job stops at once even inside native code, its memory
goes back, a crash ends the job and not the server, and the process that answers requests imports no learner.
What is known of a job is one small file under ``jobs/``, replaced whole at each change; its tables lie beside it as
Parquet. The files are the truth: a job whose server died reads ``failed`` with the reason "interrupted".
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from contracts.errors import EvenflowError, UnknownIdError
from services.job_files import Job, JobFiles, JobResult, new_job_id, problem_of
from services.job_process import Cancelled, Work, compute

__all__ = ["Job", "JobBoard", "JobBusyError", "JobDoneError", "JobResult", "Work"]

_SECONDS_BETWEEN_WRITES = 0.25
_SECONDS_TO_END = 10  # of a job that was killed


class JobBusyError(EvenflowError):
    """The queue of jobs is full; try again after `retry_after_seconds`."""

    def __init__(self, waiting: int, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"jobs: {waiting} are waiting already; try again in {retry_after_seconds} seconds")


class JobDoneError(EvenflowError):
    """The job is over: there is nothing left to cancel."""


class JobBoard:
    """Queue of long work.

    Parameters
    ----------
    root
        Folder that keeps the jobs; made if absent.
    workers
        Jobs computed at the same time, >= 1.
    waiting
        Jobs that may wait beside those; one more is refused with `JobBusyError`.
    keep
        Jobs remembered; the oldest finished ones are forgotten beyond it.
    """

    def __init__(self, root: Path, *, workers: int = 2, waiting: int = 32, keep: int = 200) -> None:
        self._files = JobFiles(root)
        self._files.close_orphans()
        self._keep = keep
        self._waiting: queue.Queue[tuple[str, Work] | None] = queue.Queue(maxsize=waiting)
        self._cancelled: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self._ending, self._closed = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._serve, name=f"jobs-{n}", daemon=True) for n in range(max(1, workers))
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, kind: str, work: Work, *, folder: str = "") -> Job:
        """Queue work and return its job.

        Parameters
        ----------
        kind
            What it makes: ``forecast``, ``plan``.
        work
            A picklable callable: given a `Report`, it returns a `JobResult`.
        folder
            Whose it is.

        Raises
        ------
        JobBusyError
            If as many jobs wait as may.
        """
        job = Job(
            id=new_job_id(), kind=kind, state="queued", created_at=time.time(), owner=self._files.owner, folder=folder
        )
        with self._lock:
            if self._ending.is_set() or self._waiting.full():
                raise JobBusyError(self._waiting.qsize(), retry_after_seconds=5)
            self._files.write(job)
            self._cancelled[job.id] = threading.Event()
            self._waiting.put_nowait((job.id, work))
        self._files.prune(self._keep)
        return job

    def get(self, job_id: str) -> Job:
        """Return what is known of a job.

        Raises
        ------
        UnknownIdError
            If there is none of that id.
        """
        return self._files.read(job_id)

    def remembers(self, job_id: str) -> bool:
        """Whether a job is still there, asked without reading it."""
        return self._files.folder(job_id).is_dir()

    def jobs(self) -> list[Job]:
        """Return every job remembered, the newest first."""
        return self._files.read_all()

    def table_path(self, job_id: str, name: str) -> Path:
        """Return the Parquet file of one of a job's tables.

        Raises
        ------
        UnknownIdError
            If the job has no such table.
        """
        if name not in self.get(job_id).tables:
            raise UnknownIdError("table", name, where=f"job {job_id}")
        return self._files.table_path(job_id, name)

    def cancel(self, job_id: str) -> Job:
        """Stop a job, waiting or running.

        Raises
        ------
        UnknownIdError
            If there is no such job.
        JobDoneError
            If it is over. One that another server has, which shares the folder, is stopped by that one in a moment.
        """
        with self._lock:
            job = self.get(job_id)
            event = self._cancelled.get(job_id)
            if job.over or (event is None and not self._files.runs_elsewhere(job)):
                raise JobDoneError(f"job {job_id}: expected one waiting or running, it is {job.state}")
            if event is None:
                self._files.ask_to_stop(job_id)
            else:
                event.set()
            return self._finish(job, state="cancelled")

    def close(self, *, grace_seconds: float = 0.0) -> None:
        """Begin no job any more, and end those at work; what did not end by itself will read "interrupted".

        Parameters
        ----------
        grace_seconds
            How long jobs at work may take to end by themselves.
        """
        with self._lock:
            self._ending.set()
        for _ in self._threads:
            self._nudge()
        self._wait_until(time.monotonic() + grace_seconds)
        self._closed.set()
        self._wait_until(time.monotonic() + _SECONDS_TO_END)
        for job in self.jobs():
            if not job.over and job.owner == self._files.owner:
                self._finish(job, state="failed", problem=problem_of("Interrupted", "interrupted"))
        self._files.release()

    def _wait_until(self, end: float) -> None:
        for thread in self._threads:
            thread.join(timeout=max(end - time.monotonic(), 0))

    def _nudge(self) -> None:
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return  # the threads look at `_ending` between two jobs anyway

    def _serve(self) -> None:
        while not self._ending.is_set():
            item = self._waiting.get()
            if item is not None and not self._ending.is_set():
                self._run(*item)
                self._cancelled.pop(item[0], None)

    def _run(self, job_id: str, work: Work) -> None:
        with self._lock:
            if self._is_cancelled(job_id):
                return
            job = replace(self.get(job_id), state="running", started_at=time.time())
            self._files.write(job)
        try:
            outcome = compute(
                work,
                folder=self._files.folder(job_id),
                heard=self._listener(job),
                stopped=lambda: self._is_cancelled(job_id) or self._closed.is_set(),
            )
        except Cancelled:
            outcome = {}
        with self._lock:
            if self._files.told_to_stop(job_id):
                self._finish(self.get(job_id), state="cancelled")  # this server may have written since
            elif outcome and not self._is_cancelled(job_id):
                self._finish(self.get(job_id), **outcome)

    def _is_cancelled(self, job_id: str) -> bool:
        return self._cancelled[job_id].is_set() or self._files.told_to_stop(job_id)

    def _listener(self, job: Job) -> Callable[[str, int, int], None]:
        last = 0.0

        def hear(stage: str, done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last < _SECONDS_BETWEEN_WRITES and done < total:
                return
            last = time.monotonic()
            with self._lock:
                if not self._is_cancelled(job.id):
                    self._files.write(replace(job, stage=stage, done=done, total=total))

        return hear

    def _finish(self, job: Job, **changes: object) -> Job:
        over = replace(job, finished_at=time.time(), **changes)  # type: ignore[arg-type]
        self._files.write(over)
        return over
