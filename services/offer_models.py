"""Offer models on the shelf: learned from outcomes, replayed on later ones, promoted only if they do no worse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from contracts.errors import InputError, NotReadyError
from forecast.offers.kept import deviance, foretold, pack_offers, unpack_offers
from forecast.offers.model import OfferModel, fit_offers
from forecast.offers.tables import PROMOTIONS, SELLERS
from services.champion import shelf_of, waiting_of
from services.train_models import data_hash
from store.models import Kept, Shelf
from store.registry import Registry, Run, require_installed

__all__ = [
    "KIND",
    "OFFERS_NAME",
    "champion_offers",
    "compare_offers",
    "learn_offers",
    "require_offers_no_worse",
    "train_offers",
]

KIND, OFFERS_NAME = "offer_model", "offers"
_FORMAT = 1
_LATER_SHARE = 0.3
_DRAWS = 200
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Kept:
    """A version of the shelf: `early` did not see `later`, `model` did."""

    label: str
    card: Mapping[str, Any]
    model: OfferModel
    early: OfferModel
    tables: Mapping[str, pd.DataFrame]


def train_offers(
    sellers: pd.DataFrame,
    history: pd.DataFrame,
    *,
    home: Path,
    name: str = OFFERS_NAME,
    uri: str | None = None,
    seed: int = 0,
    sources: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Learn from outcomes, replay on the latest 30 % without having seen them, then learn from all; the challenger.

    Parameters
    ----------
    sellers, history
        Raw tables (`forecast.offers.tables`).
    home, name, uri
        As `services.train_models.train_model`.

    Returns
    -------
    dict
        ``name, version, role`` and the card: data, what was learned, ``replay`` against sales by audience alone.

    Raises
    ------
    InputError
        If a table is wrong, or the days of the history cannot be parted.
    NotReadyError
        If mlflow is not installed or does not answer.
    """
    shelf = shelf_of(home, name)
    require_installed()
    card, files = learn_offers(sellers, history, seed=seed, sources=sources)
    registry = Registry(home / "registry", uri=uri)
    version = registry.log(name, _run(card, files, seed))
    shelf.challenge(shelf.put(version, files, card))
    registry.mirror(name, {"challenger": version})
    return {"name": name, "version": version, "role": "challenger", **card}


