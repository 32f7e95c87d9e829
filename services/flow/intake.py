"""Facts taken in: each row is accepted, known or refused, and the sender hears which and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import pandas as pd

from contracts.errors import EvenflowError, InputError, UnknownIdError
from contracts.progress import Report, silent
from forecast.signal_intake import sift as sift_signals
from forecast.tables import SIGNALS
from services.access import ForbiddenError
from services.flow.plain_facts import as_kept, is_plain
from services.flow.tables import PAYLOADS, SUBJECTS
from services.flow.wave_orders import is_plain_value, unusable_push
from services.viewer import Viewer
from store.database import Database
from store.fact_book import Fact, accept_facts
from store.pseudonyms import Pseudonyms
from store.snapshot import Snapshot

__all__ = ["OPERATORS_KINDS", "take_fact_file", "take_facts"]

_OWN = ("key", "kind", "occurred_at", "sequence", "corrects")
_AT_ONCE = 500  # rows of one transaction: others wait for one at most
_LONGEST_KEY, _LONGEST_REASON = 150, 500
_LISTS = {"communities"}  # looked at row by row
_DIGITS = 16  # of a sequence sent as text: more are too many
OPERATORS_KINDS = ("sale", "signal", "capacity_change", "progress", "push")
"""What is drawn on by the whole house; a tenant's key sends orders and cancellations."""


def take_facts(
    database: Database,
    rows: Sequence[Mapping[str, Any]],
    *,
    now_ms: int,
    viewer: Viewer | None = None,
    snapshot: Snapshot | None = None,
    names: Pseudonyms | None = None,
) -> dict[str, Any]:
    """Keep facts, durable when this returns; the same again changes nothing.

    Parameters
    ----------
    rows
        ``key, kind, occurred_at`` (with time zone), where needed ``corrects`` (the key of the original fact) and
        ``sequence``, and what the kind says (`services.flow.tables.PAYLOADS`).
    now_ms
        When they are accepted.
    viewer
        Who sends; a tenant sends orders of its own buyers, and what corrects or cancels them.
    snapshot
        The loaded network, which knows whose the buyers are; needed for a tenant.
    names
        What the ``kol_id`` of a signal is kept as; without them none is kept.

    Returns
    -------
    dict
        ``accepted, known, refused`` as counts and per row in ``results`` its number (1 = the first), ``key``,
        ``status`` (accepted, known, refused), ``id`` and ``reason``.

    Raises
    ------
    ForbiddenError
        If a tenant sends what the whole house is drawn from.
    """
    viewer = viewer or Viewer()
    _require_kinds(rows, viewer)
    rows = [_nameless(row, names) for row in rows]
    facts, reasons = _checked(rows, viewer.tenant or "", now_ms)
    if viewer.tenant is not None:
        reasons |= _not_own(facts, viewer, snapshot)
    good = [number for number in facts if number not in reasons]
    told: dict[int, str] = {}
    for start in range(0, len(good), _AT_ONCE):
        part = good[start : start + _AT_ONCE]
        told |= dict(zip(part, accept_facts(database, [facts[number] for number in part]), strict=True))
    reasons |= {number: _REFUSED[status] for number, status in told.items() if status in _REFUSED}
    return _report(rows, told, reasons)


_REFUSED = {
    "changed": "key: expected a key of its own, got one that stands for another fact",
    "corrects a correction": "corrects: expected the key of the original fact, got one that corrects or cancels it",
    "corrects another kind": "corrects: expected the key of a fact of this kind, got one of another kind's",
}


