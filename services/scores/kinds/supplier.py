"""How probable it is that a supplier's next delivery arrives on time and in full."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.network_scores import network_cards
from services.scores.contract import Answer, Gathered, Inputs, Kind, day_text
from services.scores.smoothed import INPUTS, group_means, rate_answer, rate_inputs, rate_model, rate_parts, rate_rank
from services.scores.world import World

__all__ = ["KIND"]

_WORDS = ("the next delivery arrives on time and in full", "deliveries", "suppliers of its categories")


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    del context
    position = world.position(subject)
    cards = network_cards(world.snapshot, "supplier", world.day)
    rate = cards.rates[0]
    model = rate_model(cards, rate)
    at = int(cards.ids.get_indexer([subject])[0])
    group = rate.overall
    if at < 0:
        group = group_means(world.snapshot.network(), cards, rate, position, kind_and_region=False)
    return Gathered(
        model=model,
        inputs=rate_inputs(rate, at, group),
        as_of=day_text(cards.as_of),
        rank=rate_rank(cards, rate, at),
    )


def _answer(model: Mapping[str, Any], inputs: Inputs) -> Answer:
    return rate_answer(model, inputs, _WORDS)


KIND = Kind(
    name="supplier",
    judges="How probable it is that a supplier's next delivery arrives on time and in full.",
    subject="party that supplies",
    parts=rate_parts("all suppliers' deliveries", "those of its categories", "its own deliveries"),
    inputs=INPUTS,
    evidence="Its own deliveries and what third parties say, faded by age.",
    outcome="1 if the delivery arrived on time and in full, else 0; or the share of several.",
    gather=_gather,
    answer=_answer,
)
