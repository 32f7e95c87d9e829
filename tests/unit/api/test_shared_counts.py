"""Limits over several processes: what one took, the others know."""

import os

import pytest
from anyio.from_thread import start_blocking_portal

from api.http.gate import Gate, TooManyRequestsError
from api.http.shared_counts import SharedCounts
from services.access import OPERATOR


def test_processes_share_what_is_left():
    """A fork's count is there after it ended; a name never seen has what is usual."""
    counts = SharedCounts()
    counts.put("a", (5.0, 1.0))
    if (pid := os.fork()) == 0:
        counts.put("a", (4.0, 2.0))
        os._exit(0)
    os.waitpid(pid, 0)
    assert (counts.get("a", (9.0, 9.0)), counts.get("b", (9.0, 9.0))) == ((4.0, 2.0), (9.0, 9.0))


def test_gates_that_share_counts_admit_no_more_than_one():
    """Two seconds' worth at once over both, then none."""
    counts = SharedCounts()
    gates = [Gate(None, None, requests_per_second=2, counts=counts, clock=lambda: 7.0) for _ in range(2)]
    scope = {"headers": [], "path": "/v1/x"}
    with start_blocking_portal() as portal:  # a browser's loop may run in this thread
        names = [portal.call(gates[n % 2].admit, scope).name for n in range(4)]
        assert names == [OPERATOR.name] * 4
        with pytest.raises(TooManyRequestsError):
            portal.call(gates[1].admit, scope)
