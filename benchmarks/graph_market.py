"""A random market of any size, written to files: what the benchmark of the supply net is measured on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from graph.arrays import save_arrays

__all__ = [
    "KINDS",
    "TODAY",
    "coded_frame",
    "coded_frames",
    "ends_of",
    "names_of",
    "orders",
    "parties_of",
    "relation_frames",
    "write_market",
]

TODAY = pd.Timestamp("2026-03-02")
KINDS = ("supplies", "distributes", "refers")
_RELATIONS = ("src", "dst", "kind", "weight")
_REGIONS = 31
_ROW_GROUP = 1 << 20


def write_market(parties: int, seed: int, folder: Path) -> None:
    """Write a market's tables: 0.5 % factories, 1.5 % distributors, stores with 5.4 relations each.

    Parties come in random order of their ids. Relations are written twice: as a user's file with ids
    (``relations.parquet``) and as row numbers of parties (``src.npy`` and so on), which is what other libraries take.
    """
    rng = np.random.default_rng(seed)
    factories, distributors = max(parties // 200, 2), max(parties * 3 // 200, 2)
    traders, stores = factories + distributors, parties - factories - distributors
    ids = np.char.add("P", np.char.zfill(rng.permutation(parties).astype("U8"), 8))
    kind = np.repeat(["factory", "distributor", "store"], [factories, distributors, stores])
    frame = pd.DataFrame({"id": ids, "kind": kind, "region": rng.integers(0, _REGIONS, parties).astype("U2")})
    frame["lat"], frame["lon"] = rng.uniform(20, 45, parties), rng.uniform(90, 125, parties)
    frame["lead_time_days"] = rng.integers(1, 10, parties)
    frame.to_parquet(folder / "parties.parquet")
    middle = (factories, traders)
    ends = [
        _ties(rng, "supplies", distributors * 20, (0, factories), middle),
        _ties(rng, "distributes", stores * 2, middle, (traders, parties)),
        _ties(rng, "refers", int(stores * 3.4), (traders, parties), (traders, parties)),
    ]
    relations = {name: np.concatenate([end[name] for end in ends]) for name in ends[0]}
    save_arrays(relations, folder)
    _write_relations(pa.array(frame["id"]), relations, folder / "relations.parquet")
    skus = max(parties // 500, 20)
    supplier = np.repeat(np.arange(traders), rng.integers(3, 18, traders))
    supply = pd.DataFrame({"supplier_id": ids[supplier], "sku_id": _skus(rng.integers(0, skus, len(supplier)))})
    supply = supply.drop_duplicates().reset_index(drop=True)
    supply["capacity"] = rng.integers(0, 500, len(supply)).astype(float)
    supply["unit_cost_fen"] = rng.integers(500, 900, len(supply)).astype(float)
    supply["minimum_order"] = rng.choice([1.0, 5, 40], len(supply))
    supply["territory"] = rng.choice(["", "0|1|2|3|4|5", "6|7|8|9|10|11|12"], len(supply))
    supply.to_parquet(folder / "supply.parquet")
    pd.DataFrame({"sku_id": _skus(np.arange(skus))}).to_parquet(folder / "products.parquet")


def ends_of(folder: Path) -> dict[str, np.ndarray]:
    """Return the relations by row numbers of parties: ``src, dst, kind`` (into `KINDS`) and ``weight``."""
    return {name: np.load(folder / f"{name}.npy") for name in _RELATIONS}


def parties_of(folder: Path) -> pd.DataFrame:
    """Return the parties; kinds and regions, of which there are few, as Categoricals, and ids as one array."""
    table = pq.ParquetFile(folder / "parties.parquet", read_dictionary=["kind", "region"]).read(use_threads=False)
    ids = table.column("id").cast(pa.large_string()).combine_chunks()
    return table.set_column(table.schema.get_field_index("id"), "id", ids).to_pandas()


def names_of(ids: pd.Series) -> pa.Array:
    """Return the parties' ids as one Arrow array, without copying them if they are one already."""
    names = pa.array(ids, pa.large_string())
    return names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names


