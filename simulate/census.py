"""Who is in the market: how many parties of each kind live in each region, and their table.

Parties of one kind are numbered region by region, so that the parties of a kind in a region are one range of
numbers: a partner in the same region is one random number away, at any scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from graph.tables import PARTY_KINDS
from simulate.params import MarketParams
from simulate.places import AREAS, LATITUDE, LONGITUDE, REGIONS, SHARE

__all__ = ["CATEGORIES", "Census", "party_blocks", "take_census"]

CATEGORIES = ("cosmetics", "household", "health", "food", "apparel")

# Shares of the traders (all but stores); the order says who comes first in a market too small for everyone.
_TRADERS = {
    "brand": 0.012,
    "factory": 0.05,
    "distributor": 0.1,
    "community": 0.2,
    "workshop": 0.15,
    "warehouse": 0.02,
    "kol": 0.1,
    "carrier": 0.008,
    "group_leader": 0.12,
    "guide": 0.19,
    "franchisee": 0.05,
}
_MADE_PER_DAY = {"factory": 4000.0, "workshop": 600.0, "warehouse": 20000.0, "distributor": 8000.0}
_LEAD_DAYS = {"factory": (5, 15), "workshop": (2, 6), "warehouse": (1, 3), "distributor": (1, 4), "carrier": (1, 5)}
_WIDTH = 7


@dataclass(frozen=True)
class Census:
    """Counts of parties by kind and region; parties of a kind are numbered region by region from 0.

    Parameters
    ----------
    counts
        For each kind, parties per region, shape (31,), in the order of `REGIONS`.
    store_ids
        Ids that the caller gave to some stores, by number; everyone else's id starts with ``sim-``.
    """

    counts: dict[str, np.ndarray]
    store_ids: dict[int, str] = field(default_factory=dict)

    def size(self, kind: str) -> int:
        """Return how many parties of a kind there are."""
        return int(self.counts[kind].sum())

    @property
    def total(self) -> int:
        """Number of all parties."""
        return sum(map(self.size, self.counts))

    def regions(self, kind: str, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Return the region numbers of the parties ``start`` to ``stop`` of a kind, int8."""
        ends = np.cumsum(self.counts[kind])
        numbers = np.arange(start, self.size(kind) if stop is None else stop)
        return np.searchsorted(ends, numbers, side="right").astype(np.int8)

    def store_areas(self) -> dict[str, str]:
        """Return the area (one of `simulate.places.AREAS`) of each store whose id was given."""
        regions = self.regions("store")
        return {name: AREAS[regions[number]] for number, name in self.store_ids.items()}

    def pick(self, kind: str, regions: np.ndarray, u: np.ndarray, *, skew: float = 1.0) -> np.ndarray:
        """Pick a party of a kind for each wanted region (-1 = anywhere) from uniform draws.

        Parameters
        ----------
        regions
            Wanted regions, shape (n,); where the region has nobody of the kind, anywhere.
        u
            Uniform draws in [0, 1), shape (n,).
        skew
            1 picks evenly; larger favours low numbers, which makes hubs.
        """
        counts = self.counts[kind]
        starts = np.cumsum(counts) - counts
        anywhere = (regions < 0) | (counts[regions] == 0)
        first = np.where(anywhere, 0, starts[regions])
        width = np.where(anywhere, counts.sum(), counts[regions])
        return np.asarray((first + np.floor(width * u**skew)).astype(np.int64))

    def ids(self, kind: str, numbers: np.ndarray) -> pd.Series:
        """Return the ids of parties of a kind, e.g. ``sim-factory-0000001``; text."""
        ids = _numbered(f"sim-{kind.replace('_', '-')}-", numbers)
        return self._renamed(ids, numbers) if kind == "store" and self.store_ids else ids

    def _renamed(self, texts: pd.Series, numbers: np.ndarray, suffix: str = "") -> pd.Series:
        given = np.isin(numbers, list(self.store_ids))
        texts[given] = [self.store_ids[int(number)] + suffix for number in numbers[given]]
        return texts

    def names(self, kind: str, numbers: np.ndarray) -> pd.Series:
        """Return the names shown to people, which say that the party, or its place, is simulated."""
        names = _numbered(f"Simulated {kind.replace('_', ' ')} ", numbers)
        return self._renamed(names, numbers, " (place simulated)") if kind == "store" and self.store_ids else names


