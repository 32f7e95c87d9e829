"""The worker: takes stage after stage as far as the outbox goes; any number may run, any may die."""

from __future__ import annotations

import errno
import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from contracts.errors import EvenflowError, NotReadyError, UnavailableError
from contracts.spans import span
from services.flow.orders import route_facts
from services.flow.passes import Event, Pass, Step, World
from services.flow.plans import revise_plan
from services.flow.prices import publish_prices
from services.flow.sales import refresh_items
from services.flow.schedule import Every, Timed
from services.flow.supply import change_supply, record_progress, record_signals
from services.flow.topics import LISTENS
from store.outbox import read_outbox, settled_to
from store.stages import LeaseLostError, Stage, add_stages, claim, finish, renew, stages, stumble

__all__ = ["STEPS", "Worker"]

_log = logging.getLogger(__name__)
_PASS_OVER = 500  # positions that a stage reads again rather than moving its cursor
_OFTEN_MS = 3_600_000
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
_MOST_SECONDS = 10.0  # between two looks at a database that is away
_MOST_TOLD = 20  # causes named in a line of the log or a trace
_MADE_BY: dict[str, dict[str, Any]] = {
    "signals": {"run": record_signals},
    "supply": {"run": change_supply},
    "progress": {"run": record_progress},
    "orders": {"run": route_facts, "most": 200},
    "forecast": {"run": refresh_items, "rest_ms": 500},
    "plan": {"run": revise_plan, "rest_ms": 2_000},
    "prices": {"run": publish_prices, "rest_ms": 5_000},
}
STEPS = tuple(
    Step(name=name, topics=topics, kinds=kinds, **_MADE_BY[name]) for name, (topics, kinds) in LISTENS.items()
)
"""The stages in the order in which one's events are another's input."""