def coded_frame(ends: dict[str, np.ndarray], names: pa.Array) -> pd.DataFrame:
    """Return relations by row numbers as a frame whose ends are Arrow's dictionaries over the parties' ids.

    A `pandas.Categorical` over millions of ids makes a Python text of each to see whether they are distinct.
    """
    columns = {
        name: pd.arrays.ArrowExtensionArray(pa.DictionaryArray.from_arrays(pa.array(ends[name]), names, safe=False))
        for name in ("src", "dst")
    }
    kind = pd.Categorical.from_codes(ends["kind"], list(KINDS))
    return pd.DataFrame({**columns, "kind": kind, "weight": ends["weight"]}, copy=False)


def coded_frames(folder: Path, names: pa.Array) -> Iterator[pd.DataFrame]:
    """Yield the relations as `coded_frame` does, a million rows of the arrays in the files at a time."""
    for first in range(0, len(np.load(folder / "src.npy", mmap_mode="r")), _ROW_GROUP):
        # Mapped anew each time, so that what was read of the files before does not stay in this process.
        mapped = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in _RELATIONS}
        yield coded_frame({name: np.array(array[first : first + _ROW_GROUP]) for name, array in mapped.items()}, names)


def relation_frames(folder: Path) -> Iterator[pd.DataFrame]:
    """Yield the relations with their ids, one row group of the file at a time."""
    file = pq.ParquetFile(folder / "relations.parquet", read_dictionary=["kind"])
    for group in range(file.num_row_groups):
        yield file.read_row_group(group).to_pandas()


def orders(folder: Path, n: int, seed: int) -> pd.DataFrame:
    """Return orders of random stores."""
    rng = np.random.default_rng(seed)
    ids = pd.read_parquet(folder / "parties.parquet", columns=["id"])["id"]
    sku = pd.read_parquet(folder / "products.parquet")["sku_id"]
    return pd.DataFrame(
        {
            "order_id": [f"O{i}" for i in range(n)],
            "sku_id": sku.sample(n, replace=True, random_state=seed).to_numpy(),
            "pieces": rng.integers(1, 60, n),
            "buyer_id": ids.iloc[len(ids) // 50 + rng.integers(0, len(ids) - len(ids) // 50, n)].to_numpy(),
            "due_date": TODAY + pd.to_timedelta(rng.integers(3, 15, n), unit="D"),
        }
    )


def _ties(
    rng: np.random.Generator, kind: str, n: int, sources: tuple[int, int], targets: tuple[int, int]
) -> dict[str, np.ndarray]:
    """Return relations of random pairs, each pair once and nobody with himself, in random order."""
    src, dst = rng.integers(*sources, n, dtype=np.int32), rng.integers(*targets, n, dtype=np.int32)
    pairs = np.unique(src.astype(np.int64) * targets[1] + dst)
    rng.shuffle(pairs)
    src, dst = (pairs // targets[1]).astype(np.int32), (pairs % targets[1]).astype(np.int32)
    src, dst = src[src != dst], dst[src != dst]
    weight = rng.random(len(src), dtype=np.float32) * 5
    return {"src": src, "dst": dst, "kind": np.full(len(src), KINDS.index(kind), dtype=np.int8), "weight": weight}


def _write_relations(ids: pa.Array, relations: dict[str, np.ndarray], path: Path) -> None:
    names = [("src", pa.string()), ("dst", pa.string()), ("kind", pa.string()), ("weight", pa.float32())]
    with pq.ParquetWriter(path, pa.schema(names)) as writer:
        for first in range(0, len(relations["src"]), _ROW_GROUP):
            part = {name: array[first : first + _ROW_GROUP] for name, array in relations.items()}
            columns = [ids.take(pa.array(part[end])).cast(pa.string()) for end in ("src", "dst")]
            kind = pa.array(KINDS).take(pa.array(part["kind"]))
            writer.write_table(pa.table([*columns, kind, pa.array(part["weight"])], schema=writer.schema))


def _skus(numbers: np.ndarray) -> np.ndarray:
    return np.char.add("sku-", numbers.astype("U7"))
