"""Reading kept forecasts: by series or node, as of a moment, with the overrides in them, and why they are so."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError, NotReadyError, UnknownIdError
from forecast.drivers import Drivers, drivers_of
from forecast.overrides import Override
from services.champion import Model, framed_for, open_model, shelf_of
from services.network_forecast import network_series, sent_tables
from services.overrides import Members, in_force, with_final
from store.forecast_book import ForecastBook
from store.overrides import OverrideLog
from store.snapshot import Snapshot

__all__ = ["ForecastReader", "ForecastView"]

_SERIES = "series"
_MOST_VIEWS = 4


@dataclass(frozen=True)
class ForecastView:
    """One forecast with the overrides that counted.

    Parameters
    ----------
    meta
        ``run, computed_at, seen_to, model_version, data_version``, as far as known.
    levels
        Identifiers by level; ``series`` are the series themselves.
    rows
        By identifier: ``ds, mean, q…, final`` and, where overrides moved it, ``final_q…``.
    overrides
        Ids in force by identifier.
    written
        Answers drawn from it, as they were sent, by their tags; no other view's.
    """

    meta: Mapping[str, Any]
    levels: Mapping[str, Sequence[str]]
    rows: Mapping[str, pd.DataFrame]
    overrides: Mapping[str, Sequence[str]]
    tag: str
    written: dict[str, bytes] = field(default_factory=dict)

    def read(
        self, unique_id: str, *, horizon: int | None = None, quantiles: Sequence[float] | None = None
    ) -> pd.DataFrame:
        """Return the rows of a series or node.

        Raises
        ------
        UnknownIdError
            If it has no forecast.
        InputError
            If the horizon is longer than what was kept, or a quantile was not kept: none is guessed between two.
        """
        rows = self.rows.get(unique_id)
        if rows is None:
            raise UnknownIdError("series", unique_id)
        if horizon is not None and not 1 <= horizon <= len(rows):
            raise InputError("horizon", f"1 to {len(rows)} periods, which were kept", horizon)
        return _chosen(rows, quantiles).head(horizon or len(rows))

    def only(self, names: Collection[str]) -> ForecastView:
        """Return the series of these names alone, without nodes."""
        kept = [name for name in self.levels[_SERIES] if name in names]
        rows = {name: self.rows[name] for name in kept}
        overrides = {name: self.overrides[name] for name in kept if name in self.overrides}
        tag = hashlib.blake2b(f"{self.tag} {kept}".encode(), digest_size=10).hexdigest()
        return replace(self, levels={_SERIES: kept}, rows=rows, overrides=overrides, tag=tag, written={})


class ForecastReader:
    """Forecasts of a home, the latest ones read kept in memory.

    Parameters
    ----------
    home
        The home folder.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._views: dict[str, ForecastView] = {}
        self._asked: dict[tuple[str, ...], Any] = {}
        self._lock = threading.RLock()

    def view(self, snapshot: Snapshot, as_of: datetime | None = None) -> ForecastView:
        """Return the current forecast, or the one that counted at a moment, with the overrides of then.

        Raises
        ------
        NotReadyError
            If there is none.
        InputError
            If the moment is in no year that a calendar has.
        """
        as_of = None if as_of is None else _utc(as_of)
        with self._lock:
            tag = self._tag(snapshot, as_of)
            if tag not in self._views:
                while len(self._views) >= _MOST_VIEWS:
                    self._views.pop(next(iter(self._views)))
                self._views[tag] = self._made(snapshot, as_of, tag)
            return self._views[tag]

    def at_hand(self, snapshot: Snapshot) -> ForecastView | None:
        """Return the current forecast if it was read already; None if it has to be: it never waits."""
        return self._views.get(self._tag(snapshot, None))

    def drivers(self, snapshot: Snapshot, unique_id: str) -> tuple[Drivers | None, np.ndarray]:
        """Return why the current forecast of a series is what it is, and the days it is about.

        Raises
        ------
        NotReadyError
            If it was not made by a trained model, whose trees could be asked.
        UnknownIdError
            If it has no forecast.
        """
        view = self.view(snapshot)
        if unique_id not in view.levels[_SERIES]:
            raise UnknownIdError("series", unique_id)
        label = view.meta.get("model_version")
        if not label:
            told = "the model behind this forecast was not kept; a forecast by a promoted model can be asked why"
            raise NotReadyError(f'{told}: `POST /v1/forecasts` with {{"model": "champion"}}')
        with self._lock:
            key = (str(label), snapshot.version, str(view.meta.get("run")))
            if key not in self._asked:
                self._asked = {key: _ask(self._home, snapshot, str(label))}
            model, panel, point = self._asked[key]
        row = int(np.flatnonzero(panel.ids == unique_id)[0])
        return drivers_of(model, panel, point, row), panel.dates(panel.length, panel.length + panel.horizon)

    def _tag(self, snapshot: Snapshot, as_of: datetime | None) -> str:
        results = snapshot.root / "results" / "forecast.parquet"
        stamp = results.stat().st_mtime_ns if results.exists() else 0
        told = f"{snapshot.version} {stamp} {OverrideLog(self._home).stamp()} {as_of}"
        return hashlib.blake2b(told.encode(), digest_size=10).hexdigest()

    def _made(self, snapshot: Snapshot, as_of: datetime | None, tag: str) -> ForecastView:
        frame, nodes = self._frames(snapshot, as_of)
        static = network_series(snapshot)["static"] if len(snapshot.table("sales")) else pd.DataFrame({"unique_id": []})
        overrides = in_force(self._home, as_of=as_of)
        return _view(frame, nodes, static, overrides, tag)

    def _frames(self, snapshot: Snapshot, as_of: datetime | None) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        if as_of is None:
            frame, nodes = snapshot.result("forecast"), snapshot.result("forecast_levels")
            if not isinstance(frame, pd.DataFrame):
                told = "no forecast has been computed on this network yet: `POST /v1/forecasts` with the body {}"
                raise NotReadyError(f"{told}, or `evenflow run`")
            return frame, nodes if isinstance(nodes, pd.DataFrame) else None
        whole = ForecastBook(self._home).as_of(as_of)
        if whole is None:
            raise NotReadyError(f"no forecast is kept that counted at {as_of.isoformat()}")
        named = [name for ids in whole.attrs["levels"].values() for name in ids]
        inside = whole["unique_id"].isin(named)
        return whole[~inside].reset_index(drop=True), whole[inside].reset_index(drop=True)


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise InputError("as_of", "a moment in the years 1 to 9999 (UTC)", moment.isoformat()) from None


