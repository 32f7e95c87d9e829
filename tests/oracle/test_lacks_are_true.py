"""What is told to be lacking for pieces left, granted, lets the candidate serve them: limits kept, worth no less."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from matching.constrained import solve_constrained
from matching.constraint_frames import constrain
from matching.constraints import extra_splits
from matching.frames import instance
from matching.lacks import lacks_of
from matching.problem import MatchParams
from matching.tables import CANDIDATES, CREDIT, LIMITS, ORDERS, SUPPLIERS


def market(seed):
    """Draw a short market with credit, two limits, minimum lots and, at times, loads and the price of a split."""
    g = np.random.default_rng(seed)
    n, m = 6, 3
    pairs = [(i, j) for i in range(n) for j in range(m) if g.random() < 0.7]
    candidates = {
        "order_id": [f"o{i}" for i, _ in pairs],
        "supplier_id": [f"s{j}" for _, j in pairs],
        "score": g.uniform(-1.5, 1, len(pairs)).round(3),
        "unit_price_fen": g.integers(1, 9, len(pairs)),
    }
    if seed % 2:
        candidates["load"] = g.choice([0.5, 1.0, 2.5], len(pairs))
    buyers = [f"b{k}" for k in g.integers(0, 2, n)]
    orders = pd.DataFrame({"order_id": [f"o{i}" for i in range(n)], "pieces": g.integers(1, 12, n), "buyer_id": buyers})
    suppliers = pd.DataFrame({"supplier_id": ["s0", "s1", "s2"], "capacity": g.integers(3, 25, m)})
    suppliers["minimum_order"] = g.choice([0, 4, 15], m)
    credit = pd.DataFrame({"buyer_id": ["b0", "b1"], "supplier_id": ["s0", "s1"], "limit": g.integers(0, 60, 2)})
    limits = pd.DataFrame(
        [
            {"limit_id": "cap", "kind": "exposure_cap", "per": "buyer_id,supplier_id", "share": 0.4, "of": "orders"},
            {"limit_id": "mix", "kind": "mix_limit", "per": "supplier_id", "column": "buyer_id", "value": "b0",
             "share": 0.6, "of": "served"},
        ]
    )  # fmt: skip
    made = instance(
        ORDERS.check(orders), SUPPLIERS.check(suppliers), CANDIDATES.check(pd.DataFrame(candidates)),
        credit=CREDIT.check(credit),
    )  # fmt: skip
    by = ("buyer_id",) if seed % 3 else ()
    return made, constrain(made, limits=LIMITS.check(limits), pool_by=by, split_cost=0.8 * (seed % 4 == 0))


def granted(made, named, e, lacks):
    """Return problem and constraints with everything that is lacking."""
    problem, limits, pools = made.problem, named.constraints.limits, named.constraints.pools
    score, capacity = problem.score.copy(), problem.capacity.astype(float)
    credit, most, minimum = problem.credit.limit.astype(float), limits.most.copy(), pools.minimum.copy()
    names = [f"{row.limit_id} ({row.group})" for row in named.limits.itertuples()]
    for lack in lacks:
        match lack.code:
            case "missing_score":
                score[e] += lack.amount
            case "missing_minimum":
                minimum[pools.pool[e]] = lack.amount
            case "missing_limit":
                most[names.index(lack.name)] += lack.amount * named.limits["per_piece"][names.index(lack.name)]
            case "missing_credit":
                credit[problem.credit.line[e]] += lack.amount
            case "missing_capacity":
                capacity[problem.supplier[e]] += lack.amount
    return score, capacity, credit, replace(limits, most=most), replace(pools, minimum=minimum)


@pytest.mark.parametrize("unsplit", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_granting_what_is_lacking_serves_the_pieces(seed, unsplit):
    """Each order alone, at each of its candidates; an exact match never lacks nothing."""
    made, named = market(seed)
    problem = made.problem
    found = solve_constrained(problem, named.constraints, params=MatchParams(unsplit=unsplit, mip_gap=0)).result
    rows = np.flatnonzero((found.unserved > 0)[problem.order])
    for e, lacks in zip(rows, lacks_of(problem, found, named, problem.order[rows], rows), strict=True):
        assert lacks, (e, found.gap)
        score, capacity, credit, limits, pools = granted(made, named, e, lacks)
        pieces = found.pieces.copy()
        pieces[e] += found.unserved[problem.order[e]]
        load = pieces * (1.0 if problem.load is None else problem.load)
        assert (np.bincount(problem.supplier, load, capacity.size) <= capacity + 1e-6).all()
        known = problem.credit.line >= 0
        drawn = np.bincount(problem.credit.line[known], (pieces * problem.credit.use)[known], credit.size)
        assert (drawn <= credit + 1e-6).all()
        assert (limits.matrix(problem.n_candidates) @ pieces <= limits.most + 1e-6).all()
        assert not pools.short(pieces).any()
        net = problem.replace(score=score).objective(pieces)
        net -= named.constraints.split_cost * extra_splits(problem, pieces)
        assert net >= found.objective - 1e-6
