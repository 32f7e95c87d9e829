"""Dispatches that were sent to workshops: what they answered, and who does what they rejected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from contracts.errors import InputError, UnknownIdError
from planning.dispatch import DISPATCH_COLUMNS, Elsewhere, reassign
from store.plans import PlanShelf
from store.record_log import RecordLog

if TYPE_CHECKING:
    from services.dispatch_steps import DispatchReport

__all__ = [
    "ANSWERS",
    "Answer",
    "answer_dispatch",
    "end_links",
    "keep_dispatches",
    "links_ended",
    "list_dispatches",
    "read_dispatch",
]

ANSWERS = ("accept", "reject", "done")
_STATES = {"accept": "accepted", "reject": "rejected", "done": "done"}
_DATES = ("start", "due", "earliest", "latest")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a workshop says of a dispatch.

    Parameters
    ----------
    kind
        One of `ANSWERS`; ``done`` reports the pieces finished so far, and ends the dispatch with the last one.
    pieces
        With ``done``: pieces finished so far in all, >= 0.
    note
        In its own words.
    """

    kind: str
    pieces: int | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ANSWERS:
            raise InputError("answer", f"one of {', '.join(ANSWERS)}", self.kind)
        if (self.pieces is None) == (self.kind == "done"):
            raise InputError("pieces", "the pieces done so far, with `done` only", self.pieces)
        if self.pieces is not None and not 0 <= self.pieces <= 10**9:
            raise InputError("pieces", "a whole number from 0 to 1e9", self.pieces)


