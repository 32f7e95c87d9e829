"""From any number back to its causes: match ← prices ← plan ← forecast ← signals and sales, by ids and versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.errors import UnknownIdError
from services.record import Record
from services.record_lookup import Lookup
from services.viewer import Viewer
from store.database import Database

__all__ = ["Why", "as_rows", "lines_of", "why"]

_MOST_CAUSES, _MOST_RECORDS = 12, 200


@dataclass(frozen=True)
class Why:
    """A record and everything that led to it, each record once.

    Parameters
    ----------
    id
        What was asked for, by the name it is kept under.
    records
        By id, what was asked for first.
    causes
        Ids of the causes of each record that are told, by its id.
    left_out
        How many more causes each has.
    """

    id: str
    records: Mapping[str, Record]
    causes: Mapping[str, Sequence[str]]
    left_out: Mapping[str, int] = field(default_factory=dict)


def why(home: Path, database: Database, record_id: str, *, viewer: Viewer) -> Why:
    """Return a record and what led to it, as far back as anything is kept.

    Parameters
    ----------
    home
        The home folder.
    record_id
        Of whatever is kept or shown: `services.record_lookup`.
    viewer
        Who asks. A tenant is told of its own records, of the whole house's (prices, plans, forecasts, the network) only
        which version it was.

    Raises
    ------
    UnknownIdError
        If nothing is kept under it, or it is not the viewer's.
    """
    lookup = Lookup(home, database, viewer)
    first = lookup.find(record_id)
    if first is None:
        raise UnknownIdError("record", record_id)
    records, causes, left_out = {first.id: first}, {}, {}
    waiting = [first]
    while waiting:
        record = waiting.pop(0)
        found = []
        for cause in _most_telling(record.causes):
            known = records.get(cause) or (lookup.find(cause) if len(records) < _MOST_RECORDS else None)
            if known is None or known.id == record.id:
                continue
            found.append(known.id)
            if known.id not in records:
                records[known.id] = known
                waiting.append(known)
        causes[record.id] = found
        left_out[record.id] = max(record.causes_in_all, len(record.causes)) - len(found)
    return Why(first.id, records, causes, left_out)


def _most_telling(causes: Sequence[str]) -> list[str]:
    """Return some of many causes: those made of others before single facts, of these the latest."""
    made = [cause for cause in causes if not cause.startswith("fact:")]
    facts = [cause for cause in causes if cause.startswith("fact:")]
    return [*made[:_MOST_CAUSES], *facts[::-1][: max(_MOST_CAUSES - len(made), 3)]]


def lines_of(found: Why) -> Iterator[str]:
    """Yield the tree in lines; what stands in it twice is told once."""
    told: set[str] = set()
    yield from _branch(found, found.id, told, "", "")


def _branch(found: Why, name: str, told: set[str], first: str, rest: str) -> Iterator[str]:
    record = found.records[name]
    if name in told:
        yield f"{first}{name}  (above)"
        return
    told.add(name)
    at = f"  {record.at}" if record.at else ""
    yield f"{first}{name}  {record.told}{at}"
    causes, more = found.causes[name], found.left_out.get(name, 0)
    for number, cause in enumerate(causes):
        last = number == len(causes) - 1 and not more
        yield from _branch(found, cause, told, f"{rest}{'└─ ' if last else '├─ '}", f"{rest}{'   ' if last else '│  '}")
    if more:
        yield f"{rest}└─ … and {more} more"


def as_rows(found: Why) -> list[dict[str, Any]]:
    """Return the records as plain data."""
    return [
        {"id": record.id, "kind": record.kind, "told": record.told, "at": record.at, "facts": dict(record.facts),
         "causes": list(found.causes[record.id]), "left_out": found.left_out.get(record.id, 0)}
        for record in found.records.values()
    ]  # fmt: skip
