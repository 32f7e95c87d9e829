"""The column table of parties: what is computed with, by position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import UnknownIdError
from graph.arrays import Array, Ints, expand
from graph.ids import IdColumn
from graph.tables import PARTY_KINDS

__all__ = ["Parties"]

Mask = npt.NDArray[np.bool_]
_NUMBERS = ("lat", "lon", "capacity_per_day", "lead_time_days")
_VOCABULARIES = ("regions", "tenants", "categories")


@dataclass(frozen=True, eq=False)
class Parties:
    """Parties by position (= rank of their id); all arrays have shape (n,) unless said otherwise.

    Parameters
    ----------
    ids
        The parties' ids.
    kind
        int8 codes into `graph.tables.PARTY_KINDS`.
    region, tenant
        int32 codes into `regions` and `tenants`, -1 where not given.
    numbers
        float32 ``lat`` and ``lon`` (degrees), ``capacity_per_day`` (pieces), ``lead_time_days``; NaN where not given.
    category_start, category
        Shapes (n + 1,) and (total,): codes into `categories` of what each party makes or trades.
    """

    ids: IdColumn
    kind: npt.NDArray[np.int8]
    region: Ints
    tenant: Ints
    numbers: Mapping[str, npt.NDArray[np.float32]]
    category_start: Ints
    category: Ints
    regions: IdColumn
    tenants: IdColumn
    categories: IdColumn

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Parties:
        """Build from a frame that `graph.tables.PARTIES` has checked, rows in any order.

        Raises
        ------
        InputError
            If an id is empty, repeated or too long.
        """
        ids, order = IdColumn.ordered(frame["id"])
        rows = frame if (np.diff(order) == 1).all() else frame.iloc[order]
        region, regions = _coded(_column(rows, "region"))
        tenant, tenants = _coded(_column(rows, "tenant"))
        start, category, categories = _split(_column(rows, "categories"))
        kinds = pd.Index(PARTY_KINDS)
        return cls(
            ids,
            kinds.get_indexer(rows["kind"].astype("str")).astype(np.int8),
            region,
            tenant,
            {name: _numbers(rows, name) for name in _NUMBERS},
            start,
            category,
            regions,
            tenants,
            categories,
        )

    def __len__(self) -> int:
        return len(self.ids)

    def where(self, *, kind: str | None = None, region: str | None = None, category: str | None = None) -> Mask:
        """Return the mask of the parties with all the given properties.

        Raises
        ------
        UnknownIdError
            If no party kind, region or category has that name.
        """
        mask = np.ones(len(self), dtype=bool)
        if kind is not None:
            if kind not in PARTY_KINDS:
                raise UnknownIdError("party kind", kind)
            mask &= self.kind == PARTY_KINDS.index(kind)
        if region is not None:
            mask &= self.region == self.regions.position(region, kind="region")
        if category is not None:
            mask &= self.trades(self.categories.position(category, kind="category"))
        return mask

    def trades(self, category: int) -> Mask:
        """Return the mask of the parties that make or trade a category (by code)."""
        before = np.concatenate(([0], np.cumsum(self.category == category)))
        return np.diff(before[self.category_start]) > 0

    def categories_of(self, position: int) -> list[str]:
        """Return the categories one party makes or trades."""
        _, members = expand(self.category_start, np.array([position]))
        return [self.categories.text(code) for code in self.category[members]]

    def arrays(self) -> dict[str, Array]:
        """Return the table's arrays by name, as `from_arrays` takes them."""
        own = {name: getattr(self, name) for name in ("kind", "region", "tenant", "category_start", "category")}
        own |= {f"number.{name}": array for name, array in self.numbers.items()}
        return own | {name: getattr(self, name).texts for name in ("ids", *_VOCABULARIES)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Parties:
        """Return the table that `arrays` came from."""
        numbers = {name: arrays[f"number.{name}"] for name in _NUMBERS}
        own: dict[str, Any] = {name: a for name, a in arrays.items() if not name.startswith("number.")}
        own |= {name: IdColumn(arrays[name]) for name in ("ids", *_VOCABULARIES)}
        return cls(**own, numbers=numbers)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name in frame:
        return frame[name]
    return pd.Series(pd.Categorical.from_codes(np.full(len(frame), -1), categories=[""]), index=frame.index)


def _numbers(frame: pd.DataFrame, name: str) -> npt.NDArray[np.float32]:
    if name not in frame:
        return np.full(len(frame), np.nan, dtype=np.float32)
    numbers: npt.NDArray[np.float32] = frame[name].to_numpy(dtype=np.float32, na_value=np.nan)
    return numbers


def _coded(texts: pd.Series) -> tuple[Ints, IdColumn]:
    coded = texts if isinstance(texts.dtype, pd.CategoricalDtype) else texts.astype("category")
    names = IdColumn.vocabulary(pd.Series(coded.cat.categories, dtype="str"))
    return names.positions(coded), names


def _split(texts: pd.Series) -> tuple[Ints, Ints, IdColumn]:
    """Return starts, codes and names of lists written as texts joined by |."""
    coded = texts if isinstance(texts.dtype, pd.CategoricalDtype) else texts.astype("category")
    lists = [sorted({word.strip() for word in str(text).split("|")} - {""}) for text in coded.cat.categories]
    words = pd.Series([word for words in lists for word in words], dtype="str")
    names = IdColumn.vocabulary(words)
    flat = names.positions(words)
    starts = np.cumsum([0, *map(len, lists), 0]).astype(np.int32)  # the last, empty list is the one of code -1
    lengths = np.diff(starts)
    codes = coded.cat.codes.to_numpy().astype(np.int64)
    codes = np.where(codes < 0, len(lists), codes)
    _, members = expand(starts, codes)
    start = np.concatenate(([0], np.cumsum(lengths[codes]))).astype(np.int32)
    return start, flat[members] if len(flat) else np.empty(0, np.int32), names
