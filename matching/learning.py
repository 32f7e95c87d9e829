"""Weights of the match score learnt from what became of decisions: accepted, on time, without dispute.

The probability that a decision turns out well is a logistic function of its parts, with weights that keep their stated
directions (>= 0) and are drawn to the weights one starts from (a normal prior around them: penalised maximum
likelihood, le Cessie and van Houwelingen, *Ridge estimators in logistic regression*, 1992). How strongly is chosen by
forecasting the later of the decisions learnt from. What comes out has the spread and mean of the score one started
from, so that penalties and prices keep their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import InputError, TableError
from contracts.tables import Column, TableSchema
from matching.problem import Floats
from matching.score import ScoreWeights, score_parts, total_score

__all__ = ["DECISIONS", "LearntWeights", "calibrated", "learn_weights", "outcomes_of", "probability"]

PULLS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
FEWEST = 30
_LATER_SHARE = 0.3
_TOLD = ("accepted", "on_time", "disputed")

DECISIONS = TableSchema(
    name="decisions",
    columns=(
        Column(name="decision_id", kind="str", description="the decision: an order, say"),
        Column(name="supplier_id", kind="str", description="a candidate of it"),
        Column(name="decided_at", kind="timestamp", description="when; learning never looks ahead"),
        Column(name="chosen", kind="bool", description="whether this candidate was taken"),
        Column(
            name="accepted", kind="bool", required=False, nullable=True, description="whether the supplier accepted"
        ),
        Column(name="on_time", kind="bool", required=False, nullable=True, description="whether it delivered on time"),
        Column(name="disputed", kind="bool", required=False, nullable=True, description="whether it came to a dispute"),
    ),
    key=("decision_id", "supplier_id"),
)


@dataclass(frozen=True, kw_only=True)
class LearntWeights:
    """Weights with the probability that a score stands for: ``1 / (1 + exp(-(intercept + slope · score)))``."""

    weights: ScoreWeights
    intercept: float
    slope: float
    pull: float


def outcomes_of(decisions: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return float64 [rows]: 1 went well, 0 did not, NaN not chosen or not known yet.

    A decision goes well if it was accepted, delivered on time and not disputed, as far as the table tells; one that
    was refused or disputed has gone badly whatever else is not known.

    Examples
    --------
    >>> told = {"chosen": [True] * 4 + [False], "accepted": [True, True, False, True, None],
    ...         "on_time": [True, False, None, None, None]}
    >>> outcomes_of(pd.DataFrame(told)).tolist()
    [1.0, 0.0, 0.0, nan, nan]
    """
    names = [name for name in _TOLD if name in decisions]
    if not names:
        raise TableError("decisions", "accepted", "this column, on_time or disputed", ", ".join(decisions.columns))
    good, bad = np.ones(len(decisions), np.bool_), np.zeros(len(decisions), np.bool_)
    for name in names:
        cells = decisions[name].astype("boolean")
        wanted = name != "disputed"
        bad |= (cells == (not wanted)).fillna(value=False).to_numpy(np.bool_)
        good &= (cells == wanted).fillna(value=not wanted).to_numpy(np.bool_)
    known = np.where(bad, 0.0, np.where(good, 1.0, np.nan))
    return np.where(decisions["chosen"].to_numpy(np.bool_), known, np.nan)


def learn_weights(decisions: pd.DataFrame, prior: ScoreWeights, *, source: str = "decisions") -> LearntWeights:
    """Learn the weights of a score from decisions with outcomes.

    Parameters
    ----------
    decisions
        Checked table (`DECISIONS`) with the columns of the parts.
    prior
        The weights to start from: their parts, scales and directions are kept.

    Raises
    ------
    InputError
        If fewer than 30 decisions are known to have gone either way, none went well or none badly, or no part tells
        them apart.
    """
    outcome = outcomes_of(decisions)
    known = decisions[~np.isnan(outcome)]
    rank = np.argsort(known["decided_at"].to_numpy(), kind="stable")
    known, result = known.iloc[rank], outcome[~np.isnan(outcome)][rank]
    _require_both(result, source)
    parts = _signed(known, prior, source)
    pull = _best_pull(parts, result, prior)
    learnt = _fit(parts, result, prior, pull)
    weights = _as_weights(learnt, prior, _signed(decisions, prior, source), source)
    return replace(calibrated(known, result, weights, source=source), pull=pull)


