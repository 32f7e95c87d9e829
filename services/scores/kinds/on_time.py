"""How probable it is that a supplier's next delivery is on time, on a lane and in a category."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd

from contracts.errors import NotReadyError
from graph.scorecards.deliveries import observed
from graph.scorecards.lateness import LatenessModel
from graph.scorecards.params import ScorecardParams
from services.network_scores import network_cards
from services.scores.contract import (
    Answer,
    Field,
    Gathered,
    Inputs,
    Kind,
    Part,
    PartTold,
    beta_range,
    day_text,
    expit,
)
from services.scores.world import World
from store.snapshot import Snapshot

__all__ = ["KIND"]

_FACTORS = ("supplier", "lane", "category")
_MOST_DAYS = 4
_EFFECT = "log-odds of being late"
_FITS: WeakKeyDictionary[Snapshot, dict[pd.Timestamp, tuple[LatenessModel, dict[str, float]]]] = WeakKeyDictionary()


def _fitted(snapshot: Snapshot, day: pd.Timestamp) -> tuple[LatenessModel, dict[str, float]]:
    """Return the model of a day and each supplier's deliveries, faded; those of the latest few days are kept."""
    kept = _FITS.setdefault(snapshot, {})
    if day not in kept:
        params = ScorecardParams()
        rows = observed(snapshot.table("deliveries"), day, params)
        if rows.empty:
            raise NotReadyError(f"no deliveries are known by {day_text(day)}: load deliveries.csv")
        known = rows.groupby("supplier", observed=True)["weight"].sum()
        for oldest in list(kept)[: len(kept) + 1 - _MOST_DAYS]:
            kept.pop(oldest, None)
        kept[day] = (LatenessModel.fit(rows, prior=params.prior_deliveries), known.to_dict())
    return kept[day]


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    world.position(subject)
    day = network_cards(world.snapshot, "supplier", world.day).as_of
    model, known = _fitted(world.snapshot, day)
    names = {"supplier": subject, "lane": context["lane"], "category": context["category"]}
    effects = {
        f"{factor}_effect": float(model.effects[factor].get(names[factor], 0.0)) if names[factor] else 0.0
        for factor in _FACTORS
    }
    return Gathered(
        model={"late_log_odds": model.mean, "prior_n": ScorecardParams().prior_deliveries},
        inputs=effects | {"own_n": known.get(subject, 0.0)},
        as_of=day_text(day),
    )


def _answer(model: Mapping[str, Any], inputs: Inputs) -> Answer:
    own_n = inputs["own_n"]
    moved = {"lane": inputs["lane_effect"], "category": inputs["category_effect"]}
    moved["supplier"] = inputs["supplier_effect"] if own_n > 0 else 0.0
    late = model["late_log_odds"]
    parts = [Part(name="all", value=expit(-late), unit="share", contribution=-late)]
    for name in ("category", "lane", "supplier"):
        late += moved[name]
        parts.append(Part(name=name, value=moved[name], unit=_EFFECT, contribution=-moved[name]))
    value = expit(-late)
    low, high = beta_range(value, own_n + model["prior_n"])
    worst = max(moved, key=lambda name: abs(moved[name]))
    reasons = [
        f"{value:.0%} probable that the next delivery is on time, between {low:.0%} and {high:.0%} for what is known",
        f"{own_n:.1f} deliveries of its own count after fading by age" if own_n else "no deliveries of its own known",
    ]
    if moved[worst]:
        reasons.append(f"the {worst} matters most: {'less' if moved[worst] > 0 else 'more'} often on time than usual")
    return Answer(value=value, low=low, high=high, evidence_n=own_n, parts=tuple(parts), reasons=tuple(reasons))


def _effect(factor: str) -> Field:
    return Field(
        name=f"{factor}_effect",
        description=f"What the {factor} adds to the log-odds of being late; 0 if nothing is known of it.",
        unit="log-odds",
        minimum=-10.0,
        maximum=10.0,
        better="lower",
        required=True,
    )


KIND = Kind(
    name="on_time",
    judges="How probable it is that a supplier's next delivery is on time, on a lane and in a category.",
    subject="party that supplies",
    context=(
        Field(name="lane", kind="text", description="Lane of the delivery, as in deliveries.csv."),
        Field(name="category", kind="text", description="Category of the goods, as in deliveries.csv."),
    ),
    parts=(
        PartTold(name="all", unit="share", description="Share of all deliveries that are on time.", prior=True),
        PartTold(name="category", unit=_EFFECT, description="What the category changes.", prior=True),
        PartTold(name="lane", unit=_EFFECT, description="What the lane changes.", prior=True),
        PartTold(name="supplier", unit=_EFFECT, description="What its own deliveries change."),
    ),
    inputs=(
        *(_effect(factor) for factor in _FACTORS),
        Field(
            name="own_n",
            description="Its own deliveries, faded by age.",
            unit="deliveries",
            minimum=0.0,
            maximum=1e9,
            required=True,
        ),
    ),
    evidence="Its own deliveries, faded by age.",
    outcome="1 if the delivery arrived by the promised day, else 0; or the share of several.",
    gather=_gather,
    answer=_answer,
)
