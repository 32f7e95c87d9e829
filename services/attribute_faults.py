"""Claims and lots → who is probably at fault, on files or on a loaded network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from contracts.errors import InputError, UnknownIdError
from graph.aftersales.attribution import Attribution, FaultParams, attribute
from graph.aftersales.faults import party_faults, party_totals, trace
from graph.aftersales.retention import suggested_retention
from graph.aftersales.returns import returned_pieces
from graph.aftersales.tables import CAUSE_TABLE, CAUSES, CLAIM_KINDS, CLAIMS, LOTS
from graph.credit.concentration import CreditParams
from graph.credit.positions import credit_positions
from graph.credit.tables import LEDGER
from graph.network import SupplyNetwork
from services.credit_positions import usable_rows
from services.viewer import Viewer
from store.snapshot import Snapshot

__all__ = ["FaultReport", "attribute_faults", "claim_trace", "faults_of_party"]

_ALL_TIME = CreditParams(window_days=100_000)
_KEPT: WeakKeyDictionary[Snapshot, Attribution] = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class FaultReport:
    """What after-sales claims say.

    Parameters
    ----------
    trace
        Each claim's route with the probability of fault of each step.
    faults
        Expected claims at fault per party and day: evidence for scorecards.
    parties
        The same per party and role, with its fault rate.
    returns
        Pieces returned per sku and day.
    retention
        Share to keep back per pair; None without a ledger.
    quarantine
        Rows that cannot be used, with their ``table``, ``row`` (1 = first data row) and ``reason``.
    summary
        Key figures, plain values.
    """

    trace: pd.DataFrame
    faults: pd.DataFrame
    parties: pd.DataFrame
    returns: pd.DataFrame
    retention: pd.DataFrame | None
    quarantine: pd.DataFrame
    summary: dict[str, Any]


def attribute_faults(
    claims: pd.DataFrame,
    lots: pd.DataFrame,
    *,
    causes: pd.DataFrame | None = None,
    ledger: pd.DataFrame | None = None,
    sources: dict[str, str] | None = None,
) -> FaultReport:
    """Attribute claims to the parties on their routes; rows that cannot be used are told, the others count.

    Parameters
    ----------
    claims, lots, causes
        Raw rows (`graph.aftersales.tables`).
    ledger
        Raw rows (`graph.credit.tables.LEDGER`): turnover per pair, for the share to keep back.
    sources
        File names by table (``claims``, ``lots``, ``causes``, ``ledger``) for messages.

    Raises
    ------
    TableError
        If a required column is missing, or a row of the causes is wrong.
    """
    names = dict(sources or {})
    tables: dict[str, pd.DataFrame] = {}
    bad = []
    for schema, raw in ((CLAIMS, claims), (LOTS, lots)):
        tables[schema.name], rejected = usable_rows(schema, raw, names.get(schema.name, schema.name))
        bad.append(rejected)
    params = _params(causes, names.get("causes", CAUSE_TABLE.name))
    made = attribute(tables["claims"], tables["lots"], params=params)
    traced, parties = trace(made), party_totals(made, params)
    retention = None
    if ledger is not None:
        retention, rejected = _retention(made, ledger, names.get("ledger", "ledger"))
        bad.append(rejected)
    quarantine = pd.concat(bad, ignore_index=True)
    return FaultReport(
        trace=traced,
        faults=party_faults(made, params),
        parties=parties,
        returns=returned_pieces(tables["claims"], tables["lots"]),
        retention=retention,
        quarantine=quarantine,
        summary=_summary(made, parties, quarantine),
    )


def claim_trace(snapshot: Snapshot, claim_id: str, viewer: Viewer) -> dict[str, Any]:
    """Return a claim of the loaded network, its route and who is probably at fault.

    A claim is seen by the one who made it and by those on its route; of the others on the route a viewer sees the step
    and its probability, but who it was only if they are parties it may know of. The evidence says how much a party
    handled for everybody: it is for the party itself, unless it is public.

    Raises
    ------
    UnknownIdError
        If there is no such claim, or the viewer may not know of it.
    """
    made, network = _attribution(snapshot), snapshot.network()
    row = np.flatnonzero((made.claims["claim_id"] == claim_id).to_numpy())
    if not len(row):
        raise UnknownIdError("claim", claim_id)
    claim = made.claims.iloc[row]
    steps = trace(made, claim=int(row[0]))
    ends = pd.concat([steps["party_id"], claim.get("buyer_id", steps["party_id"])]).dropna()
    positions = network.parties.ids.positions(ends)
    if viewer.tenant is not None and not viewer.owns(network, positions[positions >= 0]).any():
        raise UnknownIdError("claim", claim_id)
    return {"claim": _veiled_claim(claim, network, viewer), "trace": _veiled(steps, network, viewer)}


def faults_of_party(snapshot: Snapshot, party_id: str, viewer: Viewer) -> dict[str, Any]:
    """Return what one of the viewer's own parties is expected to have been at fault for.

    Raises
    ------
    UnknownIdError
        If there is no such party, or it is not the viewer's own.
    """
    viewer.own_position(snapshot.network(), party_id)
    made = _attribution(snapshot)
    totals, faults = party_totals(made), party_faults(made)
    pairs = suggested_retention(made, _turnover(snapshot.table("ledger")))
    of_pair = (pairs["buyer_id"] == party_id) | (pairs["supplier_id"] == party_id)
    return {
        "party_id": party_id,
        "roles": totals[totals["party_id"] == party_id].drop(columns="party_id"),
        "faults": faults[faults["party_id"] == party_id].drop(columns="party_id"),
        "retention": pairs[of_pair],
    }


def _attribution(snapshot: Snapshot) -> Attribution:
    if snapshot not in _KEPT:
        _KEPT[snapshot] = attribute(snapshot.table("claims"), snapshot.table("lots"))
    return _KEPT[snapshot]


def _veiled(steps: pd.DataFrame, network: SupplyNetwork, viewer: Viewer) -> pd.DataFrame:
    """Return a trace without what the viewer may not know of the parties in it."""
    rows = np.flatnonzero(steps["party_id"].notna().to_numpy())
    positions = np.array([network.position(party) for party in steps["party_id"].iloc[rows]], dtype=np.int64)
    unknown = [not viewer.sees(network, int(at)) for at in positions]
    private = ~viewer.owns(network, positions) & (network.parties.tenant[positions] >= 0)
    veiled = steps.copy()
    veiled.loc[rows[unknown], ["party_id", "process_step"]] = None
    veiled.loc[rows[private], "evidence"] = None
    return veiled


def _veiled_claim(claim: pd.DataFrame, network: SupplyNetwork, viewer: Viewer) -> pd.DataFrame:
    """Return a claim without its buyer's id if the viewer may not know of the buyer."""
    if "buyer_id" not in claim or claim["buyer_id"].isna().any():
        return claim
    known = viewer.sees(network, network.position(str(claim["buyer_id"].iloc[0])))
    return claim if known else claim.assign(buyer_id=None)


