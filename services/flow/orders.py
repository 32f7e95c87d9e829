"""Orders that were accepted: each confirmed once at the best supplier, or given back once cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from contracts.errors import EvenflowError, InputError, UnknownIdError
from services.effective import Family, effective, family_of
from services.flow.passes import Event, Pass, World, event, facts_in, moment
from services.hold_candidates import candidates_of_each
from services.hold_decision import Found, Order
from services.network_router import day_of
from services.network_supply import book_of
from services.order_scope import refusals, sight_of
from services.reserve import HoldTerms, change, reserve
from services.viewer import Viewer
from store.booking.answers import Answer, known_answer
from store.booking.lookup import list_reservations
from store.database import Database
from store.fact_book import Fact
from store.snapshot import Snapshot
from store.together import together

__all__ = ["route_facts"]

_LONG_AGO_MS = 7 * 86_400_000  # answers are kept for longer, but not for ever
_MOST_OF_AN_ORDER = 100  # reservations that stand for it
_OPERATOR = Viewer()
_AT_ONCE = 10  # orders of one transaction
_Searched = Found | EvenflowError
_Case = tuple[Sequence[Fact], Fact | None, _Searched | None]


class _UnaskableError(EvenflowError):
    """An order names what the network, or its sender's part of it, does not know: no search will help."""


def route_facts(world: World, given: Pass) -> Sequence[Event]:
    """Let every touched order stand as its facts say: taken for the one that counts, given back for the others.

    The reservation's idempotency key is the fact's, so an order is effective once however often this is done.
    """
    facts = facts_in(world, given, "order")
    counting = effective(facts)
    members: dict[Family, list[Fact]] = {}
    for fact in facts:
        members.setdefault(family_of(fact), []).append(fact)
    found = _searched(world, [fact for fact in counting.values() if fact is not None])
    cases = [(own, counting[family], found.get(family)) for family, own in members.items()]
    told: list[Event] = []
    for start in range(0, len(cases), _AT_ONCE):
        told += _done(world, cases[start : start + _AT_ONCE])
    return told


def _done(world: World, cases: Sequence[_Case]) -> list[Event]:
    """Do some orders in one transaction: short enough for those who accept facts meanwhile."""

    def work(database: Database) -> list[Event]:
        here = replace(world, desk=replace(world.desk, database=database))
        return [one for case in cases for one in _stood(here, *case) if one]

    return together(world.database, work)


def _stood(world: World, own: Sequence[Fact], counts: Fact | None, found: _Searched | None) -> list[Event]:
    others = [one for one in own if one is not counts and one.kind == "order"]
    kept = _reservation(world, counts) if counts is not None and others else None
    told = [_given_back(world, one, kept) for one in others]
    return told if counts is None or found is None else [*told, _routed(world, counts, found)]


def _searched(world: World, facts: Sequence[Fact]) -> dict[Family, _Searched]:
    """Return who could fill each order, or why nobody can be looked for: one search for all that are alike."""
    if not facts:
        return {}
    snapshot, alike = world.home.current(), dict[tuple[Any, ...], list[Fact]]()
    for fact in facts:
        row = _row(fact)
        told = frozenset(name for name, value in row.items() if value is not None)
        alike.setdefault((fact.tenant, day_of(row), told), []).append(fact)
    return {
        family_of(fact): found
        for own in alike.values()
        for fact, found in zip(own, _each(world, snapshot, own), strict=True)
    }


def _each(world: World, snapshot: Snapshot, facts: Sequence[Fact]) -> list[_Searched]:
    """Search for what names an sku and parties that the sender may know of, all at once."""
    refused = [_UnaskableError(why) if why else None for why in _refusals(snapshot, facts)]
    found = iter(_found(world, snapshot, [fact for fact, why in zip(facts, refused, strict=True) if why is None]))
    return [why or next(found) for why in refused]


def _refusals(snapshot: Snapshot, facts: Sequence[Fact]) -> list[str]:
    viewer, book = Viewer(facts[0].tenant or None), book_of(snapshot, day_of(_row(facts[0])))
    rows = pd.DataFrame([fact.payload for fact in facts], columns=["sku_id", "buyer_id", "ship_to"])
    asked = rows.dropna(axis="columns", how="all").astype("str")
    return [*map(str, refusals(asked, book, viewer, sight_of(viewer, book.network)))]


