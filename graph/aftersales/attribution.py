"""Who is probably at fault: Bayes' rule over each claim's route, with fault rates learned from all claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.aftersales.routes import (
    CAUSE_ROLES,
    Suspects,
    Units,
    cause_table,
    detectable,
    steps_of,
    suspects,
    undetected_to_end,
    units,
)
from graph.aftersales.tables import CAUSES, CLAIM_KINDS, UNKNOWN

__all__ = ["Attribution", "FaultParams", "attribute", "posterior"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_UNKNOWN = CAUSE_ROLES.index(UNKNOWN)
_MOST_ROUNDS, _TOLERANCE = 500, 1e-7


@dataclass(frozen=True, kw_only=True)
class FaultParams:
    """What is assumed about faults.

    Parameters
    ----------
    causes
        Of the claims that a party in a role causes, the share of each kind; `graph.aftersales.tables.CAUSES`.
    detection
        Probability that an inspection sees a fault, in [0, 1).
    prior_claims
        Claims that the role's fault rate counts for beside a party's own, > 0.
    unknown_share
        Share of claims expected to be nobody's on the route, in (0, 1).
    low, high
        Quantiles of the ranges that are told, in (0, 1).
    """

    causes: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: CAUSES)
    detection: float = 0.6
    prior_claims: float = 2.0
    unknown_share: float = 0.05
    low: float = 0.1
    high: float = 0.9

    def __post_init__(self) -> None:
        cause_table(self.causes)
        if not 0 <= self.detection < 1:
            raise ValueError(f"detection: expected a number in [0, 1), got {self.detection}")
        if not (np.isfinite(self.prior_claims) and self.prior_claims > 0):
            raise ValueError(f"prior_claims: expected a number > 0, got {self.prior_claims}")
        if not 0 < self.unknown_share < 1:
            raise ValueError(f"unknown_share: expected a number in (0, 1), got {self.unknown_share}")
        if not 0 < self.low < self.high < 1:
            raise ValueError(f"low, high: expected 0 < low < high < 1, got {self.low} and {self.high}")


@dataclass(frozen=True, eq=False)
class Attribution:
    """Probabilities of fault and the rates behind them.

    Parameters
    ----------
    claims, steps
        The claims and, by lot and step, the steps (`graph.aftersales.routes.steps_of`).
    units, suspects
        The parties in their roles; who may have caused which claim.
    probability
        That each suspect caused its claim, float64 (suspects,).
    unknown
        That nobody on the route did, float64 (claims,); 1 for a claim whose lot is not known. With the suspects'
        it sums to 1 per claim.
    rate
        Claims caused per piece handled, float64 (units,); `exposure` is what they are per, in pieces.
    role_rate
        The same of whole roles, float64 (roles,), `unknown` included.
    """

    claims: pd.DataFrame
    steps: pd.DataFrame
    units: Units
    suspects: Suspects
    probability: Floats
    unknown: Floats
    rate: Floats
    exposure: Floats
    role_rate: Floats


def attribute(claims: pd.DataFrame, lots: pd.DataFrame, *, params: FaultParams | None = None) -> Attribution:
    """Return who is probably at fault for each claim.

    A step of a lot of n pieces causes claims of kind k as a Poisson process with mean ``n · rate · causes[role][k]``,
    thinned by the inspections after it. Given a claim, each step up to where it was found is a suspect with weight
    ``rate · causes[role][k] · P(passed every inspection since)``, and so is the unknown cause. The rates are learned
    from all claims at once (EM): a party's own, Gamma-Poisson, shrunk to its role's by ``prior_claims``.

    Parameters
    ----------
    claims, lots
        Frames with the types of `graph.aftersales.tables`.
    params
        What is assumed.

    Notes
    -----
    Dempster, Laird and Rubin, Maximum likelihood from incomplete data via the EM algorithm, 1977; Gamma-Poisson
    shrinkage: Gelman et al., Bayesian Data Analysis, chapter 2.
    """
    params = params or FaultParams()
    claims, steps = claims.reset_index(drop=True), steps_of(lots)
    who, whom = units(steps), suspects(claims, steps, params.detection)
    table = cause_table(params.causes)
    kind = pd.Index(CLAIM_KINDS).get_indexer(pd.Index(claims["kind"]))
    exposure = _exposure(steps, who, table, params)
    pieces = float(steps.groupby("lot_id")["pieces"].max().sum())
    traced = np.zeros(len(claims), dtype=bool)
    traced[whom.claim] = True
    learner = _Learner(who, exposure, pieces, float(traced.sum()), params)
    unit = who.of_step[whom.step]
    fit = table[who.role[unit], kind[whom.claim]] * whom.undetected
    rate, role_rate = learner.start()
    for _ in range(_MOST_ROUNDS):
        share, unknown = posterior(whom.claim, fit * rate[unit], table[_UNKNOWN, kind] * role_rate[_UNKNOWN])
        before = rate
        rate, role_rate = learner.learn(_sums(unit, share, len(rate)), float(unknown[traced].sum()), role_rate)
        if np.abs(rate - before).max(initial=0.0) <= _TOLERANCE * before.max(initial=0.0):
            break
    share, unknown = posterior(whom.claim, fit * rate[unit], table[_UNKNOWN, kind] * role_rate[_UNKNOWN])
    return Attribution(claims, steps, who, whom, share, unknown, rate, exposure, role_rate)


def posterior(claim: Ints, weight: Floats, unknown: Floats) -> tuple[Floats, Floats]:
    """Return Bayes' rule: each suspect's share of its claim's weights, and the unknown cause's.

    Parameters
    ----------
    claim
        Claim of each suspect, int64 (suspects,).
    weight
        Prior times likelihood of each suspect, float64 (suspects,), >= 0.
    unknown
        The same of the unknown cause, float64 (claims,); a claim without any weight is the unknown cause's.

    Examples
    --------
    >>> share, unknown = posterior(np.array([0, 0]), np.array([3.0, 1.0]), np.array([1.0]))
    >>> share.tolist(), unknown.tolist()
    ([0.6, 0.2], [0.2])
    """
    total = np.bincount(claim, weight, len(unknown)) + unknown
    safe = np.where(total > 0, total, 1.0)
    return weight / safe[claim], np.where(total > 0, unknown / safe, 1.0)


@dataclass(frozen=True, eq=False)
class _Learner:
    """Turns expected numbers of claims into rates."""

    units: Units
    exposure: Floats
    pieces: float
    claims: float
    params: FaultParams

    def start(self) -> tuple[Floats, Floats]:
        """Return rates at which every role and unit is alike."""
        overall = self._overall()
        role_rate = np.full(len(CAUSE_ROLES), overall)
        role_rate[_UNKNOWN] = self._unknown_rate(0.0)
        return role_rate[self.units.role], role_rate

    def learn(self, caused: Floats, unknown: float, role_rate: Floats) -> tuple[Floats, Floats]:
        """Return the rates given the expected claims of each unit and of the unknown cause."""
        roles = len(CAUSE_ROLES)
        by_role = _sums(self.units.role, caused, roles)
        handled = _sums(self.units.role, self.exposure, roles)
        # Half a claim at the overall rate: a role without claims is good, but not beyond doubt.
        role_rate = (by_role + 0.5) / (handled + 0.5 / self._overall())
        role_rate[_UNKNOWN] = self._unknown_rate(unknown)
        k = self.params.prior_claims
        rate: Floats = (caused + k) / (self.exposure + k / role_rate[self.units.role])
        return rate, role_rate

    def _overall(self) -> float:
        return max(self.claims, 1.0) / max(float(self.exposure.sum()), 1.0)

    def _unknown_rate(self, claims: float) -> float:
        k = self.params.prior_claims
        expected = self.params.unknown_share * max(self.claims, 1.0) / max(self.pieces, 1.0)
        return (claims + k) / (self.pieces + k / expected)


def _exposure(steps: pd.DataFrame, who: Units, table: Floats, params: FaultParams) -> Floats:
    """Return the pieces that each unit handled, those counted less that inspections guarded afterwards."""
    seen = table[:, detectable()].sum(axis=1)[who.role[who.of_step]]
    guarded = seen * undetected_to_end(steps, params.detection) + (1 - seen)
    pieces = steps["pieces"].to_numpy(np.float64)
    return _sums(who.of_step, pieces * guarded, len(who.role))


def _sums(group: Ints, value: Floats, n: int) -> Floats:
    return np.bincount(group, value, n).astype(np.float64)
