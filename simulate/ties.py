"""Who trades with whom: typed, weighted, dated relations, made block by block so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulate.census import Census
from simulate.params import MarketParams

__all__ = ["relation_blocks"]

_HISTORY_DAYS = 730


@dataclass(frozen=True)
class _Tie:
    """A kind of relation: each party of the `owner` kind has about `mean` partners of the other kind."""

    src: str
    dst: str
    relation: str
    owner: str
    mean: float
    skew: float = 1.0
    value_fen: float = 50_000.0


_TIES = (
    _Tie("factory", "brand", "supplies", "factory", 2.0, skew=2.0, value_fen=4_000_000),
    _Tie("workshop", "factory", "supplies", "workshop", 1.8, value_fen=600_000),
    _Tie("factory", "distributor", "supplies", "distributor", 3.0, value_fen=2_000_000),
    _Tie("brand", "distributor", "distributes", "distributor", 3.0, skew=2.0, value_fen=2_000_000),
    _Tie("brand", "franchisee", "distributes", "franchisee", 1.0, skew=3.0, value_fen=800_000),
    _Tie("distributor", "store", "distributes", "store", 1.8, skew=1.5, value_fen=120_000),
    _Tie("franchisee", "store", "distributes", "store", 0.15, value_fen=150_000),
    _Tie("warehouse", "distributor", "serves", "distributor", 1.4, value_fen=90_000),
    _Tie("carrier", "warehouse", "serves", "warehouse", 2.5, value_fen=60_000),
    _Tie("guide", "store", "serves", "guide", 1.0, value_fen=20_000),
    _Tie("store", "community", "serves", "community", 3.0, value_fen=40_000),
    _Tie("group_leader", "community", "serves", "community", 1.2, value_fen=15_000),
    _Tie("kol", "community", "influences", "kol", 6.0, value_fen=25_000),
    _Tie("store", "store", "refers", "store", 0.3, value_fen=8_000),
    _Tie("guide", "kol", "refers", "kol", 0.6, value_fen=8_000),
    _Tie("distributor", "store", "vouches", "store", 0.2, skew=1.5),
    _Tie("factory", "workshop", "vouches", "workshop", 0.5),
    _Tie("store", "distributor", "owes", "store", 0.4, skew=1.5, value_fen=60_000),
    _Tie("guide", "brand", "earns", "guide", 1.0, skew=2.0, value_fen=5_000),
    _Tie("kol", "brand", "earns", "kol", 0.8, skew=2.0, value_fen=9_000),
)


def relation_blocks(
    census: Census, params: MarketParams, today: pd.Timestamp, *, seed: int = 0, owners: int = 500_000
) -> Iterator[pd.DataFrame]:
    """Yield the relations table, kind by kind, for at most `owners` parties at a time.

    Every end is a party of the census, nobody is tied to itself, a pair has each kind of relation at most once, and
    ``valid_from <= first_at <= last_at <= today < valid_to`` (an empty ``valid_to`` is open).
    """
    for number, tie in enumerate(_TIES):
        if not census.size(tie.src) or not census.size(tie.dst):
            continue
        for start in range(0, census.size(tie.owner), owners):
            rng = np.random.default_rng([seed, 21, number, start])
            block = range(start, min(start + owners, census.size(tie.owner)))
            src, dst = _pairs(census, tie, block, params.same_region, rng)
            if len(src):
                ends = {"src": census.ids(tie.src, src), "dst": census.ids(tie.dst, dst)}
                yield pd.DataFrame({**ends, **_history(tie, len(src), today, rng)})


def _pairs(
    census: Census, tie: _Tie, block: range, same_region: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    partner = tie.dst if tie.owner == tie.src else tie.src
    owner = np.repeat(np.array(block), _degrees(tie.mean, len(block), rng))
    home = census.regions(tie.owner, block.start, block.stop)[owner - block.start].astype(np.int64)
    wanted = np.where(rng.random(len(owner)) < same_region, home, -1)
    other = census.pick(partner, wanted, rng.random(len(owner)), skew=tie.skew)
    if tie.src == tie.dst:
        owner, other = owner[owner != other], other[owner != other]
    owner, other = np.divmod(np.unique(owner * census.size(partner) + other), census.size(partner))
    return (owner, other) if tie.owner == tie.src else (other, owner)


def _degrees(mean: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """At least one partner each where there is one on average, else some have one and most none."""
    if mean >= 1:
        return 1 + rng.poisson(mean - 1, n)
    return (rng.random(n) < mean).astype(np.int64)


def _history(tie: _Tie, n: int, today: pd.Timestamp, rng: np.random.Generator) -> dict[str, object]:
    last_ago = np.minimum(1 + rng.exponential(40, n), _HISTORY_DAYS).astype(int)
    first_ago = last_ago + ((_HISTORY_DAYS - last_ago) * rng.random(n)).astype(int)
    first_at, last_at = (today - pd.to_timedelta(ago, unit="D") for ago in (first_ago, last_ago))
    count = 1 + rng.poisson((first_ago - last_ago) / 30)
    closing = pd.Series(today + pd.to_timedelta(rng.integers(1, 365, n), unit="D")).where(rng.random(n) < 0.05)
    return {
        "kind": pd.Series(np.full(n, tie.relation, dtype=object), dtype="str"),
        "weight": np.round(np.log1p(count) * 0.5 ** (last_ago / 180), 4),
        "first_at": first_at,
        "last_at": last_at,
        "count": count,
        "amount_fen": np.round(count * tie.value_fen * rng.lognormal(0, 0.5, n)).astype(np.int64),
        "valid_from": first_at,
        "valid_to": closing,
        "simulated": True,
    }
