"""Jobs: queued, watched, cancelled, remembered."""

import os
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import orjson
import pandas as pd
import pytest

from contracts.errors import TableError, UnavailableError, UnknownIdError
from services.job_files import JobResult, problem_of_error
from services.jobs import Job, JobBoard, JobBusyError, JobDoneError

sys.path.insert(0, str(Path(__file__).parent))
import job_works  # the child process imports it by name


@pytest.fixture
def board(tmp_path):
    board = JobBoard(tmp_path / "jobs", workers=1, waiting=2, keep=3)
    yield board
    board.close()


def wait(board: JobBoard, job: Job, *states: str) -> Job:
    deadline = time.monotonic() + 60
    while (now := board.get(job.id)).state not in (states or ("succeeded", "failed", "cancelled")):
        assert time.monotonic() < deadline, now
        time.sleep(0.02)
    return now


def test_a_job_succeeds_with_its_summary_and_tables(board):
    """What the work returns can be read back."""
    job = wait(board, board.submit("forecast", partial(job_works.make, rows=3)))
    assert (job.state, job.summary, job.tables) == ("succeeded", {"rows": 3}, {"numbers": 3})
    assert pd.read_parquet(board.table_path(job.id, "numbers")).n.tolist() == [0, 1, 2]
    assert job.created_at <= job.started_at <= job.finished_at


def test_progress_is_told(board):
    """The last stage heard of is on the job."""
    job = wait(board, board.submit("forecast", job_works.stages))
    assert (job.stage, job.done, job.total) == ("fit", 4, 4)


def test_an_error_made_on_purpose_says_where(board):
    """A table error keeps its table, column and row across the process boundary."""
    job = wait(board, board.submit("forecast", job_works.bad_table))
    assert job.problem["error"] == "TableError"
    assert job.problem["errors"] == [
        {"table": "sales", "field": "y", "row": 7, "expected": "a number >= 0", "got": "-1"}
    ]


def test_an_unexpected_error_hides_its_trace(board):
    """The caller hears of an internal error, not of our code."""
    job = wait(board, board.submit("forecast", job_works.broken))
    assert (job.state, job.problem["error"]) == ("failed", "Internal")
    assert "secret" not in str(job.problem)


def test_a_full_disk_is_told_as_one(board):
    """Not as a mistake of ours: there may be room tomorrow."""
    job = wait(board, board.submit("forecast", job_works.full))
    assert (job.state, job.problem["error"]) == ("failed", "NoRoomError")


def test_a_folder_that_was_deleted_is_told_as_away(board, tmp_path):
    """No job is taken, none is told of, and nothing breaks over it."""
    shutil.rmtree(tmp_path / "jobs")
    with pytest.raises(
        UnavailableError, match="the home's folder of jobs: expected one that can be written, got No such"
    ):
        board.submit("forecast", job_works.full)
    assert board.jobs() == []


def test_a_crash_ends_the_job_only(board):
    """A process killed by the system fails its job; the next one runs."""
    job = wait(board, board.submit("forecast", job_works.crash))
    assert job.problem["error"] == "Crashed"
    assert wait(board, board.submit("forecast", partial(job_works.make, rows=1))).state == "succeeded"


def test_a_running_job_is_cancelled_at_once(board):
    """Cancelling ends even work that never reports; the worker is free again."""
    job = board.submit("plan", job_works.sleep_long)
    wait(board, job, "running")
    assert board.cancel(job.id).state == "cancelled"
    assert wait(board, board.submit("plan", partial(job_works.make, rows=1))).state == "succeeded"
    assert board.get(job.id).state == "cancelled"


def test_a_waiting_job_is_cancelled_before_it_starts(board):
    """A cancelled job in the queue never runs."""
    first = board.submit("plan", job_works.sleep_long)
    wait(board, first, "running")
    second = board.submit("plan", partial(job_works.make, rows=1))
    board.cancel(second.id)
    board.cancel(first.id)
    third = wait(board, board.submit("plan", partial(job_works.make, rows=1)))
    assert third.state == "succeeded"
    assert board.get(second.id).started_at is None


def test_a_job_that_is_over_cannot_be_cancelled(board):
    """Cancelling twice is refused, and says what the job is."""
    job = wait(board, board.submit("plan", partial(job_works.make, rows=1)))
    with pytest.raises(JobDoneError, match="it is succeeded"):
        board.cancel(job.id)


def test_a_full_queue_refuses(board):
    """One job more than may wait is refused with a time to try again."""
    wait(board, board.submit("plan", job_works.sleep_long), "running")
    board.submit("plan", job_works.sleep_long)
    board.submit("plan", job_works.sleep_long)
    with pytest.raises(JobBusyError, match="2 are waiting already") as caught:
        board.submit("plan", job_works.sleep_long)
    assert caught.value.retry_after_seconds > 0


