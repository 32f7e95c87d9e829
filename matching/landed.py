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

from matching.score import PartWeight, ScoreWeights

__all__ = ["DEFAULT_WEIGHTS", "LandedParams", "landed_numbers", "landed_parts"]

Floats = npt.NDArray[np.float64]
_READ = (
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
    named = {name: _numbers(candidates, name) for name in _READ if name in candidates}
    return pd.DataFrame(landed_numbers(named, params), index=candidates.index)


def landed_numbers(candidates: Mapping[str, Floats], params: LandedParams | None = None) -> dict[str, Floats]:
    """Return the columns of `landed_parts` from columns by name: float64, shape (candidates,), NaN where unknown."""
    params = params or LandedParams()
    pieces, hops = candidates["pieces"], candidates["hops"]
    goods = _column(candidates, "unit_cost_fen")
    weight = _column(candidates, "weight_kg", params.usual_weight_kg)
    distance = _column(candidates, "distance_km", params.usual_distance_km)
    asked = _column(candidates, "freight_fen") / pieces
    freight = np.where(np.isnan(asked), params.freight_fen_per_kg_km * weight * distance, asked)
    operating = freight + params.handling_fen_per_order / pieces
    share = np.select([hops == 1, hops > 1], [params.direct_share, params.middleman_share], params.stranger_share)
    terms = _column(candidates, "terms_fen", 0.0)
    cost = goods + operating + goods * share + terms
    price, days = _column(candidates, "price_fen"), _column(candidates, "days_left")
    days = np.where(np.isnan(days), params.usual_days, np.maximum(days, 1.0))
    tie = _column(candidates, "tie_strength", 0.0)
    return {
        "goods_fen": goods,
        "operating_fen": operating,
        "channel_fen": goods * share,
        "terms_fen": terms,
        "cost_fen": cost,
        "cost_ratio": cost / np.where(price >= 1, price, 2 * np.maximum(goods, 1.0)),  # there is no part of a fen
        "lead_ratio": np.minimum(_column(candidates, "lead_time_days", params.usual_days) / days, 2.0),
        "trust": tie / (tie + params.half_trust),
        "reliability": _column(candidates, "reliability", 0.0),
    }


def _numbers(candidates: pd.DataFrame, name: str) -> Floats:
    numbers: Floats = candidates[name].to_numpy(np.float64, na_value=np.nan)
    return numbers


def _column(candidates: Mapping[str, Floats], name: str, unknown: float = np.nan) -> Floats:
    """Return a column with a value for unknown cells, all of them if it is not there."""
    numbers = candidates.get(name)
    if numbers is None:
        return np.full(len(candidates["pieces"]), unknown)
    return np.where(np.isnan(numbers), unknown, numbers)
