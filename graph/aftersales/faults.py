"""What probabilities of fault add up to: per claim, per party, per party and day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import gammaincinv

from graph.aftersales.attribution import Attribution, FaultParams
from graph.aftersales.routes import CAUSE_ROLES, UNSEEN
from graph.aftersales.tables import UNKNOWN

__all__ = ["FAULTS", "party_faults", "party_totals", "trace"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
_EXPECTED = ("claims", "claims_low", "claims_high", "pieces", "amount_fen", "evidence_n")
FAULTS = ("party_id", "at", "delivery_id", *_EXPECTED)


def trace(attribution: Attribution, *, claim: int | None = None) -> pd.DataFrame:
    """Return each claim's route with the probability of fault of each step.

    Parameters
    ----------
    claim
        Index of the only claim to return.

    Returns
    -------
    DataFrame
        ``claim_id, lot_id, step, party_id, role, process_step, step_at, probability, evidence``, by claim and step;
        steps after the one at which it was found are not in it. The last row of a claim is the unknown cause, without
        step and party. Probabilities sum to 1 per claim.
    """
    claims, who = attribution.claims, attribution.suspects
    picked = np.arange(len(claims)) if claim is None else np.array([claim])
    mine = np.flatnonzero(np.isin(who.claim, picked))
    rows = attribution.steps.iloc[who.step[mine]].reset_index(drop=True)
    known = pd.DataFrame(
        {
            "claim_id": claims["claim_id"].to_numpy(object)[who.claim[mine]],
            "lot_id": rows["lot_id"],
            "step": rows["step"].astype("Int64"),
            "party_id": rows["party_id"],
            "role": rows["role"],
            "process_step": rows["process_step"],
            "step_at": rows["at"],
            "probability": attribution.probability[mine],
            "evidence": _evidence(attribution, mine),
        }
    )
    traced = np.isin(picked, who.claim)
    unknown = pd.DataFrame(
        {
            "claim_id": claims["claim_id"].to_numpy(object)[picked],
            "lot_id": claims["lot_id"].to_numpy(object)[picked],
            "step": pd.Series([pd.NA] * len(picked), dtype="Int64"),
            "role": UNKNOWN,
            "probability": attribution.unknown[picked],
            "evidence": np.where(traced, "nobody on the route", "nothing is known of the lot up to there"),
        }
    )
    both = pd.concat([known, unknown], ignore_index=True)
    return both.sort_values(["claim_id", "step"], na_position="last").reset_index(drop=True)


def party_faults(attribution: Attribution, params: FaultParams | None = None) -> pd.DataFrame:
    """Return what each party is expected to have been at fault for, by day and lot: evidence for scorecards.

    Returns
    -------
    DataFrame
        `FAULTS`: ``delivery_id`` is the lot; ``claims`` expected at fault with their range (10 % and 90 % quantiles by
        default); ``pieces`` expected, without late and returned ones, which say nothing on the goods; ``amount_fen``
        expected, whole; ``evidence_n`` (claims the party was a suspect of). By party, day and lot. It is the table
        `graph.scorecards.tables.FAULTS`.
    """
    params = params or FaultParams()
    who = attribution.suspects
    party = attribution.units.party[attribution.units.of_step[who.step]]
    rows = _per_claim_and_party(attribution, party)
    rows["at"] = attribution.claims["at"].to_numpy()[rows["claim"]]
    rows["delivery_id"] = attribution.claims["lot_id"].to_numpy(object)[rows["claim"]]
    keys = ["party_id", "at", "delivery_id"]
    summed = _summed(rows, keys, params)[list(FAULTS)].astype({"party_id": "str", "delivery_id": "str"})
    return summed.sort_values(keys).reset_index(drop=True)


def party_totals(attribution: Attribution, params: FaultParams | None = None) -> pd.DataFrame:
    """Return, per party and role, what it handled, what it is expected to be at fault for, and its fault rate.

    Returns
    -------
    DataFrame
        ``party_id, role, lots, handled_pieces, clean_pieces`` (of lots, less what was claimed of them), ``evidence_n``,
        ``claims, claims_low, claims_high, pieces, amount_fen`` (expected at fault), ``fault_ppm, fault_ppm_low,
        fault_ppm_high`` (claims per million pieces that no inspection guarded) and ``role_ppm`` (of all in the role);
        the highest expected amount first.
    """
    params = params or FaultParams()
    units, steps = attribution.units, attribution.steps
    n = len(units.role)
    of_unit = units.of_step[attribution.suspects.step]
    rows = _per_claim_and_party(attribution, of_unit).rename(columns={"party_id": "unit"})
    summed = _summed(rows, ["unit"], params).set_index("unit").reindex(range(n), fill_value=0.0)
    role_rate = attribution.role_rate[units.role]
    k = params.prior_claims
    caused = summed["claims"].to_numpy(np.float64)
    scale = 1e6 / (attribution.exposure + k / role_rate)
    clean = _clean_pieces(attribution)
    frame = pd.DataFrame(
        {
            "party_id": pd.Series(units.party, dtype="str"),
            "role": pd.Series(np.asarray(CAUSE_ROLES, dtype=object)[units.role], dtype="str"),
            "lots": np.bincount(units.of_step, minlength=n),
            "handled_pieces": np.bincount(units.of_step, steps["pieces"], n).astype(np.int64),
            "clean_pieces": np.bincount(units.of_step, clean, n).astype(np.int64),
            **{name: summed[name].to_numpy() for name in _EXPECTED},
            "fault_ppm": attribution.rate * 1e6,
            "fault_ppm_low": gammaincinv(caused + k, params.low) * scale,
            "fault_ppm_high": gammaincinv(caused + k, params.high) * scale,
            "role_ppm": role_rate * 1e6,
        }
    ).astype({"evidence_n": np.int64, "amount_fen": np.int64})
    return frame.sort_values(["amount_fen", "party_id", "role"], ascending=[False, True, True]).reset_index(drop=True)


def _count_range(expected: Floats, n: Floats, params: FaultParams) -> tuple[Floats, Floats]:
    """Return quantiles of the number of claims at fault among n suspected ones.

    The number is Poisson-binomial; a binomial with the same mean is at least as wide (Hoeffding, 1956).
    """
    from scipy.stats import binom  # half a second that only this needs

    share = np.divide(expected, n, out=np.zeros_like(expected), where=n > 0).clip(0.0, 1.0)
    return binom.ppf(params.low, n, share), binom.ppf(params.high, n, share)


def _per_claim_and_party(attribution: Attribution, party: npt.NDArray[np.generic]) -> pd.DataFrame:
    """Return the probability per claim and party (or unit): of several steps of a party the sum."""
    rows = pd.DataFrame({"claim": attribution.suspects.claim, "party_id": party, "p": attribution.probability})
    merged = rows.groupby(["claim", "party_id"], sort=False, as_index=False)["p"].sum()
    cost = attribution.claims.loc[merged["claim"], ["kind", "pieces", "amount_fen"]].reset_index(drop=True)
    return merged.assign(n=cost["pieces"].where(~cost["kind"].isin(UNSEEN), 0), fen=cost["amount_fen"])


def _summed(rows: pd.DataFrame, by: list[str], params: FaultParams) -> pd.DataFrame:
    """Return expected claims with their range, pieces and fen."""
    p = rows["p"]
    parts = rows[by].assign(claims=p, pieces=p * rows["n"], amount_fen=p * rows["fen"], evidence_n=1)
    summed = parts.groupby(by, as_index=False, sort=False).sum()
    low, high = _count_range(summed["claims"].to_numpy(float), summed["evidence_n"].to_numpy(float), params)
    fen = summed["amount_fen"].round().astype(np.int64)
    return summed.assign(claims_low=low, claims_high=high, amount_fen=fen)


def _clean_pieces(attribution: Attribution) -> Floats:
    """Return, per step, the pieces of the lot that nobody claimed."""
    claimed = attribution.claims.groupby("lot_id")["pieces"].sum()
    lost = attribution.steps["lot_id"].map(claimed).fillna(0.0).to_numpy(np.float64)
    clean: Floats = np.maximum(attribution.steps["pieces"].to_numpy(np.float64) - lost, 0.0)
    return clean


def _evidence(attribution: Attribution, mine: Ints) -> pd.Series:
    """Say in words what speaks for and against some of the suspects."""
    units, steps, who = attribution.units, attribution.steps, attribution.suspects
    n = len(units.role)
    lots = np.bincount(units.of_step, minlength=n)
    hit = np.isin(np.arange(len(steps)), who.step)
    claimed = np.bincount(units.of_step, hit, n).astype(np.int64)
    clean = np.bincount(units.of_step, _clean_pieces(attribution), n).astype(np.int64)
    handled = np.bincount(units.of_step, steps["pieces"], n).astype(np.int64)
    told, which = np.unique(units.of_step[who.step[mine]], return_inverse=True)
    words = [
        f"claims on {c} of its {o} lots, {g:,} of {h:,} pieces clean"
        for c, o, g, h in zip(claimed[told], lots[told], clean[told], handled[told], strict=True)
    ]
    guarded = pd.Series(np.where(who.undetected[mine] < 1, "; passed an inspection since", ""), dtype="str")
    return pd.Series(np.asarray(words, dtype=object)[which], dtype="str") + guarded