@pytest.mark.parametrize("job_id", ["", "nope", "../secret", "0" * 24, "0" * 23 + "/"])
def test_unknown_jobs(board, job_id):
    """An id that is no job's is refused by name, whatever it looks like."""
    with pytest.raises(UnknownIdError, match="unknown job"):
        board.get(job_id)


def test_unknown_tables(board):
    """A table the job did not make is refused by name."""
    job = wait(board, board.submit("plan", partial(job_works.make, rows=1)))
    with pytest.raises(UnknownIdError, match=r"unknown table .?boxes"):
        board.table_path(job.id, "boxes")


def test_old_jobs_are_forgotten(board):
    """Only the newest are kept."""
    made = [wait(board, board.submit("plan", partial(job_works.make, rows=1))) for _ in range(4)]
    assert [job.id for job in board.jobs()] == [job.id for job in reversed(made[1:])]


def test_finished_jobs_survive_a_restart_and_running_ones_read_interrupted(tmp_path):
    """Closing a board ends its running job as interrupted; finished jobs stay as they were."""
    first = JobBoard(tmp_path, workers=1)
    done = wait(first, first.submit("plan", partial(job_works.make, rows=2)))
    running = first.submit("plan", job_works.sleep_long)
    waiting = first.submit("plan", job_works.sleep_long)
    wait(first, running, "running")
    first.close()
    second = JobBoard(tmp_path, workers=1)
    assert second.get(done.id) == done
    assert second.get(running.id).problem["detail"] == "interrupted"
    assert second.get(waiting.id).problem["detail"] == "interrupted"
    second.close()


def test_jobs_at_work_may_end_by_themselves(tmp_path):
    """A board that is closed with grace begins nothing any more and lets what runs end."""
    board = JobBoard(tmp_path, workers=1)
    running = board.submit("plan", job_works.take_a_moment)
    waiting = board.submit("plan", job_works.take_a_moment)
    wait(board, running, "running")
    board.close(grace_seconds=60)
    assert board.get(running.id).summary == {"done": True}
    assert board.get(waiting.id).problem["detail"] == "interrupted"
    with pytest.raises(JobBusyError):
        board.submit("plan", job_works.take_a_moment)


KILLED = """
import sys, time
sys.path.insert(0, {folder!r})
from pathlib import Path
import job_works
from services.jobs import JobBoard
if __name__ == "__main__":
    board = JobBoard(Path({root!r}), workers=1)
    job = board.submit("plan", job_works.write_pid_and_sleep)
    while board.get(job.id).stage == "":
        time.sleep(0.02)
    print(job.id, board.get(job.id).stage, flush=True)
    time.sleep(600)
"""


def test_a_job_whose_server_was_killed_reads_interrupted_and_its_process_ends(tmp_path):
    """After kill -9 nothing keeps computing, and the next board says what happened."""
    script = tmp_path / "server.py"
    script.write_text(KILLED.format(folder=str(Path(__file__).parent), root=str(tmp_path / "jobs")))
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=env) as server:
        try:
            job_id, pid = server.stdout.readline().split()
            other = JobBoard(tmp_path / "jobs", workers=1)
            assert other.get(job_id).state == "running"  # its server lives: not ours to close
        finally:
            server.send_signal(signal.SIGKILL)
    other.close()
    board = JobBoard(tmp_path / "jobs", workers=1)
    assert (board.get(job_id).state, board.get(job_id).problem["detail"]) == ("failed", "interrupted")
    board.close()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_what_is_kept_is_one_json_object(board, tmp_path):
    """The file of a job is readable by anything."""
    job = wait(board, board.submit("plan", partial(job_works.make, rows=1)))
    kept = orjson.loads((tmp_path / "jobs" / job.id / "job.json").read_bytes())
    assert kept["state"] == "succeeded"


def test_results_need_no_tables():
    """A result may be figures only."""
    assert dict(JobResult({"a": 1}).tables) == {}


def test_a_table_error_is_plain_data():
    """The message as a whole is the detail."""
    error = TableError("sales", "y", "a number", "x", row=2)
    assert problem_of_error(error)["detail"] == str(error)


def test_a_job_is_cancelled_by_any_server_that_shares_the_folder(board, tmp_path):
    """Servers of one home take requests in turn: the one that is asked leaves word, the one that runs it stops."""
    other = JobBoard(tmp_path / "jobs", workers=1)
    running, waiting = (board.submit("plan", job_works.sleep_long) for _ in range(2))
    wait(board, running, "running")
    for job in (running, waiting):
        assert other.cancel(job.id).state == "cancelled"
    following = wait(board, board.submit("forecast", partial(job_works.make, rows=1)))
    assert following.state == "succeeded"
    assert [board.get(job.id).state for job in (running, waiting)] == ["cancelled", "cancelled"]
    with pytest.raises(JobDoneError):
        other.cancel(running.id)
    other.close()