def take_fact_file(
    database: Database,
    path: Path,
    *,
    now_ms: int,
    names: Pseudonyms | None = None,
    strict: bool = False,
    progress: Report = silent,
) -> dict[str, Any]:
    """Take in a file of facts (.ndjson, .csv or .parquet); as `take_facts`, the results of refused rows only.

    Parameters
    ----------
    names
        As for `take_facts`.
    strict
        Keep nothing if a row cannot be used.

    Raises
    ------
    InputError
        If the file cannot be read.
    EvenflowError
        If `strict` and a row cannot be used.
    """
    rows = _rows_of(path)
    if strict:
        _require_usable(rows, path)
    totals: dict[str, Any] = {"accepted": 0, "known": 0, "refused": 0, "results": []}
    for start in range(0, len(rows), _AT_ONCE):
        progress("facts", start, len(rows))
        made = take_facts(database, rows[start : start + _AT_ONCE], now_ms=now_ms, names=names)
        for name in ("accepted", "known", "refused"):
            totals[name] += made[name]
        refused = [result for result in made["results"] if result["status"] == "refused"]
        totals["results"] += [result | {"row": result["row"] + start} for result in refused]
    progress("facts", len(rows), len(rows))
    return totals


def _rows_of(path: Path) -> list[dict[str, Any]]:
    from services.files import read_raw
    from services.relate import rows_of_lines

    if path.suffix != ".ndjson":
        return [_without_blanks(row) for row in read_raw(path).to_dict("records")]
    if not path.is_file():
        raise InputError(str(path), "a file", "no such file")
    return rows_of_lines(path.read_bytes().splitlines(), path.name)


