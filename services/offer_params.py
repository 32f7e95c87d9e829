"""How offers to small sellers are made: limits, shares and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contracts.params import params_from, read_toml

__all__ = ["OfferParams", "read_limits"]


@dataclass(frozen=True, kw_only=True)
class OfferParams:
    """Limits of the house; those in a seller's or a style's row go before.

    Parameters
    ----------
    approaches_per_week
        Most offers a seller is shown a week, >= 0.
    style_share
        Most of a style's pieces that one seller may be expected to sell, in (0, 1]; holds where pieces are given.
    brand_income_share
        Most of a seller's income that may come from one brand, in (0, 1].
    income_from_fen
        Income from which that holds: below it there is nothing to depend on, >= 0.
    seller_percent
        What the seller gets of the margin, in [0, 100].
    unsteady_price
        Share of an offer's value that promotions which vary without end cost, in [0, 1): planning for them costs stock.
    dependence_price
        Share of it that the whole of a brand's sales through this one seller costs, in [0, 1).
    candidates
        Styles looked at for each seller, the most valuable ones, >= 1.
    quiet_from, quiet_to
        Hours between which nobody is approached, 0 to 23; equal = never quiet.
    gap
        Certified gap at which a match is good enough, in [0, 1).

    Raises
    ------
    ValueError
        If a value is out of range.
    """

    approaches_per_week: int = 3
    style_share: float = 0.1
    brand_income_share: float = 0.5
    income_from_fen: int = 50_000
    seller_percent: float = 20.0
    unsteady_price: float = 0.05
    dependence_price: float = 0.2
    candidates: int = 50
    quiet_from: int = 22
    quiet_to: int = 8
    gap: float = 5e-3

    def __post_init__(self) -> None:
        for name in ("style_share", "brand_income_share"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}: expected a share in (0, 1], got {getattr(self, name)}")
        for name, least, most in (
            ("approaches_per_week", 0, 10_000), ("candidates", 1, 10_000), ("quiet_from", 0, 23), ("quiet_to", 0, 23),
            ("income_from_fen", 0, 2**53), ("seller_percent", 0, 100),
        ):  # fmt: skip
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name}: expected {least} to {most}, got {getattr(self, name)}")
        for name in ("gap", "unsteady_price", "dependence_price"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name}: expected a share in [0, 1), got {getattr(self, name)}")


def read_limits(path: Path | None) -> OfferParams:
    """Read limits from a TOML file; the usual ones without it.

    Raises
    ------
    InputError
        If the file is missing or is not TOML, or a limit is unknown or out of range.
    """
    return OfferParams() if path is None else params_from(read_toml(path), OfferParams, where=path.name)
