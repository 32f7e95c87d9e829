"""Who opted out of scores, and reviews that people asked for: rows that are only ever added."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select

from store.audit import write_noted
from store.database import Database
from store.schema.scores import SCORE_OPT_OUTS, SCORE_REVIEWS
from store.score_book import insert_new, now_ms

__all__ = ["ScoreRights"]

_LATEST = (
    select(SCORE_OPT_OUTS.c.opted_out)
    .where(SCORE_OPT_OUTS.c.party_id == bindparam("party"))
    .order_by(SCORE_OPT_OUTS.c.created_at_ms.desc())
    .limit(1)
)  # made once: building a statement costs more than looking up one row


class ScoreRights:
    """The opt-outs and reviews in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def opted_out(self, party_ids: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
        """Return who is out of scores, of some parties or of all: ``party_id, since_ms, by, words`` by id."""
        table = SCORE_OPT_OUTS.c
        newest = select(table.party_id, func.max(table.created_at_ms).label("at")).group_by(table.party_id)
        if party_ids is not None:
            newest = newest.where(table.party_id.in_(list(party_ids)))
        last = newest.subquery()
        query = (
            select(table.party_id, table.created_at_ms.label("since_ms"), table.by, table.words)
            .join(last, and_(last.c.party_id == table.party_id, last.c.at == table.created_at_ms))
            .where(table.opted_out == 1)
            .order_by(table.party_id)
        )
        rows = self._database.read(lambda connection: connection.execute(query).mappings().all())
        return {row["party_id"]: dict(row) for row in rows}

    def is_out(self, party_id: str) -> bool:
        """Return whether a party is out of scores: one look at a key."""
        last = self._database.read(lambda connection: connection.scalar(_LATEST, {"party": party_id}))
        return last == 1

    def set_opted_out(self, tenant: str, party_id: str, *, opted_out: bool, by: str, words: str) -> bool:
        """Take a party out of scores, or back in; return whether that changed anything."""
        table = SCORE_OPT_OUTS.c

        def work(connection: Connection) -> bool:
            mine = select(table.opted_out, table.created_at_ms).where(table.party_id == party_id)
            last = connection.execute(mine.order_by(table.created_at_ms.desc()).limit(1)).first()
            if (last is not None and bool(last.opted_out)) is opted_out:
                return False
            at = max(now_ms(), 0 if last is None else last.created_at_ms + 1)
            row = {"party_id": party_id, "created_at_ms": at, "tenant": tenant, "opted_out": int(opted_out)}
            return insert_new(connection, SCORE_OPT_OUTS, [row | {"by": by, "words": words}]) == 1

        return write_noted(self._database, work)

    def ask(self, tenant: str, decider: str, score_id: str, *, by: str, words: str) -> dict[str, Any]:
        """Put a review of a score in the queue of those who made it, and return it.

        One that waits already, asked by the same tenant of the same score, is returned instead.
        """
        table = SCORE_REVIEWS.c
        row = {"review_id": f"review-{secrets.token_hex(8)}", "step": 0, "tenant": tenant, "decider": decider}
        row |= {"score_id": score_id, "state": "asked", "by": by, "words": words, "created_at_ms": now_ms()}

        def work(connection: Connection) -> str:
            decided = select(table.review_id).where(table.step == 1)
            waits = select(table.review_id).where(
                table.score_id == score_id, table.tenant == tenant, table.review_id.not_in(decided)
            )
            known = connection.scalar(waits.limit(1))
            if known is not None:
                return str(known)
            insert_new(connection, SCORE_REVIEWS, [row])
            return str(row["review_id"])

        name = write_noted(self._database, work)
        found = self.review(name)
        assert found is not None
        return found

    def decide(self, review_id: str, state: str, *, by: str, words: str, corrected_score_id: str | None = None) -> bool:
        """Decide a review; return False if it was decided already."""
        table = SCORE_REVIEWS.c

        def work(connection: Connection) -> bool:
            query = select(SCORE_REVIEWS).where(table.review_id == review_id, table.step == 0)
            asked = connection.execute(query).mappings().one()
            row = {name: asked[name] for name in ("review_id", "tenant", "decider", "score_id")}
            row |= {"step": 1, "state": state, "by": by, "words": words, "created_at_ms": now_ms()}
            return insert_new(connection, SCORE_REVIEWS, [row | {"corrected_score_id": corrected_score_id}]) == 1

        return write_noted(self._database, work, status=lambda decided: 200 if decided else None)

    def review(self, review_id: str) -> dict[str, Any] | None:
        """Return a review with its steps, None if there is none of that id."""
        found = self._reviews(select(SCORE_REVIEWS).where(SCORE_REVIEWS.c.review_id == review_id))
        return found[0] if found else None

    def reviews(self, tenant: str | None) -> list[dict[str, Any]]:
        """Return the reviews that a tenant asked for or has to decide (None = all), the oldest first."""
        query = select(SCORE_REVIEWS)
        if tenant is not None:
            query = query.where(or_(SCORE_REVIEWS.c.tenant == tenant, SCORE_REVIEWS.c.decider == tenant))
        return self._reviews(query)

    def _reviews(self, query: Select[Any]) -> list[dict[str, Any]]:
        """Return the reviews whose steps a query finds."""
        ordered = query.order_by(SCORE_REVIEWS.c.step, SCORE_REVIEWS.c.created_at_ms, SCORE_REVIEWS.c.review_id)
        rows = self._database.read(lambda connection: connection.execute(ordered).mappings().all())
        found: dict[str, dict[str, Any]] = {}
        for row in rows:
            step = {name: row[name] for name in ("state", "by", "words", "created_at_ms", "corrected_score_id")}
            whole = {name: row[name] for name in ("review_id", "score_id", "tenant", "decider")} | {"steps": []}
            review = found.setdefault(row["review_id"], whole)
            review["steps"].append(step)
            review["state"] = step["state"]
        return list(found.values())
