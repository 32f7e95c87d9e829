"""How large the simulated season of launches is, and what its demand is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["LaunchParams"]


@dataclass(frozen=True, kw_only=True)
class LaunchParams:
    """Sizes, shares and noise of `simulate.launches.simulate_launches`.

    Parameters
    ----------
    styles, kols
        New styles, 10 to 100 000; KOLs who may repost them, 20 to 5 000.
    period_days
        Days over which the launches are spread evenly, >= 1.
    hit_share
        Share of styles that are hits, in (0, 1); of 2 000 styles exactly 200 by default.
    hit_pieces
        Pieces between the weakest hit and the best of the rest, > 0.
    spread
        Standard deviation of a style's log total, > 0.
    life_days
        Days that a style is on sale, 15 to 120.
    taste_share, attribute_share, reach_share
        Shares of the appeal's variance, >= 0 and together <= 1: what shoppers like and show by reacting; what
        attributes tell; how many people were reached by voices they trust and buy from. The rest can't be known.
    signal_noise
        Standard deviation of the noise in a style's log signal counts, >= 0.
    late_share
        Share of daily counts that become known one to three days later than the next morning, in [0, 1].
    """

    styles: int = 2_000
    kols: int = 400
    period_days: int = 365
    hit_share: float = 0.1
    hit_pieces: int = 20_000
    spread: float = 1.5
    life_days: int = 25
    taste_share: float = 0.4
    attribute_share: float = 0.15
    reach_share: float = 0.25
    signal_noise: float = 0.6
    late_share: float = 0.05

    def __post_init__(self) -> None:
        _within("styles", self.styles, 10, 100_000)
        _within("kols", self.kols, 20, 5_000)
        _within("period_days", self.period_days, 1, 36_500)
        _within("life_days", self.life_days, 15, 120)
        if not 0 < self.hit_share < 1:
            raise ValueError(f"Expected hit_share in (0, 1), got {self.hit_share!r}.")
        for name in ("hit_pieces", "spread"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"Expected {name} > 0, got {getattr(self, name)!r}.")
        for name, high in (("signal_noise", 10), ("late_share", 1)):
            _within(name, getattr(self, name), 0, high)
        shares = (self.taste_share, self.attribute_share, self.reach_share)
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError(f"Expected taste, attribute and reach shares >= 0 and together <= 1, got {shares}.")


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"Expected {name} in [{low:g}, {high:g}], got {value!r}.")
