"""Two sets of weights asked about the same later decisions: which foretells better how they turned out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError
from matching.learning import LearntWeights, outcomes_of, probability
from matching.problem import Floats
from matching.score import total_score
from matching.sums import sum_by

__all__ = ["replay_weights"]

_DRAWS = 2000


def replay_weights(
    champion: LearntWeights,
    challenger: LearntWeights,
    decisions: pd.DataFrame,
    *,
    seed: int = 0,
    source: str = "decisions",
) -> dict[str, Any]:
    """Score decisions with known outcomes by both, and say which is better.

    Parameters
    ----------
    decisions
        Checked table (`matching.learning.DECISIONS`), later than what either learnt from.

    Returns
    -------
    dict
        ``decisions``, ``went_well`` (share), per side ``log_loss, brier, auc`` and ``followed`` (how often the one
        taken was its first choice, and how those turned out: what it would have done, where that is known);
        ``improvement`` in log loss with a 90 % interval (bootstrap over decisions), ``better``.

    Raises
    ------
    InputError
        If no outcome is known, or a part's column is missing.
    """
    outcome = outcomes_of(decisions)
    known = ~np.isnan(outcome)
    if not known.any():
        raise InputError(source, "later decisions with a known outcome", "none")
    result, rows = outcome[known], decisions[known]
    chances = [probability(rows, side, source=source) for side in (champion, challenger)]
    losses = np.array([_losses(chance, result) for chance in chances])
    told: dict[str, Any] = {"decisions": int(known.sum()), "went_well": float(result.mean())}
    for name, side, chance, loss in zip(
        ("champion", "challenger"), (champion, challenger), chances, losses, strict=True
    ):
        told[name] = {
            "log_loss": float(loss.mean()),
            "brier": float(np.mean((chance - result) ** 2)),
            "auc": _auc(chance, result),
            "followed": _followed(decisions, outcome, side, source),
        }
    return told | _verdict(losses, rows["decision_id"], seed)


def _losses(chance: Floats, result: Floats) -> Floats:
    safe = np.clip(chance, 1e-9, 1 - 1e-9)
    return np.asarray(-np.where(result == 1, np.log(safe), np.log(1 - safe)))


def _auc(chance: Floats, result: Floats) -> float | None:
    """Return how often a decision that went well was given more than one that did not; None without both kinds."""
    ranks = pd.Series(chance).rank().to_numpy(np.float64)
    good, bad = int(result.sum()), int(result.size - result.sum())
    if not good or not bad:
        return None
    return float((ranks[result == 1].sum() - good * (good + 1) / 2) / (good * bad))


def _followed(decisions: pd.DataFrame, outcome: Floats, side: LearntWeights, source: str) -> dict[str, Any]:
    """Return how many decisions with a known outcome took the side's first choice, and the share that went well."""
    score = total_score(decisions, side.weights, source=source)
    best = pd.Series(score).groupby(decisions["decision_id"].to_numpy()).transform("max").to_numpy(np.float64)
    on = (score >= best - 1e-12) & ~np.isnan(outcome)
    return {"decisions": int(on.sum()), "went_well": float(outcome[on].mean()) if on.any() else None}


def _verdict(losses: Floats, decision: pd.Series, seed: int) -> dict[str, Any]:
    """Return the improvement in log loss with its 90 % interval over decisions, and who is better (None: unclear)."""
    at, names = pd.factorize(decision)
    sums = np.array([sum_by(at, loss, len(names)) for loss in losses])
    gain = float(1 - sums[1].sum() / sums[0].sum())
    weights = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=_DRAWS)
    drawn = weights @ sums.T
    low, high = (float(v) for v in np.quantile(1 - drawn[:, 1] / drawn[:, 0], [0.05, 0.95]))
    better = "challenger" if low > 0 else "champion" if high < 0 else None
    return {"improvement": {"value": gain, "low": low, "high": high}, "better": better}
