"""Judgements of parties about each other, and vouching → who can be relied on, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import TableError
from contracts.tables import require_known
from graph.ids import IdColumn
from graph.trust.params import TrustParams
from graph.trust.scores import asked_walks, pair_trust
from graph.trust.tables import JUDGEMENTS, PAIRS, VOUCHES
from graph.trust.walk import TrustPath
from services.trust_book import TrustBook, loaded_book
from store.snapshot import Snapshot

__all__ = ["TrustReport", "score_loaded_trust", "score_trust"]

_CIRCLES, _MEMBERS = 20, 20  # that a summary names


@dataclass(frozen=True, kw_only=True)
class TrustReport:
    """Scores, and key figures as plain values.

    Parameters
    ----------
    scores
        Per party ``id, score, judgements, vouched_by``, the most trusted first; or, for pairs, ``src, dst, score`` in
        the order asked, with ``own, friends, through``, or with ``support, against`` if walked. ``paths`` if explained.
    summary
        Key figures.
    """

    scores: pd.DataFrame
    summary: dict[str, Any]


def score_trust(
    relations: pd.DataFrame,
    *,
    vouches: pd.DataFrame | None = None,
    as_of: pd.Timestamp | None = None,
    seeds: Sequence[str] = (),
    pairs: pd.DataFrame | None = None,
    walk: bool = False,
    explain: int = 0,
    params: TrustParams | None = None,
    sources: Mapping[str, str] | None = None,
) -> TrustReport:
    """Score every party, or pairs of parties, by who trusts and distrusts whom and who vouches for whom.

    Parameters
    ----------
    relations
        Raw judgements (`graph.trust.tables.JUDGEMENTS`).
    vouches
        Raw vouching (`graph.trust.tables.VOUCHES`).
    as_of
        Day for which to score; what came later is not looked at. The latest judgement's day by default.
    seeds
        Ids of parties trusted beforehand.
    pairs
        Raw pairs (`graph.trust.tables.PAIRS`) to score instead of parties.
    walk
        Whether to score by signed walks from the seeds, or from each who asks, instead of counting judgements.
    explain
        Paths to tell per score, 0 for none; more than 0 walks.
    params
        How judgements count.
    sources
        File names of ``relations``, ``vouches`` and ``pairs`` for messages.

    Raises
    ------
    TableError
        If a table is wrong or a pair names somebody whom no other table does; names the file, the column, the row.
    UnknownIdError
        If a seed is in none of the tables.
    """
    names = {"relations": "relations", "vouches": "vouches", "pairs": "pairs"} | dict(sources or {})
    rows = JUDGEMENTS.check(relations, names["relations"])
    if rows.empty:
        raise TableError(names["relations"], None, "at least one row", "an empty table")
    vouching = None if vouches is None else VOUCHES.check(vouches, names["vouches"])
    ends = [part[name] for part in (rows, vouching) if part is not None for name in ("src", "dst")]
    ids = IdColumn.vocabulary(pd.concat(ends))
    book = TrustBook.of(ids, rows, vouching, as_of=as_of, seeds=seeds, params=params)
    return _report(book, pairs, names["pairs"], walked=walk or explain > 0, explain=explain)


def score_loaded_trust(
    snapshot: Snapshot,
    *,
    as_of: pd.Timestamp | None = None,
    seeds: Sequence[str] = (),
    pairs: pd.DataFrame | None = None,
    walk: bool = False,
    explain: int = 0,
    sources: Mapping[str, str] | None = None,
) -> TrustReport:
    """Score the parties of a loaded network by its judgements and vouching; the options are those of `score_trust`."""
    book = loaded_book(snapshot, as_of=as_of, seeds=seeds)
    source = dict(sources or {}).get("pairs", "pairs")
    return _report(book, pairs, source, walked=walk or explain > 0, explain=explain)


def _report(book: TrustBook, pairs: pd.DataFrame | None, source: str, *, walked: bool, explain: int) -> TrustReport:
    if pairs is None:
        return TrustReport(scores=_parties(book, walked=walked, explain=explain), summary=_summary(book))
    asked = PAIRS.check(pairs, source)
    for column in ("src", "dst"):
        require_known(asked, column, book.ids.all_texts(), source=source, kind="party")
    scores = _walked_pairs(book, asked, explain) if walked else _pairs(book, asked)
    return TrustReport(scores=scores, summary=_summary(book) | {"pairs": len(scores)})


def _path_text(book: TrustBook, paths: Sequence[TrustPath]) -> str:
    """Return paths on one line: ``A → B → C 62 %; A → D ⇏ C 20 %`` (⇏ = distrusts), by share of all that was said."""
    told = []
    for path in paths:
        *way, last = book.ids.texts_at(np.array(path.parties))
        told.append(f"{' → '.join(way)} {'→' if path.trusts else '⇏'} {last} {path.share:.0%}")
    return "; ".join(told)


def _summary(book: TrustBook) -> dict[str, Any]:
    circles = book.vouches.circles()
    named = [list(book.ids.texts_at(members[:_MEMBERS])) for members in circles[:_CIRCLES]]
    return {
        "parties": len(book.ids),
        "judgements": len(book.judgements.src),
        "distrust": int((~book.judgements.positive).sum()),
        "seeds": 0 if book.seeds is None else len(book.seeds),
        "median_score": float(np.median(book.trust)) if len(book.trust) else None,
        "vouches": len(book.vouches.src),
        "vouching_circles": len(circles),
        "circles": named,
    }


def _parties(book: TrustBook, *, walked: bool, explain: int) -> pd.DataFrame:
    n = len(book.ids)
    scores = pd.DataFrame(
        {
            "id": book.ids.all_texts(),
            "score": book.trust,
            "judgements": np.bincount(book.judgements.dst, minlength=n),
            "vouched_by": pd.Series(book.ids.texts_at(book.vouches.best(book.trust)), dtype="str"),
        }
    )
    if walked:
        walks = book.walks()
        scores["score"] = walks.score(book.trust)[:, 0]
        scores["support"], scores["against"] = walks.support[:, 0], walks.against[:, 0]
        if explain:
            scores["paths"] = [_path_text(book, walks.paths(at, top=explain)) for at in range(n)]
    return scores.sort_values(["score", "id"], ascending=[False, True]).reset_index(drop=True)


def _pairs(book: TrustBook, asked: pd.DataFrame) -> pd.DataFrame:
    src, dst = book.ids.positions(asked["src"]), book.ids.positions(asked["dst"])
    view = pair_trust(book.judgements, book.trust, src, dst, params=book.params)
    return pd.DataFrame(
        {
            "src": asked["src"],
            "dst": asked["dst"],
            "score": view.score,
            "own": view.own,
            "friends": view.friends,
            "through": pd.Series(book.ids.texts_at(view.through), dtype="str"),
        }
    )


def _walked_pairs(book: TrustBook, asked: pd.DataFrame, explain: int) -> pd.DataFrame:
    src, dst = book.ids.positions(asked["src"]), book.ids.positions(asked["dst"])
    view = asked_walks(book.judgements, book.trust, src, dst, top=explain, params=book.params)
    scores = pd.DataFrame(
        {
            "src": asked["src"],
            "dst": asked["dst"],
            "score": view.score,
            "support": view.support,
            "against": view.against,
        }
    )
    return scores.assign(paths=[_path_text(book, paths) for paths in view.paths]) if explain else scores
