"""What changed and needs a person: whom it touches, the money at stake, what to do; closed with what was done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from contracts.errors import InputError, NotReadyError, UnknownIdError
from services.exception_flow import found_in_flow
from services.exception_scope import concerning
from services.exception_sources import found_in
from services.found import Found
from services.stakes import Stakes
from services.viewer import Viewer
from store.database import Database
from store.home import Home
from store.record_log import RecordLog

__all__ = ["Closing", "Known", "close_exception", "closings", "forget_closings", "list_exceptions"]

_GROWN = 1.5  # an exception that was closed is open again once so many times as much is at stake


@dataclass(frozen=True, kw_only=True)
class Closing:
    """What was done about an exception.

    Parameters
    ----------
    by, done
        Who closed it, and what was done, in words.
    at
        When (ISO 8601).
    stake_fen
        What was at stake then.
    """

    id: str
    kind: str
    subject: str
    by: str
    done: str
    at: str
    stake_fen: float


@dataclass(frozen=True)
class Known:
    """An exception under its name, and how it was closed; None while it is open."""

    id: str
    found: Found
    closed: Closing | None


def list_exceptions(
    home: Path, database: Database | None, *, now: datetime, viewer: Viewer | None = None
) -> list[Known]:
    """Return what needs a person now: the open ones first, the most money at stake first among each.

    Parameters
    ----------
    home
        The home folder.
    database
        Where work that failed is kept; None to leave it out.
    now
        The moment, with time zone: backorders age.
    viewer
        Whom the exceptions must concern; the operator by default.

    Raises
    ------
    UnavailableError
        If the database does not answer.
    """
    done = {closing.id: closing for closing in reversed(closings(home))}
    try:
        snapshot = Home(home).current()
    except NotReadyError:
        snapshot = None
    found = found_in(home, snapshot, database, now=now)
    if snapshot is not None:
        found += found_in_flow(database, snapshot, Stakes.of(snapshot.table("products")))
    found = concerning(found, viewer or Viewer(), snapshot)
    known = [_known(one, done) for one in found]
    return sorted(known, key=lambda one: (one.closed is not None, -one.found.stake_fen, one.id))


def close_exception(home: Path, database: Database, exception_id: str, *, by: str, done: str, now: datetime) -> Closing:
    """Close an exception with what was done about it; it is open again once much more is at stake.

    Raises
    ------
    UnknownIdError
        If there is none of that id now.
    InputError
        If nothing is said of what was done, or it is closed already.
    """
    if not done.strip() or len(done) > 1000:
        raise InputError("done", "what was done, in 1 to 1000 characters", done[:80])
    found = {one.id: one for one in list_exceptions(home, database, now=now)}
    if exception_id not in found:
        raise UnknownIdError("exception", exception_id)
    one = found[exception_id].found
    closing = Closing(
        id=exception_id, kind=one.kind, subject=one.subject, by=by, done=done.strip(), at=now.isoformat(),
        stake_fen=one.stake_fen,
    )  # fmt: skip

    def choose(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        last = next((row for row in reversed(records) if row["id"] == exception_id), None)
        if last is not None and not _grown(one, Closing(**last)):
            raise InputError("exception", "one that is open", f"one closed by {last['by']}: {last['done']}")
        return [asdict(closing)]

    _log(home).decide(choose)
    return closing


def closings(home: Path) -> list[Closing]:
    """Return what was ever closed and how, the latest first."""
    return [Closing(**row) for row in reversed(_log(home).read())]


def forget_closings(home: Path, database: Database, *, before: datetime, now: datetime) -> int:
    """Forget how exceptions were closed before a moment, unless they are still there; return how many closings.

    What is still there stays closed: without its closing it would be open again.
    """
    old = [closing for closing in closings(home) if datetime.fromisoformat(closing.at) < before]
    if not old:
        return 0
    there = {one.id for one in list_exceptions(home, database, now=now)}
    gone = {closing.id for closing in old} - there
    return _log(home).forget(lambda row: row["id"] in gone and datetime.fromisoformat(row["at"]) < before)


def _log(home: Path) -> RecordLog:
    return RecordLog(home / "exceptions.jsonl")


def _known(found: Found, done: Mapping[str, Closing]) -> Known:
    name = _name(found)
    closing = done.get(name)
    return Known(name, found, closing if closing is not None and not _grown(found, closing) else None)


def _grown(found: Found, closing: Closing) -> bool:
    return found.stake_fen > max(_GROWN * closing.stake_fen, 1.0)


def _name(found: Found) -> str:
    """Return the same name for the same trouble, however much of it there is."""
    when = "" if found.when is None else pd.Timestamp(found.when).date().isoformat()
    told = "\x1f".join((found.kind, found.subject, found.place or "", when))
    return f"exc-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
