"""Scores that were told, with what they can be computed from again, and what came true of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import orjson
from sqlalchemy import Connection, Select, Table, and_, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from store.audit import write_noted
from store.database import Database
from store.schema.scores import SCORE_MODELS, SCORE_OUTCOMES, SCORES

__all__ = ["ASKED", "REVIEW", "KeptScore", "OutcomeFates", "ScoreBook", "insert_new", "now_ms"]

_AT_ONCE = 400  # rows or ids of one statement
_KEPT = (SCORES.c.tenant, SCORES.c.told, SCORES.c.inputs, SCORES.c.created_at_ms)
ASKED, REVIEW = "asked", "review"
T = TypeVar("T")


class KeptScore(NamedTuple):
    """A score as it was told.

    Parameters
    ----------
    tenant
        Who asked for it, empty for the operator.
    told
        The answer.
    inputs
        What it was computed from.
    created_at_ms
        When it was told (ms since 1970).
    """

    tenant: str
    told: dict[str, Any]
    inputs: dict[str, Any]
    created_at_ms: int


class OutcomeFates(NamedTuple):
    """What became of outcomes: their places in the batch."""

    applied: list[int]
    known: list[int]
    changed: list[int]


class ScoreBook:
    """The scores and outcomes in a database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._learnt: set[tuple[str, str]] = set()  # models that are kept for sure

    def keep(
        self,
        tenant: str,
        scores: Sequence[tuple[Mapping[str, Any], Mapping[str, Any], int]],
        models: Mapping[str, Mapping[str, Any]],
        *,
        origin: str = ASKED,
    ) -> None:
        """Keep scores; one that is kept already stays as it is.

        Parameters
        ----------
        scores
            Per score the answer, its inputs, and the last moment (ms) that could have a part in it.
        models
            The models behind them, by version.
        """
        kept = {"tenant": tenant, "origin": origin, "created_at_ms": now_ms()}
        rows = [kept | _score_row(told, inputs, last) for told, inputs, last in scores]
        new = {name: body for name, body in models.items() if (tenant, name) not in self._learnt}
        learnt = [{"tenant": tenant, "model_version": name, "body": _json(body)} for name, body in new.items()]

        def work(connection: Connection) -> None:
            insert_new(connection, SCORE_MODELS, learnt)
            insert_new(connection, SCORES, rows)

        if origin == ASKED:
            write_noted(self.database, work)
        else:  # the decision of the review has the line
            self.database.write(work)
        self._learnt |= {(tenant, name) for name in new}

    def find(self, score_id: str) -> KeptScore | None:
        """Return a score, None if there is none of that id."""
        query = select(*_KEPT).where(SCORES.c.score_id == score_id)
        row = self.database.read(lambda connection: connection.execute(query).first(), whole=True)
        return None if row is None else _kept(row)

    def model(self, tenant: str, version: str) -> dict[str, Any] | None:
        """Return a model that a tenant's scores were computed by."""
        table = SCORE_MODELS.c
        query = select(table.body).where(table.tenant == tenant, table.model_version == version)
        body = self.database.read(lambda connection: connection.scalar(query), whole=True)
        return None if body is None else dict(orjson.loads(body))

    def about(self, subject: str, kinds: Sequence[str], *, limit: int, after: str | None = None) -> list[KeptScore]:
        """Return what was told of a subject, the latest first, whoever asked; only what comes `after` a score."""
        table = SCORES.c
        query = (
            select(*_KEPT)
            .where(table.subject == subject, table.kind.in_(kinds))
            .order_by(table.created_at_ms.desc(), table.score_id)
            .limit(limit)
        )
        if after is not None:
            of_last = select(func.max(table.created_at_ms)).where(table.score_id == after).scalar_subquery()
            older = or_(table.created_at_ms < of_last, and_(table.created_at_ms == of_last, table.score_id > after))
            query = query.where(older)
        rows = self.database.read(lambda connection: connection.execute(query).all(), whole=True)
        return [_kept(row) for row in rows]

    def add_outcomes(self, tenant: str, outcomes: Sequence[Mapping[str, Any]]) -> OutcomeFates:
        """Keep outcomes, each once.

        Parameters
        ----------
        outcomes
            ``outcome_id, score_id, kind, subject, context, value, at_ms, digest``, each id once.

        Returns
        -------
        OutcomeFates
            New ones, those that were there already, and those whose id stands for another outcome: not kept.
        """
        now, ids = now_ms(), [str(row["outcome_id"]) for row in outcomes]

        def work(connection: Connection) -> tuple[dict[str, str], dict[str, str]]:
            before = _digests(connection, tenant, ids)
            new = [
                {**row, "tenant": tenant, "created_at_ms": now} for row in outcomes if row["outcome_id"] not in before
            ]
            insert_new(connection, SCORE_OUTCOMES, new)
            return before, _digests(connection, tenant, ids)

        before, after = write_noted(self.database, work)
        fates = OutcomeFates([], [], [])
        for place, row in enumerate(outcomes):
            name = row["outcome_id"]
            same = after[name] == row["digest"]
            (fates.changed if not same else fates.known if name in before else fates.applied).append(place)
        return fates

    def judged(
        self, tenant: str, kind: str, *, model_version: str | None = None, subject: str | None = None
    ) -> list[dict[str, Any]]:
        """Return a tenant's outcomes of a kind with the scores that foretold them, in the order of the outcomes.

        Parameters
        ----------
        model_version, subject
            Only scores of this version, about this subject; None = any.

        Returns
        -------
        list of dict
            ``outcome_id, at_ms, outcome, score_id, subject, as_of, model_version, value, low, high``; outcomes that
            nothing foretold are left out.
        """
        query = _joined(tenant, kind)
        rows = self.database.read(lambda connection: connection.execute(query).mappings().all())
        found = [
            dict(row)
            for row in rows
            if model_version in (None, row["model_version"]) and subject in (None, row["subject"])
        ]
        return sorted(found, key=lambda row: (row["at_ms"], row["outcome_id"]))

    def foretold(self, tenant: str, kind: str, outcome_ids: Iterable[str]) -> dict[str, str]:
        """Return the score that foretold each of some outcomes, by the outcome's id."""
        found: dict[str, str] = {}
        for ids in _batches(list(outcome_ids)):
            query = _joined(tenant, kind, ids)
            rows = self.database.read(lambda connection, query=query: connection.execute(query).mappings().all())  # type: ignore[misc]
            found |= {row["outcome_id"]: row["score_id"] for row in rows}
        return found


