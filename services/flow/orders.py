"""Orders that were accepted: each held and confirmed once at the best supplier, or given back once cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts.errors import InputError, UnknownIdError
from services.flow.effective import Family, effective, family_of
from services.flow.passes import Event, Pass, World, event, facts_in, moment
from services.hold_candidates import network_candidates
from services.hold_decision import Order
from services.reserve import HoldTerms, change, reserve
from services.viewer import Viewer
from store.booking.answers import Answer, known_answer
from store.booking.states import Action
from store.fact_book import Fact
from store.snapshot import Snapshot

__all__ = ["route_facts"]

_TTL_SECONDS = 7 * 86_400  # a hold outlives any worker: it is confirmed in the next step, or in the next pass
_OPERATOR = Viewer()


def route_facts(world: World, given: Pass) -> Sequence[Event]:
    """Let every touched order stand as its facts say: held for the one that counts, given back for the others.

    The hold's idempotency key is the fact's, so an order is effective once however often this is done.
    """
    facts = facts_in(world, given, "order")
    counting = effective(facts)
    members: dict[Family, list[Fact]] = {}
    for fact in facts:
        members.setdefault(family_of(fact), []).append(fact)
    snapshot = world.home.current() if members else None
    told: list[Event] = []
    for family, own in members.items():
        counts = counting[family]
        told += [_given_back(world, one) for one in own if one is not counts and one.kind == "order"]
        if counts is not None and snapshot is not None:
            told.append(_routed(world, snapshot, counts))
    return [one for one in told if one]


def _routed(world: World, snapshot: Snapshot, fact: Fact) -> Event:
    try:
        answer = _held(world, snapshot, fact)
    except (InputError, UnknownIdError) as error:  # the network knows no such sku or party: no search will help
        return _told(fact, "refused", str(error), None)
    if answer.status != 201:
        return _told(fact, "refused", answer.body["reason"], None)
    held = answer.body["reservation"]
    with world.desk.write(_OPERATOR, f"{fact.id}:confirm", {"confirm": held["id"]}) as write:
        confirmed = change(world.desk, write, held["id"], "confirm", viewer=_OPERATOR)
    if confirmed.status != 200:  # somebody else ended it meanwhile
        return _told(fact, "refused", confirmed.body["detail"], held)
    return _told(fact, "confirmed", None, held)


def _held(world: World, snapshot: Snapshot, fact: Fact) -> Answer:
    row = {**fact.payload, "placed_at": moment(fact.accepted_at_ms)}
    order = Order(
        order_id=str(row["order_id"]),
        buyer_id=str(row["buyer_id"]),
        sku_id=str(row["sku_id"]),
        pieces=int(row["pieces"]),
    )
    viewer = Viewer(fact.tenant or None)
    with world.desk.write(viewer, fact.id, {"fact": fact.digest}) as write:
        return reserve(
            world.desk,
            write,
            order,
            lambda: network_candidates(world.desk, snapshot, row, viewer=viewer),
            HoldTerms(ttl_seconds=_TTL_SECONDS, tenant=fact.tenant),
        )


def _given_back(world: World, fact: Fact) -> Event:
    """Give back what was held for a fact that no longer counts; {} if nothing was."""
    held = _reservation(world, fact)
    if held is None:
        return {}
    actions: tuple[Action, ...] = ("cancel", "release")
    for action in actions:
        with world.desk.write(_OPERATOR, f"{fact.id}:{action}", {action: held["id"]}) as write:
            answer = change(world.desk, write, held["id"], action, viewer=_OPERATOR)
        if answer.status == 200:
            return _told(fact, "cancelled", None, held)
    return {}


def _reservation(world: World, fact: Fact) -> dict[str, Any] | None:
    with world.desk.write(Viewer(fact.tenant or None), fact.id, {"fact": fact.digest}) as write:
        answer = world.database.read(lambda connection: known_answer(connection, write))
    held: dict[str, Any] | None = None if answer is None else answer.body["reservation"]
    return held


def _told(fact: Fact, status: str, reason: str | None, held: dict[str, Any] | None) -> Event:
    payload = {
        "id": f"route:{fact.key}",
        "causes": [fact.id, *([] if held is None or not held["decision_id"] else [held["decision_id"]])],
        "status": status,
        "reason": reason,
        "reservation_id": None if held is None else held["id"],
        "decision_id": None if held is None else held["decision_id"],
        "supplier_id": None if held is None else held["supplier_id"],
        "pieces": fact.payload["pieces"],
        "accepted_at_ms": fact.accepted_at_ms,
    }
    return event("order.routed", fact.subject, payload, tenant=fact.tenant)
