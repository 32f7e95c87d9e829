"""Tables of density as arrays: positions instead of ids, cells or regions instead of coordinates."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from contracts.errors import TableError
from contracts.tables import require_columns, require_known
from graph.arrays import Array
from graph.density.areas import PEOPLE, AreaPoints, LocatedParties
from graph.density.cells import NOWHERE, Cells, area_cells, centres, parents, parsed, resolutions
from graph.density.demand import Catchments, PlacedOrders
from graph.tables import PARTY_KINDS

__all__ = ["Encoder"]

Floats = npt.NDArray[np.float64]
_ALWAYS, _NEVER = -(2**31), 2**31
_EPOCH = pd.Timestamp("1970-01-01")


class Encoder:
    """Turns checked tables into arrays over one table of parties.

    Parameters
    ----------
    parties
        Frame with the types of `graph.tables.PARTIES`; a party's position is its row.
    grid
        Whether areas are cells, else regions.
    resolution
        The cells' resolution.
    names
        The files' names for messages.
    """

    def __init__(self, parties: pd.DataFrame, *, grid: bool, resolution: int, names: Mapping[str, str]) -> None:
        self.grid, self.resolution, self._names = grid, resolution, names
        self._ids = pd.Index(parties["id"])
        regions = _column(parties, "region").astype("category")
        self._regions = pd.Index(regions.cat.categories)
        lat, lon = _number(parties, "lat"), _number(parties, "lon")
        region = regions.cat.codes.to_numpy().astype(np.int64)
        kind = pd.Index(PARTY_KINDS).get_indexer(parties["kind"])
        self.located = LocatedParties(kind, lat, lon, region, self._areas(lat, lon, region))

    def ids_at(self, positions: npt.NDArray[np.int64]) -> Array:
        """Return the ids of parties, an empty text for -1."""
        return np.where(positions >= 0, self._ids.to_numpy(dtype=object)[positions], "")

    def regions_at(self, areas: Cells) -> Array:
        """Return the regions that areas are, an empty text for nowhere."""
        names = np.append("", self._regions.to_numpy(dtype=object))
        return np.asarray(names[areas.astype(np.int64)])

    def orders(self, frame: pd.DataFrame, as_of: pd.Timestamp | None) -> PlacedOrders:
        """Encode `graph.density.tables.PLACED_ORDERS`.

        Raises
        ------
        TableError
            If nobody won an order, or a party or place of delivery is unknown.
        """
        source = self._names["orders"]
        winner = self._winners(frame, source)
        place = _column(frame, "ship_to")
        place = place.where(_given(place), _column(frame, "buyer_id"))
        party = self._ids.get_indexer(place)
        region = np.where(party >= 0, self.located.region[party], self._regions.get_indexer(place))
        lost = _given(place).to_numpy() & (party < 0) & (region < 0)
        lat, lon = _number(frame, "lat"), _number(frame, "lon")
        own = np.isfinite(lat) & np.isfinite(lon)
        if (lost & ~own).any():
            row = int(np.flatnonzero(lost & ~own)[0])
            raise TableError(
                source, "ship_to", "a party, a region of parties, or lat and lon", place.iloc[row], row=row + 1
            )
        lat = np.where(own, lat, np.where(party >= 0, self.located.lat[party], np.nan))
        lon = np.where(own, lon, np.where(party >= 0, self.located.lon[party], np.nan))
        if self.grid:
            area = np.where(party >= 0, self.located.area[party], NOWHERE)
            area[own] = area_cells(lat[own], lon[own], self.resolution)
        else:
            area = self._areas(lat, lon, region)
        pieces = _number(frame, "pieces")
        day = _days(frame, "at", self._day(frame, as_of))
        return PlacedOrders(winner, lat, lon, region, area, np.where(np.isnan(pieces), 1.0, pieces), day, own)

    def points(self, frame: pd.DataFrame) -> AreaPoints:
        """Encode `graph.density.tables.AREAS`.

        Raises
        ------
        TableError
            If a row has no place, or its cell is none or coarser than the areas.
        """
        people = {name: np.nan_to_num(_number(frame, name)) for name in PEOPLE if name in frame}
        if not self.grid:
            require_columns(frame, ["region"], option="by region", source=self._names["areas"])
            region = self._all_regions(frame).get_indexer(frame["region"])
            self._refuse(~_given(frame["region"]), "region", "a region", frame)
            none = np.full(len(frame), np.nan)
            return AreaPoints((region + 1).astype(np.uint64), none, none, people)
        lat, lon = _number(frame, "lat"), _number(frame, "lon")
        texts = _column(frame, "cell")
        cells, named = parsed(texts), _given(texts).to_numpy()
        self._refuse(named & (cells == NOWHERE), "cell", "an H3 cell", frame)
        coarse = named & (resolutions(cells) < self.resolution)
        self._refuse(coarse, "cell", f"a cell of resolution {self.resolution} or finer", frame)
        placed = np.isfinite(lat) & np.isfinite(lon)
        self._refuse(~(named | placed), "lat", "lat and lon, or a cell", frame)
        middle = named & ~placed
        lat[middle], lon[middle] = centres(cells[middle])
        area = area_cells(np.where(named, np.nan, lat), lon, self.resolution)
        return AreaPoints(np.where(named, parents(cells, self.resolution), area), lat, lon, people)

    def catchments(self, frame: pd.DataFrame) -> Catchments:
        """Encode `graph.density.tables.CATCHMENTS`.

        Raises
        ------
        TableError
            If a store or a cell is unknown.
        """
        source = self._names["catchments"]
        require_known(frame, "store_id", self._ids, source=source, kind="party")
        cells = parsed(frame["cell"])
        if (cells == NOWHERE).any():
            row = int(np.flatnonzero(cells == NOWHERE)[0])
            raise TableError(source, "cell", "an H3 cell", frame["cell"].iloc[row], row=row + 1)
        first, end = (_days(frame, name, missing) for name, missing in (("valid_from", _ALWAYS), ("valid_to", _NEVER)))
        return Catchments(self._ids.get_indexer(frame["store_id"]), cells, first, end)

    def _winners(self, frame: pd.DataFrame, source: str) -> npt.NDArray[np.int64]:
        if "store_id" not in frame and "buyer_id" not in frame:
            raise TableError(source, "store_id", "this column, or buyer_id", ", ".join(map(str, frame.columns)))
        for name in ("store_id", "buyer_id"):
            if name in frame:
                require_known(frame.where(frame != ""), name, self._ids, source=source, kind="party")
        winner = _column(frame, "store_id")
        winner = winner.where(_given(winner), _column(frame, "buyer_id"))
        return np.asarray(self._ids.get_indexer(winner))

    def _all_regions(self, frame: pd.DataFrame) -> pd.Index:
        """Return the regions of the parties, then those that only a table of areas names; remembers them."""
        more = pd.Index(frame["region"].dropna().unique()).difference(self._regions)
        self._regions = self._regions.append(more)
        return self._regions

    def _areas(self, lat: Floats, lon: Floats, region: Array) -> Cells:
        if self.grid:
            return area_cells(lat, lon, self.resolution)
        return (region + 1).astype(np.uint64)

    def _refuse(self, bad: Array, column: str, expected: str, frame: pd.DataFrame) -> None:
        if np.any(bad):
            row = int(np.flatnonzero(bad)[0])
            got = frame[column].iloc[row] if column in frame else None
            shown = "an empty cell" if got is None or pd.isna(got) else got
            raise TableError(self._names["areas"], column, expected, shown, row=row + 1, bad_rows=int(np.sum(bad)))

    @staticmethod
    def _day(frame: pd.DataFrame, as_of: pd.Timestamp | None) -> int:
        latest = frame["at"].max() if as_of is None and "at" in frame else as_of
        if latest is None or pd.isna(latest):
            return _NEVER - 1
        return int((pd.Timestamp(latest).tz_localize(None).normalize() - _EPOCH).days)


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    return frame[name] if name in frame else pd.Series(np.nan, index=frame.index, dtype="str")


def _given(texts: pd.Series) -> pd.Series:
    return texts.notna() & (texts != "")


def _number(frame: pd.DataFrame, name: str) -> Floats:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return np.array(frame[name].to_numpy(dtype=float, na_value=np.nan))


def _days(frame: pd.DataFrame, name: str, missing: int) -> npt.NDArray[np.int64]:
    if name not in frame:
        return np.full(len(frame), missing, dtype=np.int64)
    days = pd.to_datetime(frame[name]).to_numpy(dtype="datetime64[D]")
    return np.where(np.isnat(days), missing, days.astype(np.int64))
