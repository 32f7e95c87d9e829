"""Signals, capacity changes and progress: each put where the rest of the house looks for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pandas as pd

from contracts.errors import InputError, NotReadyError, UnknownIdError
from planning.order_states import NEXT_STATES, OrderChange
from services.effective import effective
from services.flow.passes import Event, Pass, World, about, causes_of, event, facts_in
from services.post_signals import post_signals
from services.production_orders import current_orders, decide_order, order_decisions, rows_of_order
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
        state = None if fact is None else str(fact.payload["state"])
        try:
            done += [order_id] if _taken_to(world, order_id, state, given.now_ms) else []
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


def _taken_to(world: World, order_id: str, state: str | None, now_ms: int) -> bool:
    """Take an order to a state, through those between; None: to the plan's own. Return whether anything changed.

    What only an earlier fact said, which counts no more, is taken back; what somebody decided is not.
    """
    home = world.home.root
    try:
        found = current_orders(home)
    except NotReadyError:
        raise UnknownIdError("production order", order_id) from None
    now = _state(found.orders, order_id)
    told = next((record["by"] for record in order_decisions(home, order_id=order_id)), None) == _BY
    if state is None:
        if not told:
            return False
        state = _state(found.plan.table("orders"), order_id)
    way = _way(now, state)
    corrected = told and now != state and way[0] not in NEXT_STATES.get(now, ())
    for next_state in way:
        change = OrderChange(order_id=order_id, state=next_state, corrected=corrected)
        at = datetime.fromtimestamp(now_ms / 1000, UTC)
        decide_order(home, change, by=_BY, reason="told by a progress fact", now=at)
    return bool(way)


def _state(orders: pd.DataFrame, order_id: str) -> str:
    states = orders.loc[rows_of_order(orders, order_id), "state"]
    return str(states.iloc[0]) if len(states) else "proposed"


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