def _ask(home: Path, snapshot: Snapshot, label: str) -> Any:
    name, _, version = label.rpartition("-")
    model: Model = open_model(shelf_of(home, name), version)
    framed = framed_for(model, {**network_series(snapshot), **sent_tables(snapshot)}, {})
    panel, _ = model.trained.place(framed.panel)
    fitted = model.trained.at(panel)
    return fitted, panel, fitted.predict(panel)


def _view(
    frame: pd.DataFrame,
    nodes: pd.DataFrame | None,
    static: pd.DataFrame,
    overrides: Sequence[Override],
    tag: str,
) -> ForecastView:
    ids = list(dict.fromkeys(frame["unique_id"].astype(str)))
    members = Members(static, ids)
    named = [str(name) for name in nodes["unique_id"].unique()] if nodes is not None else []
    touched = _touched(overrides, members, ids, named)
    final = with_final(frame, overrides, static) if overrides else frame.assign(final=frame["mean"])
    parts = {str(name): rows for name, rows in final.groupby("unique_id", sort=False)}
    if nodes is not None:
        totals = {name: _total(final, members.rows(name), ids) for name in named}
        for name, rows in nodes.groupby("unique_id", sort=False):
            parts[str(name)] = _moved(rows, totals[str(name)] if touched.get(str(name)) else None)
    meta = {key: value for key, value in frame.attrs.items() if key != "levels"}
    levels = {_SERIES: ids, **frame.attrs.get("levels", {})}
    rows_of = {name: _plain(rows, moved=name in touched) for name, rows in parts.items()}
    return ForecastView(meta=meta, levels=levels, rows=rows_of, overrides=touched, tag=tag)


def _touched(
    overrides: Sequence[Override], members: Members, ids: Sequence[str], nodes: Sequence[str]
) -> dict[str, list[str]]:
    """Return the overrides that moved each series and node."""
    rows_of = {name: set(members.rows(name).tolist()) for name in nodes} if overrides else {}
    touched: dict[str, list[str]] = {}
    for override in overrides:
        rows = set(members.rows(override.unique_id).tolist())
        moved = [*(ids[row] for row in sorted(rows)), *(name for name in nodes if rows & rows_of[name])]
        for name in moved:
            touched.setdefault(name, []).append(override.id)
    return touched


def _plain(rows: pd.DataFrame, *, moved: bool) -> pd.DataFrame:
    dropped = ["unique_id", *(name for name in rows.columns if name.startswith("final_") and not moved)]
    return rows.drop(columns=dropped).reset_index(drop=True)


def _total(final: pd.DataFrame, rows: np.ndarray, ids: Sequence[str]) -> np.ndarray:
    """Return what the members of a node come to, by day."""
    table: np.ndarray = final["final"].to_numpy(dtype=float).reshape(len(ids), -1)
    return np.asarray(table[rows].sum(axis=0))


def _moved(rows: pd.DataFrame, total: np.ndarray | None) -> pd.DataFrame:
    """Return a node's rows with the sum of its members' final forecasts; its quantiles move with it."""
    mean = rows["mean"].to_numpy(dtype=float)
    final = mean if total is None else total
    ratio = np.divide(final, mean, out=np.ones_like(mean), where=mean > 0)
    own = {f"final_{name}": rows[name].to_numpy() * ratio for name in rows.columns if name.startswith("q")}
    return rows.assign(final=final, **own)


def _chosen(rows: pd.DataFrame, quantiles: Sequence[float] | None) -> pd.DataFrame:
    if quantiles is None:
        return rows
    kept = {float(name[1:]): name for name in rows.columns if name.startswith("q")}
    missing = [level for level in quantiles if level not in kept]
    if missing:
        raise InputError("quantiles", f"those that were kept: {', '.join(map(str, kept))}", missing[0])
    wanted = {kept[level] for level in quantiles}
    return rows[[n for n in rows.columns if not n.startswith(("q", "final_q")) or n.removeprefix("final_") in wanted]]
