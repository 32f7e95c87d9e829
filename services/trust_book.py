"""What trust is computed from: the judgements and the vouching of some files, or of a loaded network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import UnknownIdError
from graph.arrays import Ints
from graph.ids import IdColumn
from graph.relations import ALWAYS
from graph.trust.judgements import Judgements
from graph.trust.params import TrustParams
from graph.trust.scores import TrustStanding, trust_standing
from graph.trust.vouching import Vouches
from graph.trust.walk import Walks, walks_from
from store.snapshot import Snapshot

__all__ = ["TrustBook", "loaded_book"]

Floats = npt.NDArray[np.float64]
_DAY, _EPOCH = np.timedelta64(1, "D"), pd.Timestamp("1970-01-01")


@dataclass(frozen=True, eq=False)
class TrustBook:
    """Judgements and vouching among parties as of a day.

    Parameters
    ----------
    ids
        The parties; positions are those of the arrays.
    judgements, vouches
        Who judges whom, who vouches for whom.
    seeds
        Positions of parties trusted beforehand; None = all alike.
    params
        How they count.
    """

    ids: IdColumn
    judgements: Judgements
    vouches: Vouches
    seeds: npt.NDArray[np.int32] | None
    params: TrustParams

    @classmethod
    def of(
        cls,
        ids: IdColumn,
        judgements: pd.DataFrame,
        vouches: pd.DataFrame | Vouches | None = None,
        *,
        as_of: pd.Timestamp | None = None,
        seeds: Sequence[str] = (),
        params: TrustParams | None = None,
    ) -> TrustBook:
        """Encode checked rows (`graph.trust.tables`); later ones than `as_of` are left out.

        Raises
        ------
        UnknownIdError
            If a seed is none of the parties.
        """
        params, n = params or TrustParams(), len(ids)
        day = _latest(judgements) if as_of is None else as_of
        src, dst, rows, age = _until(judgements, ids, day, undated=0.0)
        made = Judgements.of(n, src, dst, weight=rows["weight"].to_numpy(float), age_days=age, params=params)
        if vouches is None:
            vouches = Vouches.of(n, made.src[:0], made.dst[:0])
        if isinstance(vouches, pd.DataFrame):
            src, dst, _, age = _until(vouches, ids, day, undated=np.inf)
            vouches = Vouches.of(n, src, dst, age)
        return cls(ids, made, vouches, _seed_positions(ids, seeds), params)

    @property
    def trust(self) -> Floats:
        """Everybody's score, shape (n,)."""
        return self.standing.score

    @cached_property
    def standing(self) -> TrustStanding:
        """Everybody's score and what it is made of."""
        return trust_standing(self.judgements, self.seeds, vouches=self.vouches, params=self.params)

    def walks(self) -> Walks:
        """Return the signed walks from the seeds, or from everybody."""
        start = np.zeros((len(self.ids), 1))
        start[slice(None) if self.seeds is None else self.seeds] = 1.0
        return walks_from(self.judgements, start, params=self.params)


_BOOKS: WeakKeyDictionary[Snapshot, TrustBook] = WeakKeyDictionary()


def loaded_book(snapshot: Snapshot, *, as_of: pd.Timestamp | None = None, seeds: Sequence[str] = ()) -> TrustBook:
    """Return the book of a loaded network: its table ``judgements`` and its relations ``vouches``.

    The one without a day and seeds is made once per version.
    """
    if as_of is not None or seeds:
        return _loaded(snapshot, as_of, seeds)
    if snapshot not in _BOOKS:
        _BOOKS[snapshot] = _loaded(snapshot, None, ())
    return _BOOKS[snapshot]


def _loaded(snapshot: Snapshot, as_of: pd.Timestamp | None, seeds: Sequence[str]) -> TrustBook:
    network, rows = snapshot.network(), snapshot.table("judgements")
    day = _latest(rows) if as_of is None else as_of
    block = (network if day is None else network.as_of(day.date())).block("vouches").merged()
    age = None
    began = next((block.columns[name] for name in ("valid_from", "first_at") if name in block.columns), None)
    if began is not None and day is not None:
        age = np.where(began == ALWAYS, np.inf, (day - _EPOCH).days - began.astype(float))
    vouches = Vouches.of(network.n_parties, block.src(), block.out_dst, age)
    return TrustBook.of(network.parties.ids, rows, vouches, as_of=as_of, seeds=seeds)


def _latest(rows: pd.DataFrame) -> pd.Timestamp | None:
    day = rows["at"].max() if "at" in rows and len(rows) else None
    return None if day is None or pd.isna(day) else pd.Timestamp(day)


def _until(
    rows: pd.DataFrame, ids: IdColumn, day: pd.Timestamp | None, *, undated: float
) -> tuple[Ints, Ints, pd.DataFrame, Floats]:
    """Return both ends of the rows up to a day, these rows and their ages."""
    age = np.full(len(rows), undated)
    if "at" in rows and day is not None:
        days = (np.datetime64(day) - pd.to_datetime(rows["at"]).to_numpy()) / _DAY
        age = np.where(np.isnan(days), undated, days)
    rows, age = rows[age >= 0], age[age >= 0]
    return ids.positions(rows["src"]), ids.positions(rows["dst"]), rows, age


def _seed_positions(ids: IdColumn, seeds: Sequence[str]) -> npt.NDArray[np.int32] | None:
    if not seeds:
        return None
    found = ids.positions(pd.Series(list(seeds), dtype="str"))
    if (found < 0).any():
        raise UnknownIdError("party", seeds[int(np.argmin(found))], where="--seeds")
    return found
