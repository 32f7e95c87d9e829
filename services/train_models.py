"""Training: a recipe and data in, a measured, registered and kept model out; then who of them serves."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

import forecast
from contracts.progress import Report, silent
from forecast.backtest import backtest
from forecast.conformal import DEFAULT_QUANTILES
from forecast.forecaster import ForecastProblem, Origins
from forecast.frames import check_horizon
from forecast.point import PointParams
from forecast.snapshot import FORMAT, pack
from forecast.trained import Trained, train
from services.champion import DEFAULT_NAME, shelf_of
from services.forecast_demand import framed_from, levels_of
from store.registry import Registry, Run, require_installed

__all__ = ["Fitted", "Recipe", "Training", "data_hash", "fit_model", "score_table", "train_model"]

_KINDS = {"str": "string", "date": "datetime", "float": "double", "bool": "boolean"}
_SALES = {"unique_id": "str", "ds": "date", "y": "float"}
_MEASURES = ("wape", "wrmsse", "wspl", "rmsse", "bias", "quantile_loss")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a model is trained: the options of `evenflow forecast` that shape it.

    Parameters
    ----------
    horizon, freq, country, model, reconcile, seed
        As in `services.forecast_demand`.
    hierarchy
        Static columns whose groups steady the series and are scored beside them.
    params
        Everything else about the model; its `model` and `reconcile` are replaced by the two above.
    """

    horizon: int = 28
    freq: str = "D"
    country: str | None = None
    model: str = "auto"
    reconcile: str = "scaled"
    seed: int = 0
    hierarchy: tuple[str, ...] = ()
    params: PointParams = field(default_factory=PointParams)

    @property
    def point(self) -> PointParams:
        """Parameters of the point forecast."""
        return replace(self.params, model=self.model, reconcile=self.reconcile)


@dataclass(frozen=True)
class Fitted:
    """A trained model that was scored.

    Parameters
    ----------
    card
        What is told about it: recipe, data, code, measures.
    scores
        Per origin and model, as `forecast.backtest`.
    files
        The model and its card, as they are kept.
    """

    trained: Trained
    card: Mapping[str, Any]
    scores: Sequence[Mapping[str, Any]]
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Training:
    """A trained model and its number in the registry."""

    name: str
    version: str
    fitted: Fitted


