"""Work for the tests of jobs; importable by the process that runs it."""

import errno
import os
import signal
import time

import pandas as pd

from contracts.errors import TableError
from services.job_files import JobResult


def make(progress, rows):
    return JobResult({"rows": rows}, {"numbers": pd.DataFrame({"n": range(rows)})})


def stages(progress):
    for done in range(1, 5):
        progress("fit", done, 4)
    return JobResult({})


def bad_table(progress):
    raise TableError("sales", "y", "a number >= 0", -1, row=7)


def broken(progress):
    raise RuntimeError("secret")


def full(progress):
    raise OSError(errno.ENOSPC, "No space left on device")


def crash(progress):
    os.kill(os.getpid(), signal.SIGKILL)


def sleep_long(progress):
    time.sleep(600)


def write_pid_and_sleep(progress):
    progress(str(os.getpid()), 1, 1)
    time.sleep(600)


def take_a_moment(progress):
    time.sleep(0.3)
    return JobResult({"done": True})
