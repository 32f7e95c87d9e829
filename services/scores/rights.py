"""What those who are scored may do: read what was told of them, opt out, ask for a human to look again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from contracts.errors import InputError, UnknownIdError
from services.scores.desk import ScoreDesk, shown_to
from services.scores.registry import all_kinds
from services.viewer import Viewer
from store.schema.scores import REVIEW_STATES
from store.score_book import REVIEW
from store.score_rights import ScoreRights
from store.snapshot import Snapshot

__all__ = ["DECISIONS", "ask_review", "decide_review", "list_opt_outs", "list_reviews", "set_opt_out", "told_about"]

DECISIONS = REVIEW_STATES[1:]
_MOST_WORDS = 2000


def set_opt_out(
    rights: ScoreRights, snapshot: Snapshot, viewer: Viewer, party_id: str, *, opted_out: bool, by: str, words: str = ""
) -> dict[str, Any]:
    """Take a party of the viewer's out of scores, or back in.

    Returns
    -------
    dict
        ``party_id, opted_out, changed`` and ``still_scored``: the kinds that are told all the same, as nobody can
        trade without them; their answers say so.

    Raises
    ------
    UnknownIdError
        If there is no such party, or it is none of the viewer's.
    InputError
        If `by` is empty or the words are too many.
    """
    viewer.own_position(snapshot.network(), party_id)
    _require_words(by, words)
    changed = rights.set_opted_out(viewer.tenant or "", party_id, opted_out=opted_out, by=by, words=words)
    needed = [name for name, kind in all_kinds().items() if kind.of_party and kind.needed_to_trade]
    return {"party_id": party_id, "opted_out": opted_out, "changed": changed, "still_scored": needed}


def list_opt_outs(rights: ScoreRights, snapshot: Snapshot, viewer: Viewer) -> list[dict[str, Any]]:
    """Return the parties that opted out, of those the viewer may know of, by id; why is told to their own tenant."""
    out = rights.opted_out()
    network = snapshot.network()
    positions = network.parties.ids.positions(pd.Series(list(out), dtype="str"))
    seen, rows = viewer.seen(network), []
    for at, row in zip(positions.tolist(), out.values(), strict=True):
        if at < 0 or not seen[at]:
            continue
        own = bool(viewer.owns(network, positions[positions == at])[0])
        words = {name: row[name] if own else None for name in ("by", "words")}
        rows.append({"party_id": row["party_id"], "since": _moment(row["since_ms"]), **words})
    return rows


def told_about(
    desk: ScoreDesk, snapshot: Snapshot, viewer: Viewer, party_id: str, *, limit: int = 100, after: str | None = None
) -> list[dict[str, Any]]:
    """Return the scores that anybody was told of a party of the viewer's, the latest first, with their reasons.

    Others' customers, which a score may have been asked for, are withheld.

    Parameters
    ----------
    after
        Only those that come after this score.

    Raises
    ------
    UnknownIdError
        If there is no such party, or it is none of the viewer's.
    """
    viewer.own_position(snapshot.network(), party_id)
    kinds = [name for name, kind in all_kinds().items() if kind.of_party]
    return [shown_to(snapshot, viewer, kept) for kept in desk.book.about(party_id, kinds, limit=limit, after=after)]


def ask_review(
    desk: ScoreDesk, snapshot: Snapshot, viewer: Viewer, score_id: str, *, by: str, words: str
) -> dict[str, Any]:
    """Ask those who made a score to look at it again; one that waits already is returned.

    Raises
    ------
    UnknownIdError
        If there is no such score, or it is neither the viewer's nor about a party of its own.
    InputError
        If `by` is empty or the words are too many.
    """
    _require_words(by, words)
    kept = desk.kept(snapshot, viewer, score_id)
    return _shown(desk.rights.ask(viewer.tenant or "", kept.tenant, score_id, by=by, words=words), viewer)


def list_reviews(
    desk: ScoreDesk, snapshot: Snapshot | None, viewer: Viewer, *, state: str | None = None
) -> list[dict[str, Any]]:
    """Return the reviews that the viewer asked for or has to decide, the oldest first; a party its own scores'.

    Parameters
    ----------
    snapshot
        A loaded network; it is looked at for one party only.
    """
    found = [one for one in desk.rights.reviews(viewer.tenant) if state in (None, one["state"])]
    if viewer.party is not None and snapshot is not None:
        found = [one for one in found if _may_read(desk, snapshot, viewer, one["score_id"])]
    return [_shown(one, viewer) for one in found]


def _may_read(desk: ScoreDesk, snapshot: Snapshot, viewer: Viewer, score_id: str) -> bool:
    try:
        desk.kept(snapshot, viewer, score_id)
    except UnknownIdError:
        return False
    return True


def decide_review(
    desk: ScoreDesk,
    viewer: Viewer,
    review_id: str,
    *,
    decision: str,
    by: str,
    words: str,
    inputs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Decide a review, once: the score is upheld, corrected (with other inputs) or withdrawn.

    Parameters
    ----------
    decision
        One of `DECISIONS`.
    inputs
        Of a correction: the inputs that were wrong, as they should have been. The corrected score is kept beside the
        old one and is no prediction.

    Raises
    ------
    UnknownIdError
        If there is no such review, or it is not the viewer's to decide.
    InputError
        If it was decided already, or the decision does not fit the inputs.
    """
    review = desk.rights.review(review_id)
    if review is None or viewer.tenant not in (None, review["decider"]):
        raise UnknownIdError("review", review_id)
    _require_words(by, words)
    if decision not in DECISIONS:
        raise InputError("decision", f"one of {', '.join(DECISIONS)}", decision)
    if (decision == "corrected") != bool(inputs):
        raise InputError("inputs", "inputs with a correction, and only then", inputs)
    if review["state"] != "asked":
        raise InputError("review_id", "a review that waits", f"one that is {review['state']}")
    kept = desk.book.find(review["score_id"])
    corrected = None if kept is None or not inputs else desk.correct(kept, inputs, REVIEW)
    if not desk.rights.decide(review_id, decision, by=by, words=words, corrected_score_id=corrected):
        raise InputError("review_id", "a review that waits", "one that was decided meanwhile")
    decided = desk.rights.review(review_id)
    assert decided is not None
    return _shown(decided, viewer)


def _require_words(by: str, words: str) -> None:
    for name, text, least in (("by", by, 1), ("words", words, 0)):
        if not least <= len(text.strip()) or len(text) > _MOST_WORDS:
            raise InputError(name, f"a text of at most {_MOST_WORDS} characters", text)


def _shown(review: Mapping[str, Any], viewer: Viewer) -> dict[str, Any]:
    """Return a review in words, without the names of tenants."""
    mine = viewer.tenant in (None, review["decider"])
    steps = [
        {
            **{name: step[name] for name in ("state", "by", "words", "corrected_score_id")},
            "at": _moment(step["created_at_ms"]),
        }
        for step in review["steps"]
    ]
    head = {name: review[name] for name in ("review_id", "score_id", "state")}
    return {**head, "yours_to_decide": mine and review["state"] == "asked", "steps": steps}


def _moment(ms: int) -> str:
    return str(pd.Timestamp(ms, unit="ms", tz="UTC").isoformat())