def calibrated(
    known: pd.DataFrame, result: Floats, weights: ScoreWeights, *, source: str = "decisions"
) -> LearntWeights:
    """Return weights with the probability their score stands for, fitted on decisions with their results (0 or 1)."""
    score = total_score(known, weights, source=source)
    found = _minimum(score[:, None], result, np.zeros(1), 1e-3)
    return LearntWeights(weights=weights, intercept=float(found[0]), slope=float(found[1]), pull=0.0)


def probability(decisions: pd.DataFrame, learnt: LearntWeights, *, source: str = "decisions") -> Floats:
    """Return float64, the probability that each decision goes well."""
    return _logistic(learnt.intercept + learnt.slope * total_score(decisions, learnt.weights, source=source))


def _require_both(result: Floats, source: str) -> None:
    if result.size < FEWEST:
        raise InputError(source, f"at least {FEWEST} chosen candidates with a known outcome", result.size)
    if not 0 < result.sum() < result.size:
        raise InputError(source, "outcomes of both kinds", f"{int(result.sum())} of {result.size} that went well")


def _signed(decisions: pd.DataFrame, prior: ScoreWeights, source: str) -> Floats:
    """Return float64 [rows, parts]: what a weight of one adds to the score."""
    ones = ScoreWeights(base=0.0, parts={name: replace(part, weight=1.0) for name, part in prior.parts.items()})
    return np.asarray(score_parts(decisions, ones, source=source).to_numpy(np.float64))


def _best_pull(parts: Floats, result: Floats, prior: ScoreWeights) -> float:
    """Return the strength of the prior that forecasts the later decisions best from the earlier ones."""
    cut = int(result.size * (1 - _LATER_SHARE))
    if not 0 < result[:cut].sum() < cut:
        return PULLS[-1]
    losses = []
    for pull in PULLS:
        found = _fit(parts[:cut], result[:cut], prior, pull)
        losses.append(_loss(found[0] + parts[cut:] @ found[1:], result[cut:]))
    return PULLS[int(np.argmin(losses))]


def _fit(parts: Floats, result: Floats, prior: ScoreWeights, pull: float) -> Floats:
    """Return the intercept and the weight of each part, drawn to the prior's at its own best scale."""
    own = np.array([part.weight for part in prior.parts.values()])
    scale = _minimum((parts @ own)[:, None], result, np.zeros(1), 1e-3)[1]
    return _minimum(parts, result, scale * own, pull)


def _minimum(parts: Floats, result: Floats, towards: Floats, pull: float) -> Floats:
    """Return the penalised maximum likelihood (intercept, weights >= 0)."""
    from scipy.optimize import minimize

    def value_and_slope(at: Floats) -> tuple[float, Floats]:
        eta = at[0] + parts @ at[1:]
        off, gap = at[1:] - towards, _logistic(eta) - result
        value = float(np.logaddexp(0.0, eta).sum() - np.dot(result, eta) + pull * np.dot(off, off) / 2)
        return value, np.append(gap.sum(), parts.T @ gap + pull * off)

    share = np.clip(result.mean(), 1e-6, 1 - 1e-6)
    start = np.append(np.log(share / (1 - share)), towards)
    bounds = [(None, None)] + [(0.0, None)] * parts.shape[1]
    found = minimize(value_and_slope, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    return np.asarray(found.x)


def _as_weights(learnt: Floats, prior: ScoreWeights, parts: Floats, source: str) -> ScoreWeights:
    """Return the weights at the spread and the mean that the prior's score has over these candidates."""
    own = np.array([part.weight for part in prior.parts.values()])
    before, after = parts @ own, parts @ learnt[1:]
    if after.std() <= 1e-12 * max(1.0, float(np.abs(after).max(initial=0.0))) or before.std() == 0:
        raise InputError(source, "parts that tell good decisions from bad ones", "none that does")
    scale = before.std() / after.std()
    base = prior.base + float(before.mean() - scale * after.mean())
    named = zip(prior.parts.items(), learnt[1:], strict=True)
    parts_now = {name: replace(part, weight=float(scale * weight)) for (name, part), weight in named}
    return ScoreWeights(base=base, parts=parts_now)


def _logistic(eta: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * eta)))


def _loss(eta: Floats, result: Floats) -> float:
    return float(np.mean(np.logaddexp(0.0, eta) - result * eta))
