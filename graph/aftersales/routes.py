"""The ways of lots and the claims on them, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from graph.aftersales.tables import CLAIM_KINDS, ROLES, UNKNOWN
from graph.arrays import expand

__all__ = ["CAUSE_ROLES", "UNSEEN", "Suspects", "Units", "cause_table", "detectable", "steps_of", "suspects", "units"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
CAUSE_ROLES = (*ROLES, UNKNOWN)
UNSEEN = ("late", "return")  # no inspection of pieces could have seen these


@dataclass(frozen=True, eq=False)
class Units:
    """Parties in a role: what a rate of faults belongs to.

    Parameters
    ----------
    party
        Party of each, objects (units,), in order.
    role
        Index into `CAUSE_ROLES`, int64 (units,).
    of_step
        Unit of each step, int64 (steps,).
    """

    party: npt.NDArray[np.object_]
    role: Ints
    of_step: Ints


@dataclass(frozen=True, eq=False)
class Suspects:
    """Who may have caused which claim: one entry per claim and step of its lot that could have.

    Parameters
    ----------
    claim, step
        Indices into the claims and the steps, int64 (suspects,).
    undetected
        Probability that a fault of the step stayed unseen until the claim, float64 (suspects,).
    """

    claim: Ints
    step: Ints
    undetected: Floats


def steps_of(lots: pd.DataFrame) -> pd.DataFrame:
    """Return lots by lot and step, with ``passed`` (share of the pieces that an inspection passed; 0 = no inspection).

    Parameters
    ----------
    lots
        Frame with the types of `graph.aftersales.tables.LOTS`.
    """
    steps = lots.sort_values(["lot_id", "step"]).reset_index(drop=True)
    pieces = steps["pieces"].to_numpy(np.float64)
    inspected = np.zeros(len(steps), dtype=bool)
    if "inspected" in steps:
        inspected = (steps["inspected"] == True).to_numpy(dtype=bool)  # noqa: E712 (empty is not inspected)
    passed = np.full(len(steps), np.nan)
    if "passed_pieces" in steps:
        passed = steps["passed_pieces"].to_numpy(np.float64, na_value=np.nan)
    share = np.clip(np.where(np.isnan(passed), 1.0, passed / np.maximum(pieces, 1.0)), 0.0, 1.0)
    return steps.assign(passed=np.where(inspected, share, 0.0))


def units(steps: pd.DataFrame) -> Units:
    """Return the parties of all steps by their roles."""
    party, names = pd.factorize(steps["party_id"], sort=True)
    role = pd.Index(CAUSE_ROLES).get_indexer(pd.Index(steps["role"]))
    distinct, of_step = np.unique(party.astype(np.int64) * len(CAUSE_ROLES) + role, return_inverse=True)
    return Units(
        party=np.asarray(names, dtype=object)[distinct // len(CAUSE_ROLES)],
        role=distinct % len(CAUSE_ROLES),
        of_step=of_step.astype(np.int64),
    )


def suspects(claims: pd.DataFrame, steps: pd.DataFrame, detection: float) -> Suspects:
    """Return which steps may have caused which claim: those of its lot, up to where it was found.

    Parameters
    ----------
    claims
        Frame with the types of `graph.aftersales.tables.CLAIMS`.
    steps
        From `steps_of`.
    detection
        Probability that an inspection sees a fault of a piece it passes judgement on, in [0, 1).
    """
    lot, names = pd.factorize(steps["lot_id"])
    starts = np.append(np.flatnonzero(np.diff(lot, prepend=-1)), len(steps)).astype(np.int64)
    of_claim = pd.Index(names).get_indexer(pd.Index(claims["lot_id"]))
    traced = np.flatnonzero(of_claim >= 0)
    which, step = expand(starts, of_claim[traced])
    claim = traced[which]
    number = steps["step"].to_numpy(np.int64)
    found = _found(claims)
    possible = number[step] <= found[claim]
    claim, step = claim[possible], step[possible]
    # Inspections between a step (its own included) and the last possible one are differences of a running sum.
    log_miss = np.log1p(-detection * steps["passed"].to_numpy())
    running = np.concatenate([[0.0], np.cumsum(log_miss)])
    last = np.zeros(len(claims), dtype=np.int64)
    np.maximum.at(last, claim, step)
    missed = np.exp(running[last[claim] + 1] - running[step])
    kind = pd.Index(CLAIM_KINDS).get_indexer(pd.Index(claims["kind"]))
    return Suspects(claim=claim, step=step, undetected=np.where(detectable()[kind[claim]], missed, 1.0))


def undetected_to_end(steps: pd.DataFrame, detection: float) -> Floats:
    """Return the probability that a fault of each step passes every inspection of its lot."""
    lot = pd.factorize(steps["lot_id"])[0]
    running = np.concatenate([[0.0], np.cumsum(np.log1p(-detection * steps["passed"].to_numpy()))])
    last = np.append(np.flatnonzero(np.diff(lot)), len(steps) - 1)
    missed: Floats = np.exp(running[last[lot] + 1] - running[:-1]) if len(steps) else np.zeros(0)
    return missed


def cause_table(causes: Mapping[str, Mapping[str, float]]) -> Floats:
    """Return the causes as an array, (roles, kinds); each row is scaled to sum to 1.

    Raises
    ------
    ValueError
        If a role or kind is missing or unknown, a cell is negative or no number, or a row has nothing above 0.
    """
    if set(causes) != set(CAUSE_ROLES):
        raise ValueError(f"causes: expected the roles {', '.join(CAUSE_ROLES)}, got {', '.join(causes)}")
    for role, row in causes.items():
        if set(row) != set(CLAIM_KINDS):
            raise ValueError(f"causes of {role}: expected the kinds {', '.join(CLAIM_KINDS)}, got {', '.join(row)}")
    table = np.array([[causes[role][kind] for kind in CLAIM_KINDS] for role in CAUSE_ROLES], dtype=np.float64)
    if not (np.isfinite(table) & (table >= 0)).all() or not (table.sum(axis=1) > 0).all():
        raise ValueError("causes: expected numbers >= 0, some above 0 in each role")
    scaled: Floats = table / table.sum(axis=1, keepdims=True)
    return scaled


def detectable() -> npt.NDArray[np.bool_]:
    """Return which kinds of claim an inspection could have prevented, (kinds,)."""
    return np.array([kind not in UNSEEN for kind in CLAIM_KINDS])


def _found(claims: pd.DataFrame) -> Floats:
    if "found_at_step" not in claims:
        return np.full(len(claims), np.inf)
    found = claims["found_at_step"].to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isnan(found), np.inf, found)
