"""Handover: somebody leaves, and as of a day its relations are the successor's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from contracts.errors import InputError
from graph.delta.relation_events import RefusedEventError
from graph.delta.rows import Row, joined, rounded, without_history
from graph.delta.tables import Event
from graph.tables import RELATION_KINDS

__all__ = ["Handover", "attributed_to", "handover_of", "passed_on", "refusal"]

Rows = tuple[Row, ...]


class Handover(NamedTuple):
    """Somebody's customers pass to a successor.

    Parameters
    ----------
    src, dst
        Who leaves and who follows.
    day
        First day on which they are the successor's.
    kinds
        The relation kinds that pass.
    """

    src: str
    dst: str
    day: dt.date
    kinds: frozenset[str]


def attributed_to(handovers: Iterable[Handover], party: str, day: dt.date, *, kind: str = "serves") -> str:
    """Return who holds a party's customers on a day: itself, its successor, or a successor's successor.

    Parameters
    ----------
    handovers
        All handovers, in any order.
    party
        The party that won the customers.
    day
        The day asked about.
    kind
        The relation kind in question.

    Raises
    ------
    InputError
        If a party leaves twice, or the handovers go round in a circle.

    Examples
    --------
    >>> left = [
    ...     Handover("A", "B", dt.date(2026, 3, 1), frozenset({"serves"})),
    ...     Handover("B", "C", dt.date(2026, 5, 1), frozenset({"serves"})),
    ... ]
    >>> [attributed_to(left, "A", dt.date(2026, month, 1)) for month in (2, 3, 5)]
    ['A', 'B', 'C']
    """
    successor: dict[str, Handover] = {}
    for one in handovers:
        if kind in one.kinds and successor.setdefault(one.src, one) != one:
            raise InputError(f"handovers of {one.src}", "one, because who left has left", "two")
    for one in successor.values():
        if one.src in _chain(successor, one.dst):
            raise InputError("handovers", "chains that end", f"a circle through {one.src}")
    while party in successor and successor[party].day <= day:
        party = successor[party].dst
    return party


def handover_of(event: Event) -> Handover:
    """Return the handover that an event tells of; without kinds all of them pass."""
    named = [word.strip() for word in event["kind"].split("|")] if "kind" in event else RELATION_KINDS
    return Handover(event["src"], event["dst"], dt.date.fromisoformat(event["at"]), frozenset(named))


def refusal(earlier: Mapping[str, Mapping[str, Handover]], new: Handover) -> str:
    """Return why a handover cannot follow earlier ones (by kind and leaver), an empty text if it can."""
    for kind in new.kinds:
        successor = earlier.get(kind, {})
        if new.src in successor:
            return "repeated: src has handed over already"
        if new.dst in successor and successor[new.dst].day <= new.day:
            return "successor_left: dst has itself handed over by that day"
        if new.src in _chain(successor, new.dst):
            return "cycle: dst's own successors lead back to src"
    return ""


def passed_on(rows: Rows, successor: Rows | None, day: int, share: float) -> tuple[Rows, Rows]:
    """Return the leaver's and the successor's relations with the same other party, of the same kind and direction.

    What holds up to the day ends then and keeps what was counted; from the day on the successor has it, with a share
    of its strength and no counts. What would have begun on that day or later passes as a whole.

    Parameters
    ----------
    rows
        The leaver's.
    successor
        The successor's; None if the other party is the successor: then the relation only ends.
    day
        First day after (days since 1970-01-01).
    share
        Share of the strength that is kept, 0 … 1.

    Raises
    ------
    RefusedEventError
        If a relation between the two begins on that day or later.
    """
    later = [row for row in rows if row.valid_from >= day]
    if successor is None and later:
        raise RefusedEventError("not_begun: a relation between src and dst begins on that day or later; end it first")
    kept = tuple(row._replace(valid_to=min(row.valid_to, day)) for row in rows if row.valid_from < day)
    new = successor or ()
    for row in rows:
        if successor is not None and row.valid_to > day:
            whole = row if row.valid_from >= day else without_history(row)._replace(valid_from=day)
            new = joined(new, whole._replace(weight=rounded(row.weight * share)))
    return kept, new


def _chain(successor: Mapping[str, Handover], start: str) -> list[str]:
    """Return a party and its successors in turn, up to the end or to one that is there already."""
    chain = [start]
    while chain[-1] in successor and successor[chain[-1]].dst not in chain:
        chain.append(successor[chain[-1]].dst)
    return chain
