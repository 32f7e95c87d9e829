"""Signals, capacity changes and progress: each put where the rest of the house looks for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from contracts.errors import InputError, NotReadyError, UnknownIdError
from planning.order_states import NEXT_STATES, OrderChange
from services.flow.effective import effective
from services.flow.passes import Event, Pass, World, about, causes_of, event, facts_in
from services.post_signals import post_signals
from services.production_orders import current_orders, decide_order, rows_of_order
from store.fact_book import Fact, facts_of_kind

__all__ = ["change_supply", "record_progress", "record_signals"]

_BY = "evenflow worker"


def record_signals(world: World, given: Pass) -> Sequence[Event]:
    """Put signals into the log that launches are forecast from: a set of rows, told once or often.

    A correction is one more observation: what was known earlier stays as it was known.
    """
    facts = [fact for fact in facts_in(world, given, "signal") if fact.kind == "signal"]
    if not facts:
        return []
    post_signals([fact.payload for fact in facts], world.inlet)
    styles = sorted({fact.subject for fact in facts})
    payload = {"id": f"signals-{given.to_position}", **causes_of(given), "styles": styles}
    return [event("signals.recorded", "network", payload)]


def change_supply(world: World, given: Pass) -> Sequence[Event]:
    """Let suppliers have what the last capacity change that counts says; no order goes to one that is down."""
    facts = facts_in(world, given, "capacity_change")
    touched, given = {fact.subject for fact in facts if fact.kind == "capacity_change"}, about(given, facts)
    if not touched:
        return []
    last = _last(facts_of_kind(world.database, "capacity_change", touched), touched)
    shares = {supplier: 1.0 if fact is None else float(fact.payload["left_share"]) for supplier, fact in last.items()}
    left = world.shelf.change_left(shares)
    payload = {"id": f"supply-{given.to_position}", **causes_of(given), "left": shares, "less_than_all": len(left)}
    return [event("supply.changed", "network", payload)]


def record_progress(world: World, given: Pass) -> Sequence[Event]:
    """Take production orders to the furthest state that was told of them; what no longer fits is told as refused."""
    facts = facts_in(world, given, "progress")
    touched, given = {fact.subject for fact in facts if fact.kind == "progress"}, about(given, facts)
    if not touched:
        return []
    last = _last(facts_of_kind(world.database, "progress", touched), touched)
    done: list[str] = []
    refused: dict[str, str] = {}
    for order_id, fact in last.items():
        if fact is not None:
            try:
                done += [order_id] if _taken_to(world, order_id, str(fact.payload["state"]), given.now_ms) else []
            except (InputError, UnknownIdError) as error:
                refused[order_id] = str(error)
    payload = {"id": f"progress-{given.to_position}", **causes_of(given), "orders": done, "refused": refused}
    return [event("progress.recorded", "network", payload)]


def _last(facts: Iterable[Fact], subjects: Iterable[str]) -> dict[str, Fact | None]:
    """Return the last fact that counts about each subject: by when it happened, never by when it came."""
    found: dict[str, Fact | None] = dict.fromkeys(sorted(subjects))
    for fact in effective(facts).values():
        if fact is not None and fact.subject in found:
            before = found[fact.subject]
            found[fact.subject] = fact if before is None or fact.order > before.order else before
    return found


def _taken_to(world: World, order_id: str, state: str, now_ms: int) -> bool:
    """Take an order to a state, through those between; return whether anything changed."""
    try:
        orders: Any = current_orders(world.home.root).orders
    except NotReadyError:
        raise UnknownIdError("production order", order_id) from None
    lots = orders.loc[rows_of_order(orders, order_id), "state"]
    way = _way(str(lots.iloc[0]) if len(lots) else "proposed", state)
    for next_state in way:
        change = OrderChange(order_id=order_id, state=next_state)
        at = datetime.fromtimestamp(now_ms / 1000, UTC)
        decide_order(world.home.root, change, by=_BY, reason="told by a progress fact", now=at)
    return bool(way)


def _way(start: str, goal: str) -> list[str]:
    """Return the shortest way between two states, without the first; the goal alone if there is none.

    Examples
    --------
    >>> _way("proposed", "done"), _way("done", "done")
    (['firm', 'released', 'done'], [])
    """
    ways = [[start]]
    for way in ways:
        if way[-1] == goal:
            return way[1:]
        ways += [[*way, state] for state in NEXT_STATES.get(way[-1], ()) if state not in way]
    return [goal]
