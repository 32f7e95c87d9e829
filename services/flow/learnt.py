"""What refreshes single items: the champion, or models learnt once from the loaded network and kept beside it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from contracts.errors import EvenflowError, InputError
from forecast.forecaster import Origins
from forecast.point import PointParams
from forecast.snapshot import SnapshotError, pack, unpack
from forecast.trained import train
from services.champion import DEFAULT_NAME, Model, framed_for, open_champion, shelf_of
from services.forecast_demand import framed_from
from services.network_forecast import (
    DAYS,
    WEEKS,
    forecast_network,
    item_sales,
    network_series,
    own_sales,
    period_of,
    sent_tables,
    series_items,
)
from store.durable import put
from store.snapshot import Snapshot

__all__ = ["Learnt", "forecast_whole", "learnt_of"]

_log = logging.getLogger(__name__)
_LOCK = threading.Lock()
_KEPT: dict[tuple[Path, str, int, int], Learnt] = {}


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What is known of a loaded network's series.

    Parameters
    ----------
    daily, weekly
        The model of the series (the champion, if one was promoted that fits them), and that of the items' weeks.
    horizon
        Periods ahead that the series are forecast.
    items
        The item of each series.
    tables
        ``static``, ``known``, ``calendar`` of the series, as far as there are any.
    """

    daily: Model
    weekly: Model
    horizon: int
    items: pd.Series
    tables: Mapping[str, pd.DataFrame]

    @property
    def causes(self) -> list[str]:
        """The id of the champion among causes; none where nothing was promoted."""
        return [f"model-{self.daily.label}"] if self.daily.name == DEFAULT_NAME else []


def learnt_of(snapshot: Snapshot, *, seed: int = 0) -> Learnt:
    """Return what was learnt of a loaded network.

    Learning takes as long as a full forecast; it is done once per network and seed, and equal inputs give equal models:
    it does not matter which worker learns them. Once another champion serves, it is the model of the series.
    """
    key = (snapshot.root, snapshot.version, seed, shelf_of(_home(snapshot)).stamp())
    with _LOCK:
        if key not in _KEPT:
            _KEPT.clear()
            series = {**network_series(snapshot), **sent_tables(snapshot)}
            tables = {name: frame for name, frame in series.items() if name != "sales"}
            daily = _champion(snapshot, series) or _model(snapshot, "daily", seed, series)
            weekly = _model(snapshot, "weekly", seed, series)
            more: dict[str, Any] = {"horizon": _horizon(snapshot), "items": series_items(snapshot), "tables": tables}
            _KEPT[key] = Learnt(daily=daily, weekly=weekly, **more)
        return _KEPT[key]


def forecast_whole(snapshot: Snapshot, *, seed: int) -> None:
    """Forecast the whole loaded network, by the champion if there is one that fits, and keep that with it."""
    tables = sent_tables(snapshot)
    champion = _champion(snapshot, {**network_series(snapshot), **tables})
    options = {"seed": seed} if champion is None else {"horizon": _horizon(snapshot)}
    forecast_network(snapshot, tables=tables, options=options, champion=champion)


def _champion(snapshot: Snapshot, series: Mapping[str, pd.DataFrame]) -> Model | None:
    """Return the champion if it can forecast the loaded series as far as needed; None, and why in the log, if not."""
    shelf = shelf_of(_home(snapshot))
    if not shelf.stamp():
        return None
    try:
        if shelf.roles().champion is None:
            return None
        model = open_champion(shelf)
        if model.trained.horizon < _horizon(snapshot):
            raise InputError("horizon", f"at least {_horizon(snapshot)} periods", model.trained.horizon)
        model.trained.place(framed_for(model, series, {}).panel)
    except EvenflowError as error:
        _log.warning("the champion does not forecast the loaded network: %s", error)
        return None
    return model


def _horizon(snapshot: Snapshot) -> int:
    return DAYS if period_of(own_sales(snapshot)) == "D" else WEEKS


def _home(snapshot: Snapshot) -> Path:
    return snapshot.root.parent.parent


def _model(snapshot: Snapshot, name: str, seed: int, series: Mapping[str, pd.DataFrame]) -> Model:
    folder = snapshot.root / "results" / f"learnt_{name}_{seed}"
    found = _read(folder)
    if found is None:
        tables, freq, horizon = _inputs(snapshot, name, series)
        framed = framed_from(tables, {}, horizon=horizon, freq=freq, hierarchy=_texts(tables), country=None)
        trained = train(Origins(framed.panel, PointParams(), seed, ()), framed.panel.length)
        found = {"recipe": {"freq": freq}}, trained
        folder.mkdir(parents=True, exist_ok=True)
        for file, data in {**pack(trained), "card.json": orjson.dumps(found[0])}.items():
            put(folder / file, partial(_write, data=data))
    return Model(name, f"{snapshot.version}-{seed}", *found)


def _inputs(
    snapshot: Snapshot, name: str, series: Mapping[str, pd.DataFrame]
) -> tuple[dict[str, pd.DataFrame], str, int]:
    sales = own_sales(snapshot)
    period = period_of(sales)
    if name == "daily":
        return dict(series), period, DAYS if period == "D" else WEEKS
    calendar = {key: frame for key, frame in series.items() if key == "calendar"}
    horizon, freq = (7 * WEEKS, "D") if period == "D" else (WEEKS, "W-MON")
    return {"sales": item_sales(snapshot, sales), **calendar}, freq, horizon


def _texts(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the attributes that are texts: their codes belong to the model."""
    static = tables.get("static", pd.DataFrame())
    return [name for name in static if name != "unique_id" and not pd.api.types.is_numeric_dtype(static[name])]


def _read(folder: Path) -> tuple[dict[str, Any], Any] | None:
    try:
        files = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}
        card: dict[str, Any] = orjson.loads(files.pop("card.json"))
        return card, unpack(files)
    except (OSError, KeyError, orjson.JSONDecodeError, SnapshotError):
        return None


def _write(path: Path, *, data: bytes) -> None:
    path.write_bytes(data)
