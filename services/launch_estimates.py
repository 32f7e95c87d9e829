"""Estimates of launches from the loaded network and the signals that came since: made, kept, compared, replayed."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import version
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from contracts.errors import InputError, NotReadyError, UnknownIdError
from contracts.progress import Report, silent
from forecast.launch.checkpoints import checkpoints_from
from forecast.launch.forecaster import FittedLaunches, LaunchForecaster
from services.ingest import Inlet
from services.launch_memory import LaunchMemory
from services.launch_tables import LIFE, LaunchTables, finals, history_at, launch_styles, own_tables
from store.home import Home
from store.launch_book import hash_of
from store.snapshot import Snapshot

__all__ = ["CHECKPOINTS", "QUANTILES", "LaunchDesk", "checkpoint_at", "estimate_all", "moves"]

CHECKPOINTS = ("0h", "1h", "6h", "24h", "2d", "3d", "5d", "7d", "10d", "14d")
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
_PATH_QUANTILES = (0.1, 0.5, 0.9)
_STEPS = ((1, 5), (6, 15), (10**9, 60))  # up to so many hours after the launch, how many minutes from look to look
_MOST_HISTORIES = 4
_SHOWN = ("style_id", "checkpoint", "at", "mean", "p_hit", "drivers", "estimate_id")
_DRIVER = re.compile(r"\s*(.+?) x(\d+(?:\.\d+)?)\s*")


def checkpoint_at(launch_at: pd.Timestamp, at: pd.Timestamp) -> str:
    """Return the checkpoint of a moment: how long after the launch, in steps of minutes; at most a life of 25 days.

    Examples
    --------
    >>> launch = pd.Timestamp("2026-03-01 20:00", tz="Asia/Shanghai")
    >>> [checkpoint_at(launch, launch + pd.Timedelta(later)) for later in ("-2D", "7min", "2h", "25h 10min", "90D")]
    ['0h', '10m', '2h', '26h', '25d']
    """
    minutes = min(max((at - launch_at).total_seconds(), 0.0), LIFE.total_seconds()) / 60
    step = next(step for hours, step in _STEPS if minutes <= 60 * hours)
    whole = int(-(-minutes // step) * step)
    if whole % 1440 == 0 and whole:
        return "24h" if whole == 1440 else f"{whole // 1440}d"
    return f"{whole // 60}h" if whole % 60 == 0 else f"{whole}m"


@dataclass
class _Learnt:
    """A history, and the models learnt from it so far, by checkpoint."""

    tables: dict[str, pd.DataFrame]
    name: str
    models: dict[str, FittedLaunches] = field(default_factory=dict)

    def model(self, checkpoint: str, seed: int) -> FittedLaunches:
        """Return the model of a checkpoint, learnt when it is first asked for."""
        if checkpoint not in self.models:
            tables = {name: frame if len(frame) else None for name, frame in self.tables.items()}
            self.models[checkpoint] = LaunchForecaster(seed=seed).fit(**tables, checkpoints=[checkpoint])
        return self.models[checkpoint]

    def version(self, checkpoint: str, seed: int) -> str:
        """Return the name of that model."""
        told = f"{version('evenflow')} {self.name} {checkpoint} {seed} {LaunchForecaster().params}"
        return blake2b(told.encode(), digest_size=6).hexdigest()


class LaunchDesk:
    """Makes and keeps estimates of one home.

    Parameters
    ----------
    home
        The loaded networks.
    inlet
        What came in since, and the names of KOLs.
    seed
        Of the models.
    """

    def __init__(self, home: Home, inlet: Inlet, *, seed: int = 0) -> None:
        self._home, self._inlet, self._seed = home, inlet, seed
        self.book = inlet.book
        self._memory = LaunchMemory(inlet)
        self._histories: OrderedDict[tuple[Any, ...], _Learnt] = OrderedDict()
        self._lock = threading.Lock()

    def estimate(
        self, style_id: str, *, as_of: pd.Timestamp, checkpoint: str | None = None, keep: bool = True
    ) -> dict[str, Any]:
        """Return the estimate of a style as one stood there at a moment, and keep it.

        Parameters
        ----------
        style_id
            A style of the loaded network.
        as_of
            The moment: nothing observed later has a part in it.
        checkpoint
            Time after the launch (``24h``), not after the moment; by default the moment's own.
        keep
            False keeps nothing: what was not kept before can't be replayed.

        Returns
        -------
        dict
            ``estimate_id, style_id, launch_at, checkpoint, at, mean, quantiles, p_hit, drivers, known`` (what people
            did so far, by kind), ``path`` (what is still to come by day, empty if the days of finished styles are not
            known), ``method, model_version, inputs_hash, made_at``.

        Raises
        ------
        UnknownIdError
            If there is no such style.
        NotReadyError
            If nothing is loaded, or no style's total was known by then.
        InputError
            If the checkpoint was not over.
        """
        looked = self._memory.look(self._home.current())
        name, at = _looked(looked.launch_at(style_id), as_of, checkpoint)
        return looked.told(
            style_id, name, at, lambda: self._made(looked.snapshot, style_id, name, at, keep=keep), keep=keep
        )

    def finished(self, style_id: str, *, by: pd.Timestamp, where: str | None = None) -> int:
        """Return how many styles' totals were known at a moment; raises UnknownIdError if there is no such style."""
        looked = self._memory.look(self._home.current())
        looked.launch_at(style_id, where=where)
        return looked.finished_by(by)

    def _made(self, snapshot: Snapshot, style_id: str, name: str, at: pd.Timestamp, *, keep: bool) -> dict[str, Any]:
        own = own_tables(snapshot, self._inlet, style_id, at)
        launch_at = own.styles["launch_at"].iloc[0]
        learnt = self._history(at)
        told = _told(learnt, own, name, self._seed)
        mine = _plain(own)
        inputs = self.book.keep_inputs(mine) if keep else hash_of(mine)
        if keep:
            self.book.keep_inputs(learnt.tables)
        model_version = learnt.version(name, self._seed)
        told |= {"style_id": style_id, "launch_at": launch_at.isoformat(), "at": at.tz_convert("UTC").isoformat()}
        told |= {"model_version": model_version, "inputs_hash": inputs, "history": learnt.name, "seed": self._seed}
        seed = f"{style_id} {name} {inputs} {model_version}"
        told |= {"estimate_id": blake2b(seed.encode(), digest_size=8).hexdigest()}
        told |= {"made_at": datetime.now(UTC).isoformat(timespec="milliseconds")}
        known = [kept for kept in self.book.estimates(style_id) if kept["estimate_id"] == told["estimate_id"]]
        if known:
            return known[0]
        if keep:
            self.book.add(told)
        return told

    def history(self, style_id: str) -> list[dict[str, Any]]:
        """Return the estimates of a style told so far; raises UnknownIdError if the style is not there either."""
        found = self.book.estimates(style_id)
        if not found and style_id not in set(self.styles()["style_id"]):
            raise UnknownIdError("style", style_id)
        return found

    def styles(self) -> pd.DataFrame:
        """Return the styles of the loaded network."""
        return launch_styles(self._home.current())

    def replay(self, estimate_id: str, *, style_id: str | None = None) -> dict[str, Any]:
        """Compute an estimate again from the inputs kept with it.

        Returns
        -------
        dict
            ``estimate_id``, ``same`` (whether every number is), ``told`` and ``replayed``.

        Raises
        ------
        UnknownIdError
            If there is none of that id.
        NotReadyError
            If its inputs are gone or damaged.
        """
        kept = self.book.estimate(estimate_id, style_id)
        learnt = _Learnt(self.book.inputs(kept["history"]), kept["history"])
        own = LaunchTables(**self.book.inputs(kept["inputs_hash"]))
        again = _told(learnt, own, kept["checkpoint"], kept["seed"])
        told = {name: kept[name] for name in again}
        same_code = learnt.version(kept["checkpoint"], kept["seed"]) == kept["model_version"]
        return {
            "estimate_id": estimate_id,
            "same": told == again,
            "same_model_version": same_code,
            "told": told,
            "replayed": again,
        }

    def _history(self, at: pd.Timestamp) -> _Learnt:
        """Return the history known at a moment; gathered anew when another style has become final, or was loaded."""
        snapshot = self._home.current()
        styles = launch_styles(snapshot)
        known = (finals(styles) <= at).to_numpy()
        if not known.any():
            raise NotReadyError(
                f"no style had a known total by {at.isoformat()}: styles.csv needs `total` of styles launched 25 days "
                "before, or earlier"
            )
        key = (snapshot.version, known.tobytes())
        with self._lock:
            if key not in self._histories:
                tables = _plain(history_at(snapshot, self._inlet, at))
                self._histories[key] = _Learnt(tables, hash_of(tables))
            self._histories.move_to_end(key)
            while len(self._histories) > _MOST_HISTORIES:
                self._histories.popitem(last=False)
            return self._histories[key]


