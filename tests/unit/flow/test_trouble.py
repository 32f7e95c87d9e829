"""A worker whose disk or database takes nothing waits, ever longer, says so once, and goes on once that is over."""

import errno
import logging
from dataclasses import dataclass, field

import pytest

from contracts.errors import UnavailableError, unwritten
from services.flow.passes import Step
from services.flow.worker import Worker
from store.stages import parked_work, stages
from tests.unit.flow.conftest import sale


@dataclass
class Stop:
    """Stops a worker after so many waits, and notes them."""

    most: int
    waits: list[float] = field(default_factory=list)

    def is_set(self):
        return len(self.waits) >= self.most

    def wait(self, seconds):
        self.waits.append(seconds)


def refused(number):
    raise OSError(number, "no")


def refused_in_our_words(number):
    try:
        refused(number)
    except OSError as error:
        raise unwritten("a folder", error) from None


@pytest.mark.parametrize(("number", "refuse"), [(errno.ENOSPC, refused), (errno.EROFS, refused_in_our_words)])
def test_what_the_disk_refuses_is_tried_until_it_takes_it(file_flow, number, refuse):
    """It is not the fault of the input, so nothing is parked; between two attempts 16 s pass in the end."""
    flow = file_flow
    full, attempts = [True], []

    def run(world, given):
        attempts.append(flow.clock.now_ms)
        if full[0]:
            refuse(number)
        return []

    worker = Worker(world=flow.world, steps=(Step(name="writes", topics=("fact.accepted",), kinds=("sale",), run=run),))
    flow.send(sale("a", 1))
    for _ in range(40):
        worker.drain()
        flow.clock.now_ms += 4000
    assert 6 <= len(attempts) <= 14
    assert parked_work(flow.world.database) == []
    assert "no" in stages(flow.world.database)[0]["reason"]
    full[0] = False
    flow.clock.now_ms += 16_000
    assert worker.drain() == 1
    assert stages(flow.world.database)[0]["reason"] == ""


def test_a_database_that_takes_nothing_is_asked_ever_less_often(file_flow, monkeypatch, caplog):
    """Told once as long as it stays the same, and as often as usual once it answers."""
    answers = iter([UnavailableError("read-only")] * 8 + [0, 0])

    def sweep(worker):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(Worker, "sweep", sweep)
    stop = Stop(10)
    with caplog.at_level(logging.WARNING):
        file_flow.worker.run(stop, idle_seconds=0.2)
    assert stop.waits == pytest.approx([0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0, 0.2, 0.2])
    assert [record.message for record in caplog.records] == ["read-only"]
