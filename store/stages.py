"""Stages over the outbox: who works on one, how far it has come, and what it had to leave aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from contracts.errors import EvenflowError, UnknownIdError
from store.database import Database
from store.outbox import tell
from store.schema import PARKED_WORK, STAGES

__all__ = [
    "LeaseLostError",
    "Stage",
    "add_stages",
    "claim",
    "end_parked",
    "finish",
    "parked_work",
    "renew",
    "stages",
    "stumble",
]

_S, _P = STAGES.c, PARKED_WORK.c
_MOST_ATTEMPTS, _LONGEST_WAIT_MS = 5, 60_000


class LeaseLostError(EvenflowError):
    """Another worker has taken the stage over: what this one made of it does not count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A stage that is leased.

    Parameters
    ----------
    position
        Everything of the outbox up to here is done.
    attempts
        How often the next pass has failed.
    """

    name: str
    worker: str
    position: int
    attempts: int


def claim(database: Database, name: str, *, worker: str, now_ms: int, lease_ms: int) -> Stage | None:
    """Lease a stage; None if another worker has it, or it rests.

    One conditional update on both databases: whoever waits for the row finds the condition gone.
    """
    free = (_S.name == name) & (_S.leased_until_ms <= now_ms) & (_S.next_at_ms <= now_ms)
    take = (
        update(STAGES)
        .where(free)
        .values(leased_by=worker, leased_until_ms=now_ms + lease_ms, updated_at_ms=now_ms)
        .returning(_S.position, _S.attempts)
    )

    def work(connection: Connection) -> Stage | None:
        row = connection.execute(take).first()
        if row is None:
            return None
        return Stage(name=name, worker=worker, position=row.position, attempts=row.attempts)

    return database.write(work)


def add_stages(database: Database, due_ms: Mapping[str, int]) -> None:
    """Let stages that are not there yet begin at the start of the outbox, each at a moment; several may at once."""
    row = {"tenant": "", "position": 0, "attempts": 0, "reason": "", "leased_by": ""}
    moments = {"leased_until_ms": 0, "updated_at_ms": 0}  # nobody has worked on them yet
    rows = [{**row, **moments, "name": name, "next_at_ms": moment} for name, moment in sorted(due_ms.items())]
    insert_into = sqlite.insert if database.embedded else postgresql.insert
    database.write(lambda connection: connection.execute(insert_into(STAGES).on_conflict_do_nothing(), rows))


def renew(database: Database, stage: Stage, *, now_ms: int, lease_ms: int) -> None:
    """Keep a stage for longer.

    Raises
    ------
    LeaseLostError
        If another worker has it.
    """
    database.write(lambda connection: _mine(connection, stage, {"leased_until_ms": now_ms + lease_ms}))


def finish(
    database: Database,
    stage: Stage,
    *,
    position: int,
    events: Sequence[Mapping[str, Any]] = (),
    now_ms: int,
    rest_ms: int = 0,
) -> None:
    """Move a stage's cursor and tell what it did, in one transaction; then let it rest.

    Raises
    ------
    LeaseLostError
        If another worker has it; nothing has changed then.
    """

    def work(connection: Connection) -> None:
        done = {"position": position, "attempts": 0, "reason": "", "leased_by": "", "leased_until_ms": 0}
        _mine(connection, stage, done | {"next_at_ms": now_ms + rest_ms, "updated_at_ms": now_ms})
        tell(connection, events, now_ms=now_ms)

    database.write(work)


def stumble(
    database: Database,
    stage: Stage,
    *,
    to: int,
    reason: str,
    causes: Sequence[str],
    now_ms: int,
    park: bool = True,
    rest_ms: int = 0,
) -> bool:
    """Count a failed pass: again later, or, after five, park it and go on; return whether it was parked.

    Parameters
    ----------
    to
        The last position of the pass.
    park
        Whether its input can be at fault; else it is tried for ever.
    rest_ms
        How long it rests once it was parked.
    """
    attempts = stage.attempts + 1 if park else min(stage.attempts + 1, _MOST_ATTEMPTS - 1)
    left = {"leased_by": "", "leased_until_ms": 0, "updated_at_ms": now_ms}
    wait_ms = min(1000 * 2**stage.attempts, _LONGEST_WAIT_MS)

    def work(connection: Connection) -> bool:
        if attempts < _MOST_ATTEMPTS:
            _mine(connection, stage, left | {"attempts": attempts, "reason": reason, "next_at_ms": now_ms + wait_ms})
            return False
        aside = {"attempts": 0, "reason": "", "position": to, "next_at_ms": now_ms + rest_ms}
        _mine(connection, stage, left | aside)
        row = {"stage": stage.name, "from_position": stage.position, "to_position": to, "attempts": attempts}
        states = {"tenant": "", "state": "parked", "parked_at_ms": now_ms, "updated_at_ms": now_ms, "reason": reason}
        number = connection.execute(insert(PARKED_WORK).returning(_P.number), row | states).scalar_one()
        payload = {"id": f"parked-{number}", "causes": list(causes), **row, "reason": reason}
        tell(connection, [{"topic": "work.parked", "subject": stage.name, "payload": payload}], now_ms=now_ms)
        return True

    return database.write(work)


def stages(database: Database) -> list[dict[str, Any]]:
    """Return the stages, by name."""
    wanted = select(STAGES).order_by(_S.name)
    return [dict(row) for row in database.read(lambda c: c.execute(wanted).mappings().all(), whole=True)]


def parked_work(database: Database, *, state: str = "parked") -> list[dict[str, Any]]:
    """Return what stages gave up on, the oldest first."""
    wanted = select(PARKED_WORK).where(_P.state == state).order_by(_P.number)
    return [dict(row) for row in database.read(lambda c: c.execute(wanted).mappings().all(), whole=True)]


def end_parked(database: Database, number: int, *, state: str, now_ms: int) -> dict[str, Any]:
    """Let parked work be ``discarded``, or ``retried``: its stage goes back to where the range begins.

    What came after the range is done again, too, which changes nothing.

    Raises
    ------
    UnknownIdError
        If nothing is parked under the number.
    """

    def work(connection: Connection) -> dict[str, Any]:
        here = (_P.number == number) & (_P.state == "parked")
        ended = update(PARKED_WORK).where(here).values(state=state, updated_at_ms=now_ms)
        row = connection.execute(ended.returning(PARKED_WORK)).mappings().first()
        if row is None:
            raise UnknownIdError("parked work", str(number))
        if state == "retried":
            back = (_S.name == row["stage"]) & (_S.position >= row["from_position"])
            again = {"position": row["from_position"], "leased_by": "", "leased_until_ms": 0, "next_at_ms": 0}
            connection.execute(update(STAGES).where(back).values(again))
        return dict(row)

    return database.write(work)


def _mine(connection: Connection, stage: Stage, values: Mapping[str, Any]) -> None:
    held = (_S.name == stage.name) & (_S.leased_by == stage.worker)
    if connection.execute(update(STAGES).where(held).values(**values)).rowcount != 1:
        raise LeaseLostError(f"stage {stage.name}: another worker has it")
