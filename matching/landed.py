"""What a piece costs where it is wanted: goods + operating + channel + terms, and the parts of the match score.

All money is in fen. Goods: the supplier's cost of a piece. Operating: freight by weight and distance, and handling per
order. Channel: what the way to the supplier takes (nothing much from an acquaintance, a margin through a middleman,
the marketplace's toll from a stranger). Terms: what waiting for the buyer's money costs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.jit import compiled, inlined
from matching.score import PartWeight, ScoreWeights

__all__ = ["DEFAULT_WEIGHTS", "PARTS", "READ", "LandedParams", "landed_numbers", "landed_parts", "landed_row"]

Floats = npt.NDArray[np.float64]
READ = (
    "pieces",
    "unit_cost_fen",
    "weight_kg",
    "distance_km",
    "freight_fen",
    "tie_strength",
    "hops",
    "lead_time_days",
    "days_left",
    "price_fen",
    "terms_fen",
    "reliability",
)
PARTS = (
    "goods_fen",
    "operating_fen",
    "channel_fen",
    "terms_fen",
    "cost_fen",
    "cost_ratio",
    "lead_ratio",
    "trust",
    "reliability",
)

DEFAULT_WEIGHTS = ScoreWeights(
    base=0.7,
    parts={
        "cost_ratio": PartWeight(weight=0.4, scale=1.0, direction="lower"),
        "lead_ratio": PartWeight(weight=0.3, scale=1.0, direction="lower"),
        "trust": PartWeight(weight=0.3, scale=1.0, direction="higher"),
        "reliability": PartWeight(weight=0.3, scale=1.0, direction="higher"),
    },
)


@dataclass(frozen=True, kw_only=True)
class LandedParams:
    """Rates behind the cost parts; assumptions to be replaced by your own.

    Parameters
    ----------
    freight_fen_per_kg_km
        Freight rate, >= 0.
    handling_fen_per_order
        Picking, packing and paperwork of one order, >= 0.
    usual_weight_kg, usual_distance_km
        Taken where weight or distance is unknown, >= 0.
    direct_share, middleman_share, stranger_share
        Channel cost as a share of the goods cost: a party one trades with, one reached through a middleman, a
        stranger found on a marketplace, >= 0.
    usual_days
        Lead time that counts as one where an order has no due date, > 0.
    half_trust
        Tie strength at which trust is one half, > 0.
    """

    freight_fen_per_kg_km: float = 0.15
    handling_fen_per_order: float = 300.0
    usual_weight_kg: float = 0.5
    usual_distance_km: float = 500.0
    direct_share: float = 0.01
    middleman_share: float = 0.08
    stranger_share: float = 0.05
    usual_days: float = 14.0
    half_trust: float = 5.0

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            least_open = one.name in ("usual_days", "half_trust")
            if not np.isfinite(value) or value < 0 or (least_open and value == 0):
                raise ValueError(f"{one.name}: expected a number {'>' if least_open else '>='} 0, got {value}")

    def rates(self) -> Floats:
        """Return all of them as float64 [9], in this order."""
        return np.array([getattr(self, one.name) for one in fields(self)], dtype=np.float64)


_USUAL = LandedParams()


def landed_parts(candidates: pd.DataFrame, params: LandedParams | None = None) -> pd.DataFrame:
    """Return the cost and score parts of each candidate, per piece.

    Parameters
    ----------
    candidates
        Columns ``pieces`` (of the order), ``unit_cost_fen``, ``weight_kg``, ``distance_km``, ``tie_strength``,
        ``hops`` (0 a stranger, 1 direct, more through a middleman), ``lead_time_days``, ``days_left`` (until the due
        date), ``price_fen`` (usual price to the shopper); NaN where unknown. ``freight_fen``, what a carrier asks for
        the whole order, counts instead of weight and distance where it is given. ``terms_fen`` (per piece) and
        ``reliability`` (of the supplier, above or below the usual one's, -1 to 1) are 0 without these columns.

    Returns
    -------
    DataFrame
        ``goods_fen``, ``operating_fen``, ``channel_fen``, ``terms_fen``, ``cost_fen`` (their sum), ``cost_ratio`` (of
        the usual price, else of twice the goods cost), ``lead_ratio`` (lead time over days left, at most 2), ``trust``
        (0 to 1, by the tie), ``reliability`` (by the record). NaN cost where the goods cost is unknown.
    """
    named = {name: _numbers(candidates, name) for name in READ if name in candidates}
    return pd.DataFrame(landed_numbers(named, params), index=candidates.index)


def landed_numbers(candidates: Mapping[str, Floats], params: LandedParams | None = None) -> dict[str, Floats]:
    """Return the columns of `landed_parts` from columns by name: float64, shape (candidates,), NaN where unknown."""
    n = len(candidates["pieces"])
    given = np.full((len(READ), n), np.nan)
    for row, name in enumerate(READ):
        if name in candidates:
            given[row] = candidates[name]
    parts = np.empty((len(PARTS), n))
    _landed(given, (params or _USUAL).rates(), parts)
    return dict(zip(PARTS, parts, strict=True))


@compiled
def _landed(given: Floats, rates: Floats, parts: Floats) -> None:
    for t in range(given.shape[1]):
        parts[:, t] = landed_row(given[:, t], rates)


@inlined
def landed_row(given: Floats, rates: Floats) -> tuple[float, float, float, float, float, float, float, float, float]:
    """Return a candidate's `PARTS` from what is known of it (`READ`, NaN unknown) and `LandedParams.rates`."""
    pieces, goods = given[0], given[1]
    weight = rates[2] if np.isnan(given[2]) else given[2]
    distance = rates[3] if np.isnan(given[3]) else given[3]
    freight = rates[0] * weight * distance if np.isnan(given[4]) else given[4] / pieces
    tie = 0.0 if np.isnan(given[5]) else given[5]
    share = rates[4] if given[6] == 1 else (rates[5] if given[6] > 1 else rates[6])
    lead = rates[7] if np.isnan(given[7]) else given[7]
    days = rates[7] if np.isnan(given[8]) else max(given[8], 1.0)
    price = given[9] if given[9] >= 1 else 2 * max(goods, 1.0)  # there is no part of a fen
    terms = 0.0 if np.isnan(given[10]) else given[10]
    reliability = 0.0 if np.isnan(given[11]) else given[11]
    operating = freight + rates[1] / pieces
    cost = goods + operating + goods * share + terms
    trust = tie / (tie + rates[8])
    return goods, operating, goods * share, terms, cost, cost / price, min(lead / days, 2.0), trust, reliability


def _numbers(candidates: pd.DataFrame, name: str) -> Floats:
    numbers: Floats = candidates[name].to_numpy(np.float64, na_value=np.nan)
    return numbers