@dataclass(frozen=True, kw_only=True)
class Worker:
    """One worker.

    Parameters
    ----------
    world
        Where it works; its desk's clock is the worker's.
    steps
        Its stages.
    schedule
        What it does by the clock.
    lease_seconds
        After how long another worker takes over from one that died.
    name
        Tells it from others.
    """

    world: World
    steps: Sequence[Step] = STEPS
    schedule: Sequence[Timed | Every] = ()
    lease_seconds: float = 15.0
    name: str = field(default_factory=lambda: f"worker-{secrets.token_hex(4)}")
    _idle: dict[str, tuple[int, int]] = field(init=False, default_factory=dict)  # by stage: no input between

    def run(self, stop: threading.Event, *, idle_seconds: float = 0.2) -> None:
        """Work until stopped; a database that does not answer, or takes no writes, is tried again, ever less often."""
        seconds, told = idle_seconds, ""
        while not stop.is_set():
            try:
                worked, trouble = self.sweep(), ""
            except UnavailableError as error:
                worked, trouble = 0, str(error)
            if trouble and trouble != told:
                _log.warning("%s", trouble)
            seconds, told = min(2 * seconds, _MOST_SECONDS) if trouble else idle_seconds, trouble
            if not worked:
                stop.wait(seconds)

    def drain(self) -> int:
        """Work until nothing is left but what rests or failed; return how many passes that took."""
        passes = 0
        while made := self.sweep():
            passes += made
        return passes

    def sweep(self) -> int:
        """Give each stage one pass, if something came to it; return how many had one."""
        settled, now_ms = settled_to(self.world.database), self.world.desk.clock()
        there = self._stages(now_ms)
        made = 0
        for step in self.steps:
            row = there[step.name]
            due = max(row["next_at_ms"], row["leased_until_ms"]) <= now_ms
            if due and row["position"] < settled:
                made += _unless_lost(partial(self._pass, step, row["position"], settled))
        for timed in self.schedule:
            row = there[timed.name]
            if max(row["next_at_ms"], row["leased_until_ms"]) <= now_ms:
                made += _unless_lost(partial(self._by_clock, timed, settled))
        return made

    def _stages(self, now_ms: int) -> dict[str, dict[str, Any]]:
        """Return the stages by name, those added that are new."""
        due = {step.name: 0 for step in self.steps} | {timed.name: timed.after(now_ms) for timed in self.schedule}
        there = {row["name"]: row for row in stages(self.world.database)}
        if not due.keys() <= there.keys():
            add_stages(self.world.database, due)
            there = {row["name"]: row for row in stages(self.world.database)}
        return there

    def _by_clock(self, timed: Timed | Every, settled: int) -> bool:
        """Do what is due at this time of day; once it is done it is due the next day."""
        clock = self.world.desk.clock
        stage = claim(self.world.database, timed.name, worker=self.name, now_ms=clock(), lease_ms=self._lease_ms)
        if stage is None:
            return False
        given = Pass(rows=(), to_position=settled, now_ms=clock())
        step = Step(name=timed.name, topics=(), run=timed.run, rest_ms=timed.after(given.now_ms) - given.now_ms)
        return self._done(step, stage, given)

    def _pass(self, step: Step, position: int, settled: int) -> bool:
        """Take a stage through one pass; return whether it had input."""
        database, clock = self.world.database, self.world.desk.clock
        if not self._has_input(step, position, settled):
            return False
        stage = claim(database, step.name, worker=self.name, now_ms=clock(), lease_ms=self._lease_ms)
        if stage is None:
            return False
        given = self._input(step, stage, settled)
        if given.rows:
            return self._done(step, stage, given)
        finish(database, stage, position=given.to_position, now_ms=clock())
        return False

    def _done(self, step: Step, stage: Stage, given: Pass) -> bool:
        """Make a pass and move the cursor; count it if it fails. Return whether it was made.

        Raises
        ------
        LeaseLostError
            If another worker has the stage: what was made does not count.
        """
        database, clock = self.world.database, self.world.desk.clock
        try:
            with self._kept(stage), span(f"stage {step.name}", _traced(given)):
                events = step.run(self.world, given)
            rest = {"now_ms": clock(), "rest_ms": step.rest_ms}
            finish(database, stage, position=given.to_position, events=events, **rest)
            if given.rows or events:
                _log.info(
                    "stage %s: %d rows", step.name, len(given.rows), extra={**_told(given), "events": _ids(events)}
                )
        except LeaseLostError:
            raise
        except Exception as error:  # noqa: BLE001 (a stage's failure is counted, told and tried again)
            self._failed(step, stage, given, error)
            return False
        return True

    def _has_input(self, step: Step, position: int, settled: int) -> bool:
        """Return whether a claim is worth its two writes: there is something to do, or much to pass over.

        What was looked at once is not read again five times a second while nothing comes.
        """
        if self._idle.get(step.name) == (position, settled):
            return False
        rows = read_outbox(self.world.database, after=position, to=settled, topics=step.topics, limit=_PASS_OVER)
        found = len(rows) == _PASS_OVER or settled - position >= _PASS_OVER or any(map(step.wants, rows))
        if not found:
            self._idle[step.name] = position, settled
        return found

    def _input(self, step: Step, stage: Stage, settled: int) -> Pass:
        rows = read_outbox(self.world.database, after=stage.position, to=settled, topics=step.topics, limit=step.most)
        to = rows[-1].position if len(rows) == step.most else settled
        return Pass(rows=[row for row in rows if step.wants(row)], to_position=to, now_ms=self.world.desk.clock())

    def _failed(self, step: Step, stage: Stage, given: Pass, error: Exception) -> None:
        expected = isinstance(error, EvenflowError)
        reason = str(error) if expected else f"{type(error).__name__}: {error}"
        level = logging.WARNING if expected else logging.ERROR
        _log.log(level, "stage %s: %s", stage.name, reason, extra=_told(given), exc_info=None if expected else error)
        causes = [str(row.payload["id"]) for row in given.rows[-200:]]
        waits = isinstance(error, NotReadyError | UnavailableError) or _of_disk(error)  # not its input's fault
        told: dict[str, Any] = {"to": given.to_position, "reason": reason[:500], "causes": causes, "park": not waits}
        if not step.topics:  # by the clock: what is due every day is parked until tomorrow, what is due at once is not
            told |= {"rest_ms": step.rest_ms, "park": told["park"] and step.rest_ms > _OFTEN_MS}
        stumble(self.world.database, stage, now_ms=self.world.desk.clock(), **told)

    @property
    def _lease_ms(self) -> int:
        return int(1000 * self.lease_seconds)

    @contextmanager
    def _kept(self, stage: Stage) -> Iterator[None]:
        """Renew a lease while its pass runs."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(self.lease_seconds / 3):
                try:
                    renew(self.world.database, stage, now_ms=self.world.desk.clock(), lease_ms=self._lease_ms)
                except EvenflowError as error:
                    _log.warning("stage %s: %s", stage.name, error)

        thread = threading.Thread(target=beat, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _of_disk(error: BaseException) -> bool:
    """Return whether the file system took nothing: it is full, read-only or not ours."""
    return any(isinstance(one, OSError) and one.errno in _DISK for one in (error, error.__context__))


def _unless_lost(work: Callable[[], bool]) -> bool:
    """Return what work on a stage returns; False if another worker took the stage over meanwhile."""
    try:
        return work()
    except LeaseLostError as error:
        _log.warning("%s", error)
        return False


def _told(given: Pass) -> dict[str, Any]:
    """Return what the log tells of a pass: how far it went, and the last of its causes."""
    return {"position": given.to_position, "causes": [str(row.payload["id"]) for row in given.rows[-_MOST_TOLD:]]}


def _ids(events: Sequence[Event]) -> list[str]:
    return [str(one["payload"]["id"]) for one in events[-_MOST_TOLD:]]


def _traced(given: Pass) -> dict[str, Any]:
    """Return what a trace tells of a pass."""
    return {"evenflow.rows": len(given.rows), **{f"evenflow.{name}": value for name, value in _told(given).items()}}
