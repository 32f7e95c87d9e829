"""Judgements of trading partners about each other, drawn from reliabilities that nobody sees."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["example_judgements"]

_TRADES = ("supplies", "distributes", "serves")
_SPAN = 365  # days over which the judgements are spread


def example_judgements(
    relations: pd.DataFrame, today: pd.Timestamp, *, share: float = 0.7, seed: int = 0
) -> pd.DataFrame:
    """Return what buyers say about those they buy from.

    Parameters
    ----------
    relations
        ``src, dst, kind``; who supplies, distributes or serves is judged by whom it does so for.
    today
        Day of the last judgement at most.
    share
        Share of the relations that are judged, in (0, 1].

    Returns
    -------
    DataFrame
        ``src, dst, weight`` (-3 … 3, never 0), ``at``, ``simulated``.

    Examples
    --------
    >>> trades = pd.DataFrame({"src": ["F"] * 5, "dst": list("ABCDE"), "kind": "supplies"})
    >>> example_judgements(trades, pd.Timestamp("2025-03-03"), share=1.0)["src"].tolist()
    ['A', 'B', 'C', 'D', 'E']
    """
    rng = np.random.default_rng([seed, 71])
    trades = relations[relations["kind"].isin(_TRADES)].drop_duplicates(["src", "dst"])
    sellers, seller = np.unique(trades["src"].astype("str"), return_inverse=True)
    reliability = rng.beta(6, 2, len(sellers))[seller]
    good = rng.random(len(trades)) < reliability
    days = rng.integers(0, _SPAN, len(trades))
    judged = pd.DataFrame(
        {
            "src": trades["dst"].astype("str").to_numpy(),
            "dst": trades["src"].astype("str").to_numpy(),
            "weight": np.where(good, 1, -1) * rng.integers(1, 4, len(trades)),
            "at": today - pd.to_timedelta(days, unit="D"),
            "simulated": True,
        }
    )
    return judged[rng.random(len(judged)) < share].reset_index(drop=True)
