"""Judgements of parties about each other → who can be relied on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import UnknownIdError
from contracts.tables import require_known
from graph.ids import IdColumn
from graph.tables import PAIRS, RATINGS
from graph.trust.judgements import Judgements, TrustParams, global_trust, pair_trust

__all__ = ["TrustReport", "score_trust"]


@dataclass(frozen=True, kw_only=True)
class TrustReport:
    """Scores, and key figures as plain values.

    Parameters
    ----------
    scores
        Per party ``id, score, judgements``, the most trusted first; or, for pairs, ``src, dst, score, own, friends,
        through`` in the order asked.
    summary
        Key figures.
    """

    scores: pd.DataFrame
    summary: dict[str, Any]


def score_trust(
    relations: pd.DataFrame,
    *,
    as_of: pd.Timestamp | None = None,
    seeds: Sequence[str] = (),
    pairs: pd.DataFrame | None = None,
    params: TrustParams | None = None,
    sources: Mapping[str, str] | None = None,
) -> TrustReport:
    """Score every party, or pairs of parties, by who trusts and distrusts whom.

    Parameters
    ----------
    relations
        Raw judgements (`graph.tables.RATINGS`).
    as_of
        Day for which to score; later judgements are not looked at. The latest judgement's day by default.
    seeds
        Ids of parties trusted beforehand.
    pairs
        Raw pairs (`graph.tables.PAIRS`) to score instead of parties.
    params
        How judgements count.
    sources
        File names of ``relations`` and ``pairs`` for messages.

    Raises
    ------
    TableError
        If a table is wrong or a pair names somebody whom `relations` does not; names the file, the column, the row.
    UnknownIdError
        If a seed is not in `relations`.
    """
    params, names = params or TrustParams(), {"relations": "relations", "pairs": "pairs"} | dict(sources or {})
    rows = RATINGS.check(relations, names["relations"])
    ids = IdColumn.vocabulary(pd.concat([rows["src"], rows["dst"]]))
    seed_at = _seed_positions(ids, seeds)
    rows, age = _until(rows, as_of)
    judgements = Judgements.of(
        len(ids),
        ids.positions(rows["src"]),
        ids.positions(rows["dst"]),
        weight=rows["weight"].to_numpy(float),
        age_days=age,
        params=params,
    )
    trust = global_trust(judgements, seed_at, params=params)
    summary = {
        "parties": len(ids),
        "judgements": len(judgements.src),
        "distrust": int((~judgements.positive).sum()),
        "seeds": len(seeds),
        "median_score": float(np.median(trust)),
    }
    if pairs is None:
        return TrustReport(scores=_parties(ids, judgements, trust), summary=summary)
    asked = PAIRS.check(pairs, names["pairs"])
    for column in ("src", "dst"):
        require_known(asked, column, ids.all_texts(), source=names["pairs"], kind="party")
    scores = _pairs(ids, judgements, trust, asked, params)
    return TrustReport(scores=scores, summary=summary | {"pairs": len(scores)})


def _seed_positions(ids: IdColumn, seeds: Sequence[str]) -> np.ndarray | None:
    if not seeds:
        return None
    found = ids.positions(pd.Series(list(seeds), dtype="str"))
    if (found < 0).any():
        raise UnknownIdError("party", seeds[int(np.argmin(found))], where="--seeds")
    return found


def _until(rows: pd.DataFrame, as_of: pd.Timestamp | None) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the judgements up to a day and their ages; those without a date do not age."""
    if "at" not in rows:
        return rows, np.zeros(len(rows))
    day = rows["at"].max() if as_of is None else as_of
    past = rows[~(rows["at"] > day)]
    return past, (day - past["at"]).dt.days.fillna(0).to_numpy(float)


def _parties(ids: IdColumn, judgements: Judgements, trust: np.ndarray) -> pd.DataFrame:
    counts = np.bincount(judgements.dst, minlength=len(ids))
    scores = pd.DataFrame({"id": ids.all_texts(), "score": trust, "judgements": counts})
    return scores.sort_values(["score", "id"], ascending=[False, True]).reset_index(drop=True)


def _pairs(
    ids: IdColumn, judgements: Judgements, trust: np.ndarray, asked: pd.DataFrame, params: TrustParams
) -> pd.DataFrame:
    src, dst = ids.positions(asked["src"]), ids.positions(asked["dst"])
    view = pair_trust(judgements, trust, src, dst, params=params)
    return pd.DataFrame(
        {
            "src": asked["src"],
            "dst": asked["dst"],
            "score": view.score,
            "own": view.own,
            "friends": view.friends,
            "through": pd.Series(ids.texts_at(view.through), dtype="str"),
        }
    )
