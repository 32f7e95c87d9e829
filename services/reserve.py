"""Reserve capacity: hold it at the best supplier that has room, then confirm, release, reject or cancel."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from contracts.errors import EvenflowError, InputError
from services.hold_decision import Candidate, Found, Order, decide, inputs_of
from services.viewer import Viewer
from store.booking.answers import Answer, Write, known_answer, refuse
from store.booking.capacity import rooms
from store.booking.end import end, sweep
from store.booking.hold import Hold, KeptDecision, hold
from store.booking.lookup import find_decision, find_reservation
from store.booking.rows import Reservation
from store.booking.states import Action
from store.database import Database

__all__ = ["Desk", "HoldTerms", "KeyInFlightError", "change", "hold_at", "reject", "reserve", "wall_clock_ms"]

TTL_SECONDS = 900
"""How long a hold lasts where the request says nothing."""

_SECOND = "\x1f"  # ends the key of a second write that a first one entails; no caller's key may hold it
_RACES = 20  # attempts beyond one per candidate that others may get ahead of
_Keys = set[tuple[str, str]]


class KeyInFlightError(EvenflowError):
    """A write with the same idempotency key is being answered right now."""

    retry_after_seconds = 1


def wall_clock_ms() -> int:
    """Return the time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, eq=False)
class Desk:
    """Where reservations are made.

    Parameters
    ----------
    database
        Where they are kept.
    clock
        Milliseconds since 1970; tests bring their own.
    """

    database: Database
    clock: Callable[[], int] = wall_clock_ms
    _busy: _Keys = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def write(self, viewer: Viewer, key: str, request: Mapping[str, Any]) -> Iterator[Write]:
        """Yield the write a key stands for.

        Raises
        ------
        KeyInFlightError
            If the same key is being answered by this process. (Another process is waited for.)
        InputError
            If the key is none.
        """
        if not 0 < len(key) <= 200 or not key.isprintable():
            raise InputError("Idempotency-Key", "1 to 200 printable characters", key)
        text = orjson.dumps(dict(request), option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY)
        name = (viewer.tenant or "", key if viewer.party is None else f"{viewer.party}\x1f{key}")
        with self._lock:
            if name in self._busy:
                raise KeyInFlightError(f"a request with the key {key} is being answered; repeat it in a moment")
            self._busy.add(name)
        try:
            yield Write(tenant=name[0], key=name[1], request_hash=hashlib.sha256(text).hexdigest(), now_ms=self.clock())
        finally:
            with self._lock:
                self._busy.discard(name)


@dataclass(frozen=True, kw_only=True)
class HoldTerms:
    """How to hold.

    Parameters
    ----------
    ttl_seconds
        After how long a hold that nobody confirms expires.
    excluded
        Suppliers not to ask: they rejected the order before.
    replaces
        The reservation whose rejection led here.
    tenant
        Who holds; None = who asks.
    confirmed
        Confirm at once: nothing is left to be done before `ttl_seconds` are over.
    """

    ttl_seconds: int = TTL_SECONDS
    excluded: Sequence[str] = ()
    replaces: str | None = None
    tenant: str | None = None
    confirmed: bool = False


def hold_at(desk: Desk, write: Write, order: Order, candidate: Candidate, terms: HoldTerms) -> Answer:
    """Hold an order's pieces at a supplier that was named.

    Returns
    -------
    Answer
        201 with the reservation; 200 with ``status`` "refused" and the ``reason``: not_offered, full or no_credit.
    """
    asked = Hold(_reservation(write, order, candidate, terms), keep_refusal=False)
    answer = hold(desk.database, write, asked)
    if answer is None:
        sweep(desk.database, write.now_ms)  # what is due holds nobody up, however seldom the sweeper comes
        answer = hold(desk.database, write, replace(asked, keep_refusal=True))
    assert answer is not None  # a refusal that is kept is an answer
    return answer


def reserve(desk: Desk, write: Write, order: Order, find: Callable[[], Found], terms: HoldTerms) -> Answer:
    """Hold an order's pieces at the best candidate that has room; the next best if that has just filled.

    Parameters
    ----------
    write
        Names the request (`Desk.write`).
    find
        Returns who could fill it; not called if the key was answered before.

    Returns
    -------
    Answer
        201 with the reservation, whose decision is kept with everything it was made by; 200 with ``status`` "refused"
        and the ``reason`` of the best candidate. ``considered`` tells what each candidate lacked.
    """
    known = desk.database.read(lambda connection: known_answer(connection, write))
    if known is not None:
        return known
    candidates, versions = find()
    swept = False
    for _ in range(len(candidates) + _RACES):
        inputs = _inputs(desk, order, candidates, terms.excluded, versions)
        outcome = decide(inputs)
        if outcome["chosen"] is not None:
            answer = hold(desk.database, write, _asked(write, order, candidates, terms, made=(inputs, outcome)))
            if answer is not None:
                return answer
        elif swept or "full" not in outcome["reasons"] or not sweep(desk.database, write.now_ms):
            return _refused(desk, write, _considered(candidates, outcome), outcome)
        else:
            swept = True
    return _refused(desk, write, [], {"rank": [], "reasons": []})