def _found(world: World, snapshot: Snapshot, facts: Sequence[Fact]) -> list[_Searched]:
    if not facts:
        return []
    viewer = Viewer(facts[0].tenant or None)
    try:
        return [*candidates_of_each(world.desk, snapshot, list(map(_row, facts)), viewer=viewer)]
    except (InputError, UnknownIdError) as error:
        if len(facts) == 1:
            return [error]
    half = len(facts) // 2  # the others are searched for all the same
    return _found(world, snapshot, facts[:half]) + _found(world, snapshot, facts[half:])


def _row(fact: Fact) -> dict[str, Any]:
    """Return a fact as a row of orders; two facts may tell of the same order, so that it goes by the fact's key."""
    return {**fact.payload, "order_id": fact.key, "placed_at": moment(fact.accepted_at_ms)}


def _routed(world: World, fact: Fact, found: _Searched) -> Event:
    stands = _standing(world, fact)
    if stands is not None:
        return _told(fact, "confirmed", None, stands)
    try:
        answer = _taken(world, fact, found)
    except (InputError, UnknownIdError, _UnaskableError) as error:
        return _told(fact, "refused", str(error), None)
    if answer.status != 201:
        return _told(fact, "refused", answer.body["reason"], None)
    return _told(fact, "confirmed", None, answer.body["reservation"])


def _taken(world: World, fact: Fact, found: _Searched) -> Answer:
    order = _order_of(fact)
    viewer = Viewer(fact.tenant or None)
    with world.desk.write(viewer, fact.id, {"fact": fact.digest}) as write:
        return reserve(
            world.desk,
            write,
            order,
            lambda: _candidates(found),
            HoldTerms(tenant=fact.tenant, confirmed=True),
        )


def _order_of(fact: Fact) -> Order:
    row = fact.payload
    return Order(
        order_id=str(row["order_id"]),
        buyer_id=str(row["buyer_id"]),
        sku_id=str(row["sku_id"]),
        pieces=int(row["pieces"]),
    )


def _candidates(found: _Searched) -> Found:
    """Return what was found; what stood in the way counts only for who was not answered before."""
    if isinstance(found, EvenflowError):
        raise found
    return found


def _given_back(world: World, fact: Fact, kept: Mapping[str, Any] | None) -> Event:
    """Give back what was taken for a fact that no longer counts, never what is kept; {} if nothing was."""
    taken = _reservation(world, fact)
    if taken is None or (kept is not None and taken["id"] == kept["id"]):
        return {}
    with world.desk.write(_OPERATOR, f"{fact.id}:cancel", {"cancel": taken["id"]}) as write:
        answer = change(world.desk, write, taken["id"], "cancel", viewer=_OPERATOR)
    return _told(fact, "cancelled", None, taken) if answer.status == 200 else {}


def _reservation(world: World, fact: Fact) -> dict[str, Any] | None:
    with world.desk.write(Viewer(fact.tenant or None), fact.id, {"fact": fact.digest}) as write:
        answer = world.database.read(lambda connection: known_answer(connection, write))
    if answer is None:
        return _standing(world, fact)
    taken: dict[str, Any] | None = answer.body["reservation"]
    return taken


def _standing(world: World, fact: Fact) -> dict[str, Any] | None:
    """Return the first reservation of a fact's terms that stands since it, if that was long ago.

    Its answer, which names the very reservation, is not kept for ever; until then nothing else does.
    """
    if fact.accepted_at_ms >= world.desk.clock() - _LONG_AGO_MS:
        return None
    order = _order_of(fact)
    found = list_reservations(
        world.database,
        tenant=fact.tenant or None,
        order_id=order.order_id,
        state="confirmed",
        limit=_MOST_OF_AN_ORDER,
    )
    since = [one for one in found if one.tenant == fact.tenant and one.created_at_ms >= fact.accepted_at_ms]
    mine = [
        one for one in since if (one.buyer_id, one.sku_id, one.pieces) == (order.buyer_id, order.sku_id, order.pieces)
    ]
    return mine[-1].told() if mine else None


def _told(fact: Fact, status: str, reason: str | None, taken: dict[str, Any] | None) -> Event:
    payload = {
        "id": f"route:{fact.key}",
        "causes": [fact.id, *([] if taken is None or not taken["decision_id"] else [taken["decision_id"]])],
        "status": status,
        "reason": reason,
        "reservation_id": None if taken is None else taken["id"],
        "decision_id": None if taken is None else taken["decision_id"],
        "supplier_id": None if taken is None else taken["supplier_id"],
        "pieces": fact.payload["pieces"],
        "accepted_at_ms": fact.accepted_at_ms,
    }
    return event("order.routed", fact.subject, payload, tenant=fact.tenant)
