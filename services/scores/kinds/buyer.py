"""How probable it is that a buyer's next trade goes well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.scores.contract import Answer, Gathered, Inputs, Kind
from services.scores.smoothed import INPUTS, gather_card, rate_answer, rate_parts
from services.scores.world import World

__all__ = ["KIND"]

_WORDS = (
    "the next trade goes well: not cancelled, paid by the due day, no dispute lost",
    "trades",
    "buyers of its kind and region",
)


def _gather(world: World, subject: str, context: Mapping[str, Any]) -> Gathered:
    del context
    return gather_card(world, subject, "buyer", kind_and_region=True)


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
