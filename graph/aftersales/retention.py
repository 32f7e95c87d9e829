"""Which share of an invoice to keep back until its quality is accepted: what claims may cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaincinv

from graph.aftersales.attribution import Attribution

__all__ = ["COLUMNS", "RetentionParams", "suggested_retention"]

Floats = npt.NDArray[np.float64]
COLUMNS = ("buyer_id", "supplier_id", "turnover_fen", "claims", "expected_cost_fen", "cost_share", "suggested_share")


@dataclass(frozen=True, kw_only=True)
class RetentionParams:
    """How evidence counts.

    Parameters
    ----------
    prior_turnover_fen
        Turnover that the mean of all pairs counts for beside a pair's own, in fen, > 0.
    quantile
        Quantile of the expected cost share that is suggested, in (0, 1).
    """

    prior_turnover_fen: float = 1_000_000.0
    quantile: float = 0.9

    def __post_init__(self) -> None:
        if not (np.isfinite(self.prior_turnover_fen) and self.prior_turnover_fen > 0):
            raise ValueError(f"prior_turnover_fen: expected a number > 0, got {self.prior_turnover_fen}")
        if not 0 < self.quantile < 1:
            raise ValueError(f"quantile: expected a number in (0, 1), got {self.quantile}")


def suggested_retention(
    attribution: Attribution, turnover: pd.DataFrame, *, params: RetentionParams | None = None
) -> pd.DataFrame:
    """Return a share to keep back per pair of a buyer and the party that supplies it.

    To its buyer a supplier answers for itself and for everybody before it on the lot's way: the cost of a pair is what
    the buyer's claims are expected to cost by their fault. It is a compound Poisson sum: its variance is the sum of
    squared amounts. Divided by the turnover, and shrunk to all pairs' share, its upper quantile (Gamma) is suggested,
    at most 1.

    Parameters
    ----------
    attribution
        Claims with ``buyer_id``; those without do not count.
    turnover
        ``buyer_id, supplier_id, turnover_fen`` (over the time of the claims), one row per pair.
    params
        How evidence counts.

    Returns
    -------
    DataFrame
        `COLUMNS`, by buyer and supplier; ``claims`` is the expected number that the supplier answers for.
    """
    params = params or RetentionParams()
    cost = _costs(attribution)
    pairs = turnover.merge(cost, how="left", on=["buyer_id", "supplier_id"])
    claims, mean, variance = (pairs[name].fillna(0.0).to_numpy(float) for name in ("claims", "cost", "variance"))
    trade, k = pairs["turnover_fen"].to_numpy(np.float64), params.prior_turnover_fen
    total = max(float(trade.sum()), 1.0)
    share = (mean + k * mean.sum() / total) / (trade + k)
    spread = (variance + k * variance.sum() / total) / (trade + k) ** 2
    upper = np.minimum(_gamma_quantile(share, spread, params.quantile), 1.0)
    told = pairs[["buyer_id", "supplier_id", "turnover_fen"]].assign(
        claims=claims, expected_cost_fen=mean, cost_share=share, suggested_share=upper
    )
    return told[list(COLUMNS)].sort_values(["buyer_id", "supplier_id"]).reset_index(drop=True)


def _gamma_quantile(mean: Floats, variance: Floats, q: float) -> Floats:
    """Return a quantile of the Gamma distribution with a mean and a variance, but never less than the mean."""
    spread = (mean > 0) & (variance > 1e-12 * mean**2)
    m, v = np.where(spread, mean, 1.0), np.where(spread, variance, 1.0)
    quantile: Floats = np.where(spread, gammaincinv(m**2 / v, q) * v / m, mean)
    return np.maximum(quantile, mean)


def _costs(attribution: Attribution) -> pd.DataFrame:
    """Return expected claims and cost per buyer and party that answers for them, and the cost's variance."""
    claims, who = attribution.claims, attribution.suspects
    buyer = claims["buyer_id"] if "buyer_id" in claims else pd.Series([None] * len(claims), dtype="str")
    up_to = pd.Series(attribution.probability).groupby(who.claim).cumsum()  # suspects come by claim and step
    rows = pd.DataFrame(
        {
            "claim": who.claim,
            "buyer_id": buyer.iloc[who.claim].to_numpy(object),
            "supplier_id": attribution.steps["party_id"].to_numpy(object)[who.step],
            "claims": up_to,
        }
    ).astype({"buyer_id": "str", "supplier_id": "str"})
    per_claim = rows.groupby(["claim", "buyer_id", "supplier_id"], as_index=False)["claims"].max()
    amount = claims["amount_fen"].to_numpy(np.float64)[per_claim["claim"]]
    costs = per_claim.assign(cost=per_claim["claims"] * amount, variance=per_claim["claims"] * amount**2)
    return costs.groupby(["buyer_id", "supplier_id"], as_index=False)[["claims", "cost", "variance"]].sum()
