"""How large and how lively the simulated market is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MAX_PARTIES", "MIN_PARTIES", "MarketParams"]

MIN_PARTIES, MAX_PARTIES = 10, 6_000_000


@dataclass(frozen=True, kw_only=True)
class MarketParams:
    """Sizes and shares of a simulated market.

    Parameters
    ----------
    parties
        Number of parties, 10 to 6 000 000.
    styles
        Number of new styles launched, 1 to 100 000.
    same_region
        Share of partners found in the own region, in [0, 1].
    hit_share
        Share of styles that become hits, in (0, 1).
    hit_pieces
        Pieces that the weakest hit sells, > 0.
    life_days
        Days that a style is on sale, 7 to 120.
    teaser_noise
        Standard deviation of the noise between a style's appeal and its log signal counts, >= 0: 0 makes teasers
        tell everything, 3 next to nothing.
    wave_share
        Share of a day's orders placed in the coupon window from 14:00 to 15:00, in [0, 1].
    """

    parties: int = 3_000
    styles: int = 40
    same_region: float = 0.85
    hit_share: float = 0.1
    hit_pieces: int = 20_000
    life_days: int = 25
    teaser_noise: float = 0.7
    wave_share: float = 0.8

    def __post_init__(self) -> None:
        _require(MIN_PARTIES <= self.parties <= MAX_PARTIES, f"parties in [{MIN_PARTIES}, {MAX_PARTIES}]")
        _require(1 <= self.styles <= 100_000, "styles in [1, 100000]")
        _require(0 <= self.same_region <= 1, "same_region in [0, 1]")
        _require(0 < self.hit_share < 1, "hit_share in (0, 1)")
        _require(self.hit_pieces > 0, "hit_pieces > 0")
        _require(7 <= self.life_days <= 120, "life_days in [7, 120]")
        _require(self.teaser_noise >= 0, "teaser_noise >= 0")
        _require(0 <= self.wave_share <= 1, "wave_share in [0, 1]")


def _require(holds: bool, expected: str) -> None:  # noqa: FBT001 (a condition, not an option)
    if not holds:
        raise ValueError(f"Expected {expected}.")
