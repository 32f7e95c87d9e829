"""What the console shows, taken from a loaded version: frames and figures, no widgets."""

from __future__ import annotations

from copy import copy
from typing import Any

import pandas as pd

from api.http.house import Loaded
from services.overview import levelness, simulated_tables, unlevelled_load

__all__ = ["View"]

_HISTORY_DAYS = 56


class View:
    """The parts of the first screen; each is None where it was not computed."""

    def __init__(self, loaded: Loaded) -> None:
        self.version = loaded.version
        snapshot = loaded.snapshot
        self._simulated = simulated_tables(snapshot)
        self.forecast = _frame(loaded, "forecast")
        self.plan, self.load, self.matches = _frame(loaded, "plan"), _frame(loaded, "load"), _frame(loaded, "matches")
        self._sales = snapshot.table("sales")
        figures = loaded.result("figures")
        self.figures: dict[str, Any] = figures if isinstance(figures, dict) else {}
        self.unlevelled = _unlevelled(loaded)
        self.attention = pd.DataFrame({"stake_fen": []})

    def showing(self, exceptions: pd.DataFrame) -> View:
        """Return the same with what needs a decision now, which changes more often than the network."""
        shown = copy(self)
        shown.attention = exceptions
        return shown

    @property
    def simulated(self) -> str | None:
        """What of this is simulated, in words; None if nothing is."""
        if not self._simulated:
            return None
        told = self.figures.get("simulated")
        names = [name if extent == "all" else f"some of {name}" for name, extent in self._simulated.items()]
        return f"Simulated: {told if isinstance(told, str) else ', '.join(names)}."

    @property
    def empty(self) -> bool:
        """Whether a network is loaded but nothing was computed on it."""
        return self.forecast is None and self.plan is None and self.matches is None

    @property
    def all_well(self) -> str:
        """What is in order where nothing needs a decision: only what was computed."""
        parts = {"every order has a supplier in time": self.matches, "every hour has work": self.load}
        found = [words for words, frame in parts.items() if frame is not None]
        return f"Nothing stands out: {' and '.join(found)}." if found else "Nothing to decide before there is a plan."

    def series(self) -> list[str]:
        """Return the forecast series, the largest first."""
        if self.forecast is None:
            return []
        totals = self.forecast.groupby("unique_id")["mean"].sum()
        return [str(name) for name in totals.sort_values(ascending=False).index]

    def one_series(self, unique_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return a series' last eight weeks of sales and its forecast."""
        assert self.forecast is not None
        ahead = self.forecast[self.forecast["unique_id"] == unique_id].sort_values("ds")
        sold = self._sales[self._sales["unique_id"] == unique_id].sort_values("ds")
        return sold.tail(_HISTORY_DAYS), ahead

    def resources(self) -> list[str]:
        """Return the planned resources, the most hours first."""
        if self.load is None:
            return []
        return [str(name) for name in self.load.groupby("resource")["hours"].sum().sort_values(ascending=False).index]

    def one_resource(self, resource: str) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """Return a resource's load by bucket, and what following demand would take."""
        assert self.load is not None
        load = self.load[self.load["resource"] == resource].sort_values("bucket")
        if self.unlevelled is None:
            return load, None
        return load, self.unlevelled[self.unlevelled["resource"] == resource]

    def tiles(self) -> list[tuple[str, str, str]]:
        """Return the key figures: name, value, note."""
        found = [self._stake_tile()]
        if self.forecast is not None:
            pieces, days = self.forecast["mean"].sum(), self.forecast["ds"].nunique()
            series = self.forecast["unique_id"].nunique()
            found.append(("Expected sell-through", f"{pieces:,.0f}", f"pieces in {days} days, {series:,} series"))
        if self.load is not None:
            found.append(self._level_tile())
        if self.matches is not None:
            served = self.matches["supplier_id"].notna()
            pieces = self.matches["pieces"]
            share = pieces[served].sum() / max(1, pieces.sum())
            orders = self.matches["order_id"].nunique()
            found.append(("Pieces with a supplier", f"{share:.1%}", f"{orders:,} orders of the day"))
        return found

    def _stake_tile(self) -> tuple[str, str, str]:
        total, count = self.attention["stake_fen"].sum() / 100, len(self.attention)
        return "Money at stake", f"¥{total:,.0f}", f"{count:,} exception{'' if count == 1 else 's'}, ranked below"

    def _level_tile(self) -> tuple[str, str, str]:
        assert self.load is not None
        now = levelness(self.load)
        note = "between buckets, per resource"
        if self.unlevelled is not None and len(self.unlevelled):
            note = f"between weeks; {levelness(self.unlevelled):.0%} if made week by week"
        return "Load varies by", f"{now:.1%}", note


def _frame(loaded: Loaded, name: str) -> pd.DataFrame | None:
    result = loaded.result(name)
    return result if isinstance(result, pd.DataFrame) and len(result) else None


def _unlevelled(loaded: Loaded) -> pd.DataFrame | None:
    weekly, routes = _frame(loaded, "weekly_forecast"), loaded.snapshot.table("routes")
    if weekly is None or routes.empty:
        return None
    return unlevelled_load(weekly.rename(columns={"unique_id": "item", "ds": "bucket"}), routes)
