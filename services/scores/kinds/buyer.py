"""How probable it is that a buyer's next trade goes well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.network_scores import network_cards
from services.scores.contract import Answer, Gathered, Inputs, Kind, day_text
from services.scores.smoothed import INPUTS, group_means, rate_answer, rate_inputs, rate_model, rate_parts, rate_rank
from services.scores.world import World

__all__ = ["KIND"]

_WORDS = (
    "the next trade goes well: not cancelled, paid by the due day, no dispute lost",
    "trades",
    "buyers of its kind and region",
)


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    del context
    position = world.position(subject)
    cards = network_cards(world.snapshot, "buyer", world.day)
    rate = cards.rates[0]
    model = rate_model(cards, rate)
    at = int(cards.ids.get_indexer([subject])[0])
    group = rate.overall
    if at < 0:
        group = group_means(world.snapshot.network(), cards, rate, position, kind_and_region=True)
    return Gathered(
        model=model,
        inputs=rate_inputs(rate, at, group),
        as_of=day_text(cards.as_of),
        rank=rate_rank(cards, rate, at),
    )


def _answer(model: Mapping[str, Any], inputs: Inputs) -> Answer:
    return rate_answer(model, inputs, _WORDS)


KIND = Kind(
    name="buyer",
    judges="How probable it is that a buyer's next trade goes well: not cancelled, paid by the due day, no dispute "
    "lost.",
    subject="party that buys",
    parts=rate_parts("all buyers' trades", "those of its kind and region", "its own trades"),
    inputs=INPUTS,
    evidence="Its own trades that are decided and what third parties say, faded by age.",
    outcome="1 if the trade went well, else 0; or the share of several.",
    gather=_gather,
    answer=_answer,
)
