"""Events applied to a net, one after the other; those that cannot happen are left out with a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from graph.delta.handover import handover_of, passed_on, refusal
from graph.delta.relation_events import RefusedEventError, begun_or_updated, ended, fitting, traded_on
from graph.delta.rows import Pair, day_number
from graph.delta.state import Delta
from graph.delta.tables import FIELDS, Event
from graph.delta.work import Rows, Work
from graph.ids import id_faults
from graph.tables import PARTY_KINDS, RELATION_KINDS

__all__ = ["apply_events"]

_NOT_ATTRIBUTES = ("event_id", "event", "at", "id")


def apply_events(delta: Delta, events: Sequence[Event]) -> tuple[Delta, list[str]]:
    """Apply events in their order.

    Parameters
    ----------
    delta
        What earlier events made; not changed.
    events
        Further events, each of the types of `graph.delta.tables.EVENTS`.

    Returns
    -------
    delta, faults
        What all of them made, and per event why it was left out: a code, a colon and words; empty if it counts. An
        event counts whole or not at all.
    """
    work = Work(delta, events)
    faults = [_applied(work, event) for event in events]
    accepted = [event for event, fault in zip(events, faults, strict=True) if not fault]
    return (work.done(accepted) if accepted else delta), faults


def _applied(work: Work, event: Event) -> str:
    try:
        _require_fields(event)
        _APPLY[event["event"]](work, event)
    except RefusedEventError as error:
        return str(error)
    return ""


def _require_fields(event: Event) -> None:
    what = event["event"]
    needs, may = FIELDS[what]
    missing = [name for name in needs if name not in event]
    if missing:
        raise RefusedEventError(f"missing: an event '{what}' needs {', '.join(needs)}; {missing[0]} is empty")
    spare = [name for name in event if name not in ("event_id", "event", *needs, *may)]
    if spare:
        raise RefusedEventError(f"misplaced: {spare[0]} means nothing in an event '{what}'")


def _party(work: Work, event: Event) -> None:
    if (fault := id_faults(pd.Series([event["id"]], dtype="str"))[0]) != "":
        raise RefusedEventError(f"bad_id: expected {fault}")
    if "kind" in event and event["kind"] not in PARTY_KINDS:
        raise RefusedEventError(f"unknown_kind: no party kind of that name; there are {', '.join(PARTY_KINDS)}")
    if "kind" not in event and work.position(event["id"]) is None:
        raise RefusedEventError("missing: a new party needs its kind")
    position = work.party(event["id"])
    work.give(position, {name: value for name, value in event.items() if name not in _NOT_ATTRIBUTES})


def _relation(work: Work, event: Event) -> None:
    pair = _pair(work, event)
    work.put(event["kind"], pair, fitting(begun_or_updated(work.rows(event["kind"], pair), event)))


def _end(work: Work, event: Event) -> None:
    pair = _pair(work, event)
    work.put(event["kind"], pair, ended(work.rows(event["kind"], pair), day_number(event["at"])))


def _trade(work: Work, event: Event) -> None:
    pair = _pair(work, event)
    rows = traded_on(work.rows(event["kind"], pair), day_number(event["at"]), event["amount_fen"])
    work.put(event["kind"], pair, fitting(rows))


def _handover(work: Work, event: Event) -> None:
    src, dst = _ends(work, event)
    new = handover_of(event)
    for kind in sorted(new.kinds):
        _require_kind(kind)
    if fault := refusal(work.left, new):
        raise RefusedEventError(fault)
    plan: dict[tuple[str, Pair], Rows] = {}
    for kind in RELATION_KINDS:
        if kind in new.kinds:
            plan |= _plan(work, kind, (src, dst), day_number(event["at"]), event.get("share", 1.0))
    for rows in plan.values():
        fitting(rows)
    for (kind, pair), rows in plan.items():  # only now: an event counts whole or not at all
        work.put(kind, pair, rows)
    for kind in new.kinds:
        work.left.setdefault(kind, {})[new.src] = new


def _plan(work: Work, kind: str, who: Pair, day: int, share: float) -> dict[tuple[str, Pair], Rows]:
    """Return what becomes of every pair of one kind that the handover touches."""
    leaver, successor = who
    pairs = work.pairs_of(kind, leaver)
    heirs: list[Pair] = [(successor, b) if a == leaver else (a, successor) for a, b in pairs]
    work.fetch(kind, [*pairs, *(pair for pair in heirs if pair[0] != pair[1])])
    plan: dict[tuple[str, Pair], Rows] = {}
    for pair, heir in zip(pairs, heirs, strict=True):
        between = heir[0] == heir[1]
        rows = work.rows(kind, pair)
        if all(row.valid_to <= day for row in rows):
            continue
        kept, new = passed_on(rows, None if between else work.rows(kind, heir), day, share)
        plan[kind, pair] = kept
        if not between:
            plan[kind, heir] = new
    return plan


def _pair(work: Work, event: Event) -> Pair:
    _require_kind(event["kind"])
    return _ends(work, event)


def _require_kind(kind: str) -> None:
    if kind not in RELATION_KINDS:
        raise RefusedEventError(f"unknown_kind: no relation kind of that name; there are {', '.join(RELATION_KINDS)}")


def _ends(work: Work, event: Event) -> Pair:
    src, dst = work.position(event["src"]), work.position(event["dst"])
    if src is None or dst is None:
        name = "src" if src is None else "dst"
        raise RefusedEventError(f"unknown_{name}: {name} is not a party")
    if src == dst:
        raise RefusedEventError("self_loop: src and dst are the same party")
    return src, dst


_APPLY: dict[str, Callable[[Work, Event], None]] = {
    "party": _party,
    "relation": _relation,
    "end": _end,
    "trade": _trade,
    "handover": _handover,
}
