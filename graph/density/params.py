"""How areas are made and judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["DensityParams"]


@dataclass(frozen=True, kw_only=True)
class DensityParams:
    """How areas are made and judged.

    Parameters
    ----------
    resolution
        Resolution of the grid (H3), 0 … 15: an area of resolution 8 is some 0.7 km² (a neighbourhood), of 6 some
        36 km² (a district), of 4 some 1 770 km² (a city).
    kinds
        Party kinds that cover an area: those where shoppers buy.
    reach_km
        How far shoppers go: households no farther from a store are covered, >= 0.
    catchment_km
        How far a store's catchment goes that has none of its own in `graph.density.tables.CATCHMENTS`, >= 0.
    enough
        Coverage below which an area with potential is white space, in (0, 1].
    look_alikes
        Covered areas of the most similar potential whose sales say what to expect in white space, >= 1.
    smallest
        Figures about fewer consumers than this are suppressed, >= 0.
    """

    resolution: int = 8
    kinds: tuple[str, ...] = ("store", "franchisee")
    reach_km: float = 1.0
    catchment_km: float = 3.0
    enough: float = 0.5
    look_alikes: int = 20
    smallest: int = 10

    def __post_init__(self) -> None:
        if not (isinstance(self.resolution, int) and 0 <= self.resolution <= 15):
            raise ValueError(f"resolution: expected a whole number in [0, 15], got {self.resolution}")
        if not 0 < self.enough <= 1:
            raise ValueError(f"enough: expected a number in (0, 1], got {self.enough}")
        for name in ("reach_km", "catchment_km", "smallest", "look_alikes"):
            least = 1 if name == "look_alikes" else 0
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) >= least):
                raise ValueError(f"{name}: expected a number >= {least}, got {getattr(self, name)}")