def _require_usable(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    facts, reasons = _checked(rows, "", 0)
    del facts
    if reasons:
        first = min(reasons)
        raise EvenflowError(
            f"{path.name}, row {first + 1}: {reasons[first]}; nothing was kept, because --strict refuses "
            f"{len(reasons)} such row(s)"
        )


def _checked(rows: Sequence[Mapping[str, Any]], tenant: str, now_ms: int) -> tuple[dict[int, Fact], dict[int, str]]:
    """Return the rows that are facts by number, and why others (or their payloads) cannot be used."""
    facts: dict[int, Fact] = {}
    reasons: dict[int, str] = {}
    for number, row in enumerate(rows):
        try:
            facts[number] = _fact(row, tenant, now_ms)
        except InputError as error:
            reasons[number] = str(error)
    return facts, reasons | _unusable(facts)


def _require_kinds(rows: Iterable[Mapping[str, Any]], viewer: Viewer) -> None:
    for row in rows if viewer.tenant is not None else ():
        if row.get("kind") in OPERATORS_KINDS:
            raise ForbiddenError(f"a key bound to a tenant sends orders and cancellations, not {row['kind']} facts")


def _nameless(row: Mapping[str, Any], names: Pseudonyms | None) -> Mapping[str, Any]:
    """Return a row without the name of a person: the database is to hold pseudonyms only."""
    kol_id = row.get("kol_id")
    if row.get("kind") != "signal" or not is_plain_value(kol_id) or kol_id in (None, ""):
        return row
    name = None if names is None else names.of(pd.Series([str(kol_id)]))[0]
    return {**row, "kol_id": None if pd.isna(name) else name}


def _fact(row: Mapping[str, Any], tenant: str, now_ms: int) -> Fact:
    key, kind, sequence, corrects = row.get("key"), row.get("kind"), row.get("sequence", 0), row.get("corrects")
    if not _is_key(key):
        raise InputError("key", f"1 to {_LONGEST_KEY} printable characters", key)
    if not isinstance(kind, str) or kind not in PAYLOADS:
        raise InputError("kind", f"one of {', '.join(PAYLOADS)}", kind)
    if corrects is not None and (not _is_key(corrects) or corrects == key):
        raise InputError("corrects", "the key of the original fact", corrects)
    if kind == "cancellation" and corrects is None:
        raise InputError("corrects", "the key of the fact that is cancelled", None)
    if isinstance(sequence, str) and sequence.isdecimal() and len(sequence) <= _DIGITS:
        sequence = int(sequence)
    if isinstance(sequence, bool) or not isinstance(sequence, int) or not 0 <= sequence < 2**53:
        raise InputError("sequence", "a whole number >= 0", sequence)
    payload = _payload(kind, row)
    subject = corrects if kind == "cancellation" else payload.get(SUBJECTS[kind])
    return Fact(
        tenant=tenant,
        key=key,
        kind=kind,
        subject=str(subject),
        root=corrects or key,
        payload=payload,
        sequence=sequence,
        occurred_at_ms=_moment(row.get("occurred_at")),
        accepted_at_ms=now_ms,
    )


def _is_key(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_KEY and value.isprintable()


def _payload(kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a kind of fact says; what people did is the ``signal`` of a signal, whose column is ``kind``."""
    schema = PAYLOADS[kind]
    fields = {name: "signal" if name == "kind" else name for name in schema.by_name}
    unknown = sorted(str(name) for name in row if name not in fields.values() and name not in _OWN)
    if unknown:
        expected = f"a field of {kind} facts ({', '.join((*_OWN, *fields.values()))})"
        raise InputError(unknown[0], expected, "another")
    nested = next((f for f in fields.values() if f not in _LISTS and not is_plain_value(row.get(f))), None)
    if nested is not None:
        raise InputError(nested, "text, or a number of less than 64 bits", row[nested])
    told = {name: row[field] for name, field in fields.items() if not _is_blank(row.get(field))}
    return {name: as_kept(value, schema.by_name[name]) if name not in _LISTS else value for name, value in told.items()}


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _moment(value: Any) -> int:
    try:
        moment = pd.Timestamp(value if isinstance(value, str) else "")
        if moment is not pd.NaT and moment.tzinfo is not None:
            return int(moment.value // 1_000_000)
    except (ValueError, OverflowError):  # no moment, or one beyond the years 1678 to 2261
        pass
    raise InputError("occurred_at", "a moment with its time zone (ISO 8601)", value)


def _unusable(facts: Mapping[int, Fact]) -> dict[int, str]:
    """Return why payloads cannot be used, each kind checked as the table that it is a row of."""
    found: dict[int, str] = {}
    for kind, schema in PAYLOADS.items():
        numbers = [number for number, fact in facts.items() if fact.kind == kind]
        if kind == "push":
            found |= {number: reason for number in numbers if (reason := unusable_push(facts[number].payload))}
            continue
        numbers = [number for number in numbers if not is_plain(facts[number].payload, schema)]
        if not numbers:
            continue
        raw = pd.DataFrame([facts[number].payload for number in numbers], columns=list(schema.by_name), dtype=object)
        if kind == "signal":
            _, bad = sift_signals(raw, SIGNALS)
        else:
            keyless = schema if not schema.key else type(schema)(name=schema.name, columns=schema.columns)
            _, bad = keyless.sift(raw)
        found |= {numbers[row - 1]: str(reason) for row, reason in zip(bad["row"], bad["reason"], strict=True)}
    return found


def _not_own(facts: Mapping[int, Fact], viewer: Viewer, snapshot: Snapshot | None) -> dict[int, str]:
    """Return which orders name a buyer that is not the sender's; the same words as for one that is not there."""
    network = None if snapshot is None else snapshot.network()
    found: dict[int, str] = {}
    for number, fact in facts.items():
        buyer = fact.payload.get("buyer_id")
        if fact.kind != "order" or buyer is None:
            continue
        if network is None:
            found[number] = "buyer_id: expected a party of the loaded network, got one while nothing is loaded"
        else:
            try:
                viewer.own_position(network, str(buyer))
            except UnknownIdError as error:
                found[number] = str(error)
    return found


def _report(rows: Sequence[Mapping[str, Any]], told: Mapping[int, str], reasons: Mapping[int, str]) -> dict[str, Any]:
    results = []
    for number, row in enumerate(rows):
        refused = number in reasons
        key = _readable(row["key"]) if isinstance(row.get("key"), str) else None
        results.append(
            {
                "row": number + 1,
                "key": key,
                "status": "refused" if refused else told[number],
                "id": None if refused else f"fact:{key}",
                "reason": _readable(reasons[number])[:_LONGEST_REASON] if refused else None,
            }
        )
    tally = [result["status"] for result in results]
    return {name: tally.count(name) for name in ("accepted", "known", "refused")} | {"results": results}


def _readable(text: str) -> str:
    """Return text that any answer can carry: half a surrogate pair, which JSON may hold, as it was written."""
    return text.encode("utf-8", "backslashreplace").decode()


def _without_blanks(row: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name): cell for name, cell in row.items() if not pd.isna(cell) and cell != ""}
