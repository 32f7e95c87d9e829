"""The demo's market as a user's folder of files: real-shaped sales around which everything else is simulated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import InputError
from contracts.progress import Report, silent
from services.files import write_whole
from services.transactions import RetailDemand, read_retail
from simulate.census import party_blocks, take_census
from simulate.market import Market, simulate_market
from simulate.params import MAX_PARTIES, MIN_PARTIES, MarketParams
from simulate.ties import relation_blocks

__all__ = ["SCALES", "DemoMarket", "DemoScale", "make_market", "scale_of", "write_market"]


@dataclass(frozen=True, kw_only=True)
class DemoScale:
    """How much of everything the demo takes: parties, retail stores and styles with sales, new styles."""

    parties: int
    stores: int
    styles: int
    launches: int


SCALES = {
    "tiny": DemoScale(parties=60, stores=20, styles=4, launches=10),
    "small": DemoScale(parties=600, stores=60, styles=12, launches=20),
    "default": DemoScale(parties=3_000, stores=100, styles=36, launches=40),
}


@dataclass(frozen=True)
class DemoMarket:
    """A simulated market around retail demand."""

    market: Market
    retail: RetailDemand


def scale_of(text: str) -> DemoScale:
    """Return the scale of a name, or of a number of parties.

    Examples
    --------
    >>> scale_of("tiny").stores, scale_of("5000").parties
    (20, 5000)

    Raises
    ------
    InputError
        If it is neither a known name nor a number in range.
    """
    if text in SCALES:
        return SCALES[text]
    if not text.isdecimal() or not MIN_PARTIES <= int(text) <= MAX_PARTIES:
        expected = f"{', '.join(SCALES)} or a number of parties from {MIN_PARTIES} to {MAX_PARTIES}"
        raise InputError("--scale", expected, text)
    stores = take_census(MarketParams(parties=int(text))).size("store")
    return replace(SCALES["default"], parties=int(text), stores=min(SCALES["default"].stores, stores))


def make_market(scale: DemoScale, *, seed: int = 0, progress: Report = silent) -> DemoMarket:
    """Read the retail sample, place its stores and simulate everyone else as of the day after its last.

    Raises
    ------
    NotReadyError
        If the `demo` extra is not installed.
    """
    params = MarketParams(parties=scale.parties, styles=scale.launches)

    def areas(store_ids: Sequence[str]) -> Mapping[str, str]:
        return take_census(params, store_ids=store_ids, seed=seed).store_areas()

    retail = read_retail(stores=scale.stores, styles=scale.styles, places=areas, progress=progress)
    progress("simulating the market", 0, 1)
    market = simulate_market(
        params,
        retail.styles,
        retail.sales["ds"].max() + pd.Timedelta(days=1),
        store_ids=sorted(retail.stores["store_id"]),
        seed=seed,
    )
    progress("simulating the market", 1, 1)
    return DemoMarket(market, retail)


def write_market(made: DemoMarket, folder: Path, *, progress: Report = silent) -> None:
    """Write the nine files that ``evenflow load`` reads; parties and relations block by block."""
    market, retail = made.market, made.retail
    launched = market.launch_sales
    tables: dict[str, Iterable[pd.DataFrame]] = {
        "parties": party_blocks(market.census, seed=market.seed),
        "relations": relation_blocks(market.census, market.params, market.today, seed=market.seed),
        "products": [market.goods.products],
        "routes": [market.goods.routes],
        "sales": [pd.concat([retail.sales.assign(simulated=False), launched], ignore_index=True)],
        "signals": [market.signals],
        "styles": [market.styles()],
        "supply": [market.goods.supply],
        "orders": [market.orders],
    }
    for done, (name, blocks) in enumerate(tables.items()):
        progress("writing the net's files", done, len(tables))
        write_blocks(blocks, folder / f"{name}.parquet")
    progress("writing the net's files", len(tables), len(tables))


def write_blocks(blocks: Iterable[pd.DataFrame], path: Path) -> None:
    """Write a table that comes in blocks of the same columns to one Parquet file, one block in memory at a time.

    Raises
    ------
    InputError
        If there is no block.
    """
    remaining = iter(blocks)
    first = next(remaining, None)
    if first is None:
        raise InputError(path.stem, "at least one block of rows", "none")
    write_whole(path, lambda temporary: _stream(first, remaining, temporary))


def _stream(first: pd.DataFrame, remaining: Iterable[pd.DataFrame], path: Path) -> None:
    table = pa.Table.from_pandas(first, preserve_index=False)
    with pq.ParquetWriter(path, table.schema) as writer:
        writer.write_table(table)
        for block in remaining:
            writer.write_table(pa.Table.from_pandas(block, schema=table.schema, preserve_index=False))