def train_model(
    tables: Mapping[str, pd.DataFrame | None],
    *,
    home: Path,
    recipe: Recipe | None = None,
    name: str = DEFAULT_NAME,
    origins: int = 3,
    uri: str | None = None,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> Training:
    """Train, score on earlier origins, log, register and keep a model; it becomes the challenger.

    Parameters
    ----------
    tables, recipe, origins, sources
        As `fit_model`.
    home
        Folder of the registry (``registry/``) and of the models that can serve (``models/``).
    uri
        mlflow's URI, a file in `home` by default.

    Raises
    ------
    InputError
        If the tables or the recipe are wrong, or the history is too short for so many origins.
    NotReadyError
        If mlflow is not installed or does not answer.
    """
    shelf = shelf_of(home, name)
    require_installed()
    fitted = fit_model(tables, recipe=recipe, origins=origins, sources=sources, progress=progress)
    registry = Registry(home / "registry", uri=uri)
    version = registry.log(name, _run(fitted))
    shelf.challenge(shelf.put(version, fitted.files, fitted.card))
    registry.mirror(name, {"challenger": version})
    return Training(name, version, fitted)


def fit_model(
    tables: Mapping[str, pd.DataFrame | None],
    *,
    recipe: Recipe | None = None,
    origins: int = 3,
    sources: Mapping[str, str] | None = None,
    progress: Report = silent,
) -> Fitted:
    """Train and score a model, and keep it nowhere.

    Parameters
    ----------
    tables
        ``sales`` and, as far as there are any, ``static``, ``known``, ``calendar``: raw rows.
    origins
        Earlier origins to score at, one horizon apart, simple models beside ours.
    sources
        File names of the tables, for messages.

    Raises
    ------
    InputError
        If the tables or the recipe are wrong, or the history is too short for so many origins.
    """
    chosen = recipe or Recipe()
    check_horizon(chosen.horizon)
    framed = framed_from(
        tables,
        sources or {},
        horizon=chosen.horizon,
        freq=chosen.freq,
        hierarchy=chosen.hierarchy,
        country=chosen.country,
    )
    levels = levels_of(framed.panel, chosen.hierarchy)
    asked = Origins(framed.panel, chosen.point, chosen.seed, levels)
    scores = backtest(asked, ForecastProblem(panel=framed.panel, levels=levels), origins, progress=progress)
    progress("train", 0, 1)
    trained = train(asked, framed.panel.length)
    progress("train", 1, 1)
    card = _card(chosen, tables, trained, scores)
    told = orjson.dumps(card, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)
    return Fitted(trained, orjson.loads(told), scores, {**pack(trained), "card.json": told})


def score_table(scores: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return the scores of a training as a table: one row per origin and model."""
    return pd.DataFrame(
        [
            {"origin": score["origin"], "model": score["model"]}
            | {measure: score.get(measure) for measure in _MEASURES}
            | {f"coverage_{share}": value for share, value in score["coverage"].items()}
            for score in scores
        ]
    )


def data_hash(tables: Mapping[str, pd.DataFrame | None]) -> str:
    """Return a hash of tables' cells, whatever the order of rows and columns.

    Examples
    --------
    >>> rows = pd.DataFrame({"unique_id": ["a", "b"], "y": [1, 2]})
    >>> data_hash({"sales": rows}) == data_hash({"sales": rows[["y", "unique_id"]][::-1], "static": None})
    True
    """
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(key for key, table in tables.items() if table is not None):
        table = tables[name]
        assert table is not None
        ordered = table[sorted(table.columns)].astype("str")
        digest.update(f"{name} {list(ordered.columns)}".encode())
        digest.update(pd.util.hash_pandas_object(ordered, index=False).sort_values().to_numpy().tobytes())
    return digest.hexdigest()


def _card(
    recipe: Recipe,
    tables: Mapping[str, pd.DataFrame | None],
    trained: Trained,
    scores: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return what is told about a model."""
    own = [score for score in scores if score["model"] == recipe.model]
    sales = tables["sales"]
    assert sales is not None
    return {
        "recipe": asdict(recipe),
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {
            "hash": data_hash(tables),
            "tables": {name: len(table) for name, table in tables.items() if table is not None},
            "series": len(trained.ids),
            "seen_to": str(trained.frequency.dates(np.array([trained.until - 1]))[0]),
        },
        "code": {"evenflow": version_of("evenflow"), "forecast": _code_hash(), "snapshot_format": FORMAT},
        "model": trained.model.name,
        "metrics": {name: [score.get(name) for score in own] for name in _MEASURES},
        "origins": [score["origin"] for score in own],
        "value_added": own[0].get("value_added", {}) if own else {},
    }


def _run(fitted: Fitted) -> Run:
    card, trained = fitted.card, fitted.trained
    metrics: dict[str, list[float]] = {}
    for score in fitted.scores:
        prefix = "" if score["model"] == card["recipe"]["model"] else f"{score['model']}."
        plain = {measure: score[measure] for measure in _MEASURES if measure in score}
        plain |= {f"coverage_{share}": value for share, value in score["coverage"].items()}
        for measure, value in plain.items():
            if math.isfinite(value):
                metrics.setdefault(prefix + measure, []).append(value)
    inputs = {f"sales.{name}": _KINDS[kind] for name, kind in _SALES.items()}
    inputs |= {f"{c.table}.{c.name}": "string" if c.categories else "double" for c in trained.columns}
    outputs = {"unique_id": "string", "ds": "datetime", "mean": "double"}
    outputs |= {f"q{level:g}": "double" for level in DEFAULT_QUANTILES}
    tags = {
        "data_hash": card["data"]["hash"],
        "code": f"{card['code']['evenflow']}+{card['code']['forecast']}",
        "seed": str(card["recipe"]["seed"]),
        "snapshot_format": str(FORMAT),
        "seen_to": card["data"]["seen_to"],
    }
    return Run(
        params=_flat(card["recipe"]), metrics=metrics, tags=tags, inputs=inputs, outputs=outputs, files=fitted.files
    )


def _flat(nested: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested parameters under dotted names.

    Examples
    --------
    >>> _flat({"seed": 0, "params": {"boosting": {"rounds": 120}}})
    {'seed': 0, 'params.boosting.rounds': 120}
    """
    out: dict[str, Any] = {}
    for key, value in nested.items():
        out |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return out


def _code_hash() -> str:
    """Return a hash of the forecast package's sources: what trains and what serves must be the same code."""
    digest = hashlib.blake2b(digest_size=6)
    for path in sorted(Path(forecast.__path__[0]).glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