def keep_dispatches(home: Path, report: DispatchReport, *, now: datetime | None = None) -> str:
    """Keep a dispatch plan and send its dispatches; return the plan's id.

    Dispatches of an earlier plan that are still open are withdrawn; those accepted, done or rejected stay.
    """
    names = ("dispatches", "orders", "load", "routes", "owner")
    plan_id = PlanShelf(home).put(
        {name: getattr(report, name) for name in names},
        report.summary | {"version": None, "replaces": None},
        dispatched=True,
    )
    made = _moment(now)

    def choose(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        known = _folded(records)
        gone = [
            {"record": "withdrawn", "dispatch_id": name, "at": made}
            for name, one in known.items()
            if one["state"] == "sent"
        ]
        rows = [_row(row, plan_id, made, tries=[]) for row in report.dispatches.to_dict("records")]
        held = {name for name, one in known.items() if one["state"] in ("accepted", "done")}
        return gone + [row for row in rows if row["dispatch_id"] not in held]

    _log(home).decide(choose)
    return plan_id


def list_dispatches(home: Path) -> pd.DataFrame:
    """Return every dispatch with its state: `sent`, `accepted`, `done`, `rejected`, `unplaced` or `withdrawn`."""
    found = list(_folded(_log(home).read()).values())
    columns = [*DISPATCH_COLUMNS, "state", "done_pieces", "note", "tries", "why", "sent_at", "plan_id"]
    frame = pd.DataFrame([{**one, "tries": ", ".join(one["tries"])} for one in found], columns=columns)
    return frame.sort_values(["start", "dispatch_id"], ignore_index=True)


def read_dispatch(home: Path, dispatch_id: str) -> dict[str, Any]:
    """Return one dispatch with its state.

    Raises
    ------
    UnknownIdError
        If there is none of that id.
    """
    found = _folded(_log(home).read()).get(dispatch_id)
    if found is None:
        raise UnknownIdError("dispatch", dispatch_id)
    return found


def answer_dispatch(home: Path, dispatch_id: str, answer: Answer, *, now: datetime | None = None) -> dict[str, Any]:
    """Record what a workshop answered and return the dispatch; the same answer twice changes nothing.

    A rejected step goes to another workshop at once, as a dispatch of its own (id with ``.2``, ``.3``, ...) that none
    of those who rejected it gets; if nobody can do it in its window it stays ``unplaced``, with the reasons.

    Raises
    ------
    UnknownIdError
        If there is no such dispatch.
    InputError
        If the answer does not follow from its state, or more is done than was asked for, or less than before.
    """

    def choose(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        known = _folded(records)
        if dispatch_id not in known:
            raise UnknownIdError("dispatch", dispatch_id)
        one = known[dispatch_id]
        if _said_already(one, answer):
            return []
        _require_fits(one, answer)
        made = _moment(now)
        told: dict[str, Any] = {"record": "answer", "dispatch_id": dispatch_id, "at": made, "answer": answer.kind}
        told |= {"pieces": answer.pieces, "note": answer.note[:500]}
        return [told] + ([_elsewhere(home, one, known, made)] if answer.kind == "reject" else [])

    _log(home).decide(choose)
    return read_dispatch(home, dispatch_id)


def end_links(home: Path, dispatch_id: str, *, by: str, reason: str, now: datetime | None = None) -> dict[str, Any]:
    """End the links of a dispatch that were made so far, with a record of who did it and why; return the dispatch.

    Raises
    ------
    UnknownIdError
        If there is no such dispatch.
    InputError
        If `by` or `reason` is empty.
    """
    for name, text in (("by", by), ("reason", reason)):
        if not text.strip():
            raise InputError(name, "a text", text)

    def choose(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if dispatch_id not in _folded(records):
            raise UnknownIdError("dispatch", dispatch_id)
        told = {"record": "links_ended", "dispatch_id": dispatch_id, "at": _moment(now)}
        return [told | {"by": by[:500], "reason": reason[:500]}]

    _log(home).decide(choose)
    return read_dispatch(home, dispatch_id)


def links_ended(home: Path, dispatch_id: str) -> int:
    """Return how often the links of a dispatch were ended; 0 of one that nobody knows."""
    return int(_folded(_log(home).read()).get(dispatch_id, {}).get("links_ended", 0))


def _log(home: Path) -> RecordLog:
    return RecordLog(home / "dispatches.jsonl")


def _moment(now: datetime | None) -> str:
    return (now or datetime.now(UTC)).isoformat(timespec="milliseconds")


def _row(row: Mapping[str, Any], plan_id: str, made: str, *, tries: list[str]) -> dict[str, Any]:
    plain = {name: f"{row[name]:%Y-%m-%d}" if name in _DATES else row[name] for name in DISPATCH_COLUMNS}
    return {"record": "sent", **plain, "plan_id": plan_id, "sent_at": made, "tries": tries}


def _folded(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return each dispatch as the records left it."""
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        name = record["dispatch_id"]
        if record["record"] == "sent":
            fresh: dict[str, Any] = {"state": "sent", "done_pieces": 0, "note": "", "why": ""}
            fresh["links_ended"] = found.get(name, {}).get("links_ended", 0)  # a step sent anew revives no link
            found[name] = {k: v for k, v in record.items() if k != "record"} | fresh
        elif record["record"] == "withdrawn":
            found[name]["state"] = "withdrawn"
        elif record["record"] == "links_ended":
            found[name]["links_ended"] += 1
        elif record["record"] == "unplaced":
            found[name] |= {"state": "unplaced", "why": record["why"]}
        else:
            found[name] |= {"note": record["note"]} | _after(found[name], record)
    return found


def _after(one: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    if record["answer"] != "done":
        return {"state": _STATES[record["answer"]]}
    over = record["pieces"] >= one["pieces"]
    return {"state": "done" if over else "accepted", "done_pieces": record["pieces"]}


def _said_already(one: Mapping[str, Any], answer: Answer) -> bool:
    if answer.kind == "done":
        return one["state"] in ("accepted", "done") and one["done_pieces"] == answer.pieces
    same = {"accept": ("accepted", "done"), "reject": ("rejected", "unplaced")}
    return one["state"] in same[answer.kind]


def _require_fits(one: Mapping[str, Any], answer: Answer) -> None:
    wanted = {"accept": "sent", "reject": "sent", "done": "accepted"}[answer.kind]
    if one["state"] != wanted:
        raise InputError(f"dispatch {one['dispatch_id']}", f"one that is {wanted} (to {answer.kind})", one["state"])
    if answer.pieces is not None and not one["done_pieces"] <= answer.pieces <= one["pieces"]:
        raise InputError("pieces", f"from {one['done_pieces']} (done already) to {one['pieces']} in all", answer.pieces)


def _elsewhere(home: Path, one: dict[str, Any], known: Mapping[str, dict[str, Any]], made: str) -> dict[str, Any]:
    """Return the record that sends a rejected step to another workshop, or says why nobody can do it."""
    try:
        plan = PlanShelf(home).get(one["plan_id"])
    except UnknownIdError:
        why = f"{one['plan_id']}, which the step is part of, is not kept any more: make a new dispatch plan"
        return {"record": "unplaced", "dispatch_id": one["dispatch_id"], "at": made, "why": why}
    owner = plan.table("owner").set_index("resource")["workshop"]
    row = pd.Series(one | {name: pd.Timestamp(one[name]) for name in _DATES})
    tries = [*one["tries"], one["workshop"]]
    spare = _spare(plan.table("load"), plan.table("dispatches"), known)
    found: Elsewhere = reassign(row, plan.table("routes"), spare, owner, set(tries))
    base = one["dispatch_id"].partition(".")[0]
    if found.resource is None or found.start is None:
        why = "; ".join(found.reasons)
        return {"record": "unplaced", "dispatch_id": one["dispatch_id"], "at": made, "why": why}
    shop = str(owner.get(found.resource, found.resource))
    later = found.start - row["start"]
    new = row.to_dict() | {"dispatch_id": f"{base}.{len(tries) + 1}", "workshop": shop, "resource": found.resource}
    new |= {"hours": found.hours, "start": found.start, "due": row["due"] + later}
    return _row(new, one["plan_id"], made, tries=tries)


def _spare(load: pd.DataFrame, planned: pd.DataFrame, known: Mapping[str, dict[str, Any]]) -> pd.DataFrame:
    """Return the hours left by resource and bucket after what workshops rejected and took over."""
    hours = load.set_index(["resource", "bucket"])
    left = (hours["capacity"] - hours["hours"]).clip(lower=0.0).rename("hours")
    first = set(planned["dispatch_id"])
    for one in known.values():
        cell = (one["resource"], pd.Timestamp(one["start"]))
        if cell in left.index:
            if one["state"] in ("rejected", "unplaced", "withdrawn") and one["dispatch_id"] in first:
                left[cell] += one["hours"]
            elif one["state"] in ("sent", "accepted", "done") and one["dispatch_id"] not in first:
                left[cell] -= one["hours"]
    return left.reset_index()
