"""Match weights as models: learnt from outcomes, replayed on later ones, promoted only if they do no worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from contracts.errors import InputError, NotReadyError
from matching.landed import DEFAULT_WEIGHTS
from matching.learning import DECISIONS, LearntWeights, calibrated, learn_weights, outcomes_of
from matching.score import ScoreWeights
from matching.weight_replay import replay_weights
from services.champion import shelf_of, waiting_of
from services.train_models import data_hash
from store.models import Kept, Shelf
from store.registry import Registry, Run, require_installed

__all__ = [
    "KIND",
    "WEIGHTS_NAME",
    "WeightsModel",
    "champion_weights",
    "compare_weights",
    "learn_model",
    "require_no_worse",
    "train_weights",
]

KIND = "match_weights"
WEIGHTS_NAME = "match_weights"
_LATER_SHARE = 0.3
_FORMAT = 1


@dataclass(frozen=True)
class WeightsModel:
    """Learnt weights of the shelf.

    Parameters
    ----------
    start
        The weights it started from, calibrated on the same decisions.
    later
        The decisions it did not learn from, because they came later.
    """

    label: str
    card: Mapping[str, Any]
    learnt: LearntWeights
    start: LearntWeights
    later: pd.DataFrame


def train_weights(
    decisions: pd.DataFrame,
    *,
    home: Path,
    prior: ScoreWeights | None = None,
    name: str = WEIGHTS_NAME,
    uri: str | None = None,
    seed: int = 0,
    source: str = "decisions",
) -> dict[str, Any]:
    """Learn weights from the earlier decisions, replay them on the later 30 %, register and keep them as challenger.

    Parameters
    ----------
    decisions
        Raw table (`matching.learning.DECISIONS`) with the columns of the parts.
    prior
        The weights to start from; those of `matching.landed` by default.
    home, name, uri
        As `services.train_models.train_model`.

    Returns
    -------
    dict
        ``name, version, role`` and the card: recipe, data, the weights, ``replay`` against the weights started from.

    Raises
    ------
    InputError
        If the table is wrong or too few outcomes are known.
    NotReadyError
        If mlflow is not installed or does not answer.
    """
    shelf = shelf_of(home, name)
    require_installed()
    card, files = learn_model(decisions, prior=prior, seed=seed, source=source)
    registry = Registry(home / "registry", uri=uri)
    version = registry.log(name, _run(card, files, seed))
    shelf.challenge(shelf.put(version, files, card))
    registry.mirror(name, {"challenger": version})
    return {"name": name, "version": version, "role": "challenger", **card}


def learn_model(
    decisions: pd.DataFrame, *, prior: ScoreWeights | None = None, seed: int = 0, source: str = "decisions"
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Learn and replay weights, and keep them nowhere: return their card and files; parameters as `train_weights`."""
    table = DECISIONS.check(decisions, source)
    earlier, later = _parted(table, source)
    started = prior or DEFAULT_WEIGHTS
    learnt = learn_weights(earlier, started, source=source)
    result = outcomes_of(earlier)
    known = ~np.isnan(result)
    start = calibrated(earlier[known], result[known], started, source=source)
    card = _card(table, earlier, learnt, start, replay_weights(start, learnt, later, seed=seed, source=source))
    told = orjson.dumps(card, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)
    files = {"card.json": told, "weights.toml": _toml(learnt.weights).encode(), "later.parquet": _bytes(later)}
    return orjson.loads(told), files


def compare_weights(
    home: Path,
    *,
    name: str = WEIGHTS_NAME,
    decisions: pd.DataFrame | None = None,
    champion: str | None = None,
    challenger: str | None = None,
    seed: int = 0,
    source: str = "decisions",
) -> dict[str, Any]:
    """Replay champion and challenger on later decisions: of those given, else those kept with the challenger.

    Returns
    -------
    dict
        As `matching.weight_replay.replay_weights`, with ``champion_model, challenger_model`` and ``verdict``.

    Raises
    ------
    NotReadyError
        If there is no champion or no challenger.
    InputError
        If no decision given is later than what they learnt from.
    """
    shelf = shelf_of(home, name)
    old = _opened(shelf, shelf.read(champion) if champion else shelf.champion()[0])
    new = _opened(shelf, shelf.read(challenger or waiting_of(shelf, "decisions")))
    rows = new.later
    if decisions is not None:
        rows = _after(DECISIONS.check(decisions, source), (old, new), source)
    found = replay_weights(old.learnt, new.learnt, rows, seed=seed, source=source)
    return {"champion_model": old.label, "challenger_model": new.label, "verdict": _verdict(found), **found}


def require_no_worse(shelf: Shelf, version: str) -> dict[str, Any]:
    """Replay a version on its later decisions against the champion (the weights it started from, before there is one).

    Raises
    ------
    InputError
        If it foretells them worse; it may not be promoted.
    """
    new = _opened(shelf, shelf.read(version))
    serves = shelf.roles().champion
    old, label = new.start, "the weights it started from"
    if serves is not None and serves.version != version:
        champion = _opened(shelf, shelf.champion()[0])
        old, label = champion.learnt, champion.label
    found = replay_weights(old, new.learnt, new.later)
    if found["improvement"]["value"] < 0:
        told = f"{found['challenger']['log_loss']:.4f} against {found['champion']['log_loss']:.4f} of {label}"
        raise InputError(f"promote {new.label}", "a log loss on later outcomes no worse than what serves", told)
    return found


