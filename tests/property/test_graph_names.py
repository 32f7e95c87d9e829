"""Neither the names of parties nor the order of rows decide anything in the supply net."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import backend
from graph.candidates.search import gather
from graph.network import SupplyNetwork
from graph.trust.judgements import Judgements
from graph.trust.params import TrustParams
from graph.trust.scores import asked_walks, global_trust, pair_trust
from graph.trust.vouching import Vouches

N = 14
IDS = [f"P{number:02d}" for number in range(N)]
PARAMS = TrustParams()
SEEDS = st.integers(0, 10_000)


def _market(seed: int) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    parties = pd.DataFrame({"id": IDS, "kind": rng.choice(["factory", "distributor", "store"], N)})
    parties["region"] = rng.choice(["N", "S"], N)
    ends = {name: rng.choice(IDS, 60) for name in ("src", "dst")}
    relations = pd.DataFrame({**ends, "kind": rng.choice(["supplies", "distributes", "refers"], 60)})
    relations["weight"] = rng.choice([0.5, 1.0, 2.0, 3.0], 60)
    supply = pd.DataFrame({"supplier_id": rng.choice(IDS, 20), "sku_id": rng.choice(["a", "b"], 20)})
    supply = supply.drop_duplicates(ignore_index=True)
    for name, most in (("capacity", 60), ("unit_cost_fen", 200), ("minimum_order", 30), ("lead_time_days", 9)):
        supply[name] = rng.integers(1, most, len(supply)).astype(float)
    supply["territory"] = pd.Series(rng.choice(["", "N"], len(supply)), dtype="str")
    orders = pd.DataFrame({"order_id": [f"O{number}" for number in range(8)], "sku_id": rng.choice(["a", "b"], 8)})
    orders["pieces"], orders["buyer_id"] = rng.integers(1, 40, 8), rng.choice(IDS, 8)
    orders["due_date"] = pd.Timestamp("2026-03-02") + pd.to_timedelta(rng.integers(1, 9, 8), unit="D")
    return {"parties": parties, "relations": relations, "supply": supply, "orders": orders}


def _renamed(market: dict[str, pd.DataFrame], seed: int) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Return the market with its parties' names dealt out anew and its rows shuffled, and who is called what."""
    names = dict(zip(IDS, np.random.default_rng(seed).permutation(IDS), strict=True))
    ids = ("id", "src", "dst", "supplier_id", "buyer_id")
    again = {
        table: rows.assign(**{name: rows[name].map(names) for name in ids if name in rows}).sample(
            frac=1, random_state=seed
        )
        for table, rows in market.items()
    }
    return again, names


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, deal=SEEDS)
def test_the_net_is_the_same_under_other_names(seed: int, deal: int) -> None:
    """Degrees, neighbours with their ties, and PageRank."""
    market = _market(seed)
    again, names = _renamed(market, deal)
    one, two = (SupplyNetwork.build(each["parties"], each["relations"]) for each in (market, again))
    assert one.rejected == two.rejected
    ranks = [backend.pagerank(net, tol=1e-12) for net in (one, two)]
    for party in IDS:
        assert one.degrees(party) == two.degrees(names[party])
        rows = one.neighbours(party).replace({"id": names})
        assert sorted(rows.itertuples(index=False)) == sorted(two.neighbours(names[party]).itertuples(index=False))
        assert ranks[1][names[party]] == pytest.approx(ranks[0][party], abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, deal=SEEDS)
def test_candidates_are_the_same_under_other_names(seed: int, deal: int) -> None:
    """Who may serve which order, why not, over how strong a tie."""
    market = _market(seed)
    again, names = _renamed(market, deal)
    told = ["order_id", "supplier_id", "capacity", "unit_cost_fen", "lead_time_days", "hops", "tie_strength", "reason"]
    found = []
    for each in (market, again):
        net, products = SupplyNetwork.build(each["parties"], each["relations"]), pd.DataFrame({"sku_id": ["a", "b"]})
        today = pd.Timestamp("2026-03-02")
        found.append(gather(net, each["supply"], products, each["orders"], top=99, today=today)[told])
    assert len(found[0])
    before = found[0].replace({"supplier_id": names})
    assert sorted(before.itertuples(index=False)) == sorted(found[1].itertuples(index=False))


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, deal=SEEDS)
def test_trust_is_the_same_under_other_names(seed: int, deal: int) -> None:
    """Everybody's score with seeds and vouchers, and each pair's own view: positions dealt out anew, rows shuffled."""
    rng, dealt = np.random.default_rng(seed), np.random.default_rng(deal)
    place, rows = dealt.permutation(N), dealt.permutation(50)
    src, dst = rng.integers(0, N, 50), rng.integers(0, N, 50)
    weight, age = rng.choice([-3.0, -1.0, 1.0, 2.0], 50), rng.integers(0, 400, 50).astype(float)
    voucher, vouched = rng.integers(0, N, 6), rng.integers(0, N, 6)
    asker, asked = rng.integers(0, N, 10), rng.integers(0, N, 10)

    def scores(at: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, ...]:
        ends = at[src[order]].astype(np.int32), at[dst[order]].astype(np.int32)
        made = Judgements.of(N, *ends, weight=weight[order], age_days=age[order], params=PARAMS)
        vouches = Vouches.of(N, at[voucher].astype(np.int32), at[vouched].astype(np.int32))
        trust = global_trust(made, at[:2], vouches=vouches, params=PARAMS)
        own = pair_trust(made, trust, at[asker], at[asked], params=PARAMS)
        walked = asked_walks(made, trust, at[asker], at[asked], params=PARAMS)
        return trust[at], own.score, walked.score

    before, after = scores(np.arange(N), np.arange(50)), scores(place, rows)
    for one, two in zip(before, after, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-7)
