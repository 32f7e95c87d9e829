"""Whom to ask so that most are reached together, on the loaded network's influences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import NotReadyError
from graph.network import SupplyNetwork
from graph.reach import ReachProblem, reach_of, solve_reach
from graph.tables import PARTY_KINDS
from store.snapshot import Snapshot

__all__ = ["ReachReport", "network_reach"]

Floats = npt.NDArray[np.float64]
_PROMOTERS = ("kol", "guide", "group_leader", "community")


@dataclass(frozen=True, kw_only=True)
class ReachReport:
    """Who reaches the most together.

    Parameters
    ----------
    chosen
        ``rank, party_id, kind, added, reach, alone, sold_pieces``: what each adds to those before it, what they reach
        together by then, whom it influences directly, and what was sold through it.
    summary
        Key figures: reach of the choice, and of the same number by degree and by attributed sales, on the same samples.
    """

    chosen: pd.DataFrame
    summary: dict[str, Any]


def network_reach(snapshot: Snapshot, *, k: int = 10, seed: int = 0) -> ReachReport:
    """Choose up to k KOLs, guides, group leaders and communities that reach most parties together.

    An influence carries over with its share of the weights of all that influence the party (weighted cascade).

    Raises
    ------
    NotReadyError
        If the network has no relations of the kind influences.
    InputError
        If `k` is below 1.
    """
    network = snapshot.network()
    problem = _problem(network, k)
    sold = _sold(snapshot, network)
    found = solve_reach(problem, seed=seed)
    everyone = np.arange(network.n_parties)
    degree = np.asarray(network.block("influences").n_out(everyone), np.float64)
    allowed = np.flatnonzero(problem.allowed)
    told: dict[str, Any] = {
        "parties": network.n_parties,
        "influences": int(problem.src.size),
        "chosen": found.chosen.size,
    }
    for name, chosen in (
        ("reach", found.chosen),
        ("reach_by_degree", allowed[np.argsort(-degree[allowed], kind="stable")][:k]),
        ("reach_by_attributed_sales", allowed[np.argsort(-sold[allowed], kind="stable")][:k]),
    ):
        told[name] = round(float(reach_of(problem, chosen, seed=2**20 + seed).sum()), 2)
    added = reach_of(problem, found.chosen, seed=2**20 + seed)
    frame = pd.DataFrame(
        {
            "rank": np.arange(1, found.chosen.size + 1),
            "party_id": network.parties.ids.texts_at(found.chosen),
            "kind": np.array(PARTY_KINDS, dtype=object)[network.parties.kind[found.chosen]],
            "added": added.round(2),
            "reach": np.cumsum(added).round(2),
            "alone": degree[found.chosen].astype(np.int64),
            "sold_pieces": sold[found.chosen],
        }
    )
    return ReachReport(chosen=frame, summary=told | {"upper_bound": round(found.upper_bound, 2), "samples": found.sets})


def _problem(network: SupplyNetwork, k: int) -> ReachProblem:
    block, n = network.block("influences"), network.n_parties
    ends = block.into(np.arange(n))
    if not len(ends.party):
        raise NotReadyError("the network has no relations of the kind influences: load them with relations.csv")
    weight = np.asarray(block.values("weight", ends.relation), np.float64)
    whole = np.bincount(ends.which, weight, n)[ends.which]
    return ReachProblem(
        start=np.append(0, np.cumsum(np.bincount(ends.which, minlength=n))).astype(np.int64),
        src=np.asarray(ends.party, np.int64),
        probability=np.where(whole > 0, weight / np.maximum(whole, 1e-300), 0.0),
        allowed=np.isin(network.parties.kind[np.arange(n)], [PARTY_KINDS.index(name) for name in _PROMOTERS]),
        k=k,
    )


def _sold(snapshot: Snapshot, network: SupplyNetwork) -> Floats:
    """Return float [parties], pieces of promotions and of sales attributed to each party."""
    sold = np.zeros(network.n_parties)
    for table, party, pieces in (("promotions", "seller_id", "pieces"), ("sales", "attributed_to", "y")):
        rows = snapshot.table(table)
        if party in rows and pieces in rows:
            rows = rows.dropna(subset=[party, pieces])
            at = network.parties.ids.positions(rows[party].astype("str"))
            sold += np.bincount(at[at >= 0], rows[pieces].to_numpy(np.float64)[at >= 0], network.n_parties)
    return sold
