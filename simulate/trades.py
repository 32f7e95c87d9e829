"""Trades on terms and what went wrong with the goods: a ledger, terms, the ways of lots and claims on them."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["example_aftersales", "example_credit"]

_PAIRS, _TRADES_PER_PAIR, _LOTS = 40, 3, 80
_FAULTS_PER_PIECE = {"workshop": 4e-5, "carrier": 3e-5, "warehouse": 2e-5}
_BAD = 15.0  # the first workshop makes this many times the usual faults
_KINDS = {
    "workshop": ("defect", "defect", "defect", "composition"),
    "carrier": ("damage", "damage", "late", "missing"),
    "warehouse": ("damage", "wrong_item", "missing"),
}
_STEPS = {"workshop": "sew", "carrier": "carry", "warehouse": "store"}


def example_credit(relations: pd.DataFrame, today: pd.Timestamp, *, seed: int = 0) -> dict[str, pd.DataFrame]:
    """Return a ledger of trades and the terms of those who trade.

    Parameters
    ----------
    relations
        ``src, dst, kind``; who supplies or distributes to whom grants them credit.
    today
        No event is later.

    Returns
    -------
    dict
        ``ledger`` and ``terms`` as in `graph.credit.tables`, with ``simulated``.
    """
    rng = np.random.default_rng([seed, 73])
    trading = relations[relations["kind"].isin(["supplies", "distributes"])].drop_duplicates(["src", "dst"])
    pairs = trading.iloc[np.sort(rng.permutation(len(trading))[:_PAIRS])]
    ends = {"buyer_id": pairs["dst"].to_numpy(), "supplier_id": pairs["src"].to_numpy()}
    n = len(pairs) * _TRADES_PER_PAIR
    amount = rng.integers(20, 400, n) * 10_000
    steps = ("ordered", "reserved", "delivered", "invoiced", "accepted", "paid")
    gaps = np.column_stack([np.zeros(n), rng.integers(0, 3, n), *rng.integers(3, 25, (4, n))]).astype(int)
    start = today - pd.to_timedelta(rng.integers(5, 150, n), unit="D")
    at = start.to_numpy()[:, None] + np.cumsum(gaps, axis=1).astype("timedelta64[D]")
    rows = pd.DataFrame(
        {
            "trade_id": np.repeat([f"sim-trade-{k:05d}" for k in range(1, n + 1)], len(steps)),
            **{name: np.repeat(np.tile(ids, _TRADES_PER_PAIR), len(steps)) for name, ids in ends.items()},
            "at": at.ravel(),
            "event": np.tile(steps, n),
            "amount_fen": np.repeat(amount, len(steps)),
            "simulated": True,
        }
    )
    part = (rows["event"] == "paid") & (rng.random(len(rows)) < 0.2)
    rows.loc[part, "amount_fen"] //= 2
    terms = pd.DataFrame(ends).assign(
        limit_fen=rng.integers(3, 12, len(pairs)) * 1_000_000,
        terms_days=rng.choice([15, 30, 45, 60], len(pairs)),
        retained_share=rng.choice([0.0, 0.05, 0.1], len(pairs)),
        annual_rate=0.06,
        simulated=True,
    )
    return {"ledger": rows[rows["at"] <= today].reset_index(drop=True), "terms": terms}


def example_aftersales(
    parties: pd.DataFrame, products: pd.DataFrame, terms: pd.DataFrame, today: pd.Timestamp, *, seed: int = 0
) -> dict[str, pd.DataFrame]:
    """Return lots that went through a workshop, a carrier, a warehouse and who sold them, and claims.

    One workshop is bad. The buyer of a lot claims.

    Parameters
    ----------
    parties
        ``id, kind``.
    products
        ``sku_id, price_fen``.
    terms
        ``buyer_id, supplier_id``: who buys from whom.
    today
        No claim is later.

    Returns
    -------
    dict
        ``lots`` and ``claims`` as in `graph.aftersales.tables`, with ``simulated``.
    """
    rng = np.random.default_rng([seed, 72])
    by_role = {role: parties.loc[parties["kind"] == role, "id"].to_numpy(object) for role in _STEPS}
    sold = terms.iloc[rng.integers(0, len(terms), _LOTS)].reset_index(drop=True)
    seller = sold["supplier_id"].to_numpy(object)
    pieces = rng.integers(500, 4_000, _LOTS)
    sku = rng.integers(0, len(products), _LOTS)
    made = (today - pd.to_timedelta(rng.integers(30, 120, _LOTS), unit="D")).to_numpy()
    route = {role: rng.integers(0, len(ids), _LOTS) for role, ids in by_role.items()}
    name = np.array([f"sim-lot-{k:04d}" for k in range(1, _LOTS + 1)])
    lots, claims = [], []
    for place, (role, ids) in enumerate(by_role.items(), start=1):
        step = pd.DataFrame({"lot_id": name, "step": place, "party_id": ids[route[role]], "process_step": _STEPS[role]})
        passed = (rng.random(_LOTS) < 0.4) & (role == "workshop")
        done = made + np.timedelta64(3 * place, "D")
        lots.append(step.assign(role=role, pieces=pieces, at=done, inspected=passed))
        rate = _FAULTS_PER_PIECE[role] * np.where((route[role] == 0) & (role == "workshop"), _BAD, 1.0)
        of_lot = np.repeat(np.arange(_LOTS), rng.poisson(pieces * rate))
        claims.append(pd.DataFrame({"lot": of_lot, "kind": rng.choice(_KINDS[role], len(of_lot))}))
    last = pd.DataFrame({"lot_id": name, "step": len(by_role) + 1, "party_id": seller, "process_step": "sell"})
    kind = parties.set_index("id")["kind"].reindex(seller).to_numpy(object)
    lots.append(last.assign(role=kind, pieces=pieces, at=made + np.timedelta64(12, "D"), inspected=False))
    returned = pd.DataFrame({"lot": rng.integers(0, _LOTS, _LOTS // 4), "kind": "return"})
    said = pd.concat([*claims, returned], ignore_index=True)
    lot = said["lot"].to_numpy()
    price = products["price_fen"].to_numpy()[sku[lot]]
    told = _claims(said, name[lot], made[lot], price, rng).assign(buyer_id=sold["buyer_id"].to_numpy(object)[lot])
    way = pd.concat(lots, ignore_index=True).sort_values(["lot_id", "step"], ignore_index=True)
    way["sku_id"] = np.repeat(products["sku_id"].to_numpy()[sku], len(by_role) + 1)
    return {"lots": way.assign(simulated=True), "claims": told.assign(simulated=True)}


def _claims(
    said: pd.DataFrame, lot: np.ndarray, made: np.ndarray, price: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Return claims on a few pieces each, ten to thirty days after the lot was made."""
    count = rng.integers(1, 6, len(said))
    return pd.DataFrame(
        {
            "claim_id": [f"sim-claim-{k:04d}" for k in range(1, len(said) + 1)],
            "lot_id": lot,
            "at": made + rng.integers(10, 30, len(said)).astype("timedelta64[D]"),
            "kind": said["kind"],
            "pieces": count,
            "amount_fen": count * price,
        }
    )
