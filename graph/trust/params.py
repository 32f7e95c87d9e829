"""How judgements and vouching count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["TrustParams"]


@dataclass(frozen=True, kw_only=True)
class TrustParams:
    """How judgements and vouching count.

    Parameters
    ----------
    half_life_days
        Age at which a judgement counts half, > 0.
    prior
        Judgements that the mean of all counts for, > 0. That mean is the default of strangers: a party nobody judged
        and nobody vouches for has it.
    size_power
        How the size of a judgement counts beside its sign, in [0, 1]: 0 not at all, 1 in proportion to the mean size.
    own
        How much more an own judgement counts than a friend's, >= 0.
    vouched
        How far a voucher's earned trust lifts the default of those it vouches for, in [0, 1): 0 not at all, near 1
        almost to its own.
    blame
        Share of a judgement against a party that also counts against those who vouched for it before, all of them
        together, in [0, 1].
    damping
        Probability that trust walks on from the seeds, in [0, 1).
    tolerance
        Largest change of a score at which to stop, > 0.
    max_iterations
        Most iterations, >= 1.
    """

    half_life_days: float = 180.0
    prior: float = 2.0
    size_power: float = 0.0
    own: float = 3.0
    vouched: float = 0.8
    blame: float = 0.3
    damping: float = 0.85
    tolerance: float = 1e-9
    max_iterations: int = 500

    def __post_init__(self) -> None:
        for name in ("half_life_days", "prior", "tolerance", "max_iterations"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name}: expected a number > 0, got {value}")
        for name in ("size_power", "blame"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected a number in [0, 1], got {getattr(self, name)}")
        if not (np.isfinite(self.own) and self.own >= 0):
            raise ValueError(f"own: expected a number >= 0, got {self.own}")
        for name in ("vouched", "damping"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}: expected a number in [0, 1), got {getattr(self, name)}")
