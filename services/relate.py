"""Changes of the loaded network between two loads: recorded durably, visible at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from contracts.errors import EvenflowError, InputError, TableError
from contracts.tables import with_reasons
from graph.delta.handover import attributed_to, handover_of
from graph.delta.tables import EVENTS, Event, events_of
from services.event_scope import require_own
from services.files import check_writable, read_raw, write_table
from services.viewer import Viewer
from store.home import Home, Recorded

__all__ = ["RelateReport", "hand_over", "holder_of", "record_events", "relate_file", "rows_of_lines"]

_SUFFIXES = (".csv", ".parquet", ".ndjson")
_OPERATOR = Viewer()


@dataclass(frozen=True, kw_only=True)
class RelateReport:
    """What became of a file of events.

    Parameters
    ----------
    applied, known, quarantined
        Events that count from now on, that were there already, and rows that cannot be used.
    summary
        The same as plain values, for people and programs.
    """

    applied: int
    known: int
    quarantined: int
    summary: dict[str, Any]


def relate_file(path: Path, *, home: Home, strict: bool = False) -> RelateReport:
    """Record the events of a file: all of its usable rows as one batch, or nothing.

    Rows that cannot be used are written to ``quarantine/<file>`` beside the file, with their row and reason; the
    quarantine of an ``.ndjson`` file is a ``.csv``.

    Parameters
    ----------
    path
        A ``.csv``, ``.parquet`` or ``.ndjson`` file with the columns of `graph.delta.tables.EVENTS`.
    home
        Where the network lives.
    strict
        Refuse the whole file if one row cannot be used; nothing is written then.

    Raises
    ------
    InputError
        If the file cannot be read, or the quarantine or the home cannot be written.
    NotReadyError
        If nothing is loaded.
    EvenflowError
        If `strict` and a row cannot be used. Nothing has changed then.
    """
    version = home.current().version
    raw = _read(path)
    typed, bad = EVENTS.sift(raw, path.name)
    rows = pd.Index(range(len(raw))).difference(pd.Index(bad["row"].to_numpy(int) - 1))
    if strict and len(bad):
        raise EvenflowError(_refused(path, bad))
    quarantine = path.parent / "quarantine" / (path.name if path.suffix != ".ndjson" else f"{path.stem}.csv")
    _require_folder(quarantine)
    found = home.record(events_of(typed), strict=strict)
    bad = _with_refused(raw, bad, {int(rows[index]): reason for index, reason in found.refused.items()})
    if strict and len(bad):
        raise EvenflowError(_refused(path, bad))
    _quarantine(quarantine, bad)
    summary = {
        "version": version,
        "applied": found.applied,
        "known": found.known,
        "quarantined": len(bad),
        "first_reason": _first(path, bad) if len(bad) else None,
        "quarantine": str(quarantine) if len(bad) else None,
        "ignored_columns": [str(name) for name in raw.columns if name not in EVENTS.by_name],
    }
    return RelateReport(applied=found.applied, known=found.known, quarantined=len(bad), summary=summary)


def record_events(frame: pd.DataFrame, *, home: Home, source: str = "events", viewer: Viewer = _OPERATOR) -> Recorded:
    """Record a batch of events, all or nothing.

    Parameters
    ----------
    frame
        The events' raw rows.
    home
        Where the network lives.
    viewer
        Who records; a tenant may record what is about its own parties.
    source
        What the rows are called in messages.

    Raises
    ------
    TableError
        If an event cannot be used; names the row. Nothing has changed then.
    NotReadyError
        If nothing is loaded.
    """
    typed = EVENTS.check(frame, source)
    events = events_of(typed)
    found = home.record(events, allow=lambda network: require_own(typed, viewer, network, source=source))
    if found.refused:
        row, reason = next(iter(found.refused.items()))
        code, _, words = reason.partition(": ")
        event = events[row]
        raise TableError(
            source,
            _COLUMN_OF.get(code, "event_id"),
            f"an event that can happen ({code}: {words})",
            event.get(_COLUMN_OF.get(code, "event_id"), event["event_id"]),
            row=row + 1,
            bad_rows=len(found.refused),
        )
    return found


def hand_over(event: Event, *, home: Home) -> dict[str, Any]:
    """Pass somebody's relations to a successor as of a day, and tell what passed.

    Parameters
    ----------
    event
        The handover, as plain values (`graph.delta.tables.EVENTS`).
    home
        Where the network lives.

    Returns
    -------
    dict
        ``event_id, from, to, at``, ``applied`` (False: it was there already), per kind how many relations hold on the
        day ``before`` and ``after`` for the two of them.

    Raises
    ------
    TableError
        If it cannot happen; says why.
    NotReadyError
        If nothing is loaded.
    """
    before = home.current().network()
    found = record_events(pd.DataFrame([event]), home=home, source="handover")
    after = home.current().network()
    day = pd.Timestamp(event["at"]).date()
    named = {"from": event["src"], "to": event["dst"]}
    views = {"before": before.as_of(day), "after": after.as_of(day)}
    return {
        "event_id": event["event_id"],
        **named,
        "at": event["at"],
        "applied": bool(found.applied),
        **{when: {who: _relations(net, named[who]) for who in named} for when, net in views.items()},
    }


_COLUMN_OF = {
    "unknown_kind": "kind",
    "unknown_src": "src",
    "unknown_dst": "dst",
    "self_loop": "dst",
    "reversed_dates": "at",
    "reversed_time": "at",
    "bad_id": "id",
    "too_large": "count",
    "successor_left": "dst",
    "cycle": "dst",
    "repeated": "src",
}


def holder_of(party_id: str, day: dt.date, *, kind: str, home: Home) -> str:
    """Return who holds a party's customers of one relation kind on a day, after all handovers recorded.

    Raises
    ------
    UnknownIdError
        If there is no such party or relation kind.
    """
    network = home.current().network()
    network.position(party_id)
    network.block(kind)
    events = [event for event in home.log.read()[0] if event["event"] == "handover"]
    return attributed_to([handover_of(event) for event in events], party_id, day, kind=kind)


def _relations(net: Any, party: str) -> int:
    return sum(counts["out"] + counts["in"] for counts in net.degrees(party).values())


def _read(path: Path) -> pd.DataFrame:
    if path.suffix != ".ndjson":
        if path.suffix not in _SUFFIXES:
            raise InputError(str(path), f"a name ending in {', '.join(_SUFFIXES)}", path.suffix or "no suffix")
        return read_raw(path)
    if not path.is_file():
        raise InputError(str(path), "a file", "a folder" if path.is_dir() else "no such file")
    rows = rows_of_lines(path.read_bytes().splitlines(), path.name)
    return pd.DataFrame.from_records(rows, columns=None if rows else ["event_id", "event"])


def rows_of_lines(lines: Sequence[bytes], source: str) -> list[dict[str, Any]]:
    """Return rows given as JSON objects, one a line; empty lines are skipped.

    Raises
    ------
    InputError
        If a line is no JSON object; names it.
    """
    rows = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                row = None
            if not isinstance(row, dict):
                raise InputError(f"{source}, line {number}", "one JSON object", line[:80].decode(errors="replace"))
            rows.append(row)
    return rows


def _with_refused(raw: pd.DataFrame, bad: pd.DataFrame, refused: dict[int, str]) -> pd.DataFrame:
    if not refused:
        return bad
    rows = raw.iloc[list(refused)].reset_index(drop=True)
    again = with_reasons(rows, [row + 1 for row in refused], list(refused.values()))
    both = pd.concat([bad, again]) if len(bad) else again
    return both.sort_values("row").reset_index(drop=True)


def _first(path: Path, bad: pd.DataFrame) -> str:
    return f"{path.name}, row {bad['row'].iloc[0]}: {bad['reason'].iloc[0]}"


def _refused(path: Path, bad: pd.DataFrame) -> str:
    return f"{_first(path, bad)}; nothing was recorded, because --strict refuses {len(bad)} row(s) that cannot be used"


def _require_folder(quarantine: Path) -> None:
    """Raise before anything is recorded if the rows that cannot be used could not be kept."""
    try:
        made = not quarantine.parent.exists()
        quarantine.parent.mkdir(exist_ok=True)
        check_writable(quarantine)
        if made:
            quarantine.parent.rmdir()
    except OSError as error:
        raise InputError(str(quarantine.parent), "a folder for the rows that cannot be used", error.strerror) from None


def _quarantine(path: Path, bad: pd.DataFrame) -> None:
    """Write the unusable rows beside the file; remove what an earlier run wrote and is good now."""
    if len(bad):
        path.parent.mkdir(exist_ok=True)
        write_table(bad, path)
    else:
        path.unlink(missing_ok=True)