def _params(causes: pd.DataFrame | None, source: str) -> FaultParams:
    if causes is None:
        return FaultParams()
    rows = CAUSE_TABLE.check(causes, source).set_index("role")
    told = {str(role): {kind: float(row[kind]) for kind in CLAIM_KINDS} for role, row in rows.iterrows()}
    try:
        return FaultParams(causes=CAUSES | told)
    except ValueError as error:
        raise InputError(source, "shares of which some are above 0 in each role", str(error)) from None


def _retention(made: Attribution, ledger: pd.DataFrame, source: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    events, rejected = usable_rows(LEDGER, ledger, source)
    return suggested_retention(made, _turnover(events)), rejected


def _turnover(ledger: pd.DataFrame) -> pd.DataFrame:
    """Return what each pair traded in all."""
    last = pd.Timestamp("1970-01-01") if ledger.empty else pd.Timestamp(ledger["at"].max())
    positions = credit_positions(ledger, as_of=last, params=_ALL_TIME).positions
    return positions.rename(columns={"purchases_fen": "turnover_fen"})[["buyer_id", "supplier_id", "turnover_fen"]]


def _summary(made: Attribution, parties: pd.DataFrame, bad: pd.DataFrame) -> dict[str, Any]:
    amount = made.claims["amount_fen"].to_numpy(np.float64)
    worst = parties.head(5)
    first = bad.groupby("table").first() if len(bad) else pd.DataFrame()
    return {
        "claims": len(made.claims),
        "lots": int(made.steps["lot_id"].nunique()),
        "claims_without_route": int((~np.isin(np.arange(len(made.claims)), made.suspects.claim)).sum()),
        "amount_fen": int(amount.sum()),
        "unknown_cause_fen": float((made.unknown * amount).sum()),
        "most_expected": {str(row["party_id"]): round(float(row["amount_fen"])) for _, row in worst.iterrows()},
        "quarantined": len(bad),
        "first_reasons": {str(table): f"row {row['row']}: {row['reason']}" for table, row in first.iterrows()},
    }
