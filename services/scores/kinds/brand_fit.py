"""How probable it is that a seller sells something of a brand within the next quarter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from contracts.errors import InputError, NotReadyError, UnknownIdError
from graph.fit.model import LogOdds, fit_log_odds
from graph.fit.pairs import FEATURES, SELLERS, FitBook
from graph.tables import PARTY_KINDS
from services.scores.contract import Answer, Field, Gathered, Inputs, Kind, Part, PartTold, day_text, expit
from services.scores.world import World
from store.snapshot import Snapshot

__all__ = ["KIND"]

_WINDOW_DAYS = 90
_MOST_PAIRS = 100_000  # that the model is learnt from; of more sellers some are drawn
_EPOCH = pd.Timestamp("1970-01-01")
_REACH = 1.2815515655446004  # standard deviations from the middle to the 10 % and 90 % quantiles
_OWN = ("price_band", "traded_before")  # what the seller's own trades tell; the rest is known of anybody
_MOST_DAYS = 2
_Fit = tuple[FitBook, LogOdds]
_FITS: WeakKeyDictionary[Snapshot, dict[pd.Timestamp, _Fit]] = WeakKeyDictionary()
_LAST_SALE: WeakKeyDictionary[Snapshot, Any] = WeakKeyDictionary()
_TOLD = {
    "kind": ("seller's kind", "What kind of seller it is."),
    "category": ("shared or other", "Whether the seller trades a category of the brand's."),
    "repurchase": ("short or long", "Whether shoppers buy the brand's goods again within 60 days."),
    "price_band": ("same or other", "Whether the seller's usual price is the brand's, within a factor of 1.5."),
    "region": ("sold there or not", "Whether others in the seller's region sold the brand before."),
    "traded_before": ("yes or no", "Whether the two traded before."),
}


def _fitted(snapshot: Snapshot, day: pd.Timestamp) -> _Fit:
    """Return what is known until a day, and what was learnt of the quarter before it from what was known then."""
    kept = _FITS.setdefault(snapshot, {})
    if day not in kept:
        book = FitBook.of(snapshot.network(), snapshot.table("products"), snapshot.table("sales"), day)
        sellers, start = book.sellers(), (day - _EPOCH).days - _WINDOW_DAYS
        if not len(book.brands) or not len(sellers):
            raise NotReadyError("the loaded network has no brands or no sellers: load parties.csv with both kinds")
        most = max(1, _MOST_PAIRS // len(book.brands))
        if len(sellers) > most:
            sellers = np.sort(np.random.default_rng(0).choice(sellers, most, replace=False))
        seller, brand = np.repeat(sellers, len(book.brands)), np.tile(np.arange(len(book.brands)), len(sellers))
        levels = [len(names) for names in FEATURES.values()]
        fitted = fit_log_odds(book.codes(seller, brand, start), levels, book.sold(seller, brand, start))
        for oldest in list(kept)[: len(kept) + 1 - _MOST_DAYS]:
            kept.pop(oldest, None)
        kept[day] = book, fitted
    return kept[day]


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    at, network = world.position(subject), world.snapshot.network()
    kind = PARTY_KINDS[network.parties.kind[at]]
    if kind not in SELLERS:
        raise InputError("subject", f"a seller ({', '.join(SELLERS)})", f"{subject}, a {kind}")
    day = _day(world)
    book, fitted = _fitted(world.snapshot, day)
    brand = int(book.brands.get_indexer([context["brand_id"]])[0])
    if brand < 0 or not world.sees_pair(at, context["brand_id"]):
        raise UnknownIdError("brand", context["brand_id"], where="context.brand_id")
    until = (day - _EPOCH).days + 1
    codes = book.codes(np.array([at]), np.array([brand]), until)[0]
    inputs = {
        name: levels[code] if code >= 0 else None
        for code, (name, levels) in zip(codes.tolist(), FEATURES.items(), strict=True)
    }
    past = book.trades[(book.trades["first"] < until).to_numpy()]
    trades = int((past["seller"] == at).sum())
    return Gathered(model=_model(fitted), inputs=inputs | {"brands_sold": trades}, as_of=day_text(day))


def _day(world: World) -> pd.Timestamp:
    """Return the day asked for, else that of the last sale, else today."""
    if world.day is not None:
        return world.day
    if world.snapshot not in _LAST_SALE:
        _LAST_SALE[world.snapshot] = world.snapshot.table("sales")["ds"].max()
    last = _LAST_SALE[world.snapshot]
    return world.today if pd.isna(last) else pd.Timestamp(last)


def _model(fitted: LogOdds) -> dict[str, Any]:
    effects = {
        name: dict(zip(levels, effect.tolist(), strict=True))
        for (name, levels), effect in zip(FEATURES.items(), fitted.effects, strict=True)
    }
    return {"base": fitted.base, "effects": effects, "covariance": fitted.covariance.tolist()}


def _answer(model: Mapping[str, Any], inputs: Inputs) -> Answer:
    known = {name: inputs[name] for name in FEATURES if inputs["brands_sold"] or name not in _OWN}
    parts = [Part(name="base", value=expit(model["base"]), unit="share", contribution=model["base"])]
    row = [1.0]
    for name, levels in FEATURES.items():
        level = known.get(name)
        added = 0.0 if level is None else model["effects"][name][level]
        number = None if level is None else float(levels.index(level))
        parts.append(Part(name=name, value=number, unit=_TOLD[name][0], contribution=added))
        row += [float(one == level) for one in levels]
    log_odds = sum(part.contribution for part in parts)
    spread = math.sqrt(max(float(np.array(row) @ np.array(model["covariance"]) @ np.array(row)), 0.0))
    value, low, high = (expit(log_odds + side * _REACH * spread) for side in (0, -1, 1))
    strongest = sorted(parts[1:], key=lambda part: -abs(part.contribution))[:3]
    reasons = [f"{value:.1%} probable that it sells the brand within {_WINDOW_DAYS} days, {low:.1%} to {high:.1%}"]
    reasons += [
        f"{part.name.replace('_', ' ')} {str(known[part.name]).replace('_', ' ')}: "
        f"{math.exp(part.contribution):.2g} times the odds"
        for part in strongest
        if part.contribution
    ]
    if not inputs["brands_sold"]:
        reasons.append("it has sold no brand yet")
    return Answer(
        value=value,
        low=low,
        high=high,
        evidence_n=float(inputs["brands_sold"]),
        parts=tuple(parts),
        reasons=tuple(reasons),
    )


KIND = Kind(
    name="brand_fit",
    judges="How probable it is that a store, guide, KOL or community sells something of a brand within 90 days.",
    subject=f"party that sells: {', '.join(SELLERS)}",
    context=(
        Field(
            name="brand_id",
            kind="text",
            description="Brand: a party of that kind, or the `brand` of products; it or the seller is one of your own.",
            required=True,
            of_party=True,
        ),
    ),
    parts=(
        PartTold(name="base", unit="share", description="Pairs of which nothing is known.", prior=True),
        *(
            PartTold(name=name, unit=unit, description=words, prior=name not in _OWN)
            for name, (unit, words) in _TOLD.items()
        ),
    ),
    inputs=(
        *(
            Field(
                name=name,
                kind="text",
                choices=levels,
                description=f"{_TOLD[name][1]} Null if it is not known.",
            )
            for name, levels in FEATURES.items()
        ),
        Field(
            name="brands_sold",
            kind="whole",
            unit="brands",
            description="Brands that the seller traded so far.",
            minimum=0,
            maximum=1e9,
            required=True,
        ),
    ),
    evidence="Brands that the seller traded so far.",
    outcome="1 if the seller sold something of the brand within 90 days, else 0.",
    gather=_gather,
    answer=_answer,
)
