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
        """Build from a frame that `graph.tables.PARTIES` has checked, rows in any order; raises like `ordered`."""
        return cls.ordered(frame)[0]

    @classmethod
    def ordered(cls, frame: pd.DataFrame) -> tuple[Parties, npt.NDArray[np.int64]]:
        """Build from a checked frame, rows in any order; also return the order that sorts its rows by id.

        Raises
        ------
        InputError
            If an id is empty, repeated or too long.
        """
        ids, order = IdColumn.ordered(frame["id"])
        columns = _Columns(frame, None if (np.diff(order) == 1).all() else order)
        region, regions = columns.coded("region")
        tenant, tenants = columns.coded("tenant")
        start, category, categories = columns.lists("categories")
        table = cls(
            ids,
            columns.kinds(),
            region,
            tenant,
            {name: columns.numbers(name) for name in _NUMBERS},
            start,
            category,
            regions,
            tenants,
            categories,
        )
        return table, order

    def __len__(self) -> int:
        return len(self.ids)

    def where(
        self,
        *,
        kind: str | None = None,
        region: str | None = None,
        tenant: str | None = None,
        category: str | None = None,
        between: Mapping[str, tuple[float | None, float | None]] | None = None,
    ) -> Mask:
        """Return the mask of the parties with all the given properties.

        Parameters
        ----------
        kind, region, tenant, category
            Names; `category` is one of those a party makes or trades.
        between
            Lowest and highest value, both included and None for no bound, of ``lat``, ``lon``, ``capacity_per_day`` or
            ``lead_time_days``. A party of which a number is not given is not within any bounds of it.

        Raises
        ------
        UnknownIdError
            If no party kind, region, tenant, category or number has that name.

        Examples
        --------
        >>> frame = pd.DataFrame({"id": ["A", "B"], "kind": ["store", "store"], "lead_time_days": [2, 9]})
        >>> Parties.of(frame).where(kind="store", between={"lead_time_days": (None, 5)}).tolist()
        [True, False]
        """
        mask = np.ones(len(self), dtype=bool)
        if kind is not None:
            if kind not in PARTY_KINDS:
                raise UnknownIdError("party kind", kind)
            mask &= self.kind == PARTY_KINDS.index(kind)
        if region is not None:
            mask &= self.region == self.regions.position(region, kind="region")
        if tenant is not None:
            mask &= self.tenant == self.tenants.position(tenant, kind="tenant")
        if category is not None:
            mask &= self.trades(self.categories.position(category, kind="category"))
        for name, (low, high) in (between or {}).items():
            mask &= self._between(name, low, high)
        return mask

    def _between(self, name: str, low: float | None, high: float | None) -> Mask:
        if name not in self.numbers:
            raise UnknownIdError("number of a party", name)
        numbers = self.numbers[name]
        inside: Mask = (numbers >= (-np.inf if low is None else low)) & (numbers <= (np.inf if high is None else high))
        return inside

    def trades(self, category: int) -> Mask:
        """Return the mask of the parties that make or trade a category (by code)."""
        before = np.concatenate(([0], np.cumsum(self.category == category)))
        return np.diff(before[self.category_start]) > 0

    def categories_of(self, position: int) -> list[str]:
        """Return the categories one party makes or trades."""
        _, members = expand(self.category_start, np.array([position]))
        return [self.categories.text(code) for code in self.category[members]]

    def arrays(self) -> dict[str, Array]:
        """Return the table's arrays by name, as `from_arrays` takes them; columns nobody gave are left out."""
        own: dict[str, Array] = {"kind": self.kind, "category": self.category}
        own |= {name: getattr(self, name).texts for name in ("ids", *_VOCABULARIES)}
        columns = {name: getattr(self, name) for name in ("region", "tenant", "category_start")}
        columns |= {f"number.{name}": array for name, array in self.numbers.items()}
        return own | {name: array for name, array in columns.items() if array.strides != (0,)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> Parties:
        """Return the table that `arrays` came from."""
        n = len(arrays["ids"])
        numbers = {name: arrays.get(f"number.{name}", _all_alike(np.float32(np.nan), n)) for name in _NUMBERS}
        own: dict[str, Any] = {name: arrays.get(name, _all_alike(np.int32(-1), n)) for name in ("region", "tenant")}
        own["category_start"] = arrays.get("category_start", _all_alike(np.int32(0), n + 1))
        own |= {name: arrays[name] for name in ("kind", "category")}
        own |= {name: IdColumn(arrays[name]) for name in ("ids", *_VOCABULARIES)}
        return cls(**own, numbers=numbers)


class _Columns:
    """Columns of a frame in the order of the parties' positions; those that nobody gave take no memory."""

    def __init__(self, frame: pd.DataFrame, order: npt.NDArray[np.int64] | None) -> None:
        self._frame, self._order = frame, order

    def _cells(self, name: str) -> pd.Series:
        cells = self._frame[name]
        return cells if self._order is None else cells.iloc[self._order]

    def _coded_cells(self, name: str) -> pd.Series:
        """Return texts as categories; what is put in order are their codes."""
        texts = self._frame[name]
        coded = texts if isinstance(texts.dtype, pd.CategoricalDtype) else texts.astype("category")
        return coded if self._order is None else coded.iloc[self._order]

    def kinds(self) -> npt.NDArray[np.int8]:
        coded = self._coded_cells("kind")
        codes = pd.Index(PARTY_KINDS).get_indexer(coded.cat.categories.astype("str")).astype(np.int8)
        kinds: npt.NDArray[np.int8] = codes[coded.cat.codes.to_numpy()]
        return kinds

    def numbers(self, name: str) -> npt.NDArray[np.float32]:
        if name not in self._frame:
            return _all_alike(np.float32(np.nan), len(self._frame))
        numbers: npt.NDArray[np.float32] = self._cells(name).to_numpy(dtype=np.float32, na_value=np.nan)
        return numbers

    def coded(self, name: str) -> tuple[Ints, IdColumn]:
        if name not in self._frame:
            return _all_alike(np.int32(-1), len(self._frame)), IdColumn.of(pd.Series([], dtype="str"))
        coded = self._coded_cells(name)
        names = IdColumn.vocabulary(pd.Series(coded.cat.categories, dtype="str"))
        return names.positions(coded), names

    def lists(self, name: str) -> tuple[Ints, Ints, IdColumn]:
        """Return starts, codes and names of lists written as texts joined by |."""
        if name not in self._frame:
            start = _all_alike(np.int32(0), len(self._frame) + 1)
            return start, np.empty(0, np.int32), IdColumn.of(pd.Series([], dtype="str"))
        return _split(self._coded_cells(name))


def _all_alike(value: np.generic, n: int) -> npt.NDArray[Any]:
    return np.broadcast_to(value, n)


def _split(coded: pd.Series) -> tuple[Ints, Ints, IdColumn]:
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
