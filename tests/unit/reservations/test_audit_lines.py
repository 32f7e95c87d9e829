"""The audit's line of a reservation stands in the transaction of the reservation, on both databases."""

from unittest.mock import patch

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from services.audit import record_write
from store.notes import AuditLine, Note, noting
from store.schema import AUDIT
from tests.unit.reservations.conftest import Counter


def line(request_id):
    """Return what makes a request's line."""
    told = {"at_ms": 1, "principal": "p", "role": "router", "tenant": "", "party": None, "method": "POST"}
    told |= {"route": "/v1/reservations", "path": "/v1/reservations", "request_id": request_id, "body_hash": "0"}
    return lambda status: AuditLine(**told, status=status or 201)


@pytest.fixture
def counter(upgraded):
    """The module's counter: lines of the audit cannot be removed, so it is not emptied."""
    return Counter(upgraded)


def lines(counter, request_id):
    """Return the statuses of the lines of a request."""
    wanted = select(AUDIT.c.status).where(AUDIT.c.request_id == request_id).order_by(AUDIT.c.position)
    return counter.database.read(lambda connection: list(connection.scalars(wanted)))


def noted(counter, request_id, act):
    """Do something as a request does, and return the status its line was kept with and the lines there are."""
    note = Note(line(request_id))
    with noting(note):
        answer = act()
    kept = note.kept
    record_write(counter.database, note, answer.status)
    return kept, lines(counter, request_id)


def test_each_request_has_one_line_kept_with_what_it_did(counter):
    """A hold, a refusal, a confirmation and its refusal keep it themselves; a repetition's comes after."""
    counter.offer(s=10)
    held = []
    assert noted(counter, "hold", lambda: held.append(counter.hold("s", 7, key="a")) or held[0]) == (201, [201])
    assert noted(counter, "again", lambda: counter.hold("s", 7, key="a")) == (None, [201])
    assert noted(counter, "full", lambda: counter.hold("s", 7, key="b")) == (200, [200])
    name = held[0].body["reservation"]["id"]
    assert noted(counter, "confirm", lambda: counter.act("confirm", name, key="c")) == (200, [200])
    assert noted(counter, "refused", lambda: counter.act("confirm", name, key="d")) == (409, [409])
    assert noted(counter, "cancel", lambda: counter.act("cancel", name, key="e")) == (200, [200])
    assert noted(counter, "routed", lambda: counter.route(3, key="f", s=1.0)) == (201, [201])


def test_a_line_that_cannot_be_kept_takes_the_hold_back(counter):
    """Both or neither."""
    counter.offer(t=10)
    wrong = Note(lambda _: AuditLine(**{**line("wrong")(201).__dict__, "party": object()}))
    with noting(wrong), pytest.raises(DBAPIError):
        counter.hold("t", 7)
    assert (wrong.kept, lines(counter, "wrong"), counter.reserved()["t"]) == (None, [], 0)


def test_a_kill_after_the_write_leaves_its_line(counter):
    """What runs before the answer may not come to run: the line is there all the same."""
    counter.offer(u=10)
    with patch("services.audit.record_write", side_effect=SystemExit), noting(Note(line("killed"))):
        counter.hold("u", 1)
    assert lines(counter, "killed") == [201]
