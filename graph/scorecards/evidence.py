"""Ratings, inspections, audits and certificates of third parties as observations that fade and are capped."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.scorecards.days import days_between
from graph.scorecards.params import ScorecardParams
from graph.scorecards.rates import Observations

__all__ = ["ThirdParties"]

Floats = npt.NDArray[np.float64]


class ThirdParties:
    """What third parties said of known parties until a day and still holds.

    Parameters
    ----------
    evidence
        Frame with the types of `graph.scorecards.tables.EVIDENCE`; None = nothing is known.
    parties
        Ids of the parties, in their order.
    as_of
        The day: what is dated later is not looked at, what no longer holds on it counts nothing.
    params
        How evidence fades and how far a source counts.
    """

    def __init__(
        self, evidence: pd.DataFrame | None, parties: pd.Index, as_of: pd.Timestamp, params: ScorecardParams
    ) -> None:
        self.n, self.params = len(parties), params
        if evidence is None or evidence.empty:
            self._rows = pd.DataFrame(columns=["party", "source", "aspect", "share", "tested", "weight", "fade"])
            return
        party = parties.get_indexer(evidence["party_id"])
        holds = (evidence["at"] <= as_of).to_numpy() & (party >= 0)
        if "valid_to" in evidence:
            holds &= (evidence["valid_to"].isna() | (evidence["valid_to"] > as_of)).to_numpy()
        rows = evidence[holds]
        age = days_between(rows["at"], as_of)
        tested = _numbers(rows, "tested")
        self._rows = pd.DataFrame(
            {
                "party": party[holds],
                "source": pd.factorize(rows["source"])[0],
                "aspect": rows["aspect"].to_numpy(object),
                "share": np.where(np.isnan(tested), _numbers(rows, "value"), _numbers(rows, "passed") / tested),
                "tested": tested,
                "weight": np.nan_to_num(_numbers(rows, "weight"), nan=1.0),
                "fade": np.exp2(-age / params.evidence_half_life_days),
            }
        )

    def about(self, aspects: tuple[str, ...], own: Floats) -> Observations:
        """Return what is said about aspects, each source up to its cap beside the party's own observations.

        Parameters
        ----------
        own
            Own observations by party, shape (parties,).
        """
        rows = self._rows[self._rows["aspect"].isin(aspects)]
        return self._capped(rows, (rows["weight"] * rows["fade"]).to_numpy(np.float64), own, self.params.source_floor)

    def opinions(self, own: Floats) -> Observations:
        """Return what is said on the whole, and of quality without a count: an opinion is no defect rate."""
        aspect = self._rows["aspect"]
        rows = self._rows[(aspect == "overall") | ((aspect == "quality") & self._rows["tested"].isna())]
        return self._capped(rows, (rows["weight"] * rows["fade"]).to_numpy(np.float64), own, self.params.source_floor)

    def defects(self, own_pieces: Floats) -> Observations:
        """Return the pieces at fault among those that inspections of quality counted."""
        rows = self._rows[(self._rows["aspect"] == "quality") & self._rows["tested"].notna()]
        floor = self.params.source_floor * self.params.pieces_per_delivery
        found = self._capped(rows, (rows["tested"] * rows["fade"]).to_numpy(np.float64), own_pieces, floor)
        return Observations(good=found.n - found.good, n=found.n)

    def _capped(self, rows: pd.DataFrame, count: Floats, own: Floats, floor: float) -> Observations:
        if rows.empty:
            return Observations.none(self.n)
        party = rows["party"].to_numpy(np.int64)
        pair, pairs = pd.factorize(party * (int(rows["source"].max()) + 1) + rows["source"].to_numpy(np.int64))
        total = np.bincount(pair, count, len(pairs))[pair]
        cap = np.maximum(self.params.source_cap * own, floor)[party]
        count = np.where(total > cap, count * np.divide(cap, total, out=np.ones_like(total), where=total > 0), count)
        good, n = (np.bincount(party, value, self.n) for value in (count * rows["share"].to_numpy(np.float64), count))
        return Observations(good=good.astype(np.float64), n=n.astype(np.float64))


def _numbers(rows: pd.DataFrame, name: str) -> Floats:
    if name not in rows:
        return np.full(len(rows), np.nan)
    return np.asarray(rows[name].to_numpy(np.float64, na_value=np.nan))