def take_census(params: MarketParams, *, store_ids: Sequence[str] = (), seed: int = 0) -> Census:
    """Draw how many parties of each kind live in each region.

    Parameters
    ----------
    store_ids
        Ids to give to some of the stores, spread evenly over the regions; no more than there are stores.

    The share of traders falls with the size of the market, as in the real one: nearly all of 10 parties, and about
    160 000 beside 5.6 million stores.

    Examples
    --------
    >>> census = take_census(MarketParams(parties=1000))
    >>> census.total, census.size("factory")
    (1000, 14)
    """
    rng = np.random.default_rng([seed, 11])
    sizes = _sizes(params.parties)
    counts = {kind: rng.multinomial(sizes[kind], SHARE) for kind in PARTY_KINDS}
    if len(store_ids) > sizes["store"]:
        raise ValueError(f"Expected at most {sizes['store']} store_ids, got {len(store_ids)}.")
    places = (np.arange(len(store_ids)) * sizes["store"]) // max(1, len(store_ids))
    return Census(counts, dict(zip(places.tolist(), store_ids, strict=True)))


def party_blocks(census: Census, *, seed: int = 0, rows: int = 500_000) -> Iterator[pd.DataFrame]:
    """Yield the parties table kind by kind, at most `rows` rows at a time."""
    for number, kind in enumerate(census.counts):
        for start in range(0, census.size(kind), rows):
            stop = min(start + rows, census.size(kind))
            rng = np.random.default_rng([seed, 12, number, start])
            yield _parties(census, kind, start, stop, rng)


def _sizes(parties: int) -> dict[str, int]:
    traders = int(min(0.8, 1.6 * parties**-0.26) * parties)
    first = list(_TRADERS)[:traders]
    spare = traders - len(first)
    exact = np.array([_TRADERS[kind] for kind in first])
    exact = spare * exact / exact.sum()
    whole = np.floor(exact).astype(int)
    whole[np.argsort(whole - exact, kind="stable")[: spare - whole.sum()]] += 1
    sizes = dict.fromkeys(PARTY_KINDS, 0)
    sizes.update({kind: 1 + int(n) for kind, n in zip(first, whole, strict=True)})
    sizes["store"] = parties - traders
    return sizes


def _parties(census: Census, kind: str, start: int, stop: int, rng: np.random.Generator) -> pd.DataFrame:
    n = stop - start
    numbers = np.arange(start, stop)
    region = census.regions(kind, start, stop)
    ids = census.ids(kind, numbers)
    low, high = _LEAD_DAYS.get(kind, (0, 0))
    category = rng.integers(len(CATEGORIES), size=n)
    return pd.DataFrame(
        {
            "id": ids,
            "kind": pd.Series(np.full(n, kind, dtype=object), dtype="str"),
            "name": census.names(kind, numbers),
            "region": pd.Series(np.array(REGIONS, dtype=object)[region], dtype="str"),
            "lat": np.round(LATITUDE[region] + rng.normal(0, 0.6, n), 4),
            "lon": np.round(LONGITUDE[region] + rng.normal(0, 0.7, n), 4),
            "tenant": _tenants(census, kind, ids, region, rng),
            "capacity_per_day": np.round(_MADE_PER_DAY.get(kind, np.nan) * rng.lognormal(0, 0.6, n)),
            "lead_time_days": rng.integers(low, high + 1, n).astype(float) if high else np.nan,
            "categories": pd.Series(np.array(CATEGORIES, dtype=object)[category], dtype="str"),
            "simulated": True,
        }
    )


def _tenants(census: Census, kind: str, ids: pd.Series, region: np.ndarray, rng: np.random.Generator) -> pd.Series:
    """Whose data a party is: a guide's and a franchisee's a brand's, a store's its own."""
    if kind not in ("guide", "franchisee", "kol", "group_leader"):
        return ids
    brands = census.pick("brand", np.full(len(region), -1), rng.random(len(region)), skew=2.0)
    return census.ids("brand", brands)


def _numbered(prefix: str, numbers: np.ndarray) -> pd.Series:
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers + 1), pa.string()), width=_WIDTH, padding="0")
    text = pc.binary_join_element_wise(pa.scalar(prefix), digits, pa.scalar(""))
    return pd.Series(text.to_pandas(), dtype="str")