def change(
    desk: Desk,
    write: Write,
    reservation_id: str,
    action: Action,
    *,
    viewer: Viewer,
    pieces: int | None = None,
    reason: str = "",
) -> Answer:
    """Confirm (all pieces or some), release, reject or cancel a reservation; what it no longer takes is free again.

    Returns
    -------
    Answer
        200 with the reservation and ``given_back_pieces``, 409 with ``detail`` if its state does not allow it.

    Raises
    ------
    UnknownIdError
        If there is none, or it is not the viewer's.
    InputError
        If more pieces are confirmed than are held.
    KeyReusedError
        If the key stands for another request.
    """
    whose = {"tenant": viewer.tenant, "party": viewer.party}
    return end(desk.database, write, reservation_id, action, **whose, pieces=pieces, reason=reason)


def reject(desk: Desk, write: Write, reservation_id: str, *, viewer: Viewer, reason: str, reroute: bool) -> Answer:
    """Reject a reservation and hold its pieces elsewhere, never again at one who rejected them.

    Parameters
    ----------
    reroute
        Try the other candidates of its decision (with the same scores, and what room there is now). One that was held
        at a named supplier has none.

    Returns
    -------
    Answer
        As of `change`, with ``rerouted``: the answer of the new hold; None if there is none, or it is not the
        viewer's to see.
    """
    answer = change(desk, write, reservation_id, "reject", viewer=viewer, reason=reason)
    if answer.status != 200:
        return answer
    rerouted = _reroute(desk, write, reservation_id, answer.body["given_back_pieces"]) if reroute else None
    found = find_reservation(desk.database, reservation_id, tenant=viewer.tenant, party=viewer.party)
    holds = viewer.tenant in (None, found.tenant) and viewer.party in (None, found.buyer_id)
    shown = rerouted.body if rerouted is not None and holds else None
    return replace(answer, body={**answer.body, "rerouted": shown})


def _reroute(desk: Desk, write: Write, reservation_id: str, pieces: int) -> Answer | None:
    found = find_reservation(desk.database, reservation_id, tenant=None)
    if found.decision_id is None:
        return None
    inputs = orjson.loads(find_decision(desk.database, found.decision_id, tenant=None).inputs)
    terms = HoldTerms(
        ttl_seconds=max((found.expires_at_ms - found.created_at_ms) // 1000, 1),
        excluded=(*inputs["excluded"], found.supplier_id),
        replaces=found.id,
        tenant=found.tenant,
    )
    order = replace(Order(**inputs["order"]), pieces=pieces)
    again = replace(write, key=f"{write.key}{_SECOND}")
    return reserve(desk, again, order, lambda: _found_before(inputs), terms)


def _found_before(inputs: Mapping[str, Any]) -> Found:
    names = Candidate.__dataclass_fields__
    rows = [Candidate(**{name: row[name] for name in names}) for row in inputs["candidates"]]
    return Found(rows, inputs["versions"])


def _inputs(
    desk: Desk, order: Order, candidates: Sequence[Candidate], excluded: Sequence[str], versions: Mapping[str, Any]
) -> dict[str, Any]:
    room = rooms(desk.database, order.buyer_id, [candidate.place for candidate in candidates])
    return inputs_of(order, candidates, room, excluded=excluded, versions=versions)


def _asked(
    write: Write,
    order: Order,
    candidates: Sequence[Candidate],
    terms: HoldTerms,
    *,
    made: tuple[dict[str, Any], dict[str, Any]],
) -> Hold:
    inputs, outcome = made
    decision = KeptDecision(_new_id("dec", write.now_ms), orjson.dumps(inputs).decode(), orjson.dumps(outcome).decode())
    reservation = _reservation(write, order, candidates[outcome["chosen"]], terms, decision.id)
    return Hold(reservation, decision, keep_refusal=False, considered=_considered(candidates, outcome))


def _considered(candidates: Sequence[Candidate], outcome: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the candidates from the best, each with the reason why it was taken or not."""
    return [
        {
            "supplier_id": candidates[at].supplier_id,
            "good": candidates[at].good,
            "bucket": candidates[at].bucket,
            "score": candidates[at].score,
            "price": candidates[at].price,
            "reason": outcome["reasons"][at],
        }
        for at in outcome["rank"]
    ]


def _refused(desk: Desk, write: Write, considered: list[dict[str, Any]], outcome: Mapping[str, Any]) -> Answer:
    reason = outcome["reasons"][outcome["rank"][0]] if outcome["rank"] else "nobody"
    body = {"status": "refused", "reason": reason, "reservation": None, "considered": considered}
    return refuse(desk.database, write, Answer(200, body))


def _reservation(
    write: Write, order: Order, candidate: Candidate, terms: HoldTerms, decision_id: str | None = None
) -> Reservation:
    return Reservation(
        id=_new_id("res", write.now_ms),
        tenant=write.tenant if terms.tenant is None else terms.tenant,
        order_id=order.order_id,
        buyer_id=order.buyer_id,
        sku_id=order.sku_id,
        supplier_id=candidate.supplier_id,
        good=candidate.good,
        bucket=candidate.bucket,
        pieces=order.pieces,
        taken_pieces=order.pieces,
        unit_price_fen=candidate.unit_price_fen,
        state="confirmed" if terms.confirmed else "held",
        decision_id=decision_id,
        replaces=terms.replaces,
        created_at_ms=write.now_ms,
        expires_at_ms=write.now_ms + 1000 * terms.ttl_seconds,
        updated_at_ms=write.now_ms,
    )


def _new_id(kind: str, now_ms: int) -> str:
    """Return an id that sorts by time."""
    return f"{kind}-{now_ms:012x}{secrets.token_hex(8)}"