def champion_weights(home: Path, name: str = WEIGHTS_NAME) -> tuple[ScoreWeights, str]:
    """Return the champion's weights and its label.

    Raises
    ------
    NotReadyError
        If nothing was promoted yet, or nothing promoted is whole.
    """
    shelf = shelf_of(home, name)
    model = _opened(shelf, shelf.champion()[0])
    return model.learnt.weights, model.label


def _parted(table: pd.DataFrame, source: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the earlier and the later decisions; all candidates of a decision stay together."""
    known = ~np.isnan(outcomes_of(table))
    at = table.groupby("decision_id", sort=False)["decided_at"].transform("max")
    if not known.any():
        raise InputError(source, "chosen candidates with a known outcome", "none")
    cut = at[known].sort_values().iloc[int(known.sum() * (1 - _LATER_SHARE))]
    later = (at >= cut).to_numpy(np.bool_)
    return table[~later].reset_index(drop=True), table[later].reset_index(drop=True)


def _after(table: pd.DataFrame, models: tuple[WeightsModel, ...], source: str) -> pd.DataFrame:
    seen = max(pd.Timestamp(model.card["data"]["seen_to"]) for model in models)
    at = table.groupby("decision_id", sort=False)["decided_at"].transform("max")
    rows = table[at > seen]
    if rows.empty:
        raise InputError(source, f"decisions after {seen.isoformat()}, to which they learnt", "none")
    return rows.reset_index(drop=True)


def _card(
    table: pd.DataFrame, earlier: pd.DataFrame, learnt: LearntWeights, start: LearntWeights, replay: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "kind": KIND,
        "format": _FORMAT,
        "recipe": {"pull": learnt.pull, "start": _table(start)},
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {
            "hash": data_hash({"decisions": table}),
            "tables": {"decisions": len(table)},
            "seen_to": earlier["decided_at"].max().isoformat(),
        },
        "code": {"evenflow": version_of("evenflow")},
        "learnt": _table(learnt),
        "replay": dict(replay),
    }


def _table(learnt: LearntWeights) -> dict[str, Any]:
    parts = {
        name: {"weight": part.weight, "scale": part.scale, "direction": part.direction, "missing": part.missing}
        for name, part in learnt.weights.parts.items()
    }
    return {"base": learnt.weights.base, "parts": parts, "intercept": learnt.intercept, "slope": learnt.slope}


def _learnt(told: Mapping[str, Any], pull: float) -> LearntWeights:
    weights = ScoreWeights.from_table({"base": told["base"], "parts": told["parts"]}, where="weights.toml")
    return LearntWeights(weights=weights, intercept=told["intercept"], slope=told["slope"], pull=pull)


def _opened(shelf: Shelf, kept: Kept) -> WeightsModel:
    card, label = kept.card, f"{shelf.name}-{kept.ref.version}"
    if card.get("kind") != KIND or card.get("format") != _FORMAT:
        got = f"{card.get('kind', 'a forecast')}, format {card.get('format')}"
        raise NotReadyError(f"model {label}: expected match weights, format {_FORMAT}, got {got}; train again")
    learnt, start = (_learnt(told, card["recipe"]["pull"]) for told in (card["learnt"], card["recipe"]["start"]))
    return WeightsModel(label, card, learnt, start, pd.read_parquet(BytesIO(kept.files["later.parquet"])))


def _run(card: Mapping[str, Any], files: Mapping[str, bytes], seed: int) -> Run:
    metrics = {name: [card["replay"]["challenger"][name]] for name in ("log_loss", "brier")}
    weights = {f"weight.{name}": part["weight"] for name, part in card["learnt"]["parts"].items()}
    tags = {"kind": KIND, "data_hash": card["data"]["hash"], "seen_to": card["data"]["seen_to"], "seed": str(seed)}
    inputs = dict.fromkeys(card["learnt"]["parts"], "double")
    return Run(
        params={"pull": card["recipe"]["pull"], "base": card["learnt"]["base"], **weights},
        metrics=metrics, tags=tags, inputs=inputs, outputs={"score": "double"}, files=files,
    )  # fmt: skip


def _toml(weights: ScoreWeights) -> str:
    """Return weights as the file that `evenflow match --weights` reads."""
    lines = [f"base = {weights.base!r}"]
    for name, part in weights.parts.items():
        lines += ["", f"[parts.{orjson.dumps(name).decode()}]", f"weight = {part.weight!r}", f"scale = {part.scale!r}"]
        lines += [f'direction = "{part.direction}"']
        lines += [] if part.missing is None else [f"missing = {part.missing!r}"]
    return "\n".join(lines) + "\n"


def _bytes(table: pd.DataFrame) -> bytes:
    buffer = BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _verdict(found: Mapping[str, Any]) -> str:
    gain = found["improvement"]
    told = (
        f"the challenger's log loss is {abs(gain['value']):.1%} {'lower' if gain['value'] >= 0 else 'higher'} "
        f"(gain {gain['low']:+.1%} to {gain['high']:+.1%} with 90 % certainty) on {found['decisions']} later decisions"
    )
    head = {"challenger": "promote it", "champion": "keep the champion"}.get(
        found["better"] or "", "no clear difference"
    )
    return f"{head}: {told}"