def estimate_all(
    desk: LaunchDesk,
    *,
    as_of: pd.Timestamp,
    style_ids: Sequence[str] | None = None,
    checkpoints: Sequence[str] | None = None,
    progress: Report = silent,
) -> pd.DataFrame:
    """Make and keep the estimates of styles at each checkpoint that is over at a moment, and at the moment itself.

    Parameters
    ----------
    style_ids
        By default all whose life is not over.
    checkpoints
        Only these, as far as they are over; by default `CHECKPOINTS`, and the moment itself.

    Returns
    -------
    DataFrame
        ``style_id, checkpoint, at, mean, q…, p_hit, drivers, estimate_id``, a row per estimate.
    """
    styles = desk.styles()
    alive = styles[(styles["launch_at"] + LIFE > as_of).to_numpy()]["style_id"]
    launch_at = styles.set_index("style_id")["launch_at"]
    rows = []
    asked = list(alive if style_ids is None else style_ids)
    for done, style_id in enumerate(asked):
        progress("estimate", done, len(asked))
        if style_id not in launch_at.index:
            raise UnknownIdError("style", style_id)
        age = (as_of - launch_at[style_id]).total_seconds()
        over = [c.name for c in checkpoints_from(checkpoints or CHECKPOINTS) if c.seconds <= age]
        for checkpoint in [*over, *([None] if checkpoints is None else [])]:
            told = desk.estimate(style_id, as_of=as_of, checkpoint=checkpoint)
            rows.append(
                {**{name: told[name] for name in _SHOWN[:4]}, **told["quantiles"], **{n: told[n] for n in _SHOWN[4:]}}
            )
    progress("estimate", len(asked), len(asked))
    return pd.DataFrame(rows, columns=None if rows else list(_SHOWN)).drop_duplicates("estimate_id", ignore_index=True)