def _batches(rows: Sequence[T]) -> Iterator[list[T]]:
    """Yield rows in order, as many at once as a statement takes."""
    for start in range(0, len(rows), _AT_ONCE):
        yield list(rows[start : start + _AT_ONCE])


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows whose keys are not there yet; return how many that were."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    # Rows as parameters: compiled once, however many they are.
    statement = insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    return sum(connection.execute(statement, some).rowcount for some in _batches(rows))


def now_ms() -> int:
    """Return the moment in milliseconds since 1970 (UTC)."""
    return time.time_ns() // 1_000_000


def _score_row(told: Mapping[str, Any], inputs: Mapping[str, Any], last: int) -> dict[str, Any]:
    names = ("kind", "subject", "as_of", "value", "low", "high", "model_version", "inputs_hash")
    return {
        "score_id": told["id"],
        **{name: told[name] for name in names},
        "context": _json(told["context"]),
        "as_of_ms": last,
        "inputs": _json(inputs),
        "told": _json(told),
    }


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _kept(row: Any) -> KeptScore:
    return KeptScore(row.tenant, orjson.loads(row.told), orjson.loads(row.inputs), row.created_at_ms)


def _digests(connection: Connection, tenant: str, ids: Sequence[str]) -> dict[str, str]:
    table = SCORE_OUTCOMES.c
    found: dict[str, str] = {}
    for some in _batches(ids):
        query = select(table.outcome_id, table.digest).where(table.tenant == tenant, table.outcome_id.in_(some))
        found |= {row.outcome_id: row.digest for row in connection.execute(query)}
    return found


def _joined(tenant: str, kind: str, ids: Sequence[str] | None = None) -> Select[Any]:
    """Return the query of outcomes with the score that foretold each: the one it names, else the latest before it.

    One that is named may be of the outcome's day: it was told before the outcome then.
    """
    came, score = SCORE_OUTCOMES.c, SCORES.c
    latest = func.row_number().over(
        partition_by=came.outcome_id, order_by=(score.as_of_ms.desc(), score.created_at_ms.desc(), score.score_id)
    )
    before = score.as_of_ms < came.at_ms
    named_one = and_(score.score_id == came.score_id, or_(before, score.created_at_ms < came.at_ms))
    alike = and_(
        came.score_id.is_(None),
        score.subject == came.subject,
        before,
        or_(came.context.is_(None), came.context == score.context),
    )
    named = [score[name] for name in ("score_id", "subject", "as_of", "model_version", "value", "low", "high")]
    ranked = (
        select(came.outcome_id, came.at_ms, came.value.label("outcome"), *named, latest.label("place"))
        .select_from(SCORE_OUTCOMES)
        .join(
            SCORES,
            and_(
                score.tenant == came.tenant,
                score.kind == came.kind,
                score.origin == ASKED,
                or_(named_one, alike),
            ),
        )
        .where(came.tenant == tenant, came.kind == kind)
    )
    if ids is not None:
        ranked = ranked.where(came.outcome_id.in_(ids))
    first = ranked.subquery()
    return select(*(column for column in first.c if column.name != "place")).where(first.c.place == 1)
