"""Probabilities of fault against Bayes' rule by exact enumeration, and against a world whose causes are known."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from graph.aftersales.attribution import FaultParams, attribute
from graph.aftersales.faults import party_totals, trace
from graph.aftersales.tables import CAUSES, CLAIM_KINDS, CLAIMS, LOTS

ROLES = {"W1": "workshop", "W2": "workshop", "C1": "carrier", "H1": "warehouse", "S1": "store"}


def tables(routes, claims):
    """Lots as {lot: [(party, inspected, passed of 100)]}, claims as (lot, kind, found at step)."""
    lots = [
        {
            "lot_id": lot, "step": step, "party_id": party, "process_step": "work", "role": ROLES[party], "pieces": 100,
            "at": "2026-01-01", "inspected": inspected, "passed_pieces": passed,
        }
        for lot, steps in routes.items()
        for step, (party, inspected, passed) in enumerate(steps, start=1)
    ]  # fmt: skip
    rows = [
        {"claim_id": f"k{n}", "lot_id": lot, "at": "2026-02-01", "kind": kind, "pieces": 1, "amount_fen": 100,
         "found_at_step": found}
        for n, (lot, kind, found) in enumerate(claims)
    ]  # fmt: skip
    return CLAIMS.check(pd.DataFrame(rows)), LOTS.check(pd.DataFrame(lots))


def enumerated(steps, kind, found, rates, unknown_rate, detection):
    """Sum the probability of every way the world could be: a cause, then each inspection seeing the fault or not."""
    last = len(steps) if found is None else found
    worlds = {"unknown": unknown_rate * CAUSES["unknown"][kind]}
    for cause in range(last):
        party = steps[cause][0]
        guards = [place for place in range(cause, last) if steps[place][1] and kind not in ("late", "return")]
        weight = 0.0
        for seen in product([True, False], repeat=len(guards)):
            chance = 1.0
            for place, told in zip(guards, seen, strict=True):
                share = 1.0 if steps[place][2] is None else steps[place][2] / 100
                chance *= detection * share if told else 1 - detection * share
            weight += 0.0 if any(seen) else chance  # a fault that is seen never becomes a claim
        worlds[cause + 1] = rates[party] * CAUSES[ROLES[party]][kind] * weight
    total = sum(worlds.values())
    return {cause: weight / total for cause, weight in worlds.items()}


ROUTES = {
    "a": [("W1", True, None), ("W2", True, 40), ("C1", False, None), ("H1", True, None), ("S1", False, None)],
    "b": [("W1", False, None), ("C1", False, None)],
    "c": [("W2", True, 100), ("C1", False, None), ("W2", False, None), ("S1", False, None)],
}


@pytest.mark.parametrize("detection", [0.0, 0.6, 0.95])
def test_probabilities_are_those_of_exact_enumeration(detection):
    """Every kind of claim on every lot, found anywhere, with the rates that were learned."""
    asked = [(lot, kind, found) for lot in ROUTES for kind in CLAIM_KINDS for found in (None, 1, 2)]
    claims, lots = tables(ROUTES, asked)
    made = attribute(claims, lots, params=FaultParams(detection=detection))
    rates = dict(zip(made.units.party, made.rate, strict=True))
    told = trace(made)
    for n, (lot, kind, found) in enumerate(asked):
        expected = enumerated(ROUTES[lot], kind, found, rates, made.role_rate[-1], detection)
        rows = told[told["claim_id"] == f"k{n}"]
        got = {"unknown" if pd.isna(s) else s: p for s, p in zip(rows["step"], rows["probability"], strict=True)}
        assert got == pytest.approx(expected, rel=1e-9), (lot, kind, found)


def world(seed, *, bad=8.0, lots=1_500):
    """Lots through a workshop, a carrier and a warehouse each; claims drawn from known rates, causes remembered."""
    rng = np.random.default_rng(seed)
    makers, movers, keepers = (
        np.array([f"{letter}{n}" for n in range(count)]) for letter, count in (("W", 12), ("C", 5), ("H", 4))
    )
    rate = {name: rng.gamma(3, 1e-5) for name in (*makers, *movers, *keepers)}
    rate["W7"] = bad * 3e-5
    pieces = rng.integers(500, 4_000, lots)
    route = np.column_stack([rng.choice(group, lots) for group in (makers, movers, keepers)])
    roles = ("workshop", "carrier", "warehouse")
    rows = pd.DataFrame(
        {
            "lot_id": np.repeat([f"L{n}" for n in range(lots)], 3),
            "step": np.tile([1, 2, 3], lots),
            "party_id": route.ravel(),
            "process_step": "work",
            "role": np.tile(roles, lots),
            "pieces": np.repeat(pieces, 3),
            "at": "2026-01-01",
        }
    )
    claims, causes = [], []
    for lot in range(lots):
        guilty = [*zip(route[lot], roles, strict=True), ("unknown", "unknown")]
        for party, role in guilty:
            mean = pieces[lot] * rate.get(party, 3e-6)
            for _ in range(rng.poisson(mean)):
                kind = rng.choice(CLAIM_KINDS, p=list(CAUSES[role].values()))
                claims.append({"claim_id": f"k{len(claims)}", "lot_id": f"L{lot}", "kind": kind})
                causes.append(party)
    told = pd.DataFrame(claims).assign(at="2026-02-01", pieces=1, amount_fen=100)
    return CLAIMS.check(told), LOTS.check(rows), causes


@pytest.mark.parametrize("seed", range(3))
def test_a_planted_bad_workshop_is_found(seed):
    """The workshop with eight times the usual faults heads the list, and its range lies above its role's rate."""
    claims, lots, _ = world(seed)
    totals = party_totals(attribute(claims, lots))
    worst = totals.sort_values("fault_ppm", ascending=False).iloc[0]
    assert worst["party_id"] == "W7"
    assert worst["fault_ppm_low"] > 2 * worst["role_ppm"]
    assert worst["fault_ppm"] == pytest.approx(240, rel=0.3)


def test_probabilities_are_calibrated():
    """Of the suspects given a probability, about that share did it, in every bin of it."""
    said, did = [], []
    for seed in range(4):
        claims, lots, causes = world(100 + seed)
        told = trace(attribute(claims, lots))
        cause = dict(zip(claims["claim_id"], causes, strict=True))
        said.append(told["probability"].to_numpy())
        did.append((told["party_id"].fillna("unknown") == told["claim_id"].map(cause)).to_numpy(float))
    p, hit = np.concatenate(said), np.concatenate(did)
    assert p.sum() == pytest.approx(hit.sum())
    bins = np.digitize(p, [0.05, 0.2, 0.4, 0.6, 0.8])
    for bin_ in range(6):
        rows = bins == bin_
        error = np.sqrt(p[rows].mean() * (1 - p[rows].mean()) / rows.sum())
        assert hit[rows].mean() == pytest.approx(p[rows].mean(), abs=4 * error + 0.03), bin_