def learn_offers(
    sellers: pd.DataFrame, history: pd.DataFrame, *, seed: int = 0, sources: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Learn and replay, and keep nothing: return the card and the files; parameters as `train_offers`."""
    names = dict(sources or {})
    people = SELLERS.check(sellers, names.get("sellers", "sellers"))
    whole = PROMOTIONS.check(history, names.get("history", "history"))
    earlier, later = _parted(whole, names.get("history", "history"))
    model, early = fit_offers(people, whole), fit_offers(people, earlier)
    expected = _by_audience(people, earlier, later), foretold(early, people, earlier, later)
    card = _card({"sellers": people, "history": whole}, earlier, model, _replayed(*expected, later, seed))
    told = orjson.dumps(card, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY)
    tables = {"sellers": people, "earlier": earlier, "later": later}
    files = {"card.json": told, **_named("model", model), **_named("early", early)}
    return orjson.loads(told), files | {f"{name}.parquet": _bytes(rows) for name, rows in tables.items()}


def compare_offers(
    home: Path, *, name: str = OFFERS_NAME, champion: str | None = None, challenger: str | None = None, seed: int = 0
) -> dict[str, Any]:
    """Replay champion and challenger on the latest offers, which neither had seen when it foretells them.

    Returns
    -------
    dict
        ``champion, challenger`` (deviance per offer, pieces foretold and came), ``improvement`` with its 90 % range,
        ``offers, verdict``.

    Raises
    ------
    NotReadyError
        If there is no champion or no challenger.
    """
    shelf = shelf_of(home, name)
    old = _opened(shelf, shelf.read(champion) if champion else shelf.champion()[0])
    new = _opened(shelf, shelf.read(challenger or waiting_of(shelf, "promotions")))
    found = _against(old, new, seed)
    return {"champion_model": old.label, "challenger_model": new.label, "verdict": _verdict(found), **found}


def require_offers_no_worse(shelf: Shelf, version: str) -> dict[str, Any]:
    """Replay a version on its later offers against the champion; against sales by audience before there is one.

    Raises
    ------
    InputError
        If it foretells them worse; it may not be promoted.
    """
    new, serves = _opened(shelf, shelf.read(version)), shelf.roles().champion
    if serves is None or serves.version == version:
        found, label = new.card["replay"], "sales by audience alone"
    else:
        old = _opened(shelf, shelf.champion()[0])
        found, label = _against(old, new, 0), old.label
    if found["improvement"]["value"] < 0:
        told = f"{found['challenger']['deviance']:.4f} against {found['champion']['deviance']:.4f} of {label}"
        raise InputError(f"promote {new.label}", "a deviance on later offers no worse than what serves", told)
    return dict(found)


def champion_offers(home: Path, name: str = OFFERS_NAME) -> tuple[OfferModel, str]:
    """Return the champion and its label; it knows sellers by id until it is `OfferModel.aligned`.

    Raises
    ------
    NotReadyError
        If nothing was promoted yet, or nothing promoted is whole.
    """
    shelf = shelf_of(home, name)
    kept = _opened(shelf, shelf.champion()[0])
    return kept.model, kept.label


def _parted(history: pd.DataFrame, source: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the earlier and the later offers; a day's stay together."""
    day = history["shown_on"]
    later = (day > day.quantile(1 - _LATER_SHARE)).to_numpy(np.bool_)
    if not later.any() or not (history["accepted"].to_numpy(np.bool_) & ~later).any():
        raise InputError(source, "offers of several days, accepted ones among the earlier", f"{day.nunique()} days")
    return history[~later].reset_index(drop=True), history[later].reset_index(drop=True)


def _came(rows: pd.DataFrame) -> Floats:
    back = rows["returned"].fillna(0).to_numpy(np.float64) if "returned" in rows else 0.0
    kept = np.maximum(rows["pieces"].to_numpy(np.float64) - back, 0.0)
    return np.where(rows["accepted"].to_numpy(np.bool_), kept, 0.0)


def _by_audience(sellers: pd.DataFrame, earlier: pd.DataFrame, later: pd.DataFrame) -> Floats:
    """Return what the later offers would bring if people reached were all that mattered."""
    people = sellers.set_index("seller_id")["audience"].astype(float)
    reached = [rows["seller_id"].map(people).fillna(0.0).to_numpy() for rows in (earlier, later)]
    return np.asarray(reached[1] * _came(earlier).sum() / max(float(reached[0].sum()), 1.0))


def _against(old: _Kept, new: _Kept, seed: int) -> dict[str, Any]:
    """Replay two versions on the challenger's later offers; a champion that saw them foretells as it did before."""
    sellers, earlier, later = (new.tables[name] for name in ("sellers", "earlier", "later"))
    seen = pd.Timestamp(old.card["data"]["seen_to"]) >= later["shown_on"].min()
    expected = [foretold(model, sellers, earlier, later) for model in (old.early if seen else old.model, new.early)]
    return _replayed(expected[0], expected[1], later, seed)


def _replayed(old: Floats, new: Floats, later: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Compare two on the same offers; the range is that of sellers drawn anew."""
    came = _came(later)
    losses = [deviance(came, expected) for expected in (old, new)]
    code, ids = pd.factorize(later["seller_id"])
    by_seller = np.array([np.bincount(code, loss, len(ids)) for loss in losses])
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(ids), np.full(len(ids), 1 / len(ids)), size=_DRAWS) @ by_seller.T
    gains = 1.0 - drawn[:, 1] / np.maximum(drawn[:, 0], 1e-9)
    told = [
        {"deviance": float(loss.mean()), "foretold": float(expected.sum()), "came": float(came.sum())}
        for loss, expected in zip(losses, (old, new), strict=True)
    ]
    gain = 1.0 - float(losses[1].sum()) / max(float(losses[0].sum()), 1e-9)
    low, high = (float(q) for q in np.quantile(gains, [0.05, 0.95]))
    return {
        "offers": len(later),
        "champion": told[0],
        "challenger": told[1],
        "improvement": {"value": gain, "low": low, "high": high},
    }


def _card(
    tables: Mapping[str, pd.DataFrame], earlier: pd.DataFrame, model: OfferModel, replay: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "kind": KIND,
        "format": _FORMAT,
        "recipe": {"later_share": _LATER_SHARE},
        "trained_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": {
            "hash": data_hash(tables),
            "tables": {name: len(table) for name, table in tables.items()},
            "seen_to": tables["history"]["shown_on"].max().date().isoformat(),
            "replayed_from": earlier["shown_on"].max().date().isoformat(),
        },
        "code": {"evenflow": version_of("evenflow")},
        "learnt": {
            "fatigue": model.fatigue,
            "pieces_per_1000_people": 1_000 * model.sales.base,
            "acceptance": model.acceptance.base,
            "returned": model.returns.base,
            "seller_prior_n": model.sales.groups[1].prior_n,
        },
        "replay": dict(replay),
    }


def _opened(shelf: Shelf, kept: Kept) -> _Kept:
    card, label = kept.card, f"{shelf.name}-{kept.ref.version}"
    if card.get("kind") != KIND or card.get("format") != _FORMAT:
        got = f"{card.get('kind', 'a forecast')}, format {card.get('format')}"
        raise NotReadyError(f"model {label}: expected an offer model, format {_FORMAT}, got {got}; train again")
    model, early = (
        unpack_offers({file: kept.files[f"{part}.{file}"] for file in ("arrays.npz", "model.json")})
        for part in ("model", "early")
    )
    tables = {name: pd.read_parquet(BytesIO(kept.files[f"{name}.parquet"])) for name in ("sellers", "earlier", "later")}
    return _Kept(label, card, model, early, tables)


def _named(part: str, model: OfferModel) -> dict[str, bytes]:
    return {f"{part}.{file}": data for file, data in pack_offers(model).items()}


def _bytes(table: pd.DataFrame) -> bytes:
    buffer = BytesIO()
    table.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _run(card: Mapping[str, Any], files: Mapping[str, bytes], seed: int) -> Run:
    metrics = {"deviance": [card["replay"]["challenger"]["deviance"]], "gain": [card["replay"]["improvement"]["value"]]}
    tags = {"kind": KIND, "data_hash": card["data"]["hash"], "seen_to": card["data"]["seen_to"], "seed": str(seed)}
    inputs = {"audience": "double", "price_fen": "double", "category": "string", "hour": "double"}
    return Run(
        params=dict(card["learnt"]),
        metrics=metrics,
        tags=tags,
        inputs=inputs,
        outputs={"pieces": "double"},
        files=files,
    )


def _verdict(found: Mapping[str, Any]) -> str:
    gain = found["improvement"]
    head = "promote it" if gain["low"] > 0 else "keep the champion" if gain["high"] < 0 else "no clear difference"
    return (
        f"{head}: the challenger's deviance is {abs(gain['value']):.1%} {'lower' if gain['value'] >= 0 else 'higher'} "
        f"(gain {gain['low']:+.1%} to {gain['high']:+.1%} with 90 % certainty) on {found['offers']} later offers"
    )
