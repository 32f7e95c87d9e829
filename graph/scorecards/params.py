"""How evidence about parties counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["ScorecardParams"]


@dataclass(frozen=True, kw_only=True)
class ScorecardParams:
    """How evidence counts, for suppliers and buyers.

    Parameters
    ----------
    half_life_days
        Age at which a delivery (a trade) counts half, > 0.
    prior_deliveries
        Deliveries (trades) that the category's mean counts for, > 0: few observations stay near it.
    prior_pieces
        Pieces that the category's defect rate counts for, > 0.
    low
        Posterior quantile that ranks and begins each range, in (0, 0.5); ranges end at its mirror, 1 - low.
    tolerance_days
        Days before or after the promised one that count as the promised one for `lead_time_accuracy`, >= 0.
    evidence_half_life_days
        Age at which a rating, inspection, audit or certificate of a third party counts half, > 0.
    source_cap
        One source counts at most for this many times the party's own observations, >= 0: at 1 no source outweighs
        what the party did itself.
    source_floor
        Observations that a source may count for where a party has fewer of its own, >= 0.
    """

    half_life_days: float = 180.0
    prior_deliveries: float = 10.0
    prior_pieces: float = 1_000.0
    low: float = 0.1
    tolerance_days: float = 1.0
    evidence_half_life_days: float = 365.0
    source_cap: float = 1.0
    source_floor: float = 2.0

    def __post_init__(self) -> None:
        for name in ("half_life_days", "prior_deliveries", "prior_pieces", "evidence_half_life_days"):
            self._require(name, above=True)
        for name in ("tolerance_days", "source_cap", "source_floor"):
            self._require(name, above=False)
        if not 0 < self.low < 0.5:
            raise ValueError(f"low: expected a number in (0, 0.5), got {self.low}")

    @property
    def pieces_per_delivery(self) -> float:
        """Pieces that count as one delivery where counts of both meet."""
        return self.prior_pieces / self.prior_deliveries

    def _require(self, name: str, *, above: bool) -> None:
        value = getattr(self, name)
        if not (np.isfinite(value) and (value > 0 if above else value >= 0)):
            raise ValueError(f"{name}: expected a number {'>' if above else '>='} 0, got {value}")
