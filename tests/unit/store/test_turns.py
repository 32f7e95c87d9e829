"""Turns: who waits for the same thing is done together, others are not waited for, faults stay where they belong."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from store.turns import Turns


def start(turns, pool, names, do):
    """Let threads take turns at one thing, each after the one before has queued up."""
    futures = []
    for n, name in enumerate(names):
        futures.append(pool.submit(turns.take, "row", name, do))
        until = time.monotonic() + 5
        while n and len(turns._waiting["row"]) < n and time.monotonic() < until:
            time.sleep(0.001)
    return futures


def test_who_comes_meanwhile_is_done_together_in_order():
    """The first alone, the three who came meanwhile in one turn; another thing is not waited for."""
    turns, open_, seen = Turns(), threading.Event(), []

    def do(pieces):
        seen.append(list(pieces))
        assert open_.wait(5)
        return [piece.upper() for piece in pieces]

    with ThreadPoolExecutor(4) as pool:
        futures = start(turns, pool, "abcd", do)
        assert turns.take("other row", "x", lambda pieces: pieces) == "x"
        open_.set()
        assert [future.result(5) for future in futures] == ["A", "B", "C", "D"]
    assert seen == [["a"], ["b", "c", "d"]]
    assert turns._waiting == {}


def test_a_fault_is_raised_where_its_piece_came_from():
    """One outcome is an exception: the others of the turn have theirs."""
    turns, open_ = Turns(), threading.Event()

    def do(pieces):
        assert open_.wait(5)
        return [ValueError(piece) if piece == "b" else piece for piece in pieces]

    with ThreadPoolExecutor(3) as pool:
        futures = start(turns, pool, "abc", do)
        open_.set()
        assert (futures[0].result(5), futures[2].result(5)) == ("a", "c")
        with pytest.raises(ValueError, match="b"):
            futures[1].result(5)


@pytest.mark.parametrize("fault", [OSError, SystemExit])
def test_nobody_waits_for_ever_for_a_turn_that_broke(fault):
    """Whatever ended it, everybody of the turn is told, and the next turn begins."""
    turns, open_ = Turns(), threading.Event()

    def do(pieces):
        assert open_.wait(5)
        if "b" in pieces:
            raise fault
        return pieces

    with ThreadPoolExecutor(3) as pool:
        futures = start(turns, pool, "abc", do)
        open_.set()
        for future in futures[1:]:
            with pytest.raises((OSError, RuntimeError, SystemExit)):
                future.result(5)
    assert turns.take("row", "d", do) == "d"