def moves(estimates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return how a style's estimate moved from each to the next, and why.

    Parameters
    ----------
    estimates
        Of one style, in order.

    Returns
    -------
    list of dict
        One per estimate but the first: ``factor`` of the mean, ``p_hit`` (change), ``came`` (what people did in
        between, by kind) and ``drivers`` whose factor changed, as [before, after]; 1 where it was none.
    """
    found = []
    for before, after in pairwise(estimates):
        kinds = sorted(set(before["known"]) | set(after["known"]))
        came = {kind: after["known"].get(kind, 0.0) - before["known"].get(kind, 0.0) for kind in kinds}
        first, second = _factors(before["drivers"]), _factors(after["drivers"])
        changed = {
            name: [first.get(name, 1.0), second.get(name, 1.0)]
            for name in sorted(set(first) | set(second))
            if first.get(name, 1.0) != second.get(name, 1.0)
        }
        factor = after["mean"] / before["mean"] if before["mean"] else None
        found.append(
            {
                "from": before["estimate_id"],
                "to": after["estimate_id"],
                "factor": factor,
                "p_hit": (after["p_hit"] or 0.0) - (before["p_hit"] or 0.0),
                "came": {kind: count for kind, count in came.items() if count},
                "drivers": changed,
            }
        )
    return found


def _looked(launch_at: pd.Timestamp, as_of: pd.Timestamp, checkpoint: str | None) -> tuple[str, pd.Timestamp]:
    """Return a checkpoint's name and the moment one looks from."""
    if checkpoint is None:
        return checkpoint_at(launch_at, as_of), as_of
    (asked,) = checkpoints_from([checkpoint], option="checkpoint")
    at = launch_at + pd.Timedelta(seconds=asked.seconds)
    if at > as_of:
        raise InputError("checkpoint", f"one that was over at {as_of.isoformat()}", checkpoint)
    return asked.name, at


def _told(learnt: _Learnt, own: LaunchTables, checkpoint: str, seed: int) -> dict[str, Any]:
    model = learnt.model(checkpoint, seed)
    row = model.predict(own.styles, own.signals, own.sales, checkpoints=[checkpoint], quantiles=QUANTILES).iloc[0]
    known = own.signals.groupby("kind")["count"].sum().to_dict() | {"sale": float(own.sales["y"].sum())}
    return {
        "checkpoint": checkpoint,
        "mean": float(row["mean"]),
        "quantiles": {name: float(row[name]) for name in row.index if name.startswith("q")},
        "p_hit": None if np.isnan(row["p_hit"]) else float(row["p_hit"]),
        "drivers": str(row["drivers"]),
        "known": {str(kind): float(count) for kind, count in known.items() if count},
        "method": next(iter(model.models.values())).method,
        "path": _path(model, own, checkpoint),
    }


def _path(model: FittedLaunches, own: LaunchTables, checkpoint: str) -> list[dict[str, Any]]:
    """Return what is still to come, day by day; nothing if the days of finished styles are not known."""
    try:
        days = model.path(own.styles, own.signals, own.sales, checkpoint=checkpoint, quantiles=_PATH_QUANTILES)
    except InputError:
        return []
    values = days.drop(columns=["item", "bucket"]).to_dict("records")
    dated = zip(days["bucket"], values, strict=True)
    return [{"ds": f"{day:%Y-%m-%d}", **{str(name): float(cell) for name, cell in row.items()}} for day, row in dated]


def _plain(tables: LaunchTables) -> dict[str, pd.DataFrame]:
    return dict(vars(tables))


def _factors(drivers: str) -> dict[str, float]:
    """Return drivers with their factors.

    Examples
    --------
    >>> _factors("speed x2.02; sale after launch x1.11")
    {'speed': 2.02, 'sale after launch': 1.11}
    """
    found = (_DRIVER.fullmatch(part) for part in drivers.split(";"))
    return {match[1]: float(match[2]) for match in found if match}
