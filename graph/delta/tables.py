"""The table of events: what changes between two loads, one row each."""

from __future__ import annotations

from typing import Any

import pandas as pd

from contracts.tables import Column, TableSchema
from graph.tables import PARTIES, RELATIONS

__all__ = ["EVENTS", "EVENT_KINDS", "FIELDS", "Event", "events_of"]

Event = dict[str, Any]
"""One event as plain values: the columns of `EVENTS` that were given; dates as ``YYYY-MM-DD``."""

EVENT_KINDS = ("party", "relation", "end", "trade", "handover")

_ENDS = ("src", "dst", "kind")
_ATTRIBUTES = tuple(c.name for c in PARTIES.columns if c.name not in ("id", "kind"))
_STATES = tuple(c.name for c in RELATIONS.columns if c.name not in _ENDS)
FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "party": (("id",), ("at", "kind", *_ATTRIBUTES)),
    "relation": (_ENDS, ("at", *_STATES)),
    "end": ((*_ENDS, "at"), ()),
    "trade": ((*_ENDS, "at", "amount_fen"), ()),
    "handover": (("src", "dst", "at"), ("kind", "share")),
}
"""Per kind of event the columns it needs and those it may have, besides ``event_id`` and ``event``."""


def _optional(column: Column, description: str | None = None) -> Column:
    """Return a column of another table as one that an event may leave empty."""
    return Column(
        name=column.name,
        kind=column.kind,
        required=False,
        nullable=True,
        minimum=column.minimum,
        maximum=column.maximum,
        description=description or column.description,
    )


def _text(name: str, description: str) -> Column:
    return Column(name=name, kind="str", required=False, nullable=True, description=description)


EVENTS = TableSchema(
    name="events",
    columns=(
        Column(
            name="event_id",
            kind="str",
            description="Your own id of the event. The same event again changes nothing; another one under the same id "
            "is refused.",
        ),
        Column(name="event", kind="str", choices=EVENT_KINDS, description="What happened."),
        Column(
            name="at",
            kind="date",
            required=False,
            nullable=True,
            description="Day from which it counts: of the trade, the end, the handover; of a relation its valid_from "
            "without it.",
        ),
        _text("src", "Party the relation starts from; in a handover the one who leaves."),
        _text("dst", "Party the relation leads to; in a handover the successor."),
        _text(
            "kind",
            "The relation's kind, or the party's (a new party needs it); in a handover the kinds that pass, joined by "
            "|, all of them if empty.",
        ),
        *(_optional(RELATIONS.by_name[name]) for name in _STATES if name != "amount_fen"),
        _optional(RELATIONS.by_name["amount_fen"], "Value of the trade, or of a relation's trades so far, in fen."),
        Column(
            name="share",
            kind="float",
            required=False,
            nullable=True,
            minimum=0,
            maximum=1,
            description="Share of each tie's strength that the successor keeps; 1 if empty.",
        ),
        _text("id", "The party that appears or changes."),
        *(_optional(PARTIES.by_name[name]) for name in _ATTRIBUTES),
    ),
)


def events_of(frame: pd.DataFrame) -> list[Event]:
    """Return the rows of a frame with the types of `EVENTS` as events; empty cells and further columns left out."""
    events: list[Event] = [{} for _ in range(len(frame))]
    for column in EVENTS.columns:
        if column.name in frame:
            cells = frame[column.name]
            given = cells.notna() & (cells != "") if column.kind == "str" else cells.notna()
            for row, value in zip(given.to_numpy().nonzero()[0].tolist(), _plain(cells[given], column), strict=True):
                events[row][column.name] = value
    return events


def _plain(cells: pd.Series, column: Column) -> list[Any]:
    if column.kind == "date":
        return [str(text) for text in cells.dt.strftime("%Y-%m-%d")]
    return [int(value) for value in cells] if column.kind == "int" else cells.tolist()
